"""Schedules to try the formulas on."""

import numpy as np
from hypothesis import strategies as st

from parallel_nb import metrics

SECONDS = st.floats(0.0, 1e4, allow_subnormal=False)
# Whole milliseconds as binary fractions: sums of these are exact.
TICKS = st.integers(0, 4096).map(lambda ticks: ticks / 1024)


@st.composite
def lane_schedules(draw, gaps=SECONDS, lengths=SECONDS):
    """Attempts (started, ended, worker) that never overlap in a lane, and the lanes."""
    n_workers = draw(st.integers(1, 5))
    lane = st.lists(st.tuples(gaps, lengths), max_size=6)
    started, ended, worker = [], [], []
    for number in range(n_workers):
        now = 0.0
        for gap, length in draw(lane):
            started.append(now + gap)
            now = now + gap + length
            ended.append(now)
            worker.append(number)
    return np.array(started), np.array(ended), np.array(worker, dtype=int), n_workers


def running_at_once(started, ended):
    _, counts = metrics.concurrency(started, ended)
    return int(counts.max(initial=0))
