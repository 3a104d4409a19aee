"""Faults for a long time lose nothing, and leave nothing."""

import json
import statistics

import pytest

from ..engine.processes import comes_true, marked, start_script

# Memory that allocators keep in reserve comes and goes (bytes).
_NOISE = 10e6


def soak(seconds, mark):
    program = "from tests.faults import soak; import json\n"
    program += "print(json.dumps(soak.soak(SECONDS, SEED)))"
    with start_script(program, mark, SECONDS=seconds, SEED=7) as started:
        out, err = started.communicate(timeout=2 * seconds + 60)
    assert started.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def check(report):
    assert report["wrong"] == []
    assert report["n_culprits"] > 20
    # After a quarter, whatever is made once has been made.
    late = report["footprints"][len(report["footprints"]) // 4 :]
    half = len(late) // 2
    fds, threads, processes, memory = zip(*late, strict=True)
    assert fds[-1] <= fds[0]
    assert threads[-1] <= threads[0]
    assert processes[-1] <= processes[0]
    grown = statistics.median(memory[half:]) - statistics.median(memory[:half])
    assert grown < _NOISE


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_minute_of_faults_loses_and_leaves_nothing(request):
    check(soak(60, request.node.nodeid))
    assert comes_true(lambda: not marked(request.node.nodeid))


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(4200)
def test_half_an_hour_of_faults_loses_and_leaves_nothing(request):
    check(soak(1800, request.node.nodeid))
    assert comes_true(lambda: not marked(request.node.nodeid))
