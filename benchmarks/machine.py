"""What a timing was taken on; the library keeps it, so that reports and benchmarks agree."""

from fastlstm.machine import blas, cpu_count, cpu_model, describe, one_line, versions

__all__ = ["blas", "cpu_count", "cpu_model", "describe", "one_line", "versions"]
