"""The process of one isolated lane: receives calls, sends back what became of them.

Started by `lanes`, one process a lane. It ignores the notebook's interrupt, leads its
own process group, and dies when its parent does.
"""

import importlib.util
import os
import pickle
import signal
import socket
import sys
import threading
import time

from . import frames, worker
from .slate import Slate, open_memory

# A lane that nobody has used for this long (seconds) gives its memory back.
_IDLE = 300.0
_LOOK_FOR_PARENT_EVERY = 0.5


def main(socket_fd, slate_fd):
    """Serve jobs until the parent closes the socket or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    sock = socket.socket(fileno=socket_fd)
    memory = open_memory(slate_fd)

    def send_block(records, payload):
        head = len(records).to_bytes(8, "little")
        _send(sock, frames.BLOCK, head, records, payload)

    worker.slate = Slate(memory, send_block)
    os.register_at_fork(after_in_child=_disown)
    worker.nesting_level = 1
    worker.fresh_memory = worker.address_space()
    worker.fresh_place = worker.place()
    sys.meta_path.insert(0, _WhenJoblibComes())
    frames.write_frame(sock, frames.HELLO, repr(worker.clock()).encode())
    try:
        while (frame := frames.read_frame(sock, _IDLE)) is not None:
            _serve(sock, frame[1])
    except ConnectionResetError:
        pass  # the parent was killed before it had read an answer


def _disown():
    # A process that a task forks is no lane, and shares this one's slate.
    worker.slate = None


def _serve(sock, body):
    worker.slate.decode()
    try:
        result = pickle.loads(body)()
        answer = frames.RESULT, worker.dumps(result)
    except BaseException as error:
        answer = frames.ERROR, _pickle_error(error)
    _send(sock, *answer)


def _send(sock, *frame):
    try:
        frames.write_frame(sock, *frame)
    except OSError:
        # Here, nobody can say who closed it; the parent has the slate.
        os._exit(frames.CUT_OFF)


def _pickle_error(error):
    """The exception's pickle and its traceback's text; a stand-in where it has none."""
    line, text, _ = worker.describe(error)
    try:
        data = worker.dumps(error)
        pickle.loads(data)
    except BaseException:
        data = pickle.dumps(RuntimeError(line))
    return pickle.dumps((bytes(data), text))


def _die_with(parent):
    while os.getppid() == parent:
        time.sleep(_LOOK_FOR_PARENT_EVERY)
    os.killpg(os.getpgrp(), signal.SIGKILL)


class _WhenJoblibComes:
    """Tells joblib, once a task imports it, that it runs inside a worker.

    Importing it in every lane for that would triple a lane's start-up.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "joblib.parallel":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            backend = module.ThreadingBackend(nesting_level=worker.nesting_level)
            module.parallel_config(backend=backend, n_jobs=None)

        spec.loader.exec_module = exec_module
        return spec
