"""What the columns of an unknown table are likely to mean, by name and by content.

Knows usual names, units and ways to write a time; refuses to know what a table is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import schema
from .source import Source

DURATION = "duration"  # beside our columns: s, where one of start and end is absent
NOTHING = ("", "-", "NA", "N/A", "NaN", "nan", "None", "null", "NULL", "NaT")
# Usual names without case and signs; of several in a table the first here counts.
_USUAL = {
    schema.STARTED: (
        "started startedat start startat starttime startts starttimestamp timestart "
        "tstart begin began begintime begints startdate launchtime startingtime"
    ),
    schema.ENDED: (
        "ended endedat end endat endtime endts endtimestamp timeend tend finish "
        "finished finishedat finishtime completed completedat completiontime stop "
        "stopped stoptime enddate"
    ),
    DURATION: (
        "duration durations dur runtime elapsed elapsedtime elapsedseconds walltime "
        "wallclock wallclocktime executiontime exectime realtime jobruntime seconds "
        "secs timetaken took latency time"
    ),
    schema.SUBMITTED: (
        "submitted submittedat submit submittime submissiontime queued queuedat "
        "queuetime createdat enqueued"
    ),
    schema.NAME: (
        "name taskname jobname testname label command cmd title description target "
        "test task job id taskid jobid key"
    ),
    schema.WORKER: (
        "worker workerid workername lane slot thread threadid threadname tid executor "
        "executorid rank core processor process"
    ),
    schema.PID: "pid processid",
    schema.HOST: "host hostname node nodename machine",
    schema.CPU: "cpu cputime cpuseconds cpus totalcpu",
    schema.STATUS: "status state result outcome",
    schema.ERROR: "error errormessage exception",
}
_SIGNS = re.compile(r"[^a-z0-9]+")
_UNITS = {
    "ns": 1e-9,
    "nanoseconds": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "usec": 1e-6,
    "microseconds": 1e-6,
    "ms": 1e-3,
    "msec": 1e-3,
    "millis": 1e-3,
    "milliseconds": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "seconds": 1.0,
    "min": 60.0,
    "mins": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hours": 3600.0,
}
_UNIT = re.compile(
    rf"^(.+?)[\s_.\-]*(?:[\s_.\-]|\(|\[)({'|'.join(_UNITS)})[)\]]?$", re.IGNORECASE
)
_STATUS = {
    "done": "done ok success succeeded successful completed complete finished passed "
    "pass true",
    "failed": "failed failure fail error errored false",
    "timeout": "timeout timedout",
    "crashed": "crashed killed oom",
    "cancelled": "cancelled canceled aborted",
    "skipped": "skipped skip",
    "invalid": "invalid",
}
_STATUSES = {word: ours for ours, words in _STATUS.items() for word in words.split()}
_CLOCKS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))  # from here on: s of one
_DATE = r"\d{4}[-/]\d\d?[-/]\d\d?"
_OTHER_DATE = r"\d\d?[./-]\d\d?[./-]\d{4}|[A-Za-z]{3} [A-Za-z]{3} +\d"
_EPOCH = 1e9  # s; a smaller number may be a clock of any kind


def guessed(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Our column → the table's name for it, those in `mapping` as told.

    Examples
    --------
    >>> guessed(["job", "t", "Start Time", "end_ms"], {"t": "duration"})
    {'duration': 't', 'started': 'Start Time', 'ended': 'end_ms', 'name': 'job'}
    """
    found = {ours: theirs for theirs, ours in mapping.items()}
    free = [name for name in names if name not in mapping]
    for name in list(free):  # ours by their own names
        if name in schema.COLUMNS and name not in found:
            found[name] = name
            free.remove(name)
    plain = {name: _plain(name) for name in free}
    for ours, words in _USUAL.items():
        if ours in found or (ours == schema.NAME and schema.TASK in found):
            continue
        for word in words.split():
            name = next((each for each in free if plain[each] == word), None)
            if name is not None:
                found[ours] = name
                free.remove(name)
                break
    return found


def unit_of(name: str) -> float | None:
    """Seconds in the unit that a name ends in, if it does.

    Examples
    --------
    >>> unit_of("start_ms"), unit_of("Duration (min)"), unit_of("start")
    (0.001, 60.0, None)
    """
    found = _UNIT.match(name.strip())
    return _UNITS[found[2].lower()] if found else None


def _plain(name: str) -> str:
    found = _UNIT.match(name.strip())
    whole = _SIGNS.sub("", name.lower())
    stem = _SIGNS.sub("", found[1].lower()) if found else whole
    known = {word for words in _USUAL.values() for word in words.split()}
    return whole if whole in known else stem


