"""Floor 1: any table of tasks with start and end → attempts as a Run takes them.

Knows other names, labels, datetimes, and what to conclude where nothing was told;
refuses to know any tool's format, which is what `formats/` is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import metrics, schema
from .errors import ArgumentError, SchemaError, did_you_mean, one_of


@dataclass(frozen=True, slots=True)
class Table:
    """What a foreign table told, in our terms."""

    attempts: pd.DataFrame
    n_workers: int
    agents: dict[str, int]  # slots
    started_at: str  # the zero as ISO 8601; "" where times are numbers
    notes: tuple[str, ...]  # what was concluded, and what left behind


def read(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, str],
    n_workers: int | None,
    agents: Mapping[str, int] | None,
) -> Table:
    """Attempts from a foreign frame; parameters and errors as of `Run.from_frame`."""
    if n_workers is not None and not n_workers >= 1:
        raise ArgumentError(f"`n_workers` must be 1 or more; got {n_workers}")
    frame = _renamed(frame, columns)
    notes: list[str] = []
    unused = [str(c) for c in frame.columns if c not in schema.DTYPES]
    if unused:
        notes.append(f"columns not used: {', '.join(unused)}")
    frame, started_at = _dates_as_seconds(frame)
    frame = _numbered(frame, notes)
    attempts = schema.coerce(frame.drop(columns=schema.WORKER, errors="ignore"))
    if schema.STATUS not in frame.columns:
        _check_all_ran(attempts)
    handed_over = attempts[[schema.SUBMITTED, schema.STARTED]].to_numpy()
    zero = np.fmin.reduce(handed_over, axis=None, initial=np.inf)
    if np.isfinite(zero):
        attempts[list(schema.TIMES)] -= zero
    attempts[schema.WORKER] = _lanes(frame, attempts, n_workers, notes)
    seen = int(attempts[schema.WORKER].max()) + 1 if len(attempts) else 0
    return Table(
        attempts=attempts,
        n_workers=max(seen, 1) if n_workers is None else n_workers,
        agents=_slots(attempts, agents, notes),
        started_at=started_at,
        notes=tuple(notes),
    )


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """`frame` under our column names, the required ones present."""
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"frame: expected a DataFrame; got {type(frame).__name__}")
    ours = list(columns.values())
    for theirs, our in columns.items():
        one_of("columns", our, schema.COLUMNS)
        if theirs not in frame.columns:
            raise ArgumentError(
                f"`columns` renames {theirs!r}, which the frame lacks; it has "
                f"{list(frame.columns)}.{did_you_mean(theirs, frame.columns)}"
            )
        if ours.count(our) > 1:
            raise ArgumentError(f"`columns` names {our!r} more than once")
    frame = frame.drop(columns=[c for c in frame if c in ours and c not in columns])
    frame = frame.rename(columns=dict(columns)).reset_index(drop=True)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise SchemaError(f"column {twice!r}: expected once; got it more than once")
    for column in schema.REQUIRED:
        if column not in frame.columns:
            raise SchemaError(
                f"column {column!r}: expected task, started and ended at least; got "
                f"{list(frame.columns)}.{did_you_mean(column, frame.columns)} "
                f"Rename by `columns={{'theirs': {column!r}}}`; or let "
                "`parallel_nb.read(frame)` go by usual names."
            )
    return frame


def _dates_as_seconds(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Datetimes as s since the first of them, and that moment; numbers as they are."""
    frame = frame.copy(deep=False)
    for column in [*schema.TIMES, schema.CPU]:
        if column in frame and pd.api.types.is_timedelta64_dtype(frame[column]):
            frame[column] = frame[column].dt.total_seconds()
    times = [c for c in schema.TIMES if c in frame and frame[c].notna().any()]
    dated = [c for c in times if pd.api.types.is_datetime64_any_dtype(frame[c])]
    if not dated:
        return frame, ""
    if dated != times:
        others = [c for c in times if c not in dated]
        raise SchemaError(
            f"times: expected datetimes in all columns or in none; got {dated} as "
            f"datetimes, but not {others}"
        )
    moments = pd.DataFrame({c: pd.to_datetime(frame[c], utc=True) for c in dated})
    handed_over = [c for c in (schema.SUBMITTED, schema.STARTED) if c in dated]
    zero = moments[handed_over or dated].min().min()
    for column in dated:
        frame[column] = (moments[column] - zero).dt.total_seconds()
    return frame, zero.isoformat()


