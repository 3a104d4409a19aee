"""How much work travels together: guided self-scheduling towards a fixed length.

Numbers in, a number out; knows neither tasks nor backends.
"""

# Seconds of work per message: long enough to hide a message's cost (about 0.2 ms),
# short enough to keep the tail short and progress moving.
TARGET = 0.05
# The same where chunks are executed in this thread: there is no tail to keep
# short, and each return to the scheduler loop costs 0.3 ms.
ALONE = 0.25
# No chunk is planned shorter than this share of the target, or a batch's last tasks
# would travel alone.
_FLOOR = 0.01
# A first attempt may be a lucky one: trust in a rate grows with what it was seen to do.
_GROWTH = 8


class Sizer:
    """Sizes chunks of one function from how long its attempts took.

    Parameters
    ----------
    n_workers : int
    rate : float, optional
        Seconds per unit of cost where that is known beforehand (1.0 when costs are
        durations of an earlier run); without it the first chunks are single tasks.
    target : float
        Seconds per chunk to aim at.

    References
    ----------
    C. D. Polychronopoulos, D. J. Kuck, "Guided self-scheduling: a practical scheduling
    scheme for parallel supercomputers", IEEE Trans. Computers C-36 (1987), 1425-1439.
    """

    def __init__(self, n_workers, *, rate=None, target=TARGET):
        self._n_workers = n_workers
        self._target = target
        self._rate = rate
        self._largest = float("inf") if rate else 0.0

    def amount(self, remaining):
        """Units of cost for the next chunk; 0 asks for a single task.

        Parameters
        ----------
        remaining : float
            Units not handed out yet; infinite when unknown.
        """
        rate = self._rate
        if rate is None:
            return 0.0
        if rate <= 0.0:
            return self._largest * _GROWTH
        seconds = min(self._target, remaining * rate / (2 * self._n_workers))
        return min(max(seconds, _FLOOR * self._target) / rate, self._largest * _GROWTH)

    def observe(self, cost, seconds):
        """Learn that `cost` units took a worker `seconds`."""
        if cost > 0:
            # Each chunk counts as much as all before it, however many tasks it had, so
            # that a change of the tasks' nature is followed at once.
            known = self._rate if self._rate is not None else seconds / cost
            self._rate = (known + seconds / cost) / 2
        self._largest = max(self._largest, cost)
