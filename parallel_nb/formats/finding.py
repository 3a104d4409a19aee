"""Which format a source has.

Knows the order in which to ask the formats; refuses to know what any of them looks
like.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from ..errors import ArgumentError, FormatError, one_of
from .source import Source
from .spec import Format

# Modules of this package by the name that `format=` gives them. Asked in this order:
# those with a mark of their own first, those that would take almost anything last.
MODULES: dict[str, str] = {
    "joblog": "joblog",
    "ninja": "ninja",
    "parsl": "parsl",
    "spark": "spark",
    "cargo": "cargo",
    "dask": "dask",
    "junit": "junit",
    "nextflow": "nextflow",
    "wfformat": "wfformat",
    "airflow": "airflow",
    "github_actions": "github_actions",
    "snakemake": "snakemake",
    "pytest_benchmark": "pytest_benchmark",
    "hyperfine": "hyperfine",
    "chrome": "chrome",
    "batsim": "batsim",
    "slurm": "slurm",
    "swf": "swf",
    "table": "table",
}


def formats() -> list[Format]:
    """Every format that can be read, in the order in which they are asked."""
    return [format_of(name) for name in MODULES]


def format_of(name: str) -> Format:
    """The format of that name.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    one_of("format", name, MODULES)
    return import_module(f"{__package__}.{MODULES[name]}").FORMAT


def sniffed(source: Source) -> Format:
    """The format that `source` has.

    Raises
    ------
    FormatError
        If none recognises it; lists those there are.
    """
    if not source.head.strip():
        raise source.error("it is empty")
    for each in formats():
        if each.sniff(source):
            return each
    raise source.error(
        "none of the formats that parallel_nb reads; name it by `format=` if it is one "
        f"of {_listed(MODULES)}. Any table with start and end: `columns=` tells which "
        "column is which."
    )


def read_foreign(source: Source, format: str | None = None, **options: Any) -> Any:
    """What `source` holds, by its own format or the one named.

    Raises
    ------
    FormatError
        If it is not what its format says.
    ArgumentError
        If there is no such format, or it has no such option.
    """
    columns = options.get("columns")
    if format is None and columns is not None and "n_workers" not in columns.values():
        format = "table"  # but for benchmarks, nothing else needs to be told columns
    found = format_of(format) if format is not None else sniffed(source)
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in found.options:
            others = _listed(found.options)
            hint = f"; its options: {others}" if others else ""
            raise ArgumentError(
                f"`{name}` is not for a {found.title}, which tells it itself{hint}"
            )
    try:
        return found.read(source, **given)
    except RecursionError as error:
        raise FormatError(f"{source.name}: it is nested too deeply") from error


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
