"""Sample exports: an invented world whose truth is known, drawn from a seed and written as raw exports.

Belongs here: the one function that others call. `world.py` declares the world, `generate.py` draws it, `exports.py`
writes it, `truth.py` tells what the exports hide. Nothing of the pipeline is known here, and the pipeline knows nothing
of this.
"""

from orchestration.samples.write import Summary, write_samples

__all__ = ["Summary", "write_samples"]
