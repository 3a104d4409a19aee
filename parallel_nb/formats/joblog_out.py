"""A Run as GNU parallel's job log: a line per attempt, in the order of their ends.

Source: parallel(1), ``--joblog``. Knows what its columns can hold; refuses to know what
a command was.
"""

from __future__ import annotations

import datetime
import re
import signal
from typing import BinaryIO

import numpy as np

from .. import schema
from ..runs import Run

_NAMES = (
    *("Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive"),
    *("Exitval", "Signal", "Command"),
)
_EXIT = re.compile(r"exit code (\d+)")
_KILLED = re.compile(r"killed by (?:SIG(\w+)|signal (\d+))")
_UNTOLD = {"done": (0, 0), "timeout": (-1, 15), "crashed": (-1, 9)}


def put(run: Run, file: BinaryIO) -> None:
    """Write the attempts that ran; what never started is in no job log.

    Of a run whose beginning is not known, time counts from 1970.
    """
    attempts = run.attempts
    started, ended = (attempts[c].to_numpy() for c in (schema.STARTED, schema.ENDED))
    ran = np.flatnonzero(~np.isnan(ended - started))
    ran = ran[np.argsort(ended[ran], kind="stable")]
    zero = _zero(run.meta.started_at)
    file.write(("\t".join(_NAMES) + "\n").encode())
    told = attempts.iloc[ran]
    columns = (
        told[schema.TASK].tolist(),
        told[schema.HOST].astype(object).tolist(),
        started[ran].tolist(),
        (ended - started)[ran].tolist(),
        told[schema.STATUS].tolist(),
        told[schema.ERROR].tolist(),
        told[schema.NAME].tolist(),
    )
    lines = []
    for task, host, start, took, status, error, name in zip(*columns, strict=True):
        code, number = _ended(status, error)
        host = host if isinstance(host, str) and host != run.meta.host else ":"
        lines.append(
            f"{task + 1}\t{_field(host)}\t{zero + start:.3f}\t{took:10.3f}\t0\t0\t"
            f"{code}\t{number}\t{_line(name)}\n"
        )
        if len(lines) == 10_000:
            file.write("".join(lines).encode("utf-8", "replace"))
            lines.clear()
    file.write("".join(lines).encode("utf-8", "replace"))


def _ended(status: str, error) -> tuple[int, int]:
    """Exit value and signal, as the error tells them where a command did."""
    error = error if isinstance(error, str) else ""
    if status in ("failed", "crashed"):
        if found := _EXIT.match(error):
            return int(found[1]), 0
        if found := _KILLED.match(error):
            name, number = found.groups()
            known = getattr(signal, f"SIG{name}", None) if name else int(number)
            return -1, int(known or 9)
    return _UNTOLD.get(status, (1, 0))


def _zero(started_at: str) -> float:
    if not started_at:
        return 0.0
    return datetime.datetime.fromisoformat(started_at).timestamp()


def _field(text: str) -> str:
    return " ".join(text.split()) or ":"


def _line(name: str) -> str:
    """A command in one line; it may hold tabs, but no end of a line."""
    return name.replace("\r", " ").replace("\n", " ")
