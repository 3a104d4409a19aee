"""What shows a run while it goes on: a live view if somebody offers one, else a bar.

Reads counters of a run in progress; knows nothing else of it, and not how a live view
is made: whoever can make one says so by `offer`.
"""

import threading

from . import worker

# Repainting more often than this (seconds) would cost more than a percent of a core.
_EVERY = 0.25
# A run that is over at once needs no bar.
_DELAY = 0.5

_offered = None


def offer(opener):
    """Have runs shown by a view instead of a bar.

    Parameters
    ----------
    opener : callable or None
        Gets a `watched.Watched`; returns a context manager with the attribute
        ``is_shown`` (whether there was something to see), or None where it cannot show
        anything. It is called where the run belongs, entered when the run begins, and
        left at least once, whatever happens. None: bars from now on.
    """
    global _offered
    _offered = opener


def showing(watched, collector, is_shown):
    """A context manager that shows a run while it goes on, or does nothing.

    Parameters
    ----------
    watched : watched.Watched
    collector : collecting.Collector
    is_shown : bool or None
        None shows it where somebody watches, and not if a task of another run began it.
    """
    if is_shown is None and _is_in_a_task():
        is_shown = False
    view = None
    if is_shown is not False and _offered is not None:
        view = _offered(watched)
    if view is None:
        if watched.in_background:
            is_shown = bool(is_shown)  # a bar would run through what others write
        total = lambda: watched.n_known or None  # noqa: E731
        view = Progress(collector, total, watched.title, is_shown)
    return view


def _is_in_a_task():
    """Whether this code was called by a task, of ours or of joblib's."""
    from joblib.parallel import get_active_backend

    active, _ = get_active_backend()
    return worker.nesting_level > 0 or (active.nesting_level or 0) > 0


class Progress:
    """One tqdm bar, in a notebook or a terminal; a context manager.

    Parameters
    ----------
    collector : Collector
        Its ``n_done`` and ``n_failed`` are shown.
    total : callable
        Number of tasks known so far, or None.
    label : str
    is_shown : bool or None
        None shows it where somebody watches: a notebook or a terminal.
    unit : str
        What is counted.
    """

    def __init__(self, collector, total, label, is_shown, *, unit="task"):
        self._collector = collector
        self._total = total
        self._label = label
        self._is_wanted = is_shown
        self._unit = unit
        self._is_over = threading.Event()
        self._thread = self._bar = self._output = None

    @property
    def is_shown(self):
        """Whether there was something to see."""
        return self._bar is not None and not self._bar.disable

    def __enter__(self):
        if self._is_wanted is not False:
            self._thread = threading.Thread(target=self._paint, daemon=True)
            self._thread.start()
        return self

    def _paint(self):
        if self._is_over.wait(_DELAY):
            return
        from tqdm.auto import tqdm
        from tqdm.notebook import tqdm_notebook

        class Bar(tqdm):
            # tqdm's own thread would look after bars that nobody updates.
            monitor_interval = 0

        is_widget = issubclass(Bar, tqdm_notebook)
        self._bar = Bar(
            total=self._total(),
            desc=self._label or None,
            unit=self._unit,
            disable=None if self._is_wanted is None else False,
            mininterval=0,
            smoothing=0.1,
            **({"display": False} if is_widget else {}),
        )
        if is_widget and not self._bar.disable:
            from IPython.display import display

            self._output = display(self._bar.container, display_id=True)
        self._update()
        while not self._is_over.wait(_EVERY):
            self._update()

    def _update(self):
        bar, collector = self._bar, self._collector
        if bar.disable:
            return
        n_failed = collector.n_failed
        if n_failed:
            bar.set_postfix_str(f"{n_failed} failed", refresh=False)
        bar.total = self._total()
        bar.n = collector.n_done + collector.n_lost
        bar.refresh()

    def __exit__(self, *error):
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        if self._bar is not None:
            self._update()
            self._bar.close()
        if self._output is not None:
            # A saved notebook keeps the words beside the widget, as of this moment.
            self._output.update(self._bar.container)
