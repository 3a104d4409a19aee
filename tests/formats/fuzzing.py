"""Damage that files suffer, and what a reader must make of it: a Run, or FormatError.

For every reader: `damaged` makes broken files of good ones, `check` reads one.
"""

import codecs
import gzip
import math
import re
import sys

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from parallel_nb.runs import Run
from parallel_nb.sweeps import Sweep

__all__ = [
    "check",
    "check_encodings",
    "check_torn_anywhere",
    "damaged",
    "fuzzed",
    "given",
]

# Enough to meet every kind of damage; a reader's own tests say what it should do.
fuzzed = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
ODD_NUMBERS = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"inf",
    b"-1",
    b"-0.0",
    b"0",
    b"1e308",
    b"1e400",
    b"-1e15",
    b"9" * 19,
    b"9" * 400,
    b"0x10",
    b"1_000",
    b"null",
    b"true",
    b'"12"',
    b'""',
    b"",
    b"-",
    b"[]",
    b"{}",
    "٣".encode(),
]
ODD_BYTES = [
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",  # half of a character
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n",
    b"\x1b[31m",
    b"\\ud800",
    b'"',
    b"'",
    b"<",
    b"&x;",
    b"{",
    b"}",
    b"]",
    b",",
    b"\t",
    b"|",
    b"[" * 5000,
    b'{"a":' * 5000,
    b"<a>" * 5000,
    "é\u2028".encode(),
]
# What nobody who reads a file has to do with.
FORBIDDEN = ("pickle.find_class", "os.system", "subprocess.Popen", "socket.connect")
_watch = {"is_on": False, "seen": []}


def _audit(event, _):
    if _watch["is_on"] and event in FORBIDDEN:
        _watch["seen"].append(event)


sys.addaudithook(_audit)


@st.composite
def damaged(draw, *good):
    """One of the `good` contents (bytes), damaged once to four times."""
    content = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 4))):
        content = draw(st.sampled_from(DAMAGES))(draw, content)
    return content


def _at(draw, content):
    return draw(st.integers(0, max(len(content) - 1, 0)))


def _torn(draw, content):
    return content[: _at(draw, content)]


def _flipped(draw, content):
    at = _at(draw, content)
    byte = draw(st.integers(0, 255))
    return content[:at] + bytes([byte]) + content[at + 1 :]


def _inserted(draw, content):
    at = _at(draw, content)
    return content[:at] + draw(st.sampled_from(ODD_BYTES)) + content[at:]


def _cut_out(draw, content):
    at = _at(draw, content)
    return content[:at] + content[at + draw(st.integers(1, 200)) :]


def _other_number(draw, content):
    numbers = list(NUMBER.finditer(content))
    if not numbers:
        return content
    found = draw(st.sampled_from(numbers))
    odd = draw(st.sampled_from(ODD_NUMBERS))
    return content[: found.start()] + odd + content[found.end() :]


def _lines_moved(draw, content):
    lines = content.splitlines(keepends=True)
    return b"".join(draw(st.permutations(lines[:40])) + lines[40:])


def _line_twice(draw, content):
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at = draw(st.integers(0, len(lines) - 1))
    return b"".join([*lines[: at + 1], *lines[at:]])


def _line_gone(draw, content):
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at = draw(st.integers(0, len(lines) - 1))
    return b"".join([*lines[:at], *lines[at + 1 :]])


def _other_encoding(draw, content):
    text = content.decode("utf-8", "replace")
    encoding = draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]))
    return text.encode(encoding)


def _other_line_ends(draw, content):
    return content.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\n\n"])))


def _packed(draw, content):
    packed = gzip.compress(content, 1)
    return packed[: len(packed) - draw(st.sampled_from([0, 0, 1, 8, 20]))]


def _noise(draw, content):
    return content[: _at(draw, content)] + draw(st.binary(max_size=300))


DAMAGES = [
    _torn,
    _flipped,
    _inserted,
    _cut_out,
    _other_number,
    _other_number,
    _lines_moved,
    _line_twice,
    _line_gone,
    _other_encoding,
    _other_line_ends,
    _packed,
    _noise,
]


def check(content, format=None, **options):
    """Read it: what comes is whole, or a FormatError with a message; nothing is run."""
    _watch.update(is_on=True, seen=[])
    try:
        got = read(bytes(content), format, **options)
    except FormatError as error:
        got, told = None, str(error)
    finally:
        _watch["is_on"] = False
    assert _watch["seen"] == []
    if got is None:
        assert told.strip()
        assert len(told) < 2000, "an error is read by people"
        return None
    for each in got if isinstance(got, list) else [got]:
        _check_whole(each)
    return got


def check_torn_anywhere(content, format=None, *, step=1, **options):
    """Read it as far as each `step`-th byte."""
    for end in range(0, len(content), step):
        check(content[:end], format, **options)


def check_encodings(content, format=None, **options):
    """In whatever encoding with a mark of its own: the same attempts."""
    text = content.decode("utf-8")
    expected = read(content, format, **options)
    n_expected = _n_attempts(expected)
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ):
        got = read(mark + text.encode(encoding), format, **options)
        assert _n_attempts(got) == n_expected, encoding


def _n_attempts(got):
    return [
        sum(len(run.attempts) for run in _runs(each))
        for each in (got if isinstance(got, list) else [got])
    ]


def _runs(got):
    return [got] if isinstance(got, Run) else list(got.runs)


def _check_whole(got):
    assert isinstance(got, Run | Sweep)
    assert repr(got)
    for run in _runs(got):
        rows = run.attempts
        assert len(rows) > 0
        lengths = (rows["ended"] - rows["started"]).to_numpy()
        assert not (lengths < 0).any()
        assert not np.isinf(rows[["started", "ended"]].to_numpy()).any()
        summary = run.summary()
        assert math.isfinite(summary["work"][0])