class Clocks:
    """Times of a table, all by one clock: numbers, or dates."""

    def __init__(self, source: Source):
        self._source = source
        self._units: list[float] = []
        self._kinds: dict[str, str] = {}  # of each column: "dates" or "numbers"
        self.zero: float | None = None
        self.notes: list[str] = []

    def moments(self, values: pd.Series, name: str) -> np.ndarray:
        """Seconds, on a clock that `settle` may move."""
        dates = _dates(values)
        if dates is not None:
            self._kinds[name] = "dates"
            is_known = ~np.isnat(dates)
            seconds = np.full(len(dates), np.nan)
            whole = dates[is_known].astype("datetime64[ns]").astype(np.int64)
            seconds[is_known] = whole / 1e9
            return seconds
        if pd.api.types.is_string_dtype(values):
            is_date = values.str.contains(f"{_DATE}|{_OTHER_DATE}", na=False)
            if is_date.any():
                row = int(is_date.to_numpy().argmax())
                raise self._source.error(
                    f"{name}: expected times such as 2025-01-31T12:00:00; got "
                    f"{values.iloc[row]!r:.60}",
                    f"record {row + 1}",
                )
        self._kinds[name] = "numbers"
        told = lengths(self._source, values, name, may_be_negative=True)
        if unit_of(name) is None and not pd.api.types.is_timedelta64_dtype(values):
            largest = np.nanmax(np.abs(told), initial=0.0)
            for least, unit in _CLOCKS:
                if least <= largest < least * 1e3:
                    self.notes.append(f"{name}: taken for a clock of {unit:g} s")
                    return told * unit
        return told

    def settle(self, told: dict[str, Any]) -> None:
        """Judge the clock by all times; its zero is 1970 where they say so.

        Raises
        ------
        FormatError
            If some are dates and some are numbers.
        """
        kinds = set(self._kinds.values())
        if len(kinds) > 1:
            shown = ", ".join(f"{name} ({kind})" for name, kind in self._kinds.items())
            raise self._source.error(
                f"expected times that are all dates or all numbers; got {shown}"
            )
        times = [told[column] for column in schema.TIMES if column in told]
        if not times:
            return
        least = min(np.nanmin(each, initial=np.inf) for each in times)
        if kinds == {"dates"} or _EPOCH <= least < 4 * _EPOCH:
            # Times since 1970 have room for 0.2 µs; those since the first for all.
            self.zero = float(np.floor(least)) if np.isfinite(least) else 0.0
            for column in schema.TIMES:
                if column in told:
                    told[column] = told[column] - self.zero


def lengths(
    source: Source, values: pd.Series, name: str, *, may_be_negative: bool = False
) -> np.ndarray:
    """Seconds of a column of numbers, ``H:MM:SS``, or ``1m 20s``; NaN where absent."""
    if pd.api.types.is_timedelta64_dtype(values):
        return values.dt.total_seconds().to_numpy(dtype=np.float64)
    unit = unit_of(name) or 1.0
    told = pd.to_numeric(_with_point(values), errors="coerce").to_numpy(np.float64)
    wrong = np.isnan(told) & values.notna().to_numpy()
    if wrong.any() and not wrong[values.notna().to_numpy()].all():
        return numbers(source, values, name) * unit  # which tells the first wrong one
    if wrong.any():
        try:
            spans = pd.to_timedelta(values.map(_with_hours, na_action="ignore"))
            return spans.dt.total_seconds().to_numpy(dtype=np.float64)
        except (ValueError, TypeError, OverflowError, AttributeError):
            return numbers(source, values, name) * unit
    if not may_be_negative and (told < 0).any():
        row = int((told < 0).argmax())
        raise source.error(
            f"{name}: expected no negative duration; got {told[row]:g}",
            f"record {row + 1}",
        )
    return told * unit


def numbers(
    source: Source, values: pd.Series, name: str, *, is_whole: bool = False
) -> np.ndarray:
    """A column of numbers; NaN where absent.

    Raises
    ------
    FormatError
        If one is no number; names it and its record.
    """
    told = pd.to_numeric(_with_point(values), errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(told) & values.notna().to_numpy()
    if is_whole:
        wrong |= (told % 1 != 0) & ~np.isnan(told)
    if wrong.any():
        row = int(wrong.argmax())
        what = "a whole number" if is_whole else "a number"
        raise source.error(
            f"{name}: expected {what}; got {values.iloc[row]!r:.60}",
            f"record {row + 1}",
        )
    return told


def statuses(source: Source, values: pd.Series, name: str, is_given: bool):
    """Our statuses; None if some are unknown and nobody said that they are statuses."""
    plain = values.map(lambda value: _SIGNS.sub("", str(value).lower()))
    ours = plain.map(_STATUSES)
    wrong = ours.isna().to_numpy()
    if not wrong.any():
        return ours.to_numpy(dtype=object)
    if not is_given:
        return None
    row = int(wrong.argmax())
    raise source.error(
        f"{name}: expected one of {', '.join(schema.STATUSES)}; got "
        f"{values.iloc[row]!r:.60}",
        f"record {row + 1}",
    )


def _dates(values: pd.Series) -> np.ndarray | None:
    """Moments as datetime64 in UTC if these are dates; None if they are not."""
    if pd.api.types.is_datetime64_any_dtype(values):
        moments = pd.to_datetime(values, utc=True)
    elif pd.api.types.is_numeric_dtype(values) or pd.api.types.is_timedelta64_dtype(
        values
    ):
        return None
    else:
        told = values.dropna().map(str)
        if not len(told) or not told.str.contains(_DATE, regex=True).all():
            return None
        plain = values.map(_as_iso, na_action="ignore")
        try:
            moments = pd.to_datetime(plain, utc=True, format="ISO8601")
        except (ValueError, TypeError, OverflowError):
            return None
    return moments.dt.tz_localize(None).to_numpy("datetime64[ns]")


def _as_iso(value) -> str:
    """Dates such as ``2024/01/31 10:00 UTC`` as the standard has them."""
    text = re.sub(r"^(\s*\d{4})/(\d\d?)/(\d\d?)", r"\1-\2-\3", str(value).strip())
    return re.sub(r"\s*(UTC|GMT)$", "Z", text)


def _with_point(values: pd.Series) -> pd.Series:
    """Numbers with a comma for the point, as some write them, with a point."""
    if not pd.api.types.is_string_dtype(values):
        return values
    has_comma = values.str.fullmatch(r"\s*-?\d+,\d+\s*", na=False)
    return values.str.replace(",", ".") if has_comma.any() else values


def _with_hours(value) -> str:
    text = str(value).strip()
    return f"0:{text}" if re.fullmatch(r"\d+:\d\d(\.\d+)?", text) else text
