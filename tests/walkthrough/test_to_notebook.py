"""A notebook of a Run or a Sweep: valid, the same each time, and every cell runs."""

import subprocess
import sys

import nbformat
import pandas as pd
import pytest

import parallel_nb as pnb
from tests.making import agents_run, one_failed, run_of, two_done


def sweep_of(*counts):
    runs = [run_of((0, 1, "done", 0, 0.0, 8.0 / n + 1), n_workers=n) for n in counts]
    return pnb.Sweep.from_runs(runs, label="four")


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(path):
    return "\n".join(c.source for c in read(path).cells if c.cell_type == "code")


def durations(tmp_path):
    (tmp_path / "times.csv").write_text("task,duration\na,2\nb,3\n")
    return pnb.read(tmp_path / "times.csv")


def test_it_is_valid_and_the_same_each_time(tmp_path):
    one, two = (
        pnb.to_notebook(one_failed(), tmp_path / "walk.ipynb").read_bytes()
        for _ in range(2)
    )
    assert one == two
    made = read(tmp_path / "walk.ipynb")
    nbformat.validate(made)
    ids = [cell.id for cell in made.cells]
    assert len(set(ids)) == len(ids)
    assert made.metadata.kernelspec.name == "python3"


def test_its_data_are_beside_it_and_loaded_by_name(tmp_path):
    run = two_done(label="pair")
    path = pnb.to_notebook(run, tmp_path / "walk.ipynb")
    assert "pnb.load('walk.parquet')" in code_of(path)
    assert pnb.load(tmp_path / "walk.parquet").attempts.equals(run.attempts)


def test_cells_ask_only_what_was_recorded(tmp_path):
    path = tmp_path / "walk.ipynb"
    assert "run.errors" not in code_of(pnb.to_notebook(two_done(), path))
    assert "run.errors" in code_of(pnb.to_notebook(one_failed(), path))
    assert "pnb.ledger" in code_of(pnb.to_notebook(two_done(), path))
    assert "pnb.ledger" not in code_of(pnb.to_notebook(durations(tmp_path), path))


def test_names_cannot_become_markup(tmp_path):
    path = pnb.to_notebook(two_done(label="<b>x</b> `y`\n# z"), tmp_path / "w.ipynb")
    first = read(path).cells[0].source
    assert first.splitlines()[0] == r"# \<b\>x\</b\> \`y\`" + r" \# z"


@pytest.mark.parametrize(
    "make",
    [
        one_failed,
        lambda: sweep_of(1, 2, 4, 8),
        lambda: agents_run(
            (0, 1, "gpu", "done", 0, 0.0, 1.0),
            (1, 1, "gpu", "done", 0, 1.0, 2.0),
            agents={"gpu": 1},
            extras={"edges": pd.DataFrame({"task": [1], "after": [0]})},
        ),
        lambda: run_of((0, 1, "skipped", -1, float("nan"), float("nan"))),
    ],
    ids=["failed", "sweep", "agents", "nothing-ran"],
)
def test_every_cell_runs(tmp_path, make):
    made = read(pnb.to_notebook(make(), tmp_path / "walk.ipynb", execute=True))
    codes = [cell for cell in made.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in codes)
    assert not [out for c in codes for out in c.outputs if out.output_type in {"error"}]


def test_a_run_without_times_of_its_own_is_walked_through(tmp_path):
    pnb.to_notebook(durations(tmp_path), tmp_path / "walk.ipynb", execute=True)


def test_nbval_accepts_it(tmp_path):
    path = pnb.to_notebook(one_failed(), tmp_path / "walk.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q"]
        + ["-p", "no:cacheprovider", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_a_cell_that_fails_is_told_and_left_in_the_notebook(tmp_path, monkeypatch):
    from parallel_nb.walkthrough import making
    from parallel_nb.walkthrough.cells import Question

    monkeypatch.setattr(
        making, "questions", lambda kept, file: [Question("odd", "Odd", "", "1 / 0")]
    )
    with pytest.raises(pnb.ParallelNbError, match="ZeroDivisionError"):
        pnb.to_notebook(two_done(), tmp_path / "walk.ipynb", execute=True)
    assert read(tmp_path / "walk.ipynb").cells[-1].outputs[0].ename


def test_what_is_neither_is_refused(tmp_path):
    with pytest.raises(pnb.ArgumentError, match="must be a Run or a Sweep; got list"):
        pnb.to_notebook([two_done()], tmp_path / "walk.ipynb")
    with pytest.raises(pnb.ArgumentError, match=r"walk\.ipynb"):
        pnb.to_notebook(two_done(), tmp_path / "walk.parquet")
    with pytest.raises(pnb.StoreError, match="there is no folder"):
        pnb.to_notebook(two_done(), tmp_path / "none" / "walk.ipynb")
