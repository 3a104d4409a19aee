"""A Run scheduled again, fast enough for a slider.

Knows when a schedule of many attempts can be told from one of pieces of them; what a
schedule is, `simulation` and `scheduling` know. Up to some thousands of attempts, and
wherever tasks wait for others, it is `simulate` itself.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from .. import scheduling
from ..draw import palette, pictures, png, wording
from ..draw.blocks import Blocks, Kind, blocks
from ..draw.paint import paint
from ..draw.strip import opaque
from ..runs import Run
from ..simulation import predict, simulate
from ..simulation.batches import batch_of
from ..simulation.loads import MEASURED
from ..simulation.simulating import notes_of

MOST_EXACT = 5_000  # attempts
_N_PIECES, _N_SINGLE = 8_000, 2_000
_WIDTH, _LANE, _LOWEST, _HIGHEST = 900, 14, 30, 150  # CSS pixels
_SHARPNESS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a Run would be on other workers, or in another order."""

    n_workers: int
    makespan: float  # s
    lower_bound: float  # s; no schedule of these attempts on these workers beats it
    n_pieces: int  # that it was reckoned in; 0: attempt by attempt
    notes: tuple[str, ...]
    blocks: Blocks


class WhatIf:
    """One Run, asked again and again.

    Attributes
    ----------
    makespan : float
        Seconds, recorded.
    error : float
        How far the model is off on the recorded schedule: modelled / recorded - 1.

    Raises
    ------
    ArgumentError
        If the Run holds no durations.
    """

    def __init__(self, run: Run):
        self._run, self._batch = run, batch_of(run)
        recorded = predict(run, run.meta.n_workers).iloc[0]
        self.makespan, self.error = float(recorded.measured), float(recorded.error)
        self._recorded, self._paper = blocks(run), pictures.paper()
        self._work = float(self._batch.durations.sum())
        self._span = float(wording.numbers(run)["span"])
        self._lists: dict[str, np.ndarray] = {}

    def ask(
        self, n_workers: int, order: str = "given", dispatch: str | float = MEASURED
    ) -> Answer:
        """What it would be; parameters as for `simulate`."""
        batch = self._batch
        n_pieces = 0
        if (
            len(batch.rows) <= MOST_EXACT
            or not batch.is_independent
            or batch.is_limited(n_workers)
        ):
            asked = {"n_workers": n_workers, "order": order, "dispatch": dispatch}
            run = simulate(self._run, **asked)
            shown, notes = blocks(run), run.meta.notes
            makespan = wording.numbers(run)["makespan"]
        else:
            shown = self._in_pieces(n_workers, order, dispatch)
            makespan, n_pieces = shown.window[1], len(shown.started)
            notes = notes_of(batch, n_workers, dispatch)
        bound = scheduling.lower_bound(self._work, self._span, n_workers)
        return Answer(n_workers, makespan, float(bound), n_pieces, notes, shown)

    def _in_pieces(self, n_workers: int, order: str, dispatch) -> Blocks:
        """The schedule of pieces of equal work, cut from the list, and of its end.

        A piece goes to one worker, as its attempts do not. So workers are free again at
        other moments, by the length of a piece at most; the last attempts, each by
        itself, even that out.
        """
        batch, zero = self._batch, 0.0
        gap, available = batch.dispatch.mean, None
        if dispatch == MEASURED:
            available, zero = batch.available(n_workers), min(batch.zero, gap)
        else:
            gap = float(dispatch)
        until = self._until(order)
        n = len(until) - 1
        n_bulk = max(n - _N_SINGLE, 0)
        bulk = until[: n_bulk + 1]
        cuts = np.linspace(0.0, bulk[-1], _N_PIECES + 1)
        cuts = np.unique(np.searchsorted(bulk, cuts[:-1]))
        cuts = np.concatenate([cuts, np.arange(n_bulk, n + 1)])
        work, gaps = np.diff(until[cuts]), gap * np.diff(cuts)
        found = scheduling.list_schedule(work + gaps, n_workers, available=available)
        ended = found.ended - zero
        started = ended - work
        nothing = np.empty(0)
        return dataclasses.replace(
            self._recorded,
            started=started,
            ended=ended,
            lane=found.worker,
            kind=np.zeros(len(work), dtype=np.int8),
            kinds=(Kind("re-scheduled", palette.BLUE, n),),
            failures=nothing.astype(np.int64),
            failure_status=nothing.astype(np.int8),
            lanes=tuple(map(str, range(n_workers))),
            startups=(nothing.astype(np.int64), nothing, nothing),
            window=(0.0, float(ended.max())),
            n_attempts=n,
        )

    def _until(self, order: str) -> np.ndarray:
        """Seconds of work before each attempt of the list, and at its end."""
        if order not in self._lists:
            lengths, given = self._batch.durations, self._batch.given
            if order == "given":
                lengths = lengths[given]
            else:
                problem = scheduling.make_problem(lengths, 1)
                lengths = lengths[scheduling.listed(problem, order)]
            self._lists[order] = np.concatenate([[0.0], np.cumsum(lengths)])
        return self._lists[order]

    def pictures(self, answer: Answer) -> list[tuple[bytes, tuple[int, int], float]]:
        """What was recorded and what would be, to one scale.

        Returns
        -------
        list of (PNG file, (width, height) in CSS pixels, seconds that it spans)
        """
        pair = [self._recorded, answer.blocks]
        paper, is_dark = self._paper
        span = 1.005 * max(right - left for left, right in (b.window for b in pair))
        shown = []
        for each in pair:
            left = each.window[0]
            height = min(max(_LANE * each.n_lanes, _LOWEST), _HIGHEST)
            shape = (_SHARPNESS * height, _SHARPNESS * _WIDTH)
            pixels = paint(
                *(each, shape),
                window=(left, left + span),
                scale=_SHARPNESS,
                on_dark=is_dark,
            )
            image = png.encode(opaque(pixels, paper))
            shown.append((image, (_WIDTH, height), span))
        return shown
