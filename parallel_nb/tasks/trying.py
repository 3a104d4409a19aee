"""How often a task is tried, after what, and how long after it.

Knows statuses and exception types by name; refuses to know attempts and clocks.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..errors import ArgumentError, one_of

ON_TIMEOUT = ("retry", "fail", "stop")
# An attempt's number has to fit into its column, those of reruns included.
_MOST_RETRIES = 10_000
FAILURES = ("failed", "invalid", "timeout", "crashed")


class Tries(NamedTuple):
    """What `run` and `Task` say of further attempts; None where they say nothing."""

    retries: int | None = None
    backoff: float | Callable[[int], float] | None = None
    retry_on: tuple | None = None  # statuses; (module, name) of exceptions
    on_timeout: str | None = None

    def else_(self, other):
        """These, and where they say nothing the other ones."""
        pairs = zip(self, other, strict=True)
        return Tries(*(theirs if own is None else own for own, theirs in pairs))

    def pause(self, n_failures, status, types=()):
        """Seconds until the next attempt; None if there is to be none.

        Parameters
        ----------
        n_failures : int
            Attempts so far, all of which have failed.
        status : str
            Of the last one.
        types : sequence of str
            Qualified names of its exception's classes.

        Examples
        --------
        >>> Tries(retries=2, backoff=0.5).pause(2, "failed")
        1.0
        >>> Tries(retries=2, retry_on=("crashed",)).pause(1, "failed") is None
        True
        """
        if n_failures > (self.retries or 0) or status not in FAILURES:
            return None
        if status == "timeout" and self.on_timeout in ("fail", "stop"):
            return None
        wanted = (status,) if self.retry_on is None else self.retry_on
        if not any(_is_one(each, status, types) for each in wanted):
            return None
        backoff = self.backoff or 0.0
        if not callable(backoff):
            return backoff * 2.0 ** min(n_failures - 1, 1000)
        seconds = backoff(n_failures)
        if not _is_duration(seconds):
            raise ArgumentError(
                f"`backoff` must return seconds, 0 or more; got {seconds!r}"
            )
        return float(seconds)


def checked_tries(retries, backoff, retry_on, on_timeout) -> Tries:
    """The four as they are kept.

    Raises
    ------
    ArgumentError
        If one is not what it may be; says what that is.
    """
    from .declarations import count

    if retries is not None:
        retries = count("retries", retries, least=0)
        if retries > _MOST_RETRIES:
            raise ArgumentError(
                f"`retries` must be at most {_MOST_RETRIES:,}: every attempt is a row; "
                f"got {retries:,}"
            )
    if not (backoff is None or callable(backoff) or _is_duration(backoff)):
        raise ArgumentError(
            "`backoff` must be seconds, 0 or more, before the second attempt, doubled "
            f"for each one after it, or a function of the attempt; got {backoff!r:.60}"
        )
    if on_timeout is not None:
        one_of("on_timeout", on_timeout, ON_TIMEOUT)
    return Tries(retries, backoff, _retry_on(retry_on), on_timeout)


def _is_one(wanted, status, types):
    """Whether a failure is of a status, or of an exception type by module and name.

    A class that has no module to be imported from loses on its way through a pickle
    what it was nested in.
    """
    if isinstance(wanted, str):
        return wanted == status
    module, name = wanted
    return any(
        each.startswith(f"{module}.") and each.rpartition(".")[2] == name
        for each in types
    )


def _is_duration(value):
    if isinstance(value, bool | str):
        return False
    try:
        return 0 <= float(value) < math.inf
    except (TypeError, ValueError):
        return False


def _retry_on(given):
    if given is None:
        return None
    several = isinstance(given, Iterable) and not isinstance(given, str | type)
    return tuple(_status_or_type(each) for each in (given if several else (given,)))


def _status_or_type(given):
    if isinstance(given, type) and issubclass(given, BaseException):
        return given.__module__, given.__name__
    if given in FAILURES:
        return given
    raise ArgumentError(
        f"`retry_on` must be statuses ({', '.join(map(repr, FAILURES))}) or exception "
        f"types; got {given!r:.60}"
    )
