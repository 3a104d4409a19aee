"""Fits in words: the verdict, and a table for a terminal.

Knows which number answers the question that a law is asked; refuses to compute any.
"""

from __future__ import annotations

import math

from .estimates import three_digits


def verdict(fits) -> str:
    """Which law, how surely, what it means, what it does not say, what to do next."""
    if not len(fits.votes["law"].dropna()):
        sentences = [_too_few(fits.sweep)]
        sentences.append(f"Measure n = {fits.next_n:,} next.")
    else:
        sentences = [_choice(fits), _meaning(fits.best)]
        told = [check.warning for check in fits.best.checks if check.warning]
        sentences += [f"But {each}." for each in told[:2]]
        sentences.append(f"Measure n = {fits.next_n:,} next{_reason(fits)}.")
    return " ".join(each for each in sentences if each)


def _too_few(sweep) -> str:
    """What two numbers of workers say, or that one says nothing."""
    counts, rate = sweep.n_workers, sweep.throughput
    if len(counts) == 1:
        return (
            "Too few measurements to choose a law: one number of workers says nothing "
            "of scaling."
        )
    first, last = (rate[sweep.n_of_each == n].mean() for n in (counts[0], counts[-1]))
    times, share = last / first, last / first / (counts[-1] / counts[0])
    return (
        f"Too few measurements to choose a law: {_workers(counts[-1])} do "
        f"{three_digits(times)} times what {_workers(counts[0])} "
        f"{'does' if counts[0] == 1 else 'do'}, {_percent(share)} of the ideal."
    )


def _workers(n) -> str:
    return "one worker" if n == 1 else f"{n:,g} workers"


def _choice(fits) -> str:
    votes = fits.votes.dropna(subset=["law"])
    label = {name: fit.law.label for name, fit in fits.items()}
    if fits.agree:
        ways = {1: "by the one test that can tell", 2: "by both tests that can tell"}
        told = ways.get(len(votes), "by all three tests")
        return f"{_capital(label[votes['law'].iloc[0]])}, {told}."
    by_law = votes.groupby("law", sort=False)["way"].agg(" and ".join)
    told = ", ".join(
        f"{ways} {'say' if ' and ' in ways else 'says'} {label[law]}"
        for law, ways in by_law.items()
    )
    return f"The tests disagree: {told}."


def _meaning(fit) -> str:
    """The answer of a law, or why there is none."""
    last = fit.sweep.n_workers[-1]
    label = fit.law.label
    if fit.law.name == "linear":
        return f"No loss shows up to n = {last:,g}."
    if fit.law.name in ("usl", "amdahl_overhead"):
        peak = fit["peak_n"]
        if peak.identified and peak.value <= min(1, fit.sweep.n_workers[0]):
            return (
                f"By {label} throughput falls from the first worker on: each further "
                "one costs more than it does."
            )
        if peak.identified:
            if fit.sweep.measure == "throughput":
                most = f"at {three_digits(fit['peak_throughput'].value)}"
            else:
                most = f"with a speedup of {three_digits(fit['peak_speedup'].value)}"
            return (
                f"By {label} throughput is highest at n = {_count(peak.value)} "
                f"({_interval(peak, _count)}), {most}, and falls beyond."
            )
        known = ""
        if 1 < peak.low < math.inf:
            known = f"; it is above n = {_count(peak.low)}"
        return f"A peak is not identified: {peak.reason}{known}."
    if fit.law.name == "amdahl":
        share, most = fit["serial_fraction"], fit["max_speedup"]
        if share.identified:
            return (
                f"By {label} {_percent(share.value)} of the work is serial "
                f"({_interval(share, _percent)}), so that no number of workers gives "
                f"more than {three_digits(most.value)}×."
            )
        return f"The serial fraction is not identified: {share.reason}{_ends(share)}."
    share = fit["scaled_serial_fraction"]
    if share.identified:
        return (
            f"By {label} only one worker works during {_percent(share.value)} of the "
            f"time ({_interval(share, _percent)})."
        )
    return f"The serial share is not identified: {share.reason}{_ends(share)}."


def _ends(share) -> str:
    """The end of the interval that says something."""
    if share.high < 1:
        return f" (at most {_percent(share.high)})"
    if share.low > 0.5:
        at_least = f"at least {_percent(share.low)}" if share.low < 1 else "all of it"
        return f" ({at_least}, so that more workers bring next to nothing)"
    return ""


def _reason(fits) -> str:
    if not fits.agree and len(fits.votes.dropna()) > 1:
        return ", where the laws differ most"
    if fits.best.law.name == "linear":
        return " to see how far it goes on"
    told = {
        "peak_n": "the peak",
        "max_speedup": "the limit",
        "scaled_serial_fraction": "the serial share",
    }
    row = fits.best.next_measurements().iloc[0]
    if not row["narrows"] > 0:
        return ""
    return (
        f": it would narrow {told.get(row['quantity'], row['quantity'])} by "
        f"{_percent(row['narrows'])}"
    )


def table(fits) -> str:
    """A table for a terminal, the votes and the verdict."""
    head = ("law", "parameters", "AICc", "leave-one-out", "votes")
    rows = [
        (
            fits[row.law].law.label,
            "; ".join(
                _parameter(fits[row.law][name]) for name in fits[row.law].law.names
            ),
            f"{row.aicc:.1f}" if row.aicc == row.aicc else "–",
            three_digits(row.loo) if row.loo == row.loo else "–",
            f"same curve as {fits[fits[row.law].law.same_curve].law.label}"
            if fits[row.law].law.same_curve in fits
            else "●" * row.votes,
        )
        for row in fits.table.itertuples()
    ]
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (head, *rows)
    ]
    skipped = [f"{name} not asked: {why}" for name, why in fits.skipped.items()]
    return "\n".join([*(line.rstrip() for line in lines), *skipped, "", fits.verdict])


def _parameter(estimate) -> str:
    if not estimate.identified:
        return f"{estimate.name} not identified"
    return f"{estimate.name} {three_digits(estimate.value)}"


def _interval(estimate, told) -> str:
    low, high = told(estimate.low), told(estimate.high)
    if low == high and told is _count:
        low, high = f"{estimate.low:.4g}", f"{estimate.high:.4g}"
    return f"95 %: {low} to {high}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(n: float) -> str:
    return three_digits(n) if n < 10 else f"{n:,.0f}"
