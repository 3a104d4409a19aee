"""What goes on after a run has ended, and what the Run says of it.

Knows threads, which nobody can end; processes end with the run.
"""

import warnings

_INSTEAD = "In isolated lanes (backend='isolated') "


def notes_of_threads(pools):
    """Notes on threads that still run; warns of those that a time limit gave up.

    Parameters
    ----------
    pools : iterable of backends.Workers
        Before they are left.
    """
    pools = list(pools)
    notes = ()
    if n := sum(pool.n_abandoned for pool in pools):
        verb, them = ("still runs", "it") if n == 1 else ("still run", "them")
        notes = (
            f"{_threads(n)} left behind by a time limit {verb} and may take a core "
            f"each; only a new start of this process ends {them}. {_INSTEAD}a time "
            "limit ends the work itself.",
        )
        warnings.warn(notes[0], RuntimeWarning, stacklevel=6)
    if n := sum(pool.n_running for pool in pools):
        verb, them = ("still runs", "it ends by itself")
        if n > 1:
            verb, them = ("still run", "they end by themselves")
        notes += (
            f"{_threads(n)} {verb} what was cancelled and may take a core each, until "
            f"{them}. {_INSTEAD}the end of a run ends the work itself.",
        )
    return notes


def _threads(n):
    return f"{n} thread{'s' * (n > 1)}"
