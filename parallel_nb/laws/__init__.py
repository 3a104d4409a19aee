"""Floor 1: how throughput grows with workers, on paper.

Laws        LINEAR, AMDAHL, GUSTAFSON, USL, AMDAHL_OVERHEAD; LAWS by name
Fractions   karp_flatt, scaled_serial_fraction: one measurement, one number

Knows formulas, their slopes, and what follows from their parameters; refuses to know
measurements, errors of measurement and how a law is fitted.
"""

from .fractions import karp_flatt, scaled_serial_fraction
from .specs import AMDAHL, AMDAHL_OVERHEAD, GUSTAFSON, LAWS, LINEAR, USL
from .structure import Consequence, Law, Parameter

__all__ = [
    "AMDAHL",
    "AMDAHL_OVERHEAD",
    "GUSTAFSON",
    "LAWS",
    "LINEAR",
    "USL",
    "Consequence",
    "Law",
    "Parameter",
    "karp_flatt",
    "scaled_serial_fraction",
]
