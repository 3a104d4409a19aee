"""What a lane's process does at the end of its socket."""

import socket
import subprocess
import sys

from parallel_nb.engine import slate


def test_a_lane_whose_notebook_is_killed_with_an_answer_unread_ends_quietly():
    ours, theirs = socket.socketpair()
    _, file = slate.new_memory()
    code = "import sys; from parallel_nb.engine.serve import main; "
    code += f"main({theirs.fileno()}, {file.fileno()})"
    with (
        file,
        subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=(theirs.fileno(), file.fileno()),
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as lane,
    ):
        theirs.close()
        ours.settimeout(60)
        ours.recv(1, socket.MSG_PEEK)  # its greeting is here, and stays unread
        ours.close()
        _, said = lane.communicate(timeout=60)
    assert said == b""
    assert lane.returncode == 0
