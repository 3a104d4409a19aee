"""Lanes that are threads of this process: one that hangs is left behind and replaced.

Calls functions and says when they have ended; knows nothing of chunks, rows or joblib.
"""

import queue
import threading

from ..errors import BackendError


class Call:
    """One function on its way through a thread.

    Attributes
    ----------
    lane : int
        Where it runs; -1 before it began.
    """

    def __init__(self, function, callback):
        self._function = function
        self._callback = callback
        self._value = self._error = None
        self.has_ended = self.is_abandoned = False
        self.lane = -1

    def result(self):
        """What the function returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value


class ThreadLanes:
    """`n` threads that take calls from one queue.

    They are daemons: an interpreter that wants to end waits for none of them.

    Parameters
    ----------
    n : int
        Number of lanes; their threads start when there is work for them.
    """

    def __init__(self, n):
        self._n = n
        self._jobs = queue.SimpleQueue()
        self._threads = []
        self._lock = threading.Lock()
        self._abandoned = []
        self._running = set()

    @property
    def n_abandoned(self):
        """Threads that were given up and still run."""
        return sum(thread.is_alive() for thread in self._abandoned)

    @property
    def n_running(self):
        """Calls in progress that were not given up."""
        with self._lock:
            return sum(not call.is_abandoned for call in self._running)

    def submit(self, function, callback):
        """Queue a function of no arguments; `callback` gets the `Call` at its end."""
        call = Call(function, callback)
        if len(self._threads) < self._n:
            try:
                self._threads.append(self._new_thread(len(self._threads)))
            except RuntimeError as error:
                if not self._threads:
                    raise BackendError(
                        f"no thread could be started: {error}"
                    ) from error
        self._jobs.put(call)
        return call

    def _new_thread(self, lane):
        thread = threading.Thread(
            target=self._serve, args=(lane,), name=f"parallel_nb-{lane}", daemon=True
        )
        thread.start()
        return thread

    def _serve(self, lane):
        while (call := self._jobs.get()) is not None:
            call.lane = lane
            self._running.add(call)
            try:
                call._value = call._function()
            except BaseException as error:
                call._error = error
            with self._lock:
                self._running.discard(call)
                call.has_ended = True
                if call.is_abandoned:
                    return
            call._callback(call)

    def abandon(self, call):
        """Give a call up and let another thread have its lane; False if it had ended.

        The thread cannot be ended: it goes on until the function returns, and then no
        callback is called.
        """
        with self._lock:
            if call.has_ended:
                return False
            call.is_abandoned = True
        lane = call.lane
        self._abandoned.append(self._threads[lane])
        self._threads[lane] = self._new_thread(lane)
        return True

    def drop_waiting(self):
        """Forget the calls that no thread has taken yet."""
        try:
            while True:
                self._jobs.get_nowait()
        except queue.Empty:
            pass

    def close(self):
        """Let each thread end after what it is doing."""
        for _ in self._threads:
            self._jobs.put(None)
