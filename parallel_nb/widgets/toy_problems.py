"""Small problems of scheduling that each teach something.

Knows durations and who waits for whom; refuses to know how they are scheduled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EQUAL, SKEWED, GIANT, GRAHAM = KINDS = ("equal", "skewed", "one giant", "Graham's")
_TIMES = (3.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0, 9.0)
_WAITS = ((8, 0), (4, 3), (5, 3), (6, 3), (7, 3))  # (task, after)
_DROPPED = 2  # of them: those that Graham leaves out to show the anomaly
_GIANT = 8.0  # s, beside tasks of one


class Toy(NamedTuple):
    """Durations in seconds, and rows (task, after)."""

    durations: np.ndarray
    after: tuple[tuple[int, int], ...] = ()


def toy(kind: str, n_tasks: int, seed: int) -> Toy:
    """Some tasks.

    Parameters
    ----------
    kind : str
        One of `KINDS`; "Graham's" has nine tasks, whatever is asked for.
    n_tasks : int
    seed : int
        Of what is drawn by lot.
    """
    if kind == GRAHAM:
        return graham()
    if kind == EQUAL:
        return Toy(np.full(n_tasks, 2.0))
    if kind == GIANT:  # it comes last, where it hurts most
        return Toy(np.append(np.ones(n_tasks - 1), _GIANT))
    drawn = np.random.default_rng(seed).lognormal(0.7, 0.9, n_tasks)
    return Toy(np.round(np.clip(drawn, 0.2, 20.0), 1))


def graham(*, is_shorter: bool = False, is_freer: bool = False) -> Toy:
    """The batch that takes longer if anything about it is made better.

    Nine tasks, three workers, 12 s. With a fourth worker, or each task a second
    shorter, or two of five dependencies left out, the same list takes longer.

    References
    ----------
    Graham, "Bounds on multiprocessing timing anomalies", *SIAM Journal on Applied
    Mathematics* 17(2), 1969.
    """
    waits = _WAITS[:1] + _WAITS[1 + _DROPPED :] if is_freer else _WAITS
    return Toy(np.array(_TIMES) - is_shorter, waits)
