"""Sphinx settings of the documentation site: ``make docs`` writes it to out/site.

Nothing is fetched: no fonts, no scripts from elsewhere, formulas as MathML.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "fastlstm"
author = "The fastlstm developers"
copyright = "The fastlstm developers, Apache-2.0"
release = version = installed_version("fastlstm")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "own_members",
    "repository_links",
]
exclude_patterns = ["_checks"]
templates_path = ["_templates"]
highlight_language = "none"
default_role = "py:obj"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings, with shapes and units
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
add_module_names = False
toc_object_entries_show_parents = "hide"

myst_heading_anchors = 3
html_math_renderer = "mathml"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
    "image_scrapers": ("figures",),
    "capture_repr": ("_repr_html_",),
    "reference_url": {"fastlstm": None},
}

html_theme = "furo"
html_title = "fastlstm"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "sidebar_hide_name": False,
    "light_css_variables": {
        "color-brand-primary": "#B34700",
        "color-brand-content": "#00629B",
        "color-sidebar-link-text--top-level": "var(--color-sidebar-link-text)",
        "font-stack": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
    },
    "dark_css_variables": {
        "color-brand-primary": "#FF9F66",
        "color-brand-content": "#7CC4F2",
        "color-sidebar-link-text--top-level": "var(--color-sidebar-link-text)",
    },
}
