"""The five laws, each with where it comes from.

Knows formulas; refuses to know data. Speedup is over one worker.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from .structure import Consequence, Law, Parameter

_SHARES = (0.0, 1e-3, 0.01, 0.05, 0.2, 0.6)
_PER_PAIR = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1)

_GAMMA = Parameter("gamma", "throughput of one worker")


def _serial(name: str, meaning: str) -> Parameter:
    return Parameter(name, meaning, upper=1.0, tries=_SHARES)


def _ideal(n, shape):
    return np.broadcast_to(n, shape.shape[:-1] + n.shape)


def _ideal_slopes(n, shape):
    return np.empty(shape.shape[:-1] + n.shape + (0,))


def _amdahl(n, shape):
    return n / (1 + shape[..., :1] * (n - 1))


def _amdahl_slopes(n, shape):
    speedup = _amdahl(n, shape)
    return (-(speedup**2) * (n - 1) / n)[..., None]


def _gustafson(n, shape):
    return n - shape[..., :1] * (n - 1)


def _gustafson_slopes(n, shape):
    return np.broadcast_to(1 - n, shape.shape[:-1] + n.shape)[..., None]


def _usl(n, shape):
    return n / (1 + shape[..., :1] * (n - 1) + shape[..., 1:2] * n * (n - 1))


def _usl_slopes(n, shape):
    squared = _usl(n, shape) ** 2
    by_contention = -squared * (n - 1) / n
    return np.stack([by_contention, n * by_contention], axis=-1)


def _usl_peak(values):
    """1 / (workers at the peak) ** 2."""
    return values[..., 1] / (1 - values[..., 0])


def _usl_peak_line(n):
    """At the peak a + b n² is 1."""
    return np.array([1.0, n**2, 0.0]), 1.0


def _usl_peak_speedup(values):
    """1 / (speedup at the peak), whose closed form has no n in it.

    With n = sqrt((1 - a) / b): 1 / S = (1 - a) / n + a + b (n - 1)
    = 2 sqrt(b (1 - a)) + a - b.
    """
    a, b = values[..., 0], values[..., 1]
    return 2 * np.sqrt(np.maximum(b * (1 - a), 0)) + a - b


def _usl_peak_throughput(values):
    """1 / (throughput at the peak)."""
    return _usl_peak_speedup(values) / values[..., -1]


def _limit(values):
    """1 / (throughput that no number of workers exceeds)."""
    return values[..., 0] / values[..., -1]


def _share(values):
    """The first parameter."""
    return values[..., 0]


def _consequences(first: str, second: str | None) -> tuple[Consequence, ...]:
    """What follows from contention, and from what grows with every pair of workers."""
    peak = ()
    if second:
        peak = (
            Consequence(
                "peak_n",
                "workers at the highest throughput",
                flat=_usl_peak,
                power=-0.5,
                rests_on=second,
                is_peak=True,
                line=_usl_peak_line,
            ),
            Consequence(
                "peak_speedup",
                "speedup there",
                flat=_usl_peak_speedup,
                power=-1,
                rests_on=second,
                is_at_peak=True,
            ),
            Consequence(
                "peak_throughput",
                "throughput there",
                flat=_usl_peak_throughput,
                power=-1,
                rests_on=second,
                is_at_peak=True,
            ),
        )
    but = ", were there no pairs" if second else ""
    return (
        *peak,
        Consequence(
            "limit",
            f"throughput that no number of workers exceeds{but}",
            flat=_limit,
            power=-1,
            rests_on=first,
        ),
        Consequence(
            "max_speedup" if not second else "optimal_n",
            "speedup that no number of workers exceeds"
            if not second
            else "workers at which n times one worker's throughput meets the limit",
            flat=_share,
            power=-1,
            rests_on=first,
        ),
    )


LINEAR = Law(
    name="linear",
    label="linear",
    formula="X(n) = γ n",
    scales=("strong", "weak"),
    parameters=(_GAMMA,),
    speedups=_ideal,
    speedup_slopes=_ideal_slopes,
    source="n workers do n times as much: the ideal that the others fall short of.",
)

AMDAHL = Law(
    name="amdahl",
    label="Amdahl",
    formula="X(n) = γ n / (1 + s (n − 1))",
    scales=("strong",),
    parameters=(
        _serial("serial_fraction", "share of T₁ that only one worker can do"),
        _GAMMA,
    ),
    speedups=_amdahl,
    speedup_slopes=_amdahl_slopes,
    source=(
        "Amdahl, “Validity of the single processor approach to achieving large scale "
        "computing capabilities”, AFIPS Spring Joint Computer Conference, 1967."
    ),
    consequences=_consequences("serial_fraction", None),
    includes=("linear",),
)

GUSTAFSON = Law(
    name="gustafson",
    label="Gustafson",
    formula="X(n) = γ (n − s′ (n − 1))",
    scales=("weak",),
    parameters=(
        _serial(
            "scaled_serial_fraction",
            "share of the time on n workers during which only one works",
        ),
        _GAMMA,
    ),
    speedups=_gustafson,
    speedup_slopes=_gustafson_slopes,
    source=(
        "Gustafson, “Reevaluating Amdahl's law”, Communications of the ACM 31(5), 1988."
    ),
    includes=("linear",),
)

USL = Law(
    name="usl",
    label="USL",
    formula="X(n) = γ n / (1 + α (n − 1) + β n (n − 1))",
    scales=("strong", "weak"),
    parameters=(
        _serial("alpha", "contention: share for which workers queue"),
        Parameter("beta", "coherency: cost of each pair of workers", tries=_PER_PAIR),
        _GAMMA,
    ),
    speedups=_usl,
    speedup_slopes=_usl_slopes,
    source=(
        "Gunther, “A simple capacity model of massively parallel transaction systems”, "
        "CMG Conference, 1993; Guerrilla Capacity Planning, Springer, 2007; with γ: "
        "Gunther, Puglia, Tomasette, “Hadoop superlinear scalability”, Communications "
        "of the ACM 58(4), 2015."
    ),
    consequences=_consequences("alpha", "beta"),
    includes=("linear", "amdahl"),
)

AMDAHL_OVERHEAD = Law(
    name="amdahl_overhead",
    label="Amdahl + overhead",
    formula="T(n) = T₁ (s + (1 − s) / n + k (n − 1)), X(n) = 1 / T(n)",
    scales=("strong",),
    parameters=(
        _serial("serial_fraction", "share of T₁ that only one worker can do"),
        Parameter(
            "overhead", "share of T₁ that each further worker adds", tries=_PER_PAIR
        ),
        _GAMMA,
    ),
    speedups=_usl,
    speedup_slopes=_usl_slopes,
    source=(
        "Amdahl, 1967, with a cost for each worker after the first. Divided out it is "
        "the USL, s being α and k being β: no data can tell them apart, and the "
        "overhead per worker of one is the coherency per pair of the other."
    ),
    consequences=_consequences("serial_fraction", "overhead"),
    includes=("linear", "amdahl"),
    same_curve="usl",
)

LAWS = MappingProxyType(
    {law.name: law for law in (LINEAR, AMDAHL, GUSTAFSON, USL, AMDAHL_OVERHEAD)}
)
