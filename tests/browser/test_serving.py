"""The server that the other tests share ends with them, however they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_STARTS = """
import sys
from pathlib import Path
from tests.browser.serving import Server

with Server(Path(sys.argv[1])):
    print("there", flush=True)
    sys.stdin.read()
"""


def test_a_killed_test_leaves_no_server(tmp_path):
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as tests:
        assert tests.stdout.readline() == b"there\n"
        started = psutil.Process(tests.pid).children(recursive=True)
        assert started
        os.kill(tests.pid, signal.SIGKILL)
        _, left = psutil.wait_procs(started, timeout=20)
        for process in left:
            process.kill()
        assert left == []
