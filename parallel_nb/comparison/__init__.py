"""Floor 4: two Runs, lists of repeats or sweeps, or a series → what changed, and why.

`ratios.py` says how many times as long and how surely, `matching.py` which tasks are
the same, `explaining.py` where the difference lies, `judging.py` what to call it.
Refuses to know where runs are kept and how a comparison is drawn.
"""

from .making import compare
from .past import History, history
from .results import Comparison

__all__ = ["Comparison", "History", "compare", "history"]
