"""What a store adds to a run: an id, tags, and the commit that it was run at.

Knows clocks, chance and git; refuses to know where files lie.
"""

from __future__ import annotations

import dataclasses
import datetime
import secrets
import subprocess
from typing import Any

from ..runs import MISSING, Run


def new_id(run: Run | None = None) -> str:
    """An id that nobody else has: when, in UTC, and something random."""
    at = run.meta.started_at if isinstance(run, Run) else ""
    try:
        moment = datetime.datetime.fromisoformat(at).astimezone(datetime.UTC)
    except ValueError:
        moment = datetime.datetime.now(datetime.UTC)
    return f"{moment:%Y%m%dT%H%M%S%f}-{secrets.token_hex(6)}"


def described(run: Run, tags: tuple[str, ...], label: str | None) -> Run:
    """The run with these tags besides its own, and this label instead of its own."""
    meta = run.meta
    fields: dict[str, Any] = {}
    if tags:
        fields["tags"] = (*meta.tags, *(tag for tag in tags if tag not in meta.tags))
    if label is not None:
        fields["label"] = label
    if not meta.commit and meta.source != "frame" and (commit := _commit()):
        fields["commit"] = commit
    if not fields:
        return run
    return Run(
        run.attempts,
        dataclasses.replace(meta, **fields),
        results=run.results_or(MISSING) if run.has_results else None,
        tracebacks=run.tracebacks,
        edges=run.edges,
        startups=run.startups,
        details=run.details,
    )


def _commit() -> str:
    """Of the repository that the process is in; "" where there is none."""
    told = []
    for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno")):
        try:
            done = subprocess.run(
                ["git", *arguments], capture_output=True, text=True, timeout=5
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        if done.returncode:
            return ""
        told.append(done.stdout.strip())
    return told[0] + "+" * bool(told[1])
