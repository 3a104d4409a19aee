"""What recording costs: ``python -m tests.benchmarks.overhead``.

Runs the sections, keeps every timing in a file, prints tables with bars and verdicts.
Knows the command line; what is measured and what it means is known elsewhere.

Takes about ten minutes on two cores that do nothing else; ``--quick`` takes less than
one and says only that everything works.
"""

import argparse
import contextlib
import gc
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from . import showing, tables
from .sections import COLUMNS, ROOT, SECTIONS, Plan

_LIBRARIES = (
    "parallel-nb",
    "joblib",
    "loky",
    "numpy",
    "pandas",
    "scikit-learn",
    "mpire",
    "pebble",
    "distributed",
)


def main(arguments=None):
    """Measure, save, show."""
    asked = _parser().parse_args(arguments)
    if asked.read is not None:
        rows = load(asked.read)
    else:
        rows = measure(asked)
    if rows.empty:
        print("nothing was measured")
        return
    lines = tables.summarise(rows)
    show = showing.markdown if asked.markdown else showing.text
    print(f"\n{circumstances(rows)}\n")
    print(show(lines))
    if not tables.is_smoke(rows):
        print(f"\n{showing.missed(lines)}")
    for doubt in tables.doubts(rows):
        print(f"Beware: {doubt}.")


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.overhead",
        description="What recording costs, against plain joblib and other engines.",
    )
    parser.add_argument(
        "--pairs", type=int, metavar="N", help="pairs of timings (default: 9)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one pair, few tasks: does it all work?"
    )
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, help="these sections instead of all"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="for every timing; .parquet or .csv (default: a new one in .benchmarks)",
    )
    parser.add_argument(
        "--read", type=Path, metavar="FILE", help="show such a file; measure nothing"
    )
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--seed", type=int, default=0, help="decides who goes first")
    return parser


def measure(asked) -> pd.DataFrame:
    """Every timing of the sections asked for; saved whatever happens meanwhile."""
    out = asked.out or _default_out()
    plan = Plan(
        n_pairs=asked.pairs or (1 if asked.quick else tables.LEAST_PAIRS),
        share=0.05 if asked.quick else 1.0,
        rng=np.random.default_rng(asked.seed),
        say=_say,
    )
    facts = {"n_pairs": plan.n_pairs, "share": plan.share, **_facts()}
    rows = []
    try:
        for name in asked.only or SECTIONS:
            # What is there to stay need not be looked at before each timing.
            gc.collect()
            gc.freeze()
            for row in SECTIONS[name](plan):
                rows.append({**row, "load": os.getloadavg()[0], **facts})
    except KeyboardInterrupt:
        _say("interrupted")
    finally:
        frame = pd.DataFrame(rows, columns=[*COLUMNS, "load", *facts])
        save(frame, out)
        _say(f"{len(frame)} timings are in {out}")
    return frame


_began = time.monotonic()


def _say(line):
    print(f"{time.monotonic() - _began:6.1f} s  {line}", file=sys.stderr, flush=True)


def _facts():
    """What is the same for every timing of a measurement."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[library] = metadata.version(library)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "system": platform.platform(),
        "cpu_count": joblib.cpu_count(),
        "versions": json.dumps(found),
    }


def circumstances(rows: pd.DataFrame) -> str:
    """Where, when and with what the timings were made, in two lines."""
    first = rows.iloc[0]
    found = json.loads(first["versions"])
    libraries = ", ".join(f"{name} {version}" for name, version in found.items())
    return (
        f"{first['when']} on {first['system']}, {first['cpu_count']} cores, load "
        f"{rows['load'].min():.1f} to {rows['load'].max():.1f}, "
        f"pairs: {first['n_pairs']}\n{libraries}"
    )


def _default_out():
    folder = ROOT / ".benchmarks"
    folder.mkdir(exist_ok=True)
    # The folder keeps itself out of the repository.
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder / f"overhead-{datetime.now(UTC):%Y%m%d-%H%M%S}.parquet"


def save(rows: pd.DataFrame, path: Path):
    """Write rows as CSV or Parquet, by the name's end."""
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path, index=False)


def load(path: Path) -> pd.DataFrame:
    """Rows that `save` wrote."""
    if path.suffix == ".csv":
        texts = ["section", "at", "ours", "theirs", "side"]
        rows = pd.read_csv(path, dtype=dict.fromkeys(texts, "str"))
        return rows.fillna(dict.fromkeys(texts, ""))
    return pd.read_parquet(path)


if __name__ == "__main__":
    main()
