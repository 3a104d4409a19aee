"""A run in progress in words, and as pieces of HTML.

Knows what to say and in which order; refuses to know widgets, and how anything was
found out.
"""

from __future__ import annotations

import math

from ...draw import markup, palette, wording

_STYLE = (
    "color-scheme:light;background:#fff;color:#1f2328;font-size:13px;line-height:1.45;"
    "max-width:720px"
)
_QUIET = "color:#59636e"
# For ears only: the same words are there for eyes, and change faster than one can hear.
_UNSEEN = (
    "position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;"
    "clip-path:inset(50%);white-space:nowrap"
)
STOP = "■ stops it and keeps what has finished: pnb.last_run()"


def name(watched) -> str:
    """What to call the run."""
    return wording.shortened(watched.title, 80) or "Run"


def ended(tally) -> str:
    """How many tasks have ended.

    An open end says so: nobody knows how many tasks a generator will give.
    """
    if tally.n_tasks is None:
        return f"{wording.count(tally.n_ended, 'task')} ended, more to come"
    return f"{tally.n_ended:,} of {wording.count(tally.n_tasks, 'task')} ended"


def counts(tally) -> str:
    """Tasks by status, without those that are done: failures and the like."""
    told = [f"{n:,} {s}" for s, n in tally.counts.items() if s != "done"]
    return ", ".join(told)


def pace(tally) -> str:
    """Tasks a second; a minute or an hour where they are fewer."""
    if not tally.pace:
        return ""
    units = {"s": 1, "min": 60, "h": 3600}
    unit = next((u for u, s in units.items() if tally.pace * s >= 1), "h")
    return f"{wording.number(tally.pace * units[unit])} tasks/{unit}"


def to_go(tally, waits: bool = False) -> str:
    """How long it will take yet, and between which bounds."""
    if tally.n_tasks is not None and tally.n_ended >= tally.n_tasks:
        return "nothing is left"
    found = tally.outlook()
    if found is not None:
        low, about, high = (rounded(s) for s in (found.low, found.seconds, found.high))
        if low == high:
            return f"about {about} to go"
        return f"about {about} to go (between {low} and {high})"
    if waits:
        return "time to go not known: tasks wait for each other"
    if tally.n_tasks is None:
        return "time to go not known: more tasks may come"
    return "time to go not yet known"


def rounded(seconds: float) -> str:
    """Seconds to go, no more exactly than they are known.

    Examples
    --------
    >>> [rounded(s) for s in (0.0, 0.3, 12.4, 47.2, 100.0, 4000.0)]
    ['0 s', '1 s', '13 s', '48 s', '2 min', '1 h 7 min']
    """
    seconds = math.ceil(seconds)
    if seconds < 90:
        return f"{seconds} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def sentence(watched, tally) -> str:
    """All of it, to be read out."""
    parts = [
        f"{name(watched)}: {ended(tally)} after {wording.seconds(tally.seconds)}",
        counts(tally),
        to_go(tally, watched.waits),
    ]
    return ", ".join(part for part in parts if part) + "."


def spoken(words: str) -> str:
    """HTML of words that are read out when they change, and seen by nobody."""
    return f'<p role="status" style="{_UNSEEN}">{markup.text(words)}</p>'


def page(watched, tally) -> str:
    """HTML of the numbers, beside which the lanes are painted."""
    share = tally.n_ended / tally.n_tasks if tally.n_tasks else 0.0
    who = f"{wording.count(watched.n_workers, 'worker')} ({watched.backend})"
    facts = [
        ended(tally),
        f"{wording.seconds(tally.seconds)} so far",
        pace(tally),
        to_go(tally, watched.waits),
    ]
    stop = "" if watched.in_background else f'<div style="{_QUIET}">{STOP}</div>'
    return (
        f'<div style="{_STYLE}"><b>{markup.text(name(watched))}</b> '
        f'<span style="{_QUIET}">{markup.text(who)}</span>'
        f"{_bar(share, tally)}"
        f"<div>{markup.text(' · '.join(fact for fact in facts if fact))}</div>"
        f"{_marks(tally)}{_failures(tally)}{stop}</div>"
    )


def _bar(share: float, tally) -> str:
    value = f' aria-valuenow="{100 * share:.0f}"' if tally.n_tasks else ""
    return (
        f'<div role="progressbar" aria-label="tasks ended"{value} style="height:8px;'
        'margin:6px 0;border-radius:4px;background:#e7eaee;overflow:hidden">'
        f'<span style="display:block;height:100%;width:{100 * share:.1f}%;'
        f'background:{palette.BLUE}"></span></div>'
    )


def _marks(tally) -> str:
    told = [
        f'<span aria-hidden="true" style="color:{palette.STATUS[status]};'
        f'text-shadow:0 0 1px {palette.GREY}">■</span> {n:,} {status}'
        for status, n in tally.counts.items()
    ]
    return f"<div>{' &nbsp; '.join(told)}</div>" if told else ""


def _failures(tally) -> str:
    if not tally.failures:
        return ""
    told = []
    for each in tally.failures:
        error = f": {wording.shortened(each.error, 160)}" if each.error else ""
        named = f"task {each.task} <b>{markup.text(each.name[:80])}</b> {each.status}"
        told.append(f"<div>{named}{markup.text(error)}</div>")
    more = tally.n_failures - len(tally.failures)
    if more > 0:
        told.append(f"<div>and {wording.count(more, 'more attempt')}</div>")
    return (
        f'<div style="border-left:3px solid {palette.VERMILION};margin:4px 0;'
        f'padding-left:8px;overflow-wrap:anywhere">{"".join(told)}</div>'
    )


def starting(watched) -> str:
    """What there is to say before the workers are there."""
    return f"{name(watched)}: starting {wording.count(watched.n_workers, 'worker')}."


def not_begun(watched, error: type | None) -> str:
    """What there is to say if they never were."""
    why = f": {error.__name__}" if error is not None else ""
    return f"{name(watched)}: ended before any task began{why}."


def verdict(watched, tally, error: type | None) -> str:
    """How it ended, in one line."""
    how = {
        "cancel": "cancelled",
        "wait": "ended early: enough tasks had succeeded",
        "impossible": "ended early: too few tasks could still succeed",
        "failure": "ended early by a failure",
        "deadline": "ended by its deadline",
        "interrupt": "interrupted",
    }.get(watched.ended_by, "")
    if error is not None:
        how = (
            "interrupted"
            if issubclass(error, KeyboardInterrupt)
            else f"ended by {error.__name__}"
        )
    n_done = tally.counts.get("done", 0)
    size = tally.n_tasks if tally.n_tasks is not None else watched.n_known
    told = [f"{n_done:,} of {wording.count(size, 'task')} done", counts(tally)]
    told = ", ".join(part for part in told if part)
    seconds = wording.seconds(tally.seconds)
    line = f"{name(watched)}: {told}"
    if not how:
        return f"{line} in {seconds}"
    kept = ". What had finished is kept: pnb.last_run()" if how == "interrupted" else ""
    return f"{line}; {how} after {seconds}{kept}"


def still_life(words: str, picture: bytes | None) -> str:
    """HTML that a saved notebook keeps: the words, and the lanes if there are any."""
    line = f'<p role="status" style="margin:2px 0">{markup.text(words)}</p>'
    if picture is None:
        return line
    style = "width:100%;max-width:720px"
    return f"{markup.image(picture, words, style=style)}{line}"
