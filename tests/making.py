"""Small Runs, written out, for the tests of what is made from Runs."""

from parallel_nb import schema
from parallel_nb.runs import Meta, Run


def meta(n_workers=2, **fields):
    known = {
        "backend": "isolated",
        "host": "here",
        "cpu_count": 8,
        "started_at": "2025-01-31T12:00:00+00:00",
        "versions": {"python": "3.13"},
    }
    return Meta(n_workers=n_workers, **(known | fields))


def run_of(*rows, n_workers=2, label="", fields=None, **extras):
    """A Run of rows (task, attempt, status, worker, started, ended)."""
    names = ["task", "attempt", "status", "worker", "started", "ended"]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns |= {"name": [f"job-{task}" for task in columns["task"]], **(fields or {})}
    return Run(schema.coerce(columns), meta(n_workers, label=label), **extras)


def two_done(**extras):
    return run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "done", 1, 1.0, 3.0), **extras)


def one_failed(**extras):
    return run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "failed", 1, 1.0, 3.0),
        fields={"error": [None, "ValueError: no"]},
        **extras,
    )


def agents_run(*rows, agents=None, fields=None, extras=None, **of_meta):
    """A Run of rows (task, attempt, agent, status, worker, started, ended)."""
    names = ["task", "attempt", "agent", "status", "worker", "started", "ended"]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns |= {"name": [f"job-{task}" for task in columns["task"]], **(fields or {})}
    made = meta(agents=agents or {}, **of_meta)
    return Run(schema.coerce(columns), made, **(extras or {}))
