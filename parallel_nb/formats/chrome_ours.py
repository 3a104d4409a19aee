"""A Chrome trace that `chrome_out.py` wrote → the Run that it was made from.

Knows what our events say of themselves; refuses to know those of other tools.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from .. import schema
from ..errors import ArgumentError, SchemaError
from ..meta import Meta
from ..runs import Run
from .chrome_out import ATTEMPT, FORMAT, MARK, STARTUP, Args
from .events import Event, scan
from .source import Source

_MARKED = re.compile(rb'"%s"\s*:\s*(\d+)\s*,\s*"traceEvents"' % MARK.encode())
_DIGITS = 9  # of a second: what is written
_OF_ARGS = tuple(
    name for name in Args.__struct_fields__ if name in schema.DTYPES and name != "host"
)


class _Startup(msgspec.Struct, gc=False):
    worker: int
    pid: int


class _Said(msgspec.Struct, gc=False):
    """What a trace of ours says of itself."""

    format: int
    shift: float
    n_attempts: int
    hosts: dict[str, str | None]
    meta: dict[str, Any]


_attempts = msgspec.json.Decoder(list[Args])
_startups = msgspec.json.Decoder(list[_Startup])


def is_ours(source: Source) -> bool:
    """Whether `write` made it."""
    return _MARKED.search(source.head[:1000]) is not None


def read(source: Source, n_workers: int | None = None) -> Run:
    """The Run with its attempts, edges, start-ups and meta.

    Raises
    ------
    FormatError
        If a newer version wrote it, or somebody changed it so that it is no Run.
    """
    if n_workers is not None:
        raise ArgumentError(
            "`n_workers` is not for a trace that parallel_nb wrote, which tells it"
        )
    version = int(_MARKED.search(source.head[:1000])[1])
    if version > FORMAT:
        raise source.error(
            f"it has format {version} of parallel_nb's traces, and this version reads "
            f"up to {FORMAT}: pip install -U parallel-nb"
        )
    taking = _Taking(source)
    around = scan(source, taking.take)
    try:
        said = msgspec.convert(around.fields["otherData"][MARK], _Said)
        meta = Meta.from_dict(said.meta)
        if len(taking) != said.n_attempts:
            raise source.error(
                f"expected {said.n_attempts:,} attempts; got {len(taking):,}"
            )
        return Run(
            taking.attempts(said),
            meta,
            edges=taking.edges(),
            startups=taking.startups(said),
        )
    except KeyError:
        raise source.error(
            f"expected `otherData` with {MARK!r} in it, as parallel_nb writes it"
        ) from None
    except (msgspec.ValidationError, SchemaError, OverflowError, TypeError) as error:
        raise source.error(f"it was changed after it had been written: {error}") from (
            error
        )


class _Taking:
    """Collects events as `scan` hands them over."""

    def __init__(self, source: Source):
        self.source = source
        self.blocks: list[dict] = []
        self.started: list[tuple] = []  # of workers: event, what it says
        self.pairs: list[tuple[int, int]] = []

    def __len__(self):
        return sum(len(block["at"]) for block in self.blocks)

    def take(self, first: int, events: list[Event]) -> None:
        spans = [e for e in events if e.cat == ATTEMPT and e.ph in "Xi"]
        starts = [e for e in events if e.cat == STARTUP and e.ph == "X"]
        if spans:
            told = self._decoded(_attempts, spans, first)
            self.blocks.append(self._columns(spans, told))
            self.pairs += [(a.task, after) for a in told for after in a.after or ()]
        if starts:
            told = self._decoded(_startups, starts, first)
            self.started += zip(starts, told, strict=True)

    def _decoded(self, decoder, events: list[Event], first: int) -> list:
        text = b",".join(bytes(event.args) or b"null" for event in events)
        try:
            return decoder.decode(b"[%s]" % text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self.source.error(
                f"args: {error}", f"event {first + 1} or one soon after it"
            ) from error

    def _columns(self, spans: list[Event], told: list[Args]) -> dict[str, Any]:
        columns = {
            name: _array([getattr(each, name) for each in told], schema.DTYPES[name])
            for name in _OF_ARGS
        }
        return {
            **columns,
            "at": np.array([each.at for each in told], dtype=np.int64),
            "is_span": np.array([e.ph == "X" for e in spans]),
            "ts": self._numbers([e.ts for e in spans]),
            "dur": self._numbers([e.dur for e in spans]),
            "lane": np.array([_lane(e.tid) for e in spans], dtype=np.int64),
            "name": schema.as_text([str(e.name) for e in spans]),
            "place": np.array([str(e.pid) for e in spans], dtype=object),
            "said_host": np.array([each.host for each in told], dtype=object),
        }

    def _numbers(self, values: list) -> np.ndarray:
        try:
            return np.array(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise self.source.error("ts, dur: expected µs as numbers") from None

    def attempts(self, said: _Said) -> pd.DataFrame:
        if not self.blocks:
            return schema.coerce({"task": [], "started": [], "ended": []})
        blocks, self.blocks = self.blocks, []
        told = {}
        for name in list(blocks[0]):
            parts = [block.pop(name) for block in blocks]
            told[name] = pd.concat(map(pd.Series, parts), ignore_index=True).array
        order = np.argsort(told.pop("at").to_numpy(), kind="stable")
        is_span = np.asarray(told.pop("is_span"))
        ts, dur = np.asarray(told.pop("ts")), np.asarray(told.pop("dur"))
        places = pd.Series(told.pop("place")).map(said.hosts)
        hosts = places.where(is_span, pd.Series(told.pop("said_host")))
        columns = {
            **told,
            schema.STARTED: np.where(
                is_span, _seconds(ts, said.shift), told[schema.STARTED]
            ),
            schema.ENDED: np.where(
                is_span, _seconds(ts + dur, said.shift), told[schema.ENDED]
            ),
            schema.WORKER: np.where(
                is_span, told.pop("lane"), told[schema.WORKER]
            ).astype(np.int32),
            schema.HOST: pd.Categorical(hosts),
        }
        return schema.coerce({name: values[order] for name, values in columns.items()})

    def edges(self) -> pd.DataFrame:
        pairs = np.array(self.pairs, dtype=np.int64).reshape(-1, 2)
        return pd.DataFrame({"task": pairs[:, 0], "after": pairs[:, 1]})

    def startups(self, said: _Said) -> pd.DataFrame:
        ts = self._numbers([event.ts for event, _ in self.started])
        dur = self._numbers([event.dur for event, _ in self.started])
        columns = {
            schema.WORKER: [each.worker for _, each in self.started],
            schema.PID: [each.pid for _, each in self.started],
            schema.STARTED: _seconds(ts, said.shift),
            schema.ENDED: _seconds(ts + dur, said.shift),
        }
        return pd.DataFrame(
            {name: np.array(columns[name], dtype) for name, dtype in _STARTUPS}
        )


_STARTUPS = tuple(schema.STARTUPS.items())


def _array(values: list, dtype):
    if isinstance(dtype, np.dtype):
        return np.array(values, dtype=dtype)  # None is NaN
    return schema.as_text(values)


def _lane(tid: Any) -> int:
    return tid - 1 if isinstance(tid, int) else -1


def _seconds(micros, shift: float) -> np.ndarray:
    return np.round(np.asarray(micros) * 1e-6 - shift, _DIGITS)
