"""`explore`: a Run, or a Sweep, to turn over in a notebook.

Knows which widget goes with which type; refuses to know what is in it.
"""

from __future__ import annotations

from ..errors import ArgumentError
from ..runs import Run
from .run_explorer import RunExplorer


def explore(run: Run) -> RunExplorer:
    """A Run to turn over: zoom in, pick tasks, ask what other workers would take.

    Parameters
    ----------
    run : Run
        Of any number of attempts; a million are as quick as a thousand.

    Returns
    -------
    RunExplorer
        A widget. A notebook shows it, and keeps its pictures and their words for those
        who open it without a kernel. Its controls can be set from code as well.

    Raises
    ------
    ArgumentError
        If `run` is no Run.

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
    if not isinstance(run, Run):
        raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}")
    return RunExplorer(run)
