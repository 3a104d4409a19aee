"""Lines of ``sacct`` → fields by name, told by the header or by what they look like.

Knows how sacct writes its fields; refuses to know what a job is.
"""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter

from .source import Source

ENDED = {
    "COMPLETED": "done",
    "FAILED": "failed",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "CANCELLED": "cancelled",
    "PREEMPTED": "cancelled",
    "REQUEUED": "cancelled",
    "REVOKED": "cancelled",
    "OUT_OF_MEMORY": "crashed",
    "NODE_FAIL": "crashed",
    "BOOT_FAIL": "crashed",
    "LAUNCH_FAILED": "crashed",
}
GOING_ON = {
    "RUNNING",
    "PENDING",
    "SUSPENDED",
    "COMPLETING",
    "CONFIGURING",
    "RESIZING",
    "STOPPED",
    "STAGE_OUT",
    "SIGNALING",
}
NO_TIME = {"", "Unknown", "None", "N/A", "NONE"}
_SEPARATORS = "|\t,;"
_KEYS = {"JobID", "JobIDRaw"}
# Two of these beside a JobID are sacct's; other tables have that, a start and an end.
_OWN = {
    "State",
    "JobName",
    "Elapsed",
    "ElapsedRaw",
    "ExitCode",
    "AllocCPUS",
    "TotalCPU",
    "Partition",
    "NodeList",
    "Submit",
}
_JOB = re.compile(r"\d+([_+]\S+)?(\.\S+)?")
_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_LENGTH = re.compile(r"(?:(\d{1,6})-)?(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:\.\d{1,6})?)")
_EXIT = re.compile(r"-?\d+:\d+")
_TEXTS = ("JobName", "SubmitLine", "Comment", "AdminComment", "WorkDir", "Reason")
_LOOKS = {
    "JobID": _JOB,
    "ExitCode": _EXIT,
    "Elapsed": _LENGTH,
    "Submit": re.compile(r"\d{4}-.*|\d{9,11}"),
    "Start": re.compile(r"\d{4}-.*|\d{9,11}"),
    "End": re.compile(r"\d{4}-.*|\d{9,11}"),
    "State": re.compile(r"[A-Z_+]+( .*)?"),
}
_SEEN = 500  # lines from which to conclude what fields are


def looks_so(line: str) -> bool:
    """Whether a first line names sacct's fields, or has a job in such fields."""
    line = line.lstrip("\ufeff").rstrip("\r")
    if _header(line) is not None:
        return True
    fields = [field.strip() for field in line.split("|")]
    return (
        len(fields) > 2
        and any(map(_JOB.fullmatch, fields))
        and any(map(_is_state, fields))
        and any(_CLOCK.fullmatch(each) or _LENGTH.fullmatch(each) for each in fields)
    )


def records(source: Source):
    """Names of the fields, each line's number and fields by name, and what to say.

    Raises
    ------
    FormatError
        If a line has another number of fields, or nothing tells which they are.
    """
    names: list[str] = []
    separator = "|"
    lines = []
    for number, line in source.lines():
        if not line.strip() or set(line) <= set("-| "):
            continue
        header = _header(line)
        if header is not None and not names:
            names, separator = header
            continue
        fields = [field.strip() for field in line.split(separator)]
        if fields != names:  # reports put together, each with its header
            lines.append((number, fields))
    notes = []
    if not names and lines:
        names = _guessed(source, lines[:_SEEN])
        shown = [name for name in names if name]
        notes.append(f"no header: fields taken for {', '.join(shown)}")
    found = []
    for number, fields in lines:
        extra = len(fields) - len(names)
        if extra > 0:
            fields = _joined(names, fields, extra)
        if len(fields) != len(names):
            raise source.error(
                f"expected {len(names)} fields between {separator}; got {len(fields)}",
                f"line {number}",
            )
        found.append((number, dict(zip(names, fields, strict=True))))
    return names, found, notes


def duration(text: str) -> float:
    """Seconds of ``[D-][HH:]MM:SS[.mmm]``; NaN of anything else.

    Examples
    --------
    >>> duration("1-00:00:10"), duration("01:02.500")
    (86410.0, 62.5)
    """
    found = _LENGTH.fullmatch(text)
    if found is None:
        return math.nan
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return 86400.0 * days + 3600.0 * hours + 60.0 * minutes + float(found[4])


