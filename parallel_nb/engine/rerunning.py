"""`rerun`: what a run left undone, and one Run of both.

Knows which tasks are to be done again; `jobs` does them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

import numpy as np

from .. import schema
from ..errors import ArgumentError
from ..runs import Run
from .earlier import Earlier
from .jobs import Job
from .options import JOURNAL, Options, journal_to_resume
from .remembering import recipe_of


def rerun(run: Run, only: str | Iterable[str] = "failed", **options) -> Run:
    """One Run of what a run did and of what it left undone, which is executed now.

    Parameters
    ----------
    run : Run
        From this process: it knows its functions and inputs. Of inputs that came from a
        generator, those are known that had been read.
    only : str or iterable of str
        ``"failed"`` for every task that is not done, or statuses to choose from:
        ``"timeout"``, ``["crashed", "cancelled"]``.
    **options
        As for `run`, in place of what the run had: other workers, a longer `timeout`,
        more `retries`.

    Returns
    -------
    Run
        Its results are those of both. Times go on where the earlier run ended: the
        pause between the two is no part of it, and a note says so.

    Raises
    ------
    ArgumentError
        If the Run comes from a file or another tool, if nothing is left to be done, or
        if a task needs the result of one that is neither done nor chosen.

    Examples
    --------
    >>> from parallel_nb.engine.running import run as execute
    >>> asked = []
    >>> def once_in_vain(x):
    ...     asked.append(x)
    ...     return 1 / (asked.count(x) - 1) if x == 2 else float(x)
    >>> first = execute(once_in_vain, [1, 2], backend="sequential")
    >>> rerun(first).results
    [1.0, 1.0]
    """
    if not isinstance(run, Run):
        raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}")
    recipe = recipe_of(run)
    if recipe is None:
        raise ArgumentError(
            "`run` must come from run() or start() in this process: a Run from a file "
            "or another tool holds no functions. To go on with a run that was "
            "interrupted, keep a journal: run(…, journal=path), then "
            "run(…, resume=path)"
        )
    status = run.tasks[schema.STATUS].astype("str").to_numpy()
    is_left = _chosen(status, only)
    if not is_left.any():
        raise ArgumentError(
            "nothing is left to be done: "
            + (
                "all tasks are done"
                if (status == "done").all()
                else "no task is " + " or ".join(_listed(only))
            )
        )
    earlier = Earlier(run, np.arange(len(status)), len(status), is_left)
    _check_needs(run, status, is_left)
    kept = {each.name for each in fields(Options) if each.init}
    unknown = set(options) - kept
    if unknown:
        raise ArgumentError(f"rerun() has no argument {min(unknown)!r}")
    journal = recipe.options.journal or journal_to_resume(recipe.options)
    if run.meta.ended_by == "wait":
        options.setdefault("wait", "all")  # enough for that had succeeded
    options = {"journal": _journal(recipe.options, options), "resume": None, **options}
    renewed = replace(recipe.options, **options)
    if renewed.keep_results and not run.has_results and not is_left.all():
        raise ArgumentError(
            "`keep_results=True` cannot be: the run kept no results of what it had done"
        )
    job = Job(recipe.work, recipe.inputs, renewed, earlier, replaces=journal)
    return job.execute(None)


def _journal(had, options):
    """Where the journal is to be, if nothing is said of it: as it was, or by `path`."""
    if had.resume and had.journal is None:
        return journal_to_resume(had)
    if had.is_stores_journal:
        return None  # the store has its Run, and is asked for another one
    by_path = had.path is not None and had.journal == had.path + JOURNAL
    if "path" in options and (by_path or had.journal is None):
        return None
    return False if had.journal is None else had.journal


def _listed(only):
    return [only] if isinstance(only, str) else list(only)


def _chosen(status, only):
    """Which tasks are to be done again."""
    if only == "failed":
        return status != "done"
    allowed = [each for each in schema.STATUSES if each != "done"]
    for each in _listed(only):
        if each not in allowed:
            raise ArgumentError(
                f"`only` must be 'failed' (all that is not done) or statuses: "
                f"{', '.join(map(repr, allowed))}; got {each!r}"
            )
    return np.isin(status, _listed(only))


def _check_needs(run, status, is_left):
    """Who is chosen must not need who is neither done nor chosen."""
    edges, names = run.edges, run.tasks[schema.NAME]
    for task, after in edges.itertuples(index=False):
        if is_left[task] and not is_left[after] and status[after] != "done":
            raise ArgumentError(
                f"{names[task]!r} comes after {names[after]!r}, which is "
                f"{status[after]} and would not be done again: choose both"
            )
