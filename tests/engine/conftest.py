"""Programs in an interpreter of their own, which must leave no process behind."""

import json
import uuid

import pytest

from .processes import comes_true, marked, start_script


@pytest.fixture
def script():
    """Runs a program; gives what it printed last, read as JSON."""
    mark = uuid.uuid4().hex

    def run(text, **names):
        started = start_script(text, mark, **names)
        out, err = started.communicate(timeout=60)
        assert started.returncode == 0, f"{out}\n{err}"
        return json.loads(out.splitlines()[-1])

    yield run
    assert comes_true(lambda: not marked(mark)), "a process was left behind"
