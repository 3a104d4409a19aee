"""`demo` and `lab`: the first ten minutes.

Knows which real batch shows much in little time; refuses to know how it is shown.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

_INDEX = Path(__file__).parents[2] / "notebooks" / "00_index.ipynb"

_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("parallel_nb_demo"),
    show_default=True,
    help="Where the runs and the page go.",
)


@click.command
@_folder
def demo(folder):
    """Tokenize the standard library with 1 and 2 workers, and explain.

    Run files and a page to open in a browser are left in the folder.
    """
    _demonstrate(folder)


@click.command
@_folder
@click.pass_context
def lab(context, folder):
    """The demo, then the index of the lessons in JupyterLab.

    JupyterLab goes on until Ctrl-C.
    """
    if find_spec("jupyterlab") is None:
        raise click.UsageError(
            "JupyterLab is not installed: pip install 'parallel-nb[lab]'"
        )
    if not _INDEX.exists():
        raise click.UsageError(
            f"{_INDEX} is missing: the lessons come with a clone of the repository"
        )
    _demonstrate(folder)
    from jupyterlab.labapp import main as open_lab

    context.exit(open_lab([str(_INDEX)]) or 0)


def _demonstrate(folder: Path) -> None:
    """A real batch under one and two workers: summary, run files, page."""
    from ..engine.running import run
    from ..reporting import to_html
    from ..store import save
    from ..workloads import count_tokens, standard_library

    files = standard_library()
    click.echo(
        f"Tokenizing the standard library: {len(files)} files, one task a file.\n"
    )
    runs = {}
    for title, n_workers, options in (
        ("1 worker", 1, {}),
        ("2 workers", 2, {}),
        ("2 workers, longest first", 2, {"order": "longest_first"}),
    ):
        runs[title] = run(
            count_tokens,
            files,
            n_jobs=n_workers,
            name=_module_of,
            label=title,
            history=runs.get("1 worker") if options else None,
            **options,
        )
        click.echo(f"  {runs[title]!r}")
    folder.mkdir(parents=True, exist_ok=True)
    for title, made in runs.items():
        save(made, folder / (title.replace(",", "").replace(" ", "_") + ".parquet"))
    page = folder / "runs.html"
    to_html(runs, page, title="Tokenizing the standard library")
    click.echo(f"\n{_explained(runs)}\n")
    click.echo(f"Runs are saved in {folder}/*.parquet; pnb.load(path) gives them back.")
    click.echo(f"Pictures: open {page.resolve()}")
    if _INDEX.exists():
        click.echo(f"Lessons: {_lab_line()}")


def _module_of(path) -> str:
    return Path(path).stem if Path(path).stem != "__init__" else Path(path).parent.name


def _explained(runs) -> str:
    """The comparison in plain sentences, every number taken from the runs."""
    one, two, sorted_two = (made.summary().iloc[0] for made in runs.values())
    speedup = one.makespan / two.makespan
    inflation = two.work / one.work
    lines = [
        f"One worker took {one.makespan:.2f} s, two took {two.makespan:.2f} s: "
        f"speedup {speedup:.2f}, efficiency {speedup / 2:.0%}.",
        f"The two were busy {two.utilization:.0%} of the time, and the same files cost "
        f"them {inflation:.2f} times the seconds they cost one.",
        f"Longest first, they were busy {sorted_two.utilization:.0%} and took "
        f"{sorted_two.makespan:.2f} s. The longest file, {two.longest_name}, takes "
        f"{two.span:.2f} s: no number of workers gets below that.",
    ]
    return "\n".join(lines)


def _lab_line() -> str:
    return f"{_from_here(Path(sys.executable))} -m jupyter lab {_from_here(_INDEX)}"


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
