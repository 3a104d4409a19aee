"""``python -m parallel_nb demo`` and ``lab``: the first ten minutes without a notebook.

Speaks to a terminal; everything that it shows comes from the library.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import parallel_nb as pnb

_NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
_FIRST = _NOTEBOOKS / "01_first_run.ipynb"


def main(arguments=None):
    """Run a command; the exit code, 0 on success."""
    parser = argparse.ArgumentParser(
        prog="python -m parallel_nb",
        description="A parallel-performance lab for notebooks.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, text in (
        (
            "demo",
            demo,
            "tokenize the standard library with 1 and 2 workers, and explain",
        ),
        ("lab", lab, "the demo, then the first notebook in JupyterLab"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--folder",
            type=Path,
            default=Path("parallel_nb_demo"),
            help="where the runs and the page go (default: %(default)s)",
        )
        command.set_defaults(function=function)
    chosen = parser.parse_args(arguments)
    return chosen.function(chosen.folder)


def demo(folder):
    """A real batch under one and two workers: summary, run files, page."""
    from parallel_nb.workloads import count_tokens, standard_library

    files = standard_library()
    print(f"Tokenizing the standard library: {len(files)} files, one task a file.\n")
    runs = {}
    for title, n_workers, options in (
        ("1 worker", 1, {}),
        ("2 workers", 2, {}),
        ("2 workers, longest first", 2, {"order": "longest_first"}),
    ):
        history = runs.get("1 worker") if options else None
        run = pnb.run(
            count_tokens,
            files,
            n_jobs=n_workers,
            name=_module_of,
            label=title,
            history=history,
            **options,
        )
        runs[title] = run
        print(f"  {run!r}")
    folder.mkdir(parents=True, exist_ok=True)
    for title, run in runs.items():
        path = folder / (title.replace(",", "").replace(" ", "_") + ".parquet")
        pnb.save(run, path)
    page = folder / "runs.html"
    pnb.to_html(runs, page, title="Tokenizing the standard library")
    print()
    print(_explained(runs))
    print(f"\nRuns are saved in {folder}/*.parquet; pnb.load(path) gives them back.")
    print(f"Pictures: open {page.resolve()}")
    print(f"Notebook: {_lab_line()}")
    return 0


def _module_of(path):
    return Path(path).stem if Path(path).stem != "__init__" else Path(path).parent.name


def _explained(runs):
    """The comparison in plain sentences, every number taken from the runs."""
    one, two, sorted_two = (run.summary().iloc[0] for run in runs.values())
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


def _lab_line():
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return f"{python} -m jupyter lab {_FIRST}"


def lab(folder):
    """The demo, then JupyterLab with the first notebook."""
    if find_spec("jupyterlab") is None:
        print(
            "JupyterLab is not installed: pip install 'parallel-nb[lab]'",
            file=sys.stderr,
        )
        return 1
    if not _FIRST.exists():
        print(
            f"{_FIRST} is missing: the notebooks come with a clone of the repository",
            file=sys.stderr,
        )
        return 1
    code = demo(folder)
    if code == 0:
        from jupyterlab.labapp import main as open_lab

        open_lab([str(_FIRST)])
    return code


if __name__ == "__main__":
    sys.exit(main())
