"""The newest Run of this process, and what Runs were made from.

Knows Runs by identity; nothing here keeps one alive but the newest.
"""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple

from ..runs import Run
from .options import Options


class Recipe(NamedTuple):
    """What a Run was made from."""

    work: Any
    inputs: Any
    options: Options


# A Run that came from elsewhere has none.
_recipes = weakref.WeakKeyDictionary()


def keep_recipe(made, work, inputs, options):
    """Know, as long as a Run is there, what it was made from."""
    _recipes[made] = Recipe(work, inputs, options)


def recipe_of(run) -> Recipe | None:
    """What a Run of this process was made from; None for any other one."""
    return _recipes.get(run)


_last = None


def remember(made):
    """Keep the newest Run for `last_run`."""
    global _last
    _last = made


def last_run() -> Run | None:
    """The newest Run of this process, also a partial one after an interrupt.

    Returns
    -------
    Run or None
        Of `run`, `start`, `rerun` or a sweep, whichever ended last; None if there was
        none yet.

    Examples
    --------
    After a cell whose Run nobody kept, or after ■ (Ctrl-C):

    >>> from parallel_nb import run
    >>> _ = run(abs, [-1, 2], backend="sequential", label="forgotten")
    >>> last_run().meta.label, last_run().results
    ('forgotten', [1, 2])
    """
    return _last
