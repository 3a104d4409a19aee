"""Benchmarks that nobody starts every day still work."""

from tests.benchmarks import comparing, planning


def test_what_a_plan_costs_can_be_measured(capsys):
    planning.main(["--tasks", "60", "--repeats", "1"])
    shown = capsys.readouterr().out
    assert "results passed on" in shown
    assert "50 files, locked" in shown


def test_false_alarms_can_be_counted(capsys):
    comparing.main(["--trials", "20", "--runs", "0"])
    shown = capsys.readouterr().out
    assert "false alarms" in shown
    assert "history" in shown
