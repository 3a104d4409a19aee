"""`explore`: a Run, or a Sweep, to turn over in a notebook.

Knows which widget goes with which type; refuses to know what is in it.
"""

from __future__ import annotations

from ..errors import ArgumentError
from ..runs import Run
from ..sweeps import Sweep
from .run_explorer import RunExplorer
from .sweep_explorer import SweepExplorer


def explore(run: Run | Sweep) -> RunExplorer | SweepExplorer:
    """A widget to look into a Run or a Sweep: zoom, pick, switch laws, ask what if.

    Of a Run: zoom in, pick tasks, see where the time went, ask what other workers would
    take. Of a Sweep: switch laws on and off, and follow them to more workers.

    Parameters
    ----------
    run : Run or Sweep
        A Run of any number of attempts; only its first view takes longer if there are
        a million.

    Returns
    -------
    RunExplorer or SweepExplorer
        A widget. A notebook shows it, and keeps its pictures and their words for those
        who open it without a kernel. Its controls can be set from code as well.

    Raises
    ------
    ArgumentError
        If `run` is neither.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> shown = explore(Run.from_frame(table))
    >>> shown.window.value = (0.0, 2.0)
    >>> shown.timeline.words.split(". ")[-1]
    'In view, 0.00 to 2.00 s: 2 attempts, on average 2 of 2 workers busy (100 %).'
    >>> shown.section.value = "What if"
    >>> shown.what_if.workers.value = 1
    >>> "1 worker: 6 s" in shown.what_if.answer.value
    True
    """
    if isinstance(run, Sweep):
        return SweepExplorer(run)
    if not isinstance(run, Run):
        raise ArgumentError(f"`run` must be a Run or a Sweep; got {type(run).__name__}")
    return RunExplorer(run)
