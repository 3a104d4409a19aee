"""Whatever wrote a Run, all that is made of Runs can be made of it, or says why not."""

import matplotlib
import pytest
from matplotlib import pyplot as plt

import parallel_nb as pnb
from tests.formats import samples, test_workloads
from tests.formats.making import MADE

FILES = sorted(
    path
    for path in MADE.rglob("*")
    if path.is_file() and path.name != "README.md" and "benchmark.json" not in path.name
    and path.name != "hyperfine.json"
)  # fmt: skip
TEXTS = {
    "airflow": samples.AIRFLOW,
    "batsim": test_workloads.BATSIM,
    "github_actions": samples.GITHUB,
    "junit": samples.JUNIT,
    "nextflow": samples.NEXTFLOW,
    "slurm": test_workloads.SACCT,
    "spark": samples.SPARK,
    "swf": test_workloads.SWF,
    "table": "name,start,end\na,0,1\nb,0.5,2\n",
    "task stream": samples.DASK_STREAM,
    "wfformat": samples.WFFORMAT,
    "wfformat, old": samples.WFFORMAT_OLD,
}
READABLE = {**{str(path.relative_to(MADE)): path for path in FILES}, **TEXTS}


def runs_of(name):
    got = pnb.read(READABLE[name])
    return got if isinstance(got, list) else [got]


@pytest.fixture(autouse=True)
def _pictures_closed():
    matplotlib.use("Agg")
    yield
    plt.close("all")


each = pytest.mark.parametrize("name", READABLE)


@each
def test_it_is_drawn(name):
    for run in runs_of(name):
        for draw in (pnb.draw.timeline, pnb.draw.utilization):
            draw(run).figure.canvas.draw()
        pnb.draw.timeline(run, color="duration").figure.canvas.draw()


@each
def test_it_is_accounted_for_or_refused_in_words(name):
    for run in runs_of(name):
        if "starts" in run.meta.lacks:
            with pytest.raises(pnb.ArgumentError, match="durations only"):
                pnb.ledger(run)
            continue
        ledger = pnb.ledger(run)
        assert str(ledger)
        pnb.draw.ledger(ledger).figure.canvas.draw()


@each
def test_it_is_judged_predicted_and_simulated(name):
    for run in runs_of(name):
        assert repr(pnb.findings(run))
        predicted = pnb.predict(run, n_workers=[1, 2, 4])
        assert (predicted["makespan"] >= 0).all()
        alone = pnb.simulate(run, n_workers=1, dispatch=0.0)
        most = (run.attempts["ended"] - run.attempts["started"]).sum()
        assert alone.summary()["makespan"][0] <= most * (1 + 1e-9)


@each
def test_it_is_reported_and_kept(name, tmp_path):
    for run in runs_of(name):
        assert str(pnb.report(run))
        pnb.to_html(run, tmp_path / "run.html")
        pnb.save(run, tmp_path / "run.parquet")
        kept = pnb.load(tmp_path / "run.parquet")
        assert kept.attempts.equals(run.attempts)
        assert kept.meta == run.meta


@each
def test_it_is_explored(name):
    for run in runs_of(name):
        explorer = pnb.explore(run)
        assert explorer.trait_names()
        explorer.close()
