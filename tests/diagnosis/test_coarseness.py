"""Findings of more attempts than anybody can schedule again and again, one by one."""

import numpy as np
import pytest

import parallel_nb as pnb
from parallel_nb.scheduling import coarsening
from tests.benchmarks import millions

MADE = {
    "the longest tasks came last": millions.longest_last,
    "a task is too long": millions.too_long,
    "tasks too small for dispatch": millions.tiny,
    "lost to failures and retries": millions.failing,
    "an agent has too few slots": millions.scarce,
    "chunks too large": millions.chunked,
}


@pytest.mark.parametrize("name", MADE)
def test_attempts_together_are_told_of_and_as_far_off_as_told(name, monkeypatch):
    monkeypatch.setattr(coarsening, "_FEW", (5000, 5000))
    monkeypatch.setattr(coarsening, "_AT_MOST", (3000, 3000))
    run = MADE[name](16_384, np.random.default_rng(0))
    (near,) = [found for found in pnb.findings(run) if found.name == name]
    monkeypatch.setattr(coarsening, "_FEW", (10**6, 10**6))
    (exact,) = [found for found in pnb.findings(run) if found.name == name]
    assert any("scheduled again together" in caveat for caveat in near.caveats)
    assert not any("scheduled again together" in caveat for caveat in exact.caveats)
    assert near.predicted == pytest.approx(exact.predicted, rel=0.02)
