"""pytest-benchmark's JSON: a Sweep over a parameter that counts workers.

Source: pytest-benchmark's documentation. ``benchmarks`` have ``params``,
``extra_info`` and ``stats`` in s; each round's time is in ``stats.data`` only if
``--benchmark-save-data`` was given. It cannot know what a test did inside.
"""

from __future__ import annotations

from . import fields
from .assembling import seconds
from .benchmarks import COUNTERS, sweep_of
from .source import Source
from .spec import Format


def sniff(source: Source) -> bool:
    """Whether it tells a machine and benchmarks of it."""
    head = source.head
    return head.lstrip().startswith(b"{") and (
        b'"machine_info"' in head or (b'"benchmarks"' in head and b'"stats"' in head)
    )


def read(source: Source, columns=None):
    """The Sweep of a file; without single rounds, a test's median is all there is.

    A Run of all rounds, if no parameter counts workers.
    """
    document = fields.mapping(source, fields.loaded(source), "the file")
    benchmarks = fields.sequence(source, document.get("benchmarks"), "benchmarks")
    return sweep_of(
        source,
        (
            _benchmark(source, place, b, columns)
            for place, b in enumerate(benchmarks, 1)
        ),
        columns,
        "pytest_benchmark",
    )


def _benchmark(source, place, benchmark, columns):
    where = f"benchmark {place}"
    fields.mapping(source, benchmark, "benchmarks", where)
    name = fields.text_of(fields.needed(source, benchmark, ("name", "fullname"), where))
    where = f"benchmark {place} ({name:.60})"
    parameters = dict(
        fields.mapping(source, benchmark.get("params") or {}, "params", where)
    )
    extra = fields.mapping(
        source, benchmark.get("extra_info") or {}, "extra_info", where
    )
    wanted = {*COUNTERS, *(columns or ())}
    parameters.update({k: v for k, v in extra.items() if k in wanted})
    stats = fields.mapping(source, benchmark.get("stats"), "stats", where)
    rounds = stats.get("data")
    if not rounds:
        rounds = [fields.needed(source, stats, ("median", "mean"), where)]
    times = [
        seconds(source, each, "stats", where)
        for each in fields.sequence(source, rounds, "stats.data", where)
    ]
    return where, parameters, name.partition("[")[0], times, name


FORMAT = Format(
    "pytest_benchmark", "pytest-benchmark's JSON", sniff, read, ("columns",)
)
