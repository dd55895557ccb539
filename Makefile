# make demo   build, identify the embedded plant, print the table, write out/demo.png
# make test   build and test
# make users  follow the pages as three new users do, from a wheel in new environments
# make docs   build the site into out/site, running the examples
# Further: build, lint, types, torch, docs-browser, bench, clean. All is installed into $(VENV).

PYTHON ?= python3
VENV ?= .venv
BENCH ?=

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
SOURCES := pyproject.toml CMakeLists.txt README.md LICENSE \
	$(shell find src -type f ! -name '*.pyc' ! -name '*.so')

.PHONY: build demo test users lint types torch docs docs-browser bench clean

build: $(VENV)/with-plot

demo: $(VENV)/with-plot
	$(BIN)/fastlstm demo --out out

# The second run takes the examples out of the docstrings of the installed package; one module needs
# torch to be imported.
test: $(VENV)/with-test
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest -c pyproject.toml --doctest-modules --ignore-glob='*/torch_baseline.py' \
		--pyargs fastlstm

users: $(VENV)/with-test
	$(BIN)/python -m pytest -m users --durations=3

lint: $(VENV)/with-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/with-dev
	$(BIN)/pyright --pythonpath $(BIN)/python

torch: $(VENV)/with-test $(VENV)/torch
	$(BIN)/python -m pytest -m torch

# Warnings are errors. Examples run anew, whatever is left of an earlier build.
docs: $(VENV)/with-docs
	rm -rf out/site docs/api/generated docs/auto_examples
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d out/doctrees docs out/site

docs-browser: docs $(VENV)/with-test
	$(BIN)/python -m pytest -p no:cacheprovider docs/_checks

# For example: make bench BENCH=--quick
bench: $(VENV)/with-plot $(VENV)/torch
	for name in footprint kernels training_step streaming wh2009 silverbox sets choices ways lags seed; do \
		$(BIN)/python -m benchmarks.$$name $(BENCH) || exit 1; \
	done

clean:
	rm -rf $(VENV) build out dist .pytest_cache .ruff_cache docs/auto_examples docs/api/generated
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One wheel serves all targets; --force-reinstall because its version stays when a source changes.
$(VENV)/built: $(SOURCES) | $(BIN)/python
	rm -rf $(VENV)/wheels
	$(PIP) wheel --quiet --no-deps --wheel-dir $(VENV)/wheels .
	$(PIP) install --quiet --no-deps --force-reinstall $(VENV)/wheels/fastlstm-*.whl
	touch $@

$(VENV)/with-%: $(VENV)/built
	$(PIP) install --quiet "$$(echo $(VENV)/wheels/fastlstm-*.whl)[$*]"
	touch $@

$(VENV)/torch: | $(BIN)/python
	$(PIP) install --quiet torch==2.13.0
	touch $@
