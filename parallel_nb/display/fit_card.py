"""A Fit on a card: one law's parameters, what follows, what the data cannot say.

Knows what to read first about a Fit; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, palette
from ..fitting.estimates import three_digits
from . import sheet
from .sweep_card import picture


def parts(fit) -> list[str]:
    """The pieces of the card."""
    derived = [name for name in fit.estimates if name not in fit.law.names]
    return [
        sheet.head(fit.law.label, _size(fit)),
        f"<p>{markup.text(fit.law.formula)}</p>",
        sheet.warnings(fit.warnings),
        picture(fit.sweep, fit, further(fit)),
        sheet.section("Parameters", [line(fit[name]) for name in fit.law.names]),
        sheet.section("What follows", [line(fit[name]) for name in derived]),
        sheet.next_steps(
            "fit.parameters", "fit.predict([16, 32])", "fit.next_measurements()"
        ),
    ]


def line(estimate) -> str:
    """One estimate, with its interval or why there is none; HTML."""
    name = f"<code>{markup.text(estimate.name)}</code>"
    interval = ""
    if estimate.low == estimate.low:
        low, high = three_digits(estimate.low), three_digits(estimate.high)
        interval = f" (95 %: {low} to {high})"
    if estimate.identified:
        told = f"<b>{three_digits(estimate.value)}</b>{interval}: {estimate.meaning}"
        return sheet.marked("✓", palette.GREEN, f"{name} {told}")
    told = f"<b>not identified</b>{interval}: {markup.text(estimate.reason)}"
    return sheet.marked("?", palette.GREY, f"{name} {told}")


def further(fit) -> int:
    """Up to where to draw: half as far again as was measured."""
    last = int(fit.sweep.n_workers[-1])
    return last + max(1, last // 2)


def _size(fit) -> str:
    n, p = len(fit.deviations), len(fit.vector)
    told = f"{n} measurements · {p} parameter{'s' * (p != 1)} · {fit.noise} noise"
    return f"{told} · R² {fit.r2:.3f}"
