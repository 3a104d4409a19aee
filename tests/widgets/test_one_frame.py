"""A step of a reader draws each picture once at most: more are waste, and flicker."""

import numpy as np
import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb.widgets.framed import Framed
from parallel_nb.widgets.law_lab import laws_lab
from parallel_nb.widgets.toy_scheduler import schedule_lab

from ..fitting.making import USL, sweep_of
from .making import uneven


def of_run(page):
    """Steps in a Run's explorer, in an order in which each changes something."""
    put, task, what_if = setattr, page.task, page.what_if
    return {
        "window": lambda: put(page.window, "value", (0.0, 4.0)),
        "zoom in": page.zoom_in.click,
        "later": page.later.click,
        "earlier": page.earlier.click,
        "zoom out": page.zoom_out.click,
        "whole": page.whole.click,
        "colour": lambda: put(page.color, "value", "name"),
        "notable": lambda: put(task.notable, "value", 3),
        "task": lambda: put(task.task, "value", 2),
        "zoom to task": task.zoom.click,
        "ledger": lambda: put(page.section, "value", "Ledger"),
        "what if": lambda: put(page.section, "value", "What if"),
        "workers": lambda: put(what_if.workers, "value", 3),
        "order": lambda: put(what_if.order, "value", "longest_first"),
        "dispatch": lambda: put(what_if.dispatch, "value", 1.0),
        "back": lambda: put(page.section, "value", "Task"),
    }


def of_sweep(page):
    """Steps in a Sweep's explorer."""
    put = setattr
    return {
        "measure": lambda: put(page.measure, "value", "efficiency"),
        "bands": lambda: put(page.bands, "value", False),
        "axes": lambda: put(page.logarithmic, "value", True),
        "up to": lambda: put(page.up_to, "value", page.up_to.options[-1][1]),
        "law": lambda: put(page.laws["amdahl"], "value", True),
        "backend": lambda: put(page.backend, "value", page.backend.options[-1][1]),
    }


def of_laws(lab):
    """Steps in the laboratory of laws."""
    put = setattr
    return {
        "law": lambda: put(lab.law, "value", "usl"),
        "workers": lambda: put(lab.workers, "value", 64),
        "serial": lambda: put(lab.serial, "value", 20.0),
        "coherency": lambda: put(lab.coherency, "value", 1e-3),
        "thousand": lab.thousand.click,
        "challenge": lambda: put(lab.challenge, "value", True),
        "another": lab.another.click,
        "guess": lambda: put(lab.guess, "value", 3.0),
        "see": lab.see.click,
    }


def of_toys(lab):
    """Steps in the toy scheduler."""
    put = setattr
    return {
        "tasks": lambda: put(lab.tasks, "value", 20),
        "workers": lambda: put(lab.workers, "value", 5),
        "order": lambda: put(lab.order, "value", "shortest_first"),
        "another": lab.another.click,
        "kind": lambda: put(lab.kind, "value", "Graham's"),
        "shorter": lambda: put(lab.shorter, "value", True),
        "freer": lambda: put(lab.freer, "value", True),
    }


def two_backends():
    tables = [sweep_of("usl", USL, noise=0.02).table for _ in range(2)]
    for table, backend in zip(tables, ("threading", "loky"), strict=True):
        table["backend"] = backend
    table = pd.concat(tables, ignore_index=True)[["n_workers", "makespan", "backend"]]
    table.loc[table["backend"] == "loky", "makespan"] *= np.sqrt(table["n_workers"])
    return pnb.Sweep.from_frame(
        table, n="n_workers", time="makespan", backend="backend"
    )


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        (lambda: pnb.explore(uneven()), of_run),
        (lambda: pnb.explore(two_backends()), of_sweep),
        (laws_lab, of_laws),
        (schedule_lab, of_toys),
    ],
    ids=["run", "sweep", "laws", "toys"],
)
def test_a_step_draws_each_picture_once(make, steps, monkeypatch):
    drawn, show = [], Framed.show

    def counted(self, *given):
        drawn.append(self)
        show(self, *given)

    page = make()
    monkeypatch.setattr(Framed, "show", counted)
    silent = {"guess"}
    for name, step in steps(page).items():
        drawn.clear()
        step()
        assert len(drawn) == len(set(drawn)), name
        assert bool(drawn) is (name not in silent), name


def test_a_list_of_runs_is_written_once(tmp_path):
    for label in ("monday", "tuesday", "wednesday"):
        pnb.save(uneven(), tmp_path / f"{label}.parquet")
    shown = pnb.browse(tmp_path)
    tables = []
    shown.table.observe(tables.append, names="value")
    steps = {
        "filter": lambda: setattr(shown.filter, "value", "day"),
        "fewer": lambda: setattr(shown.filter, "value", "tues"),
        "order": lambda: setattr(shown.order, "value", "by name"),
        "all": lambda: setattr(shown.filter, "value", ""),
        "run": lambda: setattr(shown.run, "value", "monday.parquet"),
        "refresh": shown.refresh.click,
    }
    for name, step in steps.items():
        tables.clear()
        step()
        assert len(tables) <= 1, name
