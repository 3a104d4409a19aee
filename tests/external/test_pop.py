"""Efficiencies that the POP Centre of Excellence published, from their raw times.

Times are read from a folder beside the repository; without it, these are skipped.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parallel_nb import Run, efficiencies, ledger

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "external"
KNOWN = (
    json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["scaling"]
    if (FOLDER / "expected.json").is_file()
    else {}
).get("pop_epoch", {})
pytestmark = pytest.mark.skipif(not KNOWN, reason=f"no measurements in {FOLDER}")

N_TASKS = 16
# Ours by theirs: what keeps a rank from its work is communication, a worker dispatch.
OURS = {
    "Parallel efficiency": "parallel_efficiency",
    "Load balance": "load_balance",
    "Communication efficiency": "dispatch_efficiency",
    "Computation scalability": "computation_scaling",
    "Global efficiency": "global_efficiency",
    "Speedup": "speedup",
}
SHARES = [name for name in OURS if name != "Speedup"]


@pytest.fixture(scope="module")
def table():
    """One column for each number of ranks, the commented raw times as well."""
    text = (FOLDER / KNOWN["file"]).read_text(encoding="utf-8")
    rows = [line.lstrip("#").split(";") for line in text.splitlines()]
    rows = {name: values for name, *values in rows if values}
    ranks = [int(n) for n in rows.pop("Number of processes")]
    frame = pd.DataFrame(rows, index=ranks).T
    return frame


def run_on(table, n_ranks):
    """A Run whose workers were busy as long as the ranks: one the longest, all as much.

    Times of single ranks were not published, and no efficiency needs them. Each rank
    has its share of 16 tasks, whatever was not useful before them.
    """
    raw = table[n_ranks]
    total, longest, runtime = (
        float(raw[name]) / 1e6
        for name in (
            "Useful duration (total)",
            "Useful duration (maximum)",
            "Runtime (us)",
        )
    )
    busy = np.full(n_ranks, longest)
    busy[1:] = (total - longest) / max(n_ranks - 1, 1)
    n_each = N_TASKS // n_ranks
    rank = np.repeat(np.arange(n_ranks), n_each)
    began = runtime - busy[rank] * (1 - np.tile(np.arange(n_each), n_ranks) / n_each)
    took = busy[rank] / n_each
    frame = pd.DataFrame({"task": range(N_TASKS), "worker": rank, "submitted": 0.0})
    return Run.from_frame(frame.assign(started=began, ended=began + took, cpu=took))


@pytest.mark.parametrize("n_ranks", [1, 2, 4, 8, 16])
def test_the_published_table_is_reproduced_to_its_printed_digits(table, n_ranks):
    run = run_on(table, n_ranks)
    found = efficiencies(run, run_on(table, 1)).iloc[0]
    for theirs, ours in OURS.items():
        printed = float(table.loc[theirs, n_ranks])
        scale = 100 if theirs in SHARES else 1
        # The raw times have 10 digits, the table 6 decimals.
        assert scale * found[ours] == pytest.approx(printed, abs=6e-7), theirs


def test_the_answers_that_are_known_of_16_ranks(table):
    run = run_on(table, 16)
    found = efficiencies(run, run_on(table, 1)).iloc[0]
    names = {"communication_efficiency": "dispatch_efficiency"}
    for theirs, value in KNOWN["at_16"].items():
        ours = found[names.get(theirs, theirs)]
        assert ours == pytest.approx(value, abs=5.001e-6), theirs


@pytest.mark.parametrize("n_ranks", [2, 16])
def test_the_parts_of_the_ledger_add_up_to_the_same_parallel_efficiency(table, n_ranks):
    found = ledger(run_on(table, n_ranks))
    printed = float(table.loc["Parallel efficiency", n_ranks])
    assert 100 * found.shares["useful"] == pytest.approx(printed, abs=6e-7)
