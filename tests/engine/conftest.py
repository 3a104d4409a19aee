"""Programs in an interpreter of their own, which must leave no process behind."""

import json
import signal
import subprocess
import uuid

import pytest

from .processes import comes_true, marked, start_script


@pytest.fixture(scope="session", autouse=True)
def _heeds_interrupts():
    """Who is started in the background has SIGINT ignored, and so have its children."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def script():
    """Runs a program; gives what it printed last, read as JSON."""
    mark = uuid.uuid4().hex

    def run(text, **names):
        with start_script(text, mark, **names) as started:
            try:
                out, err = started.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                started.kill()
                raise
        assert started.returncode == 0, f"{out}\n{err}"
        return json.loads(out.splitlines()[-1])

    yield run
    assert comes_true(lambda: not marked(mark)), "a process was left behind"
