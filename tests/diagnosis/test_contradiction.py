"""Times that cannot be true are told as such, and nothing is concluded from them."""

import math

import pandas as pd
import pytest

import parallel_nb as pnb

from ..making import agents_run, run_of

OVERLAP = run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "done", 0, 0.0, 4.0), n_workers=1)
EARLY = run_of(
    (0, 1, "done", 0, 0.0, 4.0),
    (1, 1, "done", 1, 0.0, 4.0),
    edges=pd.DataFrame({"task": [1], "after": [0]}),
)
SLOTS = agents_run(
    (0, 1, "a", "done", 0, 0.0, 4.0), (1, 1, "a", "done", 1, 0.0, 4.0), agents={"a": 1}
)


@pytest.mark.parametrize(
    ("run", "what"),
    [
        (OVERLAP, "all attempts together, spread over the workers 8 s"),
        (EARLY, "the longest chain of tasks that wait for each other 8 s"),
        (SLOTS, "the attempts of agent “a”, spread over its slots 8 s"),
    ],
)
def test_what_cannot_have_taken_so_little_is_the_only_finding(run, what):
    found = pnb.findings(run)
    (finding,) = found
    assert finding.name == "the times contradict each other"
    assert f"The run took 4 s, {what}, 100 % more" in finding.evidence
    assert math.isnan(finding.predicted)
    assert found.not_examined


def test_a_hundredth_is_what_clocks_may_differ_by():
    rows = [(0, 1, "done", 0, 0.0, 1.0), (1, 1, "done", 0, 0.995, 2.0)]
    assert pnb.findings(run_of(*rows, n_workers=1))[0].name == "nothing to gain"
