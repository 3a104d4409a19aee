"""One task in words: its attempts, its error, its traceback.

Knows which of its columns tell something; refuses to know widgets.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from .. import schema, totals
from ..draw import markup, wording
from ..runs import Run

_MOST_FAILURES, _MOST_LONG = 100, 20
_PRE = (
    "margin:4px 0;padding:6px 8px;border-left:3px solid #d55e00;overflow-x:auto;"
    "max-height:320px;line-height:1.35"
)


class TaskPages:
    """The tasks of a Run, to be looked up one by one."""

    def __init__(self, run: Run):
        self._run = run
        self._attempts = run.attempts
        self._task = self._attempts[schema.TASK].to_numpy()
        self._seconds = totals.durations(self._attempts)
        known = self._seconds[~np.isnan(self._seconds)]
        self._median = float(np.median(known)) if len(known) else math.nan

    def rows(self, task: int) -> pd.DataFrame:
        """The attempts of one task, the last one last."""
        return self._attempts.iloc[np.flatnonzero(self._task == task)]

    def place(self, task: int) -> tuple[int, float, float]:
        """Worker, start and end (s) of its last attempt; -1 and NaN if it has none."""
        rows = self.rows(task)
        if not len(rows):
            return -1, math.nan, math.nan
        last = rows.iloc[-1]
        lane, moments = last[schema.WORKER], last[[schema.STARTED, schema.ENDED]]
        return int(lane), *map(float, moments)

    def worth_a_look(self) -> list[tuple[str, int]]:
        """Tasks that went wrong, then those that took longest: (label, task)."""
        failures, _ = wording.failures(self._run, _MOST_FAILURES)
        found = {}
        for each in failures:
            what = f"{each.status}: {each.error}" if each.error else each.status
            label = f"{each.task} {each.name}, {what}"
            found[each.task] = wording.shortened(label, 90)
        seconds = np.nan_to_num(self._seconds)
        n_long = min(_MOST_LONG, len(seconds))
        longest = np.argpartition(-seconds, n_long - 1)[:n_long] if n_long else []
        for at in sorted(longest, key=lambda at: -seconds[at]):
            name = self._attempts[schema.NAME].iat[at]
            label = f"{self._task[at]} {name}, {wording.seconds(seconds[at])}"
            found.setdefault(int(self._task[at]), wording.shortened(label, 90))
        return [(label, task) for task, label in found.items()]

    def page(self, task: int) -> str:
        """HTML: what the Run knows of a task."""
        rows = self.rows(task)
        last = rows.iloc[-1]
        head = f"Task {task} <b>{markup.text(last[schema.NAME])}</b>"
        pieces = [f"{head}: {_outcome(last)}.{self._compared(last)}"]
        told = [_attempt(row) for _, row in rows.iterrows()]
        pieces.append(f"<ul>{''.join(f'<li>{each}</li>' for each in told)}</ul>")
        pieces += self._details(task)
        for attempt in rows[schema.ATTEMPT].tolist()[::-1]:
            traceback = self._run.tracebacks.get((task, attempt))
            if traceback:
                pieces.append(
                    f"Traceback of attempt {attempt}:"
                    f'<pre style="{_PRE}">{markup.text(traceback)}</pre>'
                )
                break
        return "".join(pieces)

    def in_words(self, task: int) -> str:
        """One line without markup."""
        last = self.rows(task).iloc[-1]
        return f"Task {task} {last[schema.NAME]}: {last[schema.STATUS]}."

    def _compared(self, row) -> str:
        seconds = row[schema.ENDED] - row[schema.STARTED]
        if not (self._median > 0 and seconds >= 0):
            return ""
        return f" It took {wording.factor(seconds / self._median)} the median attempt."

    def _details(self, task: int) -> list[str]:
        told = []
        known = self._run.details.get(task, {})
        for name, value in known.get("context", {}).items():
            told.append(f"{markup.text(name)}: {markup.text(value)}")
        if "summary" in known:
            told.append(f"summary: {markup.text(known['summary'])}")
        return [f"<ul>{''.join(f'<li>{each}</li>' for each in told)}</ul>"] * bool(told)


def _outcome(row) -> str:
    status = markup.text(row[schema.STATUS])
    agent = row[schema.AGENT]
    return f"{status}, agent {markup.text(agent)}" if pd.notna(agent) else status


def _attempt(row) -> str:
    """One attempt: when, where, how much, what went wrong."""
    parts = [f"attempt {row[schema.ATTEMPT]} {row[schema.STATUS]}"]
    if row[schema.WORKER] >= 0:
        parts.append(f"on worker {row[schema.WORKER]}")
    if pd.notna(row[schema.HOST]) and row[schema.HOST]:
        parts.append(f"at {markup.text(row[schema.HOST])}")
    facts = []
    started, ended = row[schema.STARTED], row[schema.ENDED]
    if not math.isnan(started):
        facts.append(f"started at {started:,.6g} s")
        if not math.isnan(ended):
            facts.append(
                f"ended at {ended:,.6g} s after {wording.seconds(ended - started)}"
            )
        for since, what in ((schema.READY, "ready"), (schema.SUBMITTED, "handed over")):
            if started - row[since] > 0:
                waited = wording.seconds(started - row[since])
                facts.append(f"{waited} after it was {what}")
                break
    if not math.isnan(row[schema.CPU]):
        facts.append(f"CPU time {wording.seconds(row[schema.CPU])}")
    if not math.isnan(row[schema.MAX_RSS]):
        facts.append(f"at most {row[schema.MAX_RSS] / 1e6:,.0f} MB")
    if row[schema.CHUNK] >= 0:
        facts.append(f"chunk {row[schema.CHUNK]}")
    text = " ".join(parts) + "".join(f", {fact}" for fact in facts)
    if isinstance(row[schema.ERROR], str):
        text += f"<br><code>{markup.text(row[schema.ERROR])}</code>"
    return text
