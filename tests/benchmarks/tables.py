"""From rows of timings to lines with an estimate, a bar and a verdict.

Knows what each section's numbers mean and which bars were set; refuses to know how
timings are made. Everything shown comes from the rows, so a saved file can be shown
again.
"""

import math

import pandas as pd

from . import lengths, peers
from .measuring import estimate, verdict
from .sections import N_WORKERS, ONE_AT_A_TIME, OURS, THEIRS

NAN = math.nan
LEAST_PAIRS = 9
_LENGTHS = {length.name: length for length in lengths.LENGTHS}
_ISOLATING = {peer.name for peer in peers.PEERS if peer.is_isolating}

TITLES = {
    "plain": "Recorded by run() / plain joblib.Parallel, results in hand",
    "ideal": "Makespan / (sum of durations / workers), tasks of 1 ms and more",
    "peers": "Isolated lanes / other engines, 2 workers",
    "skewed": "200 Pareto-distributed sleeps, 8 workers: makespan / lower bound",
    "recording": "record() around a scikit-learn grid search / without",
    "journal": "With journal=, every attempt on disk within a second / without",
    "frame": "The frame of a large run",
    "starts": "Starting up",
}
NOTES = {
    "ideal": "recorded: first submission to last end; outside: around the whole call",
    "peers": "no bar where one task that raises costs the others their results",
    "skewed": "bound: the larger of (sum of durations / workers) and the longest",
}


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """One line a comparison, in the order of `TITLES`.

    Returns
    -------
    DataFrame
        ``section``; ``at`` (the tasks' length); ``what`` is compared; ``n_tasks``;
        ``ours``, ``theirs`` (medians) in ``unit``; ``median``, ``low``, ``high`` of
        what is judged, in ``judged_in``; ``n`` values behind it; ``bar``; ``verdict``;
        ``floor``, the ratio of an engine that costs nothing; ``frame`` (s);
        ``framed``, the median with that.
    """
    found = []
    for section in TITLES:
        source = rows[rows["section"] == ("plain" if section == "ideal" else section)]
        for key, group in source.groupby(["ours", "theirs", "at"], sort=False):
            found += _MAKERS[section](*key, group)
    columns = list(_line("", "", [1.0]))
    lines = pd.DataFrame(found, columns=columns)
    if is_smoke(rows):
        lines["verdict"] = ""
    return lines


def is_smoke(rows: pd.DataFrame) -> bool:
    """Whether the batches were too short for bars to mean anything."""
    return bool((rows["share"] < 1).any())


def _line(
    section,
    what,
    values,
    *,
    at="",
    n_tasks=NAN,
    ours=NAN,
    theirs=NAN,
    unit="s",
    judged_in="x",
    bar=NAN,
    floor=NAN,
    frame=NAN,
    framed=NAN,
):
    found = estimate(values)
    return {
        "section": section,
        "at": at,
        "what": what,
        "n_tasks": n_tasks,
        "ours": ours,
        "theirs": theirs,
        "unit": unit,
        "median": found.median,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "judged_in": judged_in,
        "bar": bar,
        "verdict": verdict(found, bar),
        "floor": floor,
        "frame": frame,
        "framed": framed,
    }


def _of(group, side, column="seconds"):
    """A column of one side, by pair."""
    return group[group["side"] == side].set_index("pair")[column]


def _versus(section, ours, theirs, at, group, bar):
    """A line of ours / theirs, the ratios taken pair by pair."""
    ours_seconds, theirs_seconds = _of(group, OURS), _of(group, THEIRS)
    frame = _of(group, OURS, "frame")
    with_frame = ours_seconds + frame
    n_tasks, floor = group["n_tasks"].iloc[0], NAN
    if at:
        at_once = 1 if ours in ONE_AT_A_TIME else N_WORKERS
        floor = n_tasks * _LENGTHS[at].seconds / at_once / theirs_seconds.median()
    return _line(
        section,
        f"{ours} / {theirs}",
        ours_seconds / theirs_seconds,
        at=at,
        n_tasks=n_tasks,
        ours=ours_seconds.median(),
        theirs=theirs_seconds.median(),
        bar=bar,
        floor=floor,
        frame=frame.median(),
        framed=(with_frame / theirs_seconds).median(),
    )


