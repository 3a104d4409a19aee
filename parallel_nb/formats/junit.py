"""JUnit's XML report, which most test runners write.

Source: no standard; the schemas of Ant, Jenkins and pytest agree on ``testcase`` with
``time`` in s, in ``testsuite`` elements that may nest. When a test began it knows only
where tests, or several suites, have a ``timestamp``; which process ran it only where a
property of the test says so, as a conftest of pytest-xdist's users records it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from .. import schema
from ..errors import FormatError
from .assembling import assemble, lay_out, seconds
from .junit_placing import placed, stamp_of
from .source import Source
from .spec import Format

_ROOTS = {"testsuites", "testsuite", "testcase"}
_SUITES = {"testsuites", "testsuite"}
_WORKER = {"worker", "worker_id", "workerid", "worker-id", "xdist_worker", "workername"}
_AGAIN = {"rerunFailure", "rerunError", "flakyFailure", "flakyError", "rerun"}
_NOT_RUN = {"notrun", "skipped", "suppressed", "disabled", "ignored"}
_GROUPS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_ROUNDING = 1e-3  # s, of each time that is written
_DEEPEST = 200
_LISTED = 3


@dataclass(slots=True)
class _Suite:
    name: str
    time: float  # s; NaN where it does not tell
    at: float = math.nan  # its stamp, or that of the suite it is in; s since 1970
    place: int = -1  # of the suite whose stamp that is
    worker: str | None = None
    total: float = 0.0  # s, of the tests in it and in the suites in it
    n_tests: int = 0


@dataclass(slots=True)
class _Case:
    name: str
    time: float
    worker: str | None
    status: str = "done"
    error: str | None = None
    told: str = ""
    at: float = math.nan
    suite: int = -1
    of_suite: float = math.nan


@dataclass(slots=True)
class _Report:
    cases: list[_Case] = field(default_factory=list)
    suites: list[_Suite] = field(default_factory=list)  # those that are open
    over: list[str] = field(default_factory=list)  # suites shorter than their tests
    hosts: set[str] = field(default_factory=set)
    outermost: list[float] = field(default_factory=list)
    n_again: int = 0
    n_suites: int = 0
    n_below: int = 0  # times below 0
    is_zoned: bool = True


def sniff(source: Source) -> bool:
    """Whether a report's element comes first."""
    head = source.head.decode("utf-8", "replace")
    return (
        head.lstrip().startswith("<")
        and re.search(r"<(testsuites?|testcase)[\s>/]", head) is not None
    )


def read(source: Source):
    """The Run of a report: a test is a task, laid end to end on each worker."""
    report = _Report()
    _walk(source, report)
    cases = report.cases
    if cases and all(math.isnan(case.time) for case in cases):
        raise source.error("testcase: expected an attribute time; none of them has it")
    durations = np.array([case.time for case in cases], dtype=float)
    ran = np.array(
        [case.status != "skipped" or case.time > 0 for case in cases], dtype=bool
    )
    workers = np.array(
        [case.worker if did else None for case, did in zip(cases, ran, strict=True)],
        dtype=object,
    )
    n_silent = sum(worker is None for worker in workers[ran])
    if n_silent:
        workers = np.where(ran, 0, -1)
    found = placed(
        np.nan_to_num(durations),
        ran,
        np.array([case.at for case in cases], dtype=float),
        [case.suite for case in cases],
        np.array([case.of_suite for case in cases], dtype=float),
        [case.worker for case in cases],
    )
    if found is not None:
        started, ended = found.started, found.ended
        workers = found.lanes if n_silent else workers
        lacks: tuple[str, ...] = ("workers",) if n_silent else ()
        zero = found.zero if report.is_zoned else None
    else:
        started, ended = lay_out(np.nan_to_num(durations), workers)
        started, ended = np.where(ran, started, np.nan), np.where(ran, ended, np.nan)
        lacks = ("starts", "workers") if n_silent else ("starts",)
        first = min((case.of_suite for case in cases), default=math.nan)
        zero = first if report.is_zoned and math.isfinite(first) else None
    return assemble(
        source,
        {
            schema.NAME: schema.as_text([case.name for case in cases]),
            schema.STARTED: started,
            schema.ENDED: ended,
            schema.WORKER: workers,
            schema.STATUS: [case.status for case in cases],
            schema.ERROR: schema.as_text([case.error for case in cases]),
        },
        made_by="junit",
        where=lambda row: f"testcase {row + 1} ({cases[row].name:.80})",
        zero=zero,
        lacks=lacks,
        notes=(
            *_notes(report, 0 if found else n_silent),
            *(found.notes if found else ()),
        ),
        tracebacks={
            (task, 1): case.told for task, case in enumerate(cases) if case.told
        },
        backend="junit",
        host=next(iter(report.hosts))[:200] if len(report.hosts) == 1 else "",
    )


def _walk(source, report):
    """Every element of the file, each forgotten when it has been taken."""
    path: list = []
    with source.open() as file:
        try:
            for event, element in iterparse(_Trimmed(file), events=("start", "end")):
                tag = element.tag.rpartition("}")[2]
                if event == "start":
                    if not path and tag not in _ROOTS:
                        raise source.error(
                            "expected an element testsuites or testsuite; got "
                            f"{tag!r:.60}"
                        )
                    path.append((tag, element))
                    if len(path) > _DEEPEST:
                        raise source.error(f"{_DEEPEST} elements in one another")
                    if tag in _SUITES:
                        _begin(source, report, element)
                    continue
                path.pop()
                if tag in _SUITES:
                    _end(report)
                elif tag == "testcase":
                    _take(source, report, element)
                elif tag == "property" and report.suites and not _in(path, "testcase"):
                    report.suites[-1].worker = _worker([element]) or (
                        report.suites[-1].worker
                    )
                if path and not _in(path, "testcase"):
                    path[-1][1].remove(element)
        except DefusedXmlException as error:
            raise source.error(
                f"its XML defines entities, which no report needs: {error}"
            ) from None
        except ParseError as error:
            line, column = error.position
            raise source.error(
                f"expected XML: {error.msg}", f"line {line}, column {column}"
            ) from None
        except FormatError:
            raise
        except (LookupError, ValueError) as error:  # of an encoding, as it declares it
            raise source.error(f"expected XML: {error}") from None


