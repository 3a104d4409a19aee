"""`show` and `predict`: a file → text on the terminal.

Knows which parts are worth a screen; refuses to know how they were made.
"""

from __future__ import annotations

import shutil
import sys

import click

from .inputs import counts_from, one_from, reading_options

_WIDEST = 100


@click.command(
    epilog="""\b
Examples:
  parallel-nb show run.parquet
  parallel-nb show trace.json.gz --index 2
  parallel-nb show times.csv --column begin=started --column end=ended
""",
)
@click.argument("file")
@reading_options
def show(file, **options):
    """Summary, lanes, ledger and findings of the run in FILE, or fits of a sweep."""
    from ..sweeps import Sweep

    kept = one_from(file, **options)
    for part in _of_sweep(kept) if isinstance(kept, Sweep) else _of_run(kept):
        if part:
            click.echo(f"{printable(part)}\n")


def _of_run(run):
    from ..accounting.making import ledger
    from ..diagnosis.making import findings
    from .bars import BLOCKS, PLAIN, lanes

    yield repr(run)
    yield "\n".join(f"Note: {note}" for note in run.meta.notes)
    letters = BLOCKS if printable(BLOCKS) == BLOCKS else PLAIN
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    yield "\n".join(lanes(run, columns, letters))
    if "starts" in run.meta.lacks:
        yield "No ledger: the file has durations only, which were laid end to end."
    else:
        yield str(ledger(run))
    yield str(findings(run))


def _of_sweep(sweep):
    from ..errors import ArgumentError
    from ..fitting import fit

    yield repr(sweep)
    yield table_text(sweep.table)
    try:
        yield str(fit(sweep))
    except ArgumentError as error:
        yield f"No law fits: {error}"


@click.command(
    epilog="""\b
Examples:
  parallel-nb predict run.parquet --workers 1,2,4,8
  parallel-nb predict .ninja_log --workers 64 --order longest_first
""",
)
@click.argument("file")
@click.option(
    "--workers",
    default="1,2,4,8,16",
    show_default=True,
    metavar="N,N,…",
    help="Numbers of workers.",
)
@click.option(
    "--order",
    type=click.Choice(["given", "longest_first"]),
    default="given",
    show_default=True,
    help="Which task begins first of those that could.",
)
@reading_options
def predict(file, workers, order, **options):
    """What other numbers of WORKERS would take for the run in FILE.

    The first row is the number that was recorded, with the model's own error.
    """
    from ..simulation import predict as predicted

    counts = counts_from(workers, "--workers")
    run = only_run(one_from(file, **options), file)
    frame = predicted(run, counts, order=order)
    shown = ["n_workers", "makespan", "speedup", "efficiency", "lower_bound", "error"]
    click.echo(printable(table_text(frame[[*shown, "method"]])))
    for note in frame.attrs["notes"]:
        click.echo(printable(f"Note: {note}"))


def only_run(kept, file: str):
    """A Run, or a usage error that says what to do with a Sweep."""
    from ..runs import Run

    if not isinstance(kept, Run):
        raise click.UsageError(
            f"{file} holds a {type(kept).__name__}, and this needs a run; "
            f"`parallel-nb show {file}` tells of it"
        )
    return kept


def table_text(frame) -> str:
    """A frame in columns of text, four digits a number, nothing where none is known."""
    shown = frame.dropna(axis="columns", how="all")
    return shown.to_string(index=False, float_format="{:.4g}".format, na_rep="")


def printable(text: str) -> str:
    """The text in letters that standard output has, the others as question marks."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
