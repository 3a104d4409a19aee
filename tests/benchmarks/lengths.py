"""Tasks of known length: the functions that are timed, and how many make a batch.

Workers import this file, so it imports nothing heavy; it knows no backend.

A task's length is CPU time of its thread, not time on the wall. A loop that waits for
the wall clock ends when it should even if it hardly ran: whoever burns CPU beside it,
such as the parent of the pool, or holds the interpreter's lock, such as the other
threads, would look free of charge. A loop that counts its own CPU time needs all of it,
so that everything that gets in its way shows in the makespan. A fixed number of
iterations would do the same but ties the length to the speed of a core, which changes
by the second. Asking for CPU time takes up to a microsecond; that is how much longer
than stated a task may be, on both sides alike.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

# Between two looks at the clock: a third of a microsecond of the interpreter, or a
# task would be one system call after the other.
_STRIDE = range(20)


def burn(seconds):
    """Use up CPU time of this thread."""
    clock = time.thread_time
    until = clock() + seconds
    while clock() < until:
        for _ in _STRIDE:
            pass


def nothing(i):
    """Return `i`, as all tasks here do, so that results and their order can be told."""
    return i


def burn_10_us(i):
    burn(10e-6)
    return i


def burn_100_us(i):
    burn(100e-6)
    return i


def burn_1_ms(i):
    burn(1e-3)
    return i


def burn_10_ms(i):
    burn(10e-3)
    return i


def burn_lognormal(i):
    burn(LOGNORMAL[i % len(LOGNORMAL)])
    return i


def sleep_pareto(i):
    time.sleep(PARETO[i])
    return i


def _scaled(values, total):
    factor = total / math.fsum(values)
    return [value * factor for value in values]


_draw = random.Random(20240229)
# Mean 2 ms; the median is 1.2 ms and one in a hundred is longer than 12 ms.
LOGNORMAL = _scaled([_draw.lognormvariate(0.0, 1.0) for _ in range(400)], 400 * 2e-3)

N_SLEEPERS = 8
_draw = random.Random(4)
# 2.2 s for each of eight workers, if it could be shared out evenly, and the longest
# lasts 1.6 s. Longest first ends at 1.002 of the lower bound, as given at 1.14.
PARETO = _scaled([_draw.paretovariate(1.5) for _ in range(200)], 2.2 * N_SLEEPERS)


@dataclass(frozen=True, slots=True)
class Length:
    """A batch of tasks of one length."""

    name: str
    func: Callable[[int], int]
    seconds: float  # CPU of a task, on average
    n_tasks: int  # enough for 0.1 to 0.5 s of two workers

    @property
    def is_tiny(self):
        """Whether overhead is most of what such tasks cost."""
        return self.seconds <= 10e-6

    @property
    def is_worth_a_worker(self):
        """Whether overhead should hardly be seen."""
        return self.seconds >= 1e-3


LENGTHS = (
    Length("0", nothing, 0.0, 50_000),
    Length("10 µs", burn_10_us, 10e-6, 20_000),
    Length("100 µs", burn_100_us, 100e-6, 5_000),
    Length("1 ms", burn_1_ms, 1e-3, 600),
    Length("10 ms", burn_10_ms, 10e-3, 80),
    Length("lognormal 2 ms", burn_lognormal, 2e-3, 400),
)
