"""Words of a command line → Runs and Sweeps.

Knows which of several runs in a file is meant; refuses to know any format.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import click


def reading_options(command):
    """The options of every command that reads a FILE."""
    for option in (
        click.option(
            "--index",
            type=int,
            metavar="N",
            help="Which run, from 0, of a file that holds several.  [default: 0]",
        ),
        click.option(
            "--from",
            "format",
            metavar="FORMAT",
            help="What wrote the file, such as joblog or chrome.  [default: seen]",
        ),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="THEIRS=OURS",
            help="Of a table: which column is which, such as begin=started.",
        ),
        click.option(
            "--n-workers",
            type=int,
            metavar="N",
            help="For files that do not tell how many workers there were.",
        ),
    ):
        command = option(command)
    return command


def one_from(path: str, *, index=None, format=None, columns=(), n_workers=None) -> Any:
    """The Run or Sweep that is meant; of several the first, and stderr says so.

    Raises
    ------
    click.UsageError
        If there is none of that index, or a column is not told as THEIRS=OURS.
    """
    found = all_from(path, format=format, columns=columns, n_workers=n_workers)
    if index is None and len(found) > 1:
        click.echo(
            f"{path} holds {len(found)} runs, this is the first; --index 0 to "
            f"{len(found) - 1} chooses",
            err=True,
        )
    try:
        return found[index or 0]
    except IndexError:
        raise click.UsageError(
            f"--index must be from 0 to {len(found) - 1} for {path}; got {index}"
        ) from None


def all_from(path: str, *, format=None, columns=(), n_workers=None) -> list[Any]:
    """Every Run or Sweep that a file holds, or a folder; ``-`` is standard input."""
    from .. import store
    from ..reading import read

    source: Any = Path(path)
    if path == "-":
        source = sys.stdin.buffer.read()
        if source.startswith(b"PAR1") and format is None:
            return [store.read(io.BytesIO(source), Path("standard input"))]
    found = read(source, format, columns=_columns(columns) or None, n_workers=n_workers)
    return found if isinstance(found, list) else [found]


def side_from(words: tuple[str, ...], **options) -> Any:
    """What stands on one side of a comparison: a Run, a Sweep, or a list of repeats."""
    paths = [path for word in words for path in _split(word)]
    found = [one for path in paths for one in all_from(path, **options)]
    return found[0] if len(found) == 1 else found


def counts_from(text: str, option: str) -> list[int]:
    """Whole numbers between commas.

    Examples
    --------
    >>> counts_from("1,2, 4", "--workers")
    [1, 2, 4]
    """
    try:
        return [int(each) for each in text.split(",") if each.strip()]
    except ValueError:
        raise click.UsageError(
            f"{option} must be whole numbers between commas, as in 1,2,4; got {text!r}"
        ) from None


def _split(word: str) -> list[str]:
    return [word] if os.path.exists(word) else [w for w in word.split(",") if w]


def _columns(columns: tuple[str, ...]) -> dict[str, str]:
    told = {}
    for column in columns:
        theirs, sign, ours = column.rpartition("=")
        if not sign:
            raise click.UsageError(
                f"--column must be THEIRS=OURS, as in begin=started; got {column!r}"
            )
        told[theirs] = ours
    return told