def _numbered(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Tasks as positions 0 ... n - 1, their labels as names."""
    labels = frame[schema.TASK]
    if labels.isna().any():
        row = int(labels.isna().to_numpy().argmax())
        raise SchemaError(f"column 'task': expected a label; got none in row {row}")
    has_attempts = schema.ATTEMPT in frame.columns
    are_numbers = pd.api.types.is_integer_dtype(labels)
    if are_numbers and (has_attempts or labels.is_unique):
        n_tasks = labels.nunique()
        if not n_tasks or (labels.min(), labels.max()) == (0, n_tasks - 1):
            return frame
    if has_attempts:
        try:
            positions, _ = pd.factorize(labels)
        except TypeError as error:
            raise SchemaError(f"column 'task': expected labels; got {error}") from None
    else:
        positions = np.arange(len(labels))
    if are_numbers:
        notes.append("tasks were numbered anew, as they come; names hold the numbers")
    numbered = {schema.TASK: positions}
    if schema.NAME not in frame.columns:
        numbered[schema.NAME] = labels.map(str).astype("str")
    return frame.assign(**numbered)


def _check_all_ran(attempts: pd.DataFrame) -> None:
    for column in (schema.STARTED, schema.ENDED):
        unknown = attempts[column].isna().to_numpy()
        if unknown.any():
            raise SchemaError(
                f"column {column!r}: expected a time in each row, as there is no "
                "column 'status' to say what else became of it; got none in row "
                f"{unknown.argmax()}"
            )


def _lanes(frame, attempts, n_workers: int | None, notes: list[str]) -> np.ndarray:
    """The lane of each attempt: as told, else from labels, else from the times."""
    started = attempts[schema.STARTED].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    backwards = ended < started
    if backwards.any():
        row = int(backwards.argmax())
        raise SchemaError(
            f"column 'ended': expected no less than 'started'; got "
            f"{started[row] - ended[row]:g} s less in row {row}"
        )
    if schema.WORKER not in frame.columns:
        lanes = metrics.colour_lanes(started, ended)
        notes.append("workers were not told: the fewest lanes that the times allow")
    else:
        labels = frame[schema.WORKER]
        told = labels.dropna()
        lanes = None
        if pd.api.types.is_numeric_dtype(labels) and (told % 1 == 0).all():
            used = set(told.astype("int64")) - {-1}
            bound = n_workers if n_workers is not None else len(used)
            if all(0 <= lane < bound for lane in used):
                lanes = labels.fillna(-1).to_numpy(dtype=np.int32)
        if lanes is None:
            lanes = _sorted_positions(labels)
            notes.append("workers were numbered anew, in sorted order of their labels")
        astray = (lanes < 0) & ~np.isnan(ended - started)
        if astray.any():
            raise SchemaError(
                "column 'worker': expected a worker wherever an attempt started and "
                f"ended; got none in row {astray.argmax()}"
            )
    seen = int(lanes.max()) + 1 if len(lanes) else 0
    if n_workers is not None and seen > n_workers:
        raise ArgumentError(
            f"`n_workers` must be {seen} or more, as many workers are seen; got "
            f"{n_workers}"
        )
    return lanes.astype(np.int32)


def _sorted_positions(labels: pd.Series) -> np.ndarray:
    try:
        return pd.factorize(labels, sort=True)[0]
    except TypeError:  # labels of several types have no order but as text
        return pd.factorize(labels.map(str, na_action="ignore"), sort=True)[0]


def _slots(attempts, agents, notes: list[str]) -> dict[str, int]:
    """Slots of each agent: as told, else as many as were ever used at once."""
    column = attempts[schema.AGENT]
    seen = [agent for agent in column.unique() if isinstance(agent, str) and agent]
    if agents is not None:
        if not isinstance(agents, Mapping):
            raise ArgumentError(
                f"`agents` must map names to slots, as in {{'gpu': 1}}; got {agents!r}"
            )
        for agent in seen:
            if agent not in agents:
                raise ArgumentError(
                    f"`agents` must give the slots of {agent!r}, too, as it is seen; "
                    f"got {dict(agents)}.{did_you_mean(agent, agents)}"
                )
        return dict(agents)
    slots = {}
    for agent in seen:
        theirs = attempts.loc[(column == agent).to_numpy()]
        started, ended = theirs[schema.STARTED], theirs[schema.ENDED]
        _, at_once = metrics.concurrency(started, ended)
        slots[agent] = max(int(at_once.max(initial=0)), 1)
    if slots:
        notes.append("slots of agents were not told: as many as were used at once")
    return slots
