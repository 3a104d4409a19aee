"""Patterns with a name."""

import pytest

import parallel_nb as pnb


def total(values):
    return sum(values)


def test_gather_passes_all_results_on():
    tasks = pnb.gather([pnb.Task(abs, -1), pnb.Task(abs, -2)], into=total)
    run = pnb.run(tasks, n_jobs=2)
    assert run.results == [1, 2, 3]
    assert run.tasks["name"].tolist() == ["abs", "abs", "total"]
    assert run.tasks["started"][2] >= run.tasks["ended"][:2].max()


def test_gather_is_skipped_when_a_part_is_missing():
    tasks = pnb.gather([pnb.Task(abs, -1), pnb.Task(abs, "x")], into=total)
    run = pnb.run(tasks, n_jobs=2)
    assert run.tasks["status"].astype("str").tolist() == ["done", "failed", "skipped"]
    assert "it needs 'abs'" in run.tasks["error"][2]


@pytest.mark.parametrize(
    ("tasks", "into", "message"),
    [([], sum, "empty"), ([1], sum, "Task"), ([pnb.Task(abs, 1)], 3, "callable")],
)
def test_gather_refuses_what_it_cannot_gather(tasks, into, message):
    with pytest.raises(pnb.ArgumentError, match=message):
        pnb.gather(tasks, into=into)


def test_a_second_round_can_be_made_from_the_first():
    def then(values):
        return [pnb.Task(pow, value, 2) for value in values]

    first, second = pnb.rounds([pnb.Task(abs, -3)], then, n_jobs=1)
    assert (first.results, second.results) == ([3], [9])


def test_a_second_round_may_turn_out_to_be_unneeded():
    assert len(pnb.rounds([pnb.Task(abs, -3)], lambda values: [], n_jobs=1)) == 1