class _Trimmed:
    """A file without the space before its first element, which XML does not allow."""

    def __init__(self, file):
        self._file, self._is_begin = file, True

    def read(self, size=-1):
        block = self._file.read(size)
        while self._is_begin and block:
            block = block.lstrip(b" \t\r\n")
            if block:
                self._is_begin = False
            else:
                block = self._file.read(size)
        return block


def _in(path, tag):
    return any(each == tag for each, _ in path)


def _begin(source, report, element):
    name = element.get("name") or element.get("package") or "a suite"
    where = f"testsuite {name:.80}"
    outer = report.suites[-1] if report.suites else _Suite("", math.nan)
    suite = _Suite(name, _time(source, element, where), worker=outer.worker)
    suite.at, suite.place = _stamp(report, element), report.n_suites
    report.n_suites += 1
    if math.isnan(suite.at):
        suite.at, suite.place = outer.at, outer.place
    report.suites.append(suite)
    if element.get("hostname"):
        report.hosts.add(element.get("hostname"))


def _end(report):
    suite = report.suites.pop()
    if suite.total > suite.time + _ROUNDING * (suite.n_tests + 1):
        report.over.append(
            f"the tests of {suite.name[:80]!r} add up to {suite.total:g} s, more than "
            f"the {suite.time:g} s that it took: they overlapped, or time counts twice"
        )
    if report.suites:
        report.suites[-1].total += suite.total
        report.suites[-1].n_tests += suite.n_tests
        if math.isnan(report.suites[-1].time) and len(report.suites) == 1:
            report.outermost.append(suite.time)
    else:
        report.outermost.append(suite.time)


def _take(source, report, element):
    place = len(report.cases) + 1
    name, group = element.get("name") or "test", element.get("classname") or ""
    if group and not name.startswith(group):
        name = f"{group}.{name}"
    time = _time(source, element, f"testcase {place} ({name:.80})")
    suite = report.suites[-1] if report.suites else None
    own = [p for p in element.iter() if p.tag.rpartition("}")[2] == "property"]
    if time < 0:  # of a clock that was set; who reads such reports takes it for 0
        report.n_below += 1
        time = 0.0
    case = _Case(name[:500], time, _worker(own) or (suite.worker if suite else None))
    case.at = _stamp(report, element)
    if suite is not None:
        case.suite, case.of_suite = suite.place, suite.at
    told = (element.get("status") or "", element.get("result") or "")
    if any(each.lower() in _NOT_RUN for each in told):
        case.status = "skipped"
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag == "skipped" and case.status == "done":
            case.status, case.error = "skipped", _said(child) or None
        elif tag in {"failure", "error"} and case.status != "failed":
            case.status, case.error = "failed", _said(child) or tag
            case.told = (child.text or "")[:20_000].strip()
        elif tag in _AGAIN:
            report.n_again += 1
    report.cases.append(case)
    if suite is not None:
        suite.total += 0.0 if math.isnan(time) else time
        suite.n_tests += 1


def _stamp(report, element):
    at, has_zone = stamp_of(element.get("timestamp"))
    if not math.isnan(at):
        report.is_zoned = report.is_zoned and has_zone
    return at


def _time(source, element, where):
    """Seconds; with a comma between thousands, as Java writes them, or before parts."""
    text = (element.get("time") or "").strip()
    if not text:
        return math.nan
    if "," in text and len(text) < 40:
        is_grouped = _GROUPS.fullmatch(text) is not None
        text = text.replace(",", "") if is_grouped else text.replace(",", ".")
    return seconds(source, text, "time", where)


def _said(element):
    """One line of what a failure says, the kind of error first."""
    kind = (element.get("type") or "").strip()
    message = (element.get("message") or element.text or "").strip()
    first = message.splitlines()[0][:300] if message else ""
    return (
        first if not kind or first.startswith(kind) else f"{kind}: {first}".rstrip(": ")
    )


def _worker(properties):
    for each in properties:
        if (each.get("name") or "").lower() in _WORKER:
            value = each.get("value") or (each.text or "").strip()
            if value:
                return value[:200]
    return None


def _notes(report, n_silent):
    notes = list(report.over[:_LISTED])
    if len(report.over) > _LISTED:
        notes.append(f"so it is with {len(report.over) - _LISTED} more suites")
    taken = sum(time for time in report.outermost if not math.isnan(time))
    if taken:
        notes.append(f"the suites took {taken:g} s by their own account")
    n_untimed = sum(
        math.isnan(case.time) and case.status != "skipped" for case in report.cases
    )
    if n_untimed:
        notes.append(f"{n_untimed} tests have no time: counted as 0 s")
    if report.n_below:
        notes.append(f"{report.n_below} tests have a time below 0: counted as 0 s")
    if report.n_again:
        notes.append(f"{report.n_again} failures were tried again within a test's time")
    if n_silent > 0 and any(case.worker for case in report.cases):
        notes.append(f"{n_silent} tests do not tell their worker: all are on one")
    return notes


FORMAT = Format("junit", "JUnit XML report", sniff, read)
