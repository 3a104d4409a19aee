"""When a run is over before all is done: enough succeeded, too many failed.

Counts in, a verdict out; knows nothing of tasks or workers.
"""

import math
from dataclasses import dataclass

from ..errors import ArgumentError, one_of

ON_FAILURE = ("continue", "stop", "raise")


@dataclass(frozen=True, slots=True)
class Policy:
    """How many successes end a run, and what a failure does to it.

    Attributes
    ----------
    n_needed : int or None
        Successes that end the run; None waits for all.
    n_tasks : float
        Tasks of the batch; infinite while unknown.
    on_failure : {"continue", "stop", "raise"}
    """

    n_needed: int | None = None
    n_tasks: float = math.inf
    on_failure: str = "continue"

    def verdict(self, n_done, n_failed, n_lost):
        """Why the run should end now: "wait", "impossible", "failure", or ""."""
        if self.n_needed is not None:
            if n_done >= self.n_needed:
                return "wait"
            if self.n_tasks - n_lost < self.n_needed:
                return "impossible"
        if n_failed and self.on_failure != "continue":
            return "failure"
        return ""


def make_policy(wait, on_failure, n_tasks):
    """Check `wait` and `on_failure`; a `Policy`.

    Raises
    ------
    ArgumentError
        If they are not allowed, or need more successes than there are tasks.
    """
    one_of("on_failure", on_failure, ON_FAILURE)
    n_needed = _n_needed(wait, n_tasks)
    if n_needed is not None and n_needed > n_tasks:
        raise ArgumentError(
            f"`wait={wait!r}` needs {n_needed} successes of {n_tasks} tasks"
        )
    return Policy(n_needed, n_tasks, on_failure)


def _n_needed(wait, n_tasks):
    if wait == "all":
        return None
    if wait == "any":
        return 1
    if isinstance(wait, float) and 0 < wait <= 1:
        if math.isinf(n_tasks):
            raise ArgumentError(
                f"`wait={wait}` is a share of a number of tasks that is not known: "
                "pass the inputs as a list"
            )
        # 0.07 x 100 is a little more than 7 in floating point.
        return max(1, math.ceil(wait * n_tasks - 1e-9))
    if isinstance(wait, int) and not isinstance(wait, bool) and wait >= 1:
        return wait
    raise ArgumentError(
        "`wait` must be 'all', 'any', a number of successes ≥ 1 or a share of the "
        f"tasks between 0.0 and 1.0; got {wait!r}"
    )
