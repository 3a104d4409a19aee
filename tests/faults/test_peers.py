"""The comparison with other engines says of them what is known of them."""

import pytest

from ..benchmarks import faults
from .playing import outcomes


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("parallel_nb", "all, named"),
        ("joblib loky, list", "0 of 16, not named"),
        ("concurrent.futures", "all, named"),
    ],
)
def test_a_task_that_raises_costs_an_engine_what_is_known(engine, words):
    (outcome,) = outcomes(
        [("raises", engine)],
        play="tests.benchmarks.faults:play",
        describe=faults.describe,
    )
    assert faults.in_words(outcome).startswith(words)
