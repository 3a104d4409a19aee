"""An axis of seconds for matplotlib: round moments, labels with units.

Knows matplotlib's locators and formatters; what is round and how it reads is in
`units.py`. The data stay in seconds, and the unit follows when a reader zooms in.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import Formatter, Locator

from ..runs import format_seconds
from . import units


class TimeLocator(Locator):
    """Round seconds, minutes or hours, as many as the axis has room for."""

    def __call__(self):
        """Ticks for what is in view."""
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin, vmax):
        """Moments between two others, in seconds."""
        room = self.axis.get_tick_space() if self.axis is not None else 9
        return units.time_ticks(vmin, vmax, min(max(room * 0.8, 2), 9))


class DurationFormatter(Formatter):
    """Seconds with a unit, each tick its own: for logarithmic scales."""

    def __call__(self, x, pos=None):
        """One number of seconds."""
        return format_seconds(x)


class TimeFormatter(DurationFormatter):
    """Seconds with a unit that all ticks of the axis share."""

    def format_ticks(self, values):
        """Labels of all ticks of an axis."""
        return units.time_labels(values)


def time_axis(axis) -> None:
    """Make an axis of seconds readable."""
    axis.set_major_locator(TimeLocator())
    axis.set_major_formatter(TimeFormatter())


def show_window(ax: Axes, left: float, right: float) -> None:
    """Have seconds from `left` to `right` in view, and what shares the axis as well."""
    sharing = ax.get_shared_x_axes().get_siblings(ax)
    if any(other is not ax and other.has_data() for other in sharing):
        low, high = ax.get_xlim()
        left, right = min(left, low), max(right, high)
    ax.set_xlim(left, right)
