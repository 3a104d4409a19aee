"""GNU parallel's ``--joblog``: one line a job, in the order in which they ended.

Source: parallel(1), option ``--joblog``. Tab-separated; ``Starttime`` in s since 1970,
``JobRuntime`` in s, perhaps padded; ``Exitval``, ``Signal`` of the job; ``Command`` may
hold tabs. It cannot know which slot ran a job, CPU time, or when a job could have
started.
"""

from __future__ import annotations

import signal
from array import array

import numpy as np

from .. import schema
from .assembling import assemble
from .source import Source
from .spec import Format

_FIRST = ("Seq", "Host", "Starttime")
_RUNTIMES = ("JobRuntime", "Runtime")
_DONE, _FAILED, _CRASHED = (
    schema.STATUSES.index(status) for status in ("done", "failed", "crashed")
)


def sniff(source: Source) -> bool:
    """Whether it begins with the log's line of names."""
    first = source.head.partition(b"\n")[0].decode("utf-8", "replace")
    return tuple(first.lstrip("\ufeff").split("\t")[:3]) == _FIRST


def read(source: Source, n_workers: int | None = None):
    """The Run of a job log.

    A job that is in it several times, as ``--resume-failed`` leaves it, has several
    attempts. ``Exitval`` other than 0 is `failed`, a signal `crashed`.
    """
    lines = source.lines()
    _check_header(source, next(lines, (1, ""))[1])
    starts, runtimes = array("d"), array("d")
    numbers, sequence, codes = array("q"), array("q"), array("b")
    names, hosts, errors = [], [], []
    known_hosts: dict[str, str] = {}
    for number, line in lines:
        if not line:
            continue
        fields = line.split("\t", 8)
        if len(fields) < 9:
            raise source.error(
                f"expected 9 fields between tabs; got {len(fields)}"
                + (", as of a line torn off" if next(lines, None) is None else ""),
                f"line {number}",
            )
        try:
            seq, exitval, signalled = int(fields[0]), int(fields[6]), int(fields[7])
            start, runtime = float(fields[2]), float(fields[3])
        except ValueError as error:
            raise source.error(f"expected numbers: {error}", f"line {number}") from None
        if not -(2**62) < seq < 2**62:
            raise source.error(f"Seq: got {seq}, which no log has", f"line {number}")
        numbers.append(number)
        sequence.append(seq)
        starts.append(start)
        runtimes.append(runtime)
        names.append(fields[8])
        hosts.append(known_hosts.setdefault(fields[1], fields[1]))
        if not exitval and not signalled:
            codes.append(_DONE)
            errors.append(None)
        else:
            codes.append(_CRASHED if signalled else _FAILED)
            errors.append(_told(exitval, signalled))
    return _run(
        source,
        (np.array(starts), np.array(runtimes), np.array(sequence), np.array(codes)),
        (names, hosts, errors),
        numbers,
        n_workers,
    )


def _check_header(source: Source, line: str) -> None:
    header = tuple(line.lstrip("\ufeff").split("\t"))
    runtime = header[3].strip() if len(header) > 3 else ""
    if header[:3] != _FIRST or runtime not in _RUNTIMES or len(header) != 9:
        raise source.error(
            "expected the names Seq, Host, Starttime, JobRuntime, Send, Receive, "
            f"Exitval, Signal, Command between tabs; got {line!r:.80}",
            "line 1",
        )


def _told(exitval: int, signalled: int) -> str:
    if not signalled:
        return f"exit code {exitval}"
    try:
        return f"killed by {signal.Signals(signalled).name}"
    except ValueError:
        return f"killed by signal {signalled}"


def _run(source, columns, texts, numbers, n_workers):
    starts, runtimes, sequence, codes = columns
    names, hosts, errors = texts
    tasks, attempts, notes = _attempts(sequence, starts)
    is_remote = any(host != ":" for host in set(hosts))
    return assemble(
        source,
        {
            schema.TASK: tasks,
            schema.ATTEMPT: attempts,
            schema.NAME: schema.as_text(names),
            schema.STARTED: starts,
            schema.ENDED: starts + runtimes,
            schema.STATUS: np.array(schema.STATUSES, dtype=object)[codes],
            schema.ERROR: schema.as_text(errors),
            **({schema.HOST: hosts} if is_remote else {}),
        },
        made_by="joblog",
        where=numbers,
        zero=0.0,
        n_workers=n_workers,
        notes=notes,
        backend="parallel",
    )


def _attempts(sequence, starts):
    """Task and attempt of each line: jobs by ``Seq``, their attempts by time."""
    by_time = np.lexsort((starts, sequence))
    ordered = sequence[by_time]
    is_first = np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]
    job = np.cumsum(is_first) - 1
    tasks = np.empty(len(sequence), dtype=np.int64)
    attempts = np.empty(len(sequence), dtype=np.int64)
    tasks[by_time] = job
    attempts[by_time] = np.arange(len(job)) - np.flatnonzero(is_first)[job] + 1
    n_again = int((~is_first).sum())
    told = f"{n_again} jobs ran again; Seq tells which" if n_again else ""
    return tasks, attempts, (told,) if told else ()


FORMAT = Format("joblog", "GNU parallel job log", sniff, read, ("n_workers",))
