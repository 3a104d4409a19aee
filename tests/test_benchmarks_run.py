"""Benchmarks that nobody starts every day still work."""

from tests.benchmarks import comparing, coverage, planning, reading, stores


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


def test_how_long_logs_take_to_read_can_be_measured(capsys):
    reading.main(["--size", "0.001"])
    shown = capsys.readouterr().out
    assert "Chrome trace" in shown
    assert "job log" in shown


def test_a_store_of_many_runs_can_be_measured(capfd):
    stores.main(["--runs", "3", "--large", "2", "--attempts", "10"])
    shown = capfd.readouterr().out
    assert "list 3 runs" in shown
    assert "sums over 20 attempts of 2 runs" in shown


def test_how_often_intervals_hold_the_truth_can_be_measured(capsys):
    coverage.main(["--sweeps", "8", "--only", "usl near"])
    shown = capsys.readouterr().out
    assert "interval   alpha" in shown
    assert "next       n = 8" in shown
