"""Blocks and a window → the pixels of a timeline.

Knows how lanes, gaps, failures and starting workers look at any size; refuses to know
Runs and matplotlib, so a notebook's card needs neither axes nor their import.

A pixel's opacity is the share of it that attempts cover, its hue what covers it. Three
things are drawn larger than they are, so that they can be seen: whatever an attempt
touches is not fully transparent, an attempt that is not done has more than its share of
the hue, and a mark above its lane. On light paper, what is bright has a darker edge
below it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import schema
from . import palette
from .blocks import Blocks
from .raster import columns, coverage

FAINTEST = 0.4  # opacity of a pixel that an attempt touches
FAINTEST_FAILURE = 0.8
FAILURE_HUE = 0.2  # least share that a failure has in the hue; else the root of its own
FAINTEST_MARK = 0.3  # within low lanes, where marks cover attempts that are done
TRACK = (128, 128, 128, 38)  # an idle lane, on light and on dark paper
STARTUP = (128, 128, 128, 70)
STARTUP_LINES = (128, 128, 128, 190)

_SEPARABLE = 5.0  # px: an attempt this wide is set off from the next by a hairline
_MARK_WIDTH = 3  # px, at least
_MARK_HEIGHTS = (2, 7)  # px, at least and at most
_LANE_WITH_GAP = 4  # px: lower lanes touch
_LANE_WITH_MARKS = 10  # px: in lower lanes the mark is in the lane and takes its height
_EDGE_PX = 2  # of what is bright
_DARK = 0.27  # luminance of which white has 3.3 times the contrast
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_INSTANT = 1e-4  # px: what took no time gets a hue but next to no coverage


def paint(
    blocks: Blocks,
    shape: tuple[int, int],
    *,
    window: tuple[float, float] | None = None,
    lane_span: tuple[float, float] | None = None,
    scale: float = 1.0,
    ramp: np.ndarray | None = None,
    on_dark: bool = False,
) -> np.ndarray:
    """The picture, worker 0 on top.

    Parameters
    ----------
    blocks : Blocks
        What there is to see.
    shape : (int, int)
        Height and width in pixels.
    window : (float, float), optional
        Seconds at the left and the right edge, ascending. Default: all there is.
    lane_span : (float, float), optional
        Lanes at the top and the bottom edge, ascending; lane k reaches from k - 0.5 to
        k + 0.5. Default: all lanes.
    scale : float
        Pixels per 1/100 inch; hairlines and marks grow with it.
    ramp : float array of shape (n_colours, 3), optional
        Colours (0 ... 255) for `blocks.shade`.
    on_dark : bool
        Whether it will lie on dark paper.

    Returns
    -------
    uint8 array of shape (height, width, 4)
        Red, green, blue, opacity. What lies between the lanes is transparent.
    """
    height, width = shape
    rows = _lane_rows(blocks.n_lanes, lane_span, height)
    if not len(rows.n_lanes):
        return np.zeros((height, width, 4), dtype=np.uint8)
    window = blocks.window if window is None else window
    seen = _seen(blocks, rows, window, width)
    hue, opacity, failing = _mixed(blocks, seen, rows, width, ramp, on_dark)
    if rows.lane_px >= _LANE_WITH_GAP * scale:
        _separate(opacity, failing, seen, scale)
    lit = opacity > 0
    track = np.zeros((*lit.shape, 4), dtype=np.float32)
    track[rows.n_lanes > 0] = TRACK
    starting = ~lit & _starting(blocks, rows, window, width)
    track[starting] = STARTUP
    body = _over(np.concatenate([hue, opacity[..., None]], axis=2), track)
    edge = body
    if not on_dark:
        dark = np.concatenate([_darker(hue), opacity[..., None]], axis=2)
        edge = _over(dark, track)
    marks = _marks(blocks, rows, window, width, scale, on_dark)
    if rows.lane_px < _LANE_WITH_MARKS * scale:
        body, marks = _over(_spread(marks, rows, scale), body), np.zeros_like(marks)
        edge = body
    return _stacked(body, edge, marks, starting, rows, scale)


class _Rows(NamedTuple):
    """How lanes become rows: one each, or several to a row of pixels."""

    of_lane: np.ndarray  # int (n_lanes,); -1 where out of sight
    edges: np.ndarray  # int (n_rows + 1,), px from the top
    n_lanes: np.ndarray  # int (n_rows,)
    lane_px: float
    height: int


class _Seen(NamedTuple):
    """The blocks in sight."""

    begin: np.ndarray  # columns
    end: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    shade: np.ndarray | None


def _lane_rows(n_lanes: int, lane_span, height: int) -> _Rows:
    top, bottom = (-0.5, n_lanes - 0.5) if lane_span is None else lane_span
    lane_px = height / (bottom - top)
    lanes = np.arange(n_lanes)
    if lane_px >= 1:
        visible = lanes[(lanes + 0.5 > top) & (lanes - 0.5 < bottom)]
        first = int(visible[0]) if len(visible) else 0
        bounds = np.arange(first, first + len(visible) + 1) - 0.5
        edges = np.clip(np.rint((bounds - top) * lane_px), 0, height).astype(int)
        of_lane = np.full(n_lanes, -1)
        of_lane[visible] = visible - first
    else:
        edges = np.arange(height + 1)
        of_lane = np.floor((lanes - top) * lane_px).astype(int)
        of_lane[(of_lane < 0) | (of_lane >= height)] = -1
    per_row = np.bincount(of_lane[of_lane >= 0], minlength=len(edges) - 1)
    return _Rows(of_lane, edges, per_row, lane_px, height)


def _seen(blocks: Blocks, rows: _Rows, window, width: int) -> _Seen:
    started, ended, kind = blocks.started, blocks.ended, blocks.kind
    row = rows.of_lane[blocks.lane]
    shade = None if blocks.shade is None else blocks.shade.values
    left, right = window
    everything = left <= blocks.window[0] and blocks.window[1] <= right
    if not (everything and (rows.of_lane >= 0).all()):
        inside = (row >= 0) & (started <= right) & (ended >= left)
        started, ended, row = started[inside], ended[inside], row[inside]
        kind, shade = kind[inside], None if shade is None else shade[inside]
    begin = columns(started, window, width)
    end = columns(ended, window, width)
    np.minimum(begin, width - _INSTANT, out=begin)
    np.maximum(end, begin + _INSTANT, out=end)
    return _Seen(begin, end, row, kind, shade)


def _mixed(blocks: Blocks, seen: _Seen, rows: _Rows, width: int, ramp, on_dark):
    """Hue, opacity (0 ... 255) and whether a failure is in it, of each pixel."""
    n_rows = len(rows.n_lanes)
    shape = (n_rows, width)
    if blocks.shade is not None:
        total = coverage(seen.begin, seen.end, seen.row, shape)
        shade = coverage(seen.begin, seen.end, seen.row, shape, seen.shade)
        share = shade / np.where(total > 0, total, 1.0)
        hue = ramp[np.rint(share.clip(0, 1) * (len(ramp) - 1)).astype(int)]
        failing = np.zeros(shape, dtype=bool)
    else:
        hue, total, failing = _mixed_kinds(blocks.kinds, seen, shape, on_dark)
    filled = np.minimum(total / np.maximum(rows.n_lanes, 1)[:, None], 1.0)
    opacity = np.where(total > 0, FAINTEST + (1 - FAINTEST) * filled, 0.0)
    np.maximum(opacity, FAINTEST_FAILURE, out=opacity, where=failing)
    return hue.astype(np.float32), (255 * opacity).astype(np.float32), failing


def _mixed_kinds(kinds, seen: _Seen, shape, on_dark):
    n_kinds, (n_rows, width) = max(len(kinds), 1), shape
    row = seen.row
    if n_kinds > 1:
        row = seen.kind * np.intp(n_rows) + row
    covered = coverage(seen.begin, seen.end, row, (n_kinds * n_rows, width))
    covered = covered.reshape(n_kinds, n_rows, width)
    total = covered.sum(axis=0)
    bad = [kind.is_failure for kind in kinds] or [False]
    lost = covered[bad].sum(axis=0)
    failing = covered[bad].max(axis=0, initial=0.0) > 0
    mixed = failing & (lost < total)
    if mixed.any():
        share = lost[mixed] / total[mixed]
        shown = np.maximum(np.sqrt(share), FAILURE_HUE)
        grown = np.ones(shape)
        grown[mixed] = shown / (1 - shown) * (1 - share) / share
        covered[bad] *= grown
    colours = [palette.on_paper(kind.colour, on_dark) for kind in kinds]
    colours = palette.rgb(colours or [palette.BLACK])
    weight = covered.sum(axis=0)
    hue = np.tensordot(covered, colours, axes=(0, 0))
    hue /= np.where(weight > 0, weight, 1.0)[..., None]
    return hue, total, failing


def _darker(hue: np.ndarray) -> np.ndarray:
    """Hues of at most a luminance that stands out from white, the bright ones darker.

    By a power of 2.2, which is near enough to that of sRGB.
    """
    bright = (hue / 255) ** 2.2 @ _LUMINANCE
    return hue * np.minimum(_DARK / np.maximum(bright, 1e-3), 1.0)[..., None] ** 0.45


def _separate(opacity, failing, seen: _Seen, scale: float) -> None:
    """A hairline at the end of attempts that are wide enough to lose it."""
    wide = seen.end - seen.begin >= _SEPARABLE * scale
    row, at = seen.row[wide], np.ceil(seen.end[wide]).astype(int) - 1
    for back in range(max(1, round(scale))):
        column = at - back
        there = (column >= 0) & (column < opacity.shape[1])
        where = row[there], column[there]
        opacity[where] = np.where(failing[where], opacity[where], 0.0)


def _starting(blocks: Blocks, rows: _Rows, window, width: int) -> np.ndarray:
    lane, started, ended = blocks.startups
    row = rows.of_lane[lane]
    known = (row >= 0) & (started <= window[1]) & (ended >= window[0])
    begin = columns(started[known], window, width)
    end = columns(ended[known], window, width)
    return coverage(begin, end, row[known], (len(rows.n_lanes), width)) > 0.5


def _marks(blocks: Blocks, rows: _Rows, window, width: int, scale, on_dark):
    """Where attempts are not done, each at least some pixels wide and opaque."""
    n_rows = len(rows.n_lanes)
    at = blocks.failures
    row = rows.of_lane[blocks.lane[at]]
    started, ended = blocks.started[at], blocks.ended[at]
    inside = (row >= 0) & (started <= window[1]) & (ended >= window[0])
    begin = np.rint(columns(started[inside], window, width))
    end = np.rint(columns(ended[inside], window, width))
    least = max(2, round(_MARK_WIDTH * scale))
    lacking = np.maximum(least - (end - begin), 0)
    begin = np.clip(begin - lacking // 2, 0, max(width - least, 0))
    end = np.clip(np.maximum(end, begin + least), 0, width)
    status = blocks.failure_status[inside]
    present = np.unique(status)
    code = np.searchsorted(present, status) * np.intp(n_rows) + row[inside]
    covered = coverage(begin, end, code, (max(len(present), 1) * n_rows, width))
    covered = covered.reshape(-1, n_rows, width)
    names = [schema.STATUSES[status] for status in present] or ["failed"]
    colours = [palette.on_paper(palette.STATUS[name], on_dark) for name in names]
    marks = np.zeros((n_rows, width, 4), dtype=np.float32)
    marked = covered.max(axis=0) > 0.5
    marks[marked, :3] = palette.rgb(colours)[covered.argmax(axis=0)[marked]]
    marks[marked, 3] = 255
    return marks


def _spread(marks, rows: _Rows, scale: float):
    """Marks for low lanes: high enough to be seen, fainter the less they tell apart."""
    marked = marks[..., 3] > 0
    crowded = marked.mean(axis=1, keepdims=True)
    marks[..., 3] *= np.maximum(1 - crowded, FAINTEST_MARK)
    lacking = round(_MARK_WIDTH * scale / max(rows.lane_px, 1)) - 1
    for _ in range(max(lacking, 0) // 2 + max(lacking, 0) % 2):
        for to, source in ((slice(1, None), slice(-1)), (slice(-1), slice(1, None))):
            free = marks[to][..., 3] == 0
            marks[to][free] = marks[source][free]
    return marks


def _over(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """One layer on another, neither premultiplied."""
    above = upper[..., 3:] / 255
    below = lower[..., 3:] / 255 * (1 - above)
    total = above + below
    colour = upper[..., :3] * above + lower[..., :3] * below
    colour /= np.where(total > 0, total, 1)
    return np.concatenate([colour, 255 * total], axis=2)


def _stacked(body, edge, marks, starting, rows: _Rows, scale: float) -> np.ndarray:
    """Rows of lanes → rows of pixels, with marks above each lane and a gap below."""
    n_rows, width = body.shape[:2]
    y = np.arange(rows.height)
    row_of_y = np.searchsorted(rows.edges, y, side="right") - 1
    within = (row_of_y >= 0) & (row_of_y < n_rows)
    row_of_y = np.clip(row_of_y, 0, n_rows - 1)
    mark_px, space_px, gap_px = _heights(rows.lane_px, scale)
    down, up = y - rows.edges[row_of_y], rows.edges[row_of_y + 1] - y
    is_mark = within & (down < mark_px)
    is_body = within & (down >= mark_px + space_px) & (up > gap_px)
    layers = [np.zeros((1, width, 4)), body, marks, edge]
    source = np.where(is_body, 1 + row_of_y, 0)  # 0 is transparent
    source = np.where(is_mark, 1 + n_rows + row_of_y, source)
    is_edge = (
        is_body & (up <= gap_px + round(_EDGE_PX * scale)) & (space_px + mark_px > 0)
    )
    source = np.where(is_edge, 1 + 2 * n_rows + row_of_y, source)
    pixels = np.rint(np.concatenate(layers)).astype(np.uint8)
    picture = pixels.view(np.uint32)[source, :, 0].view(np.uint8)
    picture = picture.reshape(rows.height, width, 4)
    if starting.any():
        period, line = max(4, round(7 * scale)), max(1, round(1.5 * scale))
        hatch = (np.arange(width) + y[:, None]) % period < line
        picture[hatch & is_body[:, None] & starting[row_of_y]] = STARTUP_LINES
    return picture


def _heights(lane_px: float, scale: float) -> tuple[int, int, int]:
    """Of the marks, of what sets them off from their lane, of the gap below it; px."""
    if lane_px < _LANE_WITH_GAP * scale:
        return 0, 0, 0
    if lane_px < _LANE_WITH_MARKS * scale:
        return 0, 0, max(1, round(0.18 * lane_px))
    low, high = (bound * scale for bound in _MARK_HEIGHTS)
    mark = round(min(max(0.16 * lane_px, low), high))
    space = round(scale) if lane_px >= 14 * scale else 0
    gap = max(1, round(min(0.06 * lane_px, 3 * scale)))
    return mark, space, gap