def state_of(text: str) -> str:
    """The state alone: without who cancelled it, whole where it was cut off.

    Examples
    --------
    >>> state_of("CANCELLED by 1000"), state_of("OUT_OF_ME+")
    ('CANCELLED', 'OUT_OF_MEMORY')
    """
    word = text.split(" ")[0]
    if not word.endswith("+"):
        return word
    begin = word.rstrip("+")
    known = (*ENDED, *GOING_ON)
    return next((each for each in known if each.startswith(begin)), begin)


def _header(line: str) -> tuple[list[str], str] | None:
    """Names of fields and what parts them, if this line has them."""
    for separator in _SEPARATORS:
        names = [name.strip().strip('"') for name in line.split(separator)]
        if len(names) > 1 and _KEYS & set(names):
            is_own = separator == "|" or len(_OWN & set(names)) > 1
            return (names, separator) if is_own else None
    return None


def _joined(names: list[str], fields: list[str], extra: int) -> list[str]:
    """Fields of a line where a text holds `|`: of the first text that explains it."""
    first = None
    for name in _TEXTS:
        if name not in names:
            continue
        at = names.index(name)
        whole = "|".join(fields[at : at + extra + 1])
        made = [*fields[:at], whole, *fields[at + extra + 1 :]]
        told = dict(zip(names, made, strict=True))
        if all(
            looks.fullmatch(told[each]) or told[each] in NO_TIME
            for each, looks in _LOOKS.items()
            if each in told
        ):
            return made
        first = first or made
    return first or fields


def _guessed(source: Source, lines) -> list[str]:
    """What fields are, by what all lines have in them.

    Times come in the order in which they come about; the length that agrees with two
    of them is `Elapsed`, others are limits and CPU times.
    """
    width, _ = Counter(len(fields) for _, fields in lines).most_common(1)[0]
    number = lines[0][0]
    columns = list(zip(*(f for _, f in lines if len(f) == width), strict=True))
    names = [""] * width

    def name_first(name, is_it):
        for at, values in enumerate(columns):
            if not names[at] and is_it(values):
                names[at] = name
                return

    name_first("JobID", lambda values: all(map(_JOB.fullmatch, values)))
    if "JobID" not in names:
        raise source.error(
            "expected a header with JobID, Start and End (leave out `sacct -n`)",
            f"line {number}",
        )
    clocks = [at for at, values in enumerate(columns) if _are_clocks(values)]
    for at, name in zip(clocks[-2:], ("Start", "End")[-len(clocks) :], strict=False):
        names[at] = name
    if len(clocks) > 2:
        names[clocks[0]] = "Submit"
    lengths = [at for at, values in enumerate(columns) if _are_lengths(values)]
    if lengths:
        agree = [_agreement(columns, names, at) for at in lengths]
        names[lengths[agree.index(max(agree))]] = "Elapsed"
    name_first("State", lambda values: any(values) and all(map(_is_state, values)))
    name_first("ExitCode", lambda values: all(map(_EXIT.fullmatch, values)))
    after = names.index("JobID") + 1
    if after < width and not names[after]:
        is_again = columns[after] == columns[after - 1]
        names[after] = "JobIDRaw" if is_again else "JobName"
    return names


def _are_clocks(values) -> bool:
    are = [_CLOCK.fullmatch(value) is not None for value in values]
    return any(are) and all(
        is_one or value in NO_TIME for is_one, value in zip(are, values, strict=True)
    )


def _are_lengths(values) -> bool:
    """1:0 is an exit code, and 00:10:00 a length; steps have no limit."""
    told = [value for value in values if value]
    return bool(told) and all(
        _LENGTH.fullmatch(value) and (value.count(":") > 1 or "." in value)
        for value in told
    )


def _agreement(columns, names, at: int) -> int:
    """How many lines have in this column what lies between their start and end."""
    if "Start" not in names or "End" not in names:
        return 0
    starts, ends = columns[names.index("Start")], columns[names.index("End")]
    n_agreeing = 0
    for start, end, length in zip(starts, ends, columns[at], strict=True):
        try:
            begin, finish = map(datetime.datetime.fromisoformat, (start, end))
        except ValueError:
            continue
        took = (finish - begin).total_seconds()
        n_agreeing += abs(took - duration(length)) < 1.5
    return n_agreeing


def _is_state(text: str) -> bool:
    return state_of(text) in ENDED.keys() | GOING_ON
