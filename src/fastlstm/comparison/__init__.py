"""Training methods side by side on the same records, split and budget."""

from fastlstm.comparison.contest import compare
from fastlstm.comparison.progress import MethodProgress
from fastlstm.comparison.result import Comparison, Row
from fastlstm.comparison.runs import Curve, Run

__all__ = ["Comparison", "Curve", "MethodProgress", "Row", "Run", "compare"]
