"""Benchmarks that nobody starts every day still work."""

from tests.benchmarks import planning


def test_what_a_plan_costs_can_be_measured(capsys):
    planning.main(["--tasks", "60", "--repeats", "1"])
    shown = capsys.readouterr().out
    assert "results passed on" in shown
    assert "50 files, locked" in shown
