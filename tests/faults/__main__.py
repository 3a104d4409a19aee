"""Causes every fault in every backend: ``python -m tests.faults``.

Writes docs/faults.md from what happened, the whole of it, and the README's short form
to stdout. Takes some five minutes on two cores that nobody else uses.
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from .catalogue import BACKENDS, BY_CHANCE, FAULTS, all_cells
from .document import page, short
from .engines import CLUSTERS
from .playing import N_NURSERIES, ROOT, outcomes

PAGE = ROOT / "docs" / "faults.md"


def main(arguments=None):
    """Play, tell, write; the exit code says whether all promises were kept."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        versions = _versions(asked.backend or BACKENDS)
    except PackageNotFoundError as error:
        parser.error(f"{error}. Try: pip install -e '.[test]'; or choose by --backend")
    cells = [
        (fault, backend)
        for fault, backend in all_cells()
        if backend in (asked.backend or BACKENDS)
        and (not asked.fault or any(word in fault for word in asked.fault))
    ]
    found = []
    for outcome in outcomes(cells, n=asked.nurseries):
        found.append(outcome)
        print(_line(outcome), file=sys.stderr, flush=True)
    n_broken = sum(not _is_kept(outcome) for outcome in found)
    print(f"{len(found)} cells, {n_broken} unlike promised", file=sys.stderr)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(o) for o in found], indent=1))
    if len(found) == len(all_cells()):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(found, versions), encoding="utf-8")
        print(short(found))
    return 1 if n_broken else 0


def _is_kept(outcome):
    cell = outcome.fault, outcome.backend
    promise = FAULTS[outcome.fault].promises[outcome.backend]
    return outcome.word in (promise, BY_CHANCE.get(cell))


def _versions(backends):
    """Of what these backends are made of, as in a sentence."""
    packages = ["joblib", "loky", *(CLUSTERS[b] for b in backends if b in CLUSTERS)]
    found = [f"{name} {version(name)}" for name in packages]
    return ", ".join([f"Python {platform.python_version()}", *found])


def _line(outcome):
    told = f"{outcome.fault:28} {outcome.backend:16} {outcome.word:34}"
    told += f"{outcome.seconds:6.2f} s"
    if outcome.recovery is not None:
        told += f", recovered after {outcome.recovery:.2f} s"
    if not _is_kept(outcome):
        promise = FAULTS[outcome.fault].promises[outcome.backend]
        told += f"\n    promised: {promise}\n    {outcome}"
    return told


def _parser():
    from pathlib import Path

    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="What each backend does in each fault. The page is written only "
        "when nothing is left out.",
    )
    parser.add_argument("--backend", nargs="+", choices=BACKENDS)
    parser.add_argument(
        "--fault", nargs="+", metavar="WORD", help="those whose name has such a word"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="all outcomes, too")
    parser.add_argument(
        "--nurseries", type=int, default=N_NURSERIES, help="cells played side by side"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