def _plain(ours, theirs, at, group):
    is_halved = _LENGTHS[at].is_tiny and ours != "sequential"
    return [_versus("plain", ours, theirs, at, group, 0.5 if is_halved else 1.0)]


def _peers(ours, theirs, at, group):
    bar = 1.0 if theirs in _ISOLATING else NAN
    return [_versus("peers", ours, theirs, at, group, bar)]


def _recording(ours, theirs, at, group):
    return [_versus("recording", ours, theirs, at, group, 1.02)]


def _journal(ours, theirs, at, group):
    return [_versus("journal", ours, theirs, at, group, NAN)]


def _ideal(ours, theirs, at, group):
    if not _LENGTHS[at].is_worth_a_worker:
        return []
    own = group[group["side"] == OURS]
    ideal = own["work"] / own["n_workers"]
    common = {
        "at": at,
        "n_tasks": own["n_tasks"].iloc[0],
        "theirs": ideal.median(),
        "bar": 1.05,
    }
    return [
        _line(
            "ideal",
            f"{ours}, {name}",
            own[column] / ideal,
            ours=own[column].median(),
            **common,
        )
        for name, column in (("recorded", "makespan"), ("outside", "seconds"))
    ]


def _skewed(ours, theirs, at, group):
    own = group[group["side"] == OURS].set_index("pair")
    bound = (own["work"] / own["n_workers"]).clip(lower=own["span"])
    bar = 1.02 if theirs else NAN
    shown = [
        (f"{ours}, recorded", own["makespan"], bar),
        (f"{ours}, outside", own["seconds"], bar),
    ]
    if theirs:
        shown.append((f"{theirs}, outside", _of(group, THEIRS), NAN))
    return [
        _line(
            "skewed",
            what,
            seconds / bound,
            n_tasks=group["n_tasks"].iloc[0],
            ours=seconds.median(),
            theirs=bound.median(),
            bar=bar,
        )
        for what, seconds, bar in shown
    ]


def _frame(ours, theirs, at, group):
    n_tasks = group["n_tasks"].iloc[0]
    # The bars are for a million attempts; a smoke run has fewer.
    share = n_tasks / 1e6
    common = {"n_tasks": n_tasks, "judged_in": "s"}
    if ours != "run":
        return [_line("frame", ours, group["seconds"], bar=2 * share, **common)]
    return [
        _line(
            "frame",
            "memory of an attempt",
            group["n_bytes"] / n_tasks,
            n_tasks=n_tasks,
            judged_in="B",
            bar=150,
        ),
        _line(
            "frame",
            "from the last result to run.tasks",
            group["after_last"],
            bar=share,
            **common,
        ),
        _line("frame", "all of run()", group["seconds"], **common),
    ]


def _starts(ours, theirs, at, group):
    return [
        _line(
            "starts",
            f"{ours} − {theirs}",
            _of(group, OURS) - _of(group, THEIRS),
            ours=_of(group, OURS).median(),
            theirs=_of(group, THEIRS).median(),
            judged_in="s",
            bar=0.05,
        )
    ]


_MAKERS = {
    "plain": _plain,
    "ideal": _ideal,
    "peers": _peers,
    "skewed": _skewed,
    "recording": _recording,
    "journal": _journal,
    "frame": _frame,
    "starts": _starts,
}


def doubts(rows: pd.DataFrame) -> list[str]:
    """What should keep a reader from trusting the rows, in sentences."""
    found = []
    warm = rows[rows["section"].isin(["plain", "peers"]) & (rows["ours"] == "isolated")]
    n_cold = int((warm["n_started"] > 0).sum())
    if n_cold:
        found.append(f"{n_cold} timings of warm isolated lanes started processes")
    if is_smoke(rows):
        found.append("a smoke run, bars were not judged")
    elif rows["n_pairs"].min() < LEAST_PAIRS:
        found.append(f"fewer than {LEAST_PAIRS} pairs")
    return found
