"""A run in a notebook while it goes on: what `run` and `start` show.

tally.py      what is known so far, from what came home
outlook.py    how long it will take yet, and how surely
telling.py    both in words, and as HTML
view.py       the widget, and the thread that keeps it true

A run is shown by whoever can: `opened` is offered to the engine, which asks it anew for
each run and falls back on a bar.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec


def opened(watched):
    """A view of a run, as a context manager; None where no notebook could show it.

    Parameters
    ----------
    watched : engine.watched.Watched
    """
    if not _has_notebook():
        return None
    from .view import Monitor

    return Monitor(watched)


def _has_notebook() -> bool:
    """Whether this process is a kernel, and widgets are installed."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return False
    return find_spec("ipywidgets") is not None
