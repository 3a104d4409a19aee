"""Ctrl-C, or a notebook's ■, at a time that suits: between two steps of a run.

An interrupt in the middle of the engine's own code would lose the row it was writing.
It becomes a request to stop there, and an exception where the user's code is at work.
Knows signals; nothing of what is stopped.
"""

import math
import signal
import threading
import time

# So long (s), nobody who asks again keeps a run from ending in good order.
_PATIENCE = 2.0


class Interrupts:
    """Takes SIGINT while a run is in the main thread; a context manager.

    Handlers of the user's own are left alone.

    Parameters
    ----------
    stop : callable
        Called, from the signal handler, when an interrupt arrives in the engine's code.
    """

    def __init__(self, stop):
        self._stop = stop
        self._is_installed = False
        self._n = 0
        self._n_allowed = 0
        self._held_until = -math.inf
        self.user_code = _UserCode(self)

    @property
    def has_any(self):
        """Whether there was an interrupt."""
        return self._n > 0

    def hold(self, seconds=_PATIENCE):
        """Raise nothing for a while: what is being done now will soon be done."""
        self._held_until = time.monotonic() + seconds

    def __enter__(self):
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._is_installed = True
        return self

    def _handle(self, number, frame):
        self._n += 1
        if time.monotonic() < self._held_until:
            return
        # Whoever asks twice does not want to wait for the end of a step.
        if self._n_allowed or self._n > 1:
            self.hold()
            raise KeyboardInterrupt
        self._stop()

    def __exit__(self, *error):
        if self._is_installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)


class _UserCode:
    """Where an interrupt may strike at once; a context manager, used many times."""

    def __init__(self, interrupts):
        self._interrupts = interrupts

    def __enter__(self):
        self._interrupts._n_allowed += 1

    def __exit__(self, *error):
        self._interrupts._n_allowed -= 1
