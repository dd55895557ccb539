"""What other packages hold measurements in, opened as arrays and `Signals`.

Nothing is imported that the caller has not imported: a container is recognised by the package its
class comes from, or by what it can do.
"""

from __future__ import annotations

from fastlstm.containers.opening import opened_inputs, opened_outputs, opened_pair

__all__ = ["opened_inputs", "opened_outputs", "opened_pair"]
