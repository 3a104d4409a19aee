"""Every fault in every backend: what happens is what is promised, and documented."""

import importlib.util

import pytest

from . import document
from .catalogue import BY_CHANCE, FAULTS, all_cells
from .engines import CLUSTERS
from .outcome import ENDED
from .playing import ROOT, outcomes

# Generous: other tests, and other work, may have the cores.
_LATE = 2.0
_SLOW_FAREWELL = 20.0

CELLS = all_cells()


def is_installed(backend):
    package = CLUSTERS.get(backend)
    return package is None or importlib.util.find_spec(package) is not None


@pytest.fixture(scope="module")
def play(request):
    """Outcomes of all cells that were asked for, played side by side, as they come."""
    asked = [
        item.callspec.params["cell"]
        for item in request.session.items
        if item.fspath == request.node.fspath and "cell" in item.fixturenames
    ]
    asked = [cell for cell in asked if is_installed(cell[1])]
    found = {}
    coming = outcomes(list(dict.fromkeys(asked)))

    def get(cell):
        while cell not in found:
            outcome = next(coming)
            found[outcome.fault, outcome.backend] = outcome
        return found[cell]

    yield get
    coming.close()


@pytest.fixture(scope="module")
def documented():
    return document.words_of((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_fault_costs_what_is_promised(cell, play, documented):
    fault, backend = cell
    if not is_installed(backend):
        pytest.skip(f"the extra `{backend}` is not installed")
    outcome = play(cell)
    told = f"{outcome}"
    assert document.told(outcome) == documented[cell], told
    if outcome.word == BY_CHANCE.get(cell):
        return
    assert outcome.word == FAULTS[fault].promises[backend], told
    if outcome.end != ENDED:
        return
    assert outcome.is_usable or outcome.word.endswith("then unusable"), told
    if backend in CLUSTERS:
        return  # its cluster ends in its own time
    assert outcome.farewell < _SLOW_FAREWELL, told
    if backend == "isolated" and outcome.recovery is not None:
        assert outcome.recovery < _LATE, told
    for status, error in zip(outcome.statuses, outcome.errors, strict=True):
        assert (status == "done") == (error == "nan"), told


def test_every_cell_is_documented_and_no_other(documented):
    assert set(documented) == set(CELLS)
