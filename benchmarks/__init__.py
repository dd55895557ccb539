"""Timings with the accuracy reached beside them: ``python -m benchmarks.wh2009`` and others."""
