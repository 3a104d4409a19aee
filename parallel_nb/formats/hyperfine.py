"""hyperfine's ``--export-json``: a Sweep over a parameter that counts workers.

Source: hyperfine's manual. ``results`` have ``times`` in s of each run, ``exit_codes``
and ``parameters``; early versions had the mean only. It cannot know what a command did
inside.
"""

from __future__ import annotations

from . import fields
from .assembling import seconds
from .benchmarks import sweep_of
from .source import Source
from .spec import Format


def sniff(source: Source) -> bool:
    """Whether results with a command and its times are in it."""
    head = source.head
    return (
        head.lstrip().startswith(b"{")
        and b'"results"' in head
        and b'"command"' in head
        and (b'"times"' in head or b'"stddev"' in head)
    )


def read(source: Source, columns=None):
    """The Sweep of an export; runs that failed are left out.

    A Run of all repeats, if no parameter counts workers.
    """
    document = fields.mapping(source, fields.loaded(source), "the file")
    results = fields.sequence(source, document.get("results"), "results")
    return sweep_of(
        source,
        (_result(source, place, r) for place, r in enumerate(results, 1)),
        columns,
        "hyperfine",
    )


def _result(source, place, result):
    where = f"result {place}"
    fields.mapping(source, result, "results", where)
    parameters = result.get("parameters")
    if parameters is None and result.get("parameter") is not None:
        parameters = {"parameter": result["parameter"]}  # of version 1.0 to 1.8
    parameters = fields.mapping(source, parameters or {}, "parameters", where)
    title = fields.text_of(result.get("command"), "command")
    if not result.get("times"):
        mean = fields.needed(source, result, ("times", "mean"), where)
        return where, parameters, "", [seconds(source, mean, "mean", where)], title
    times = [
        seconds(source, time, "times", where)
        for time in fields.sequence(source, result["times"], "times", where)
    ]
    codes = result.get("exit_codes")
    if isinstance(codes, list) and len(codes) == len(times):
        times = [time for time, code in zip(times, codes, strict=True) if code == 0]
        if not times:
            raise source.error("every run of it failed, by exit_codes", where)
    return where, parameters, "", times, title


FORMAT = Format("hyperfine", "hyperfine export", sniff, read, ("columns",))
