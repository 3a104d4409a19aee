"""Lanes of a run in progress → pixels, at the same cost however long it has gone on.

Knows coverage, statuses and their colours; refuses to know where attempts come from.
What is over is kept as the share of each column that attempts of each status cover;
when time runs out of the right edge, two columns become one.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from . import palette
from .raster import coverage

UNDER_WAY = "#A9D8F5"  # sky, lighter: begun and not ended
TRACK = "#E8E8E8"  # a lane, as far as time has come
PAPER = "#FFFFFF"
_LEAST_FAILURE = 0.55  # share of the hue that any failure in a pixel has
_FAINTEST = 0.35  # share of the hue that anything done has
_LANE_PX = (3, 16)
_MOST_PX = 192  # of all lanes
_MOST_ROWS = 64  # more lanes share rows


class Growing:
    """Lanes that get longer.

    Parameters
    ----------
    n_lanes : int
    n_columns : int
        Pixels from edge to edge; an even number.
    span : float
        Seconds from edge to edge at first.

    Examples
    --------
    >>> lanes = Growing(2, n_columns=4, span=4.0)
    >>> lanes.add([0.0, 4.0], [4.0, 8.0], lane=[0, 1], code=[0, 0])
    >>> lanes.span, lanes.covered(0).tolist()
    (8.0, [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]])
    """

    def __init__(self, n_lanes: int, *, n_columns: int = 720, span: float = 4.0):
        self.n_lanes, self.span = n_lanes, span
        self._n_rows = min(n_lanes, _MOST_ROWS)
        self._per_row = np.bincount(self._row(np.arange(n_lanes)))
        shape = (len(schema.STATUSES), self._n_rows, n_columns)
        self._covered = np.zeros(shape)
        self._rows_of_y = self._layout()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._covered.shape[2], len(self._rows_of_y)

    def covered(self, code: int) -> np.ndarray:
        """Share of each pixel that attempts of one status cover, row by row."""
        return self._covered[code]

    def add(self, begin, end, lane, code) -> None:
        """Take in attempts that are over.

        Parameters
        ----------
        begin, end : float arrays of shape (n,)
            Seconds; what is before 0 is cut off.
        lane, code : int arrays of shape (n,)
            Lane of each, and its position in `schema.STATUSES`.
        """
        begin = np.maximum(np.asarray(begin, dtype=float), 0.0)
        end = np.maximum(np.asarray(end, dtype=float), begin)
        if not len(end):
            return
        self.reach(float(end.max()))
        code, row = np.asarray(code), self._row(np.asarray(lane))
        _, n_rows, n_columns = self._covered.shape
        scale = n_columns / self.span
        begin, end = begin * scale, np.minimum(end * scale, n_columns)
        for each in np.unique(code):
            own = code == each
            place = begin[own], end[own], row[own]
            self._covered[each] += coverage(*place, (n_rows, n_columns))

    def reach(self, moment: float) -> None:
        """Make room for a moment, in seconds."""
        while moment > self.span:
            half = (self._covered[..., ::2] + self._covered[..., 1::2]) / 2
            self._covered[..., : half.shape[-1]] = half
            self._covered[..., half.shape[-1] :] = 0.0
            self.span *= 2

    def pixels(self, now: float, under_way=()) -> np.ndarray:
        """The picture at a moment.

        Parameters
        ----------
        now : float
            Seconds.
        under_way : sequence of (int, float)
            Lane, and since when it works on what it has.

        Returns
        -------
        uint8 array of shape (height, n_columns, 3)
        """
        self.reach(now)
        _, n_rows, n_columns = self._covered.shape
        at = round(now * n_columns / self.span)
        picture = np.empty((n_rows + 1, n_columns, 3), dtype=np.float32)
        picture[:], picture[:-1, :at] = _rgb(PAPER), _rgb(TRACK)
        for lane, since in under_way:
            first = int(max(since, 0.0) * n_columns / self.span)
            picture[self._row(lane), first : max(at, first + 1)] = _rgb(UNDER_WAY)
        self._lay_over(picture[:-1])
        return picture.astype(np.uint8)[self._rows_of_y]

    def _lay_over(self, picture) -> None:
        """What is over, on what is there already; a failure is never faint."""
        present = np.flatnonzero(self._covered.any(axis=(1, 2)))
        if not len(present):
            return
        covered = self._covered[present] / self._per_row[:, None]
        bad = present > 0
        lost = covered[bad].sum(axis=0)
        total = lost + covered[~bad].sum(axis=0)
        colours = _rgb(*(palette.STATUS[schema.STATUSES[code]] for code in present))
        for own, whole in ((~bad, total - lost), (bad, lost)):
            if not own.any():
                continue
            # Not by BLAS, which would wake a thread on another core.
            hue = np.einsum("krc,kd->rcd", covered[own], colours[own])
            hue /= np.where(whole > 0, whole, 1.0)[..., None]
            least = _LEAST_FAILURE if own is bad else _FAINTEST
            share = np.where(whole > 0, np.clip(whole, least, 1.0), 0.0)[..., None]
            picture += share * (hue - picture)

    def _row(self, lane):
        return lane * self._n_rows // self.n_lanes

    def _layout(self) -> np.ndarray:
        """The row of each line of pixels; -1 between two rows."""
        low, high = _LANE_PX
        lane_px = min(max(_MOST_PX // self._n_rows, low), high)
        gap = 2 if lane_px >= 8 else 1
        lines = np.repeat(np.arange(self._n_rows), lane_px)
        lines[np.arange(len(lines)) % lane_px >= lane_px - gap] = -1
        return lines


def _rgb(*colours) -> np.ndarray:
    return palette.rgb(colours)
