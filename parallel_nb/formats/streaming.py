"""Spans of Dask's task stream → columns, a block at a time, small enough for millions.

Knows which spans are computing and what is counted aside; refuses to know the file.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from .. import schema

_BLOCK = 1 << 15
_TEXT = pa.large_string()
_ERRED = "erred; the stream does not tell how"


class Stream:
    """Computing spans, as they are added."""

    def __init__(self):
        self.place = 0  # of the record that is being taken, from 1
        self.base = 0.0  # s since 1970 that starts and stops count from
        self.aside: dict[str, tuple[int, float]] = {}  # action: times, s
        self._rows: list[tuple] = []
        self._texts: list[list[pa.Array]] = []
        self._numbers: list[np.ndarray] = []
        self._n_rows = 0

    def __len__(self) -> int:
        return self._n_rows

    def set_aside(self, action: str, spent: float) -> None:
        """Count a span (s) that is no computing."""
        n_times, before = self.aside.get(action, (0, 0.0))
        self.aside[action] = n_times + 1, before + spent

    def add(self, key, name, thread, worker, start, stop, is_done, nbytes) -> None:
        """Take a span: texts, s, s, bool, bytes."""
        self._rows.append(
            (key, name, thread, worker, start, stop, is_done, nbytes, self.place)
        )
        self._n_rows += 1
        if len(self._rows) >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        *texts, starts, stops, done, nbytes, places = zip(*self._rows, strict=True)
        self._rows = []
        self._texts.append([_array(each) for each in texts])
        numbers = (starts, stops, done, nbytes, places)
        self._numbers.append(np.array(numbers, dtype=np.float64))

    def columns(self) -> dict:
        """What was added; `tasks` and `lanes` count keys and threads from 0."""
        self._flush()
        keys, names, threads, workers = (
            pa.chunked_array(each, _TEXT) for each in zip(*self._texts, strict=True)
        )
        self._texts = []
        starts, stops, done, nbytes, places = np.concatenate(self._numbers, axis=1)
        self._numbers = []
        encoded, known = _codes(threads)
        in_order = np.argsort(np.array(known, dtype=object))
        lane_of = np.empty(len(known), dtype=np.int64)
        lane_of[in_order] = np.arange(len(known))
        at_worker, machines = _codes(workers)
        hosts = schema.as_text([_host(each) for each in machines]).take(at_worker)
        errors = schema.as_text([None, _ERRED]).take((done == 0).astype(np.int64))
        return {
            "tasks": _codes(keys)[0],
            "names": schema.as_text(names),
            "lanes": lane_of[encoded],
            "hosts": hosts,
            "errors": errors,
            "starts": starts,
            "stops": stops,
            "is_done": done == 1,
            "nbytes": nbytes,
            "places": places.astype(np.int64),
        }


def _array(texts) -> pa.Array:
    try:
        return pa.array(texts, _TEXT)
    except UnicodeEncodeError:
        told = [each.encode("utf-8", "backslashreplace").decode() for each in texts]
        return pa.array(told, _TEXT)


def _codes(texts: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Positions in the different texts, in the order of their first."""
    encoded = texts.combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def _host(worker: str) -> str | None:
    """The machine in an address such as ``tcp://10.0.0.2:40123``."""
    found = re.match(r"\w{1,20}://(\[[^\]]{1,60}\]|[^:/]{1,200})", worker)
    return found[1] if found else None
