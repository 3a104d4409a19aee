"""A progress bar fed by a thread of its own, so that it moves during long tasks.

Reads counters of a run in progress; knows nothing else of it.
"""

import threading

# Repainting more often than this (seconds) would cost more than a percent of a core.
_EVERY = 0.25
# A run that is over at once needs no bar.
_DELAY = 0.5


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
        self._is_shown = is_shown
        self._unit = unit
        self._is_over = threading.Event()
        self._thread = self._bar = self._output = None

    def __enter__(self):
        if self._is_shown is not False:
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
            disable=None if self._is_shown is None else False,
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
