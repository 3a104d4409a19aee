"""Small Runs that are sick, written out, and the findings of them."""

import parallel_nb as pnb
from tests.accounting.making import run_of


def on(worker, started, ended, **fields):
    return {"worker": worker, "started": started, "ended": ended, **fields}


def kinds(found):
    return [type(finding).__name__ for finding in found]


def one(kind, *rows, **options):
    """The finding of a kind, which must be among those of a Run."""
    baseline = options.pop("baseline", None)
    found = pnb.findings(run_of(*rows, **options), baseline)
    (finding,) = [f for f in found if type(f).__name__ == kind]
    return finding


def only(kind, *rows, **options):
    """The finding of a kind, which must be the only one of a Run."""
    baseline = options.pop("baseline", None)
    found = pnb.findings(run_of(*rows, **options), baseline)
    assert kinds(found) == [kind]
    return found[0]


def in_turn(worker, n, length, *, begin=0.0, gap=0.0, **fields):
    """Rows of n attempts of a worker, one after the other."""
    step = length + gap
    return [
        on(worker, begin + at * step, begin + at * step + length, **fields)
        for at in range(n)
    ]


def sick():
    return run_of(
        on(0, 2, 4, name="short"),
        on(1, 2, 4, name="short"),
        on(0, 4, 10, name="long"),
        on(1, 4, 5, name="short"),
        startups=[(0, 0, 2), (1, 0, 2)],
        label="sick",
    )
