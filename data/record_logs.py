"""``python -m data.record_logs``: lets three other tools work, and keeps their logs.

Knows what they do and where their logs go; refuses to know how the logs are read. Needs
ninja, pytest-xdist, Dask and Bokeh.
"""

import argparse
import gzip
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from parallel_nb.workloads import count_tokens, standard_library

HERE = Path(__file__).parent / "logs"
ROOT = Path(__file__).parents[1]
# What tells pytest's report which worker ran a test; xdist itself does not.
CONFTEST = """
import pytest


@pytest.fixture(autouse=True)
def _worker(worker_id, record_property):
    record_property("worker", worker_id)
"""
PIECE = """
import compileall, pathlib, sys
compileall.compile_dir(sys.argv[1], force=True, quiet=2, optimize=(0, 1, 2))
pathlib.Path(sys.argv[2]).touch()
"""


def ninja():
    """A build: each package of the standard library compiled, then all zipped."""
    library = Path(sysconfig.get_path("stdlib"))
    packages = sorted(
        path.parent.name
        for path in library.glob("*/__init__.py")
        if path.parent.name not in {"site-packages", "test", "ensurepip", "idlelib"}
    )
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        (room / "piece.py").write_text(PIECE)
        lines = [
            "rule compile",
            f"  command = {sys.executable} piece.py $in $out",
            "rule zip",
            f"  command = {sys.executable} -m zipfile -c $out $folders",
            "rule check",
            f"  command = {sys.executable} -m zipfile -t $in && touch $out",
        ]
        for name in packages:
            subprocess.run(["cp", "-r", str(library / name), folder], check=True)
            lines.append(f"build {name}.done: compile {name}")
        done = " ".join(f"{name}.done" for name in packages)
        lines.append(f"build library.zip: zip {done}")
        lines.append(f"  folders = {' '.join(packages)}")
        lines.append("build checked: check library.zip")
        (room / "build.ninja").write_text("\n".join(lines) + "\n")
        subprocess.run(["ninja", "-j2"], cwd=room, check=True)
        (HERE / "build.ninja_log").write_bytes((room / ".ninja_log").read_bytes())


def xdist():
    """Tests of this project, by two workers that say who they are."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tell_worker.py").write_text(CONFTEST)
        report = HERE / "tests.xml"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n2", "-p", "tell_worker",
             f"--junitxml={report}", "tests/metrics", "tests/laws"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": folder},
            check=True,
        )  # fmt: skip
        told = re.sub(r' hostname="[^"]*"', "", report.read_text(encoding="utf-8"))
        report.write_text(told, encoding="utf-8")


def dask():
    """Tokens of the standard library counted on a cluster, and added two by two."""
    from dask.distributed import Client, LocalCluster, performance_report

    files = [str(file) for file in standard_library()[::4]]
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as it,
        Client(it) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        page = Path(folder) / "report.html"
        with performance_report(filename=str(page)):
            sums = client.map(count_tokens, files, pure=False)
            while len(sums) > 1:
                pairs = zip(sums[::2], sums[1::2], strict=False)
                odd = sums[len(sums) // 2 * 2 :]
                sums = [client.submit(add, *pair, pure=False) for pair in pairs] + odd
            sums[0].result()
        told = page.read_text(encoding="utf-8")
        for place in {sys.prefix, sys.base_prefix, str(ROOT)}:
            told = told.replace(place, "/opt")
        packed = gzip.compress(told.encode(), mtime=0)
        (HERE / "report.html.gz").write_bytes(packed)


def add(one, other):
    """The sum."""
    return one + other


LOGS = {"ninja": ninja, "xdist": xdist, "dask": dask}


def main(arguments=None):
    """Record the logs that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="LOG", help=", ".join(LOGS))
    chosen = parser.parse_args(arguments)
    HERE.mkdir(exist_ok=True)
    for name in chosen.names or LOGS:
        LOGS[name]()


if __name__ == "__main__":
    main()
