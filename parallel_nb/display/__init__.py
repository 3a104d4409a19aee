"""Floor 7: how results show themselves in a notebook.

register(shell)   IPython then shows every type that has a card as one
bundle(shown)     what a notebook keeps of it: one line of text, and the card
card(shown)       the card: a sheet of HTML that needs no other file

Knows which type has which card; the files beside this one know what is on it, and
refuse to know numbers, which the shown object has, and pixels, which come from `draw`.
Types are registered by name, so nothing is imported for a type that nobody shows.
"""

from __future__ import annotations

import sys
from importlib import import_module

from ..errors import ArgumentError

# By a type's module and name: the file whose `parts` are what is on its card.
_CARDS = {
    ("parallel_nb.runs", "Run"): "run_card",
    ("parallel_nb.planning.plans", "Plan"): "plan_card",
    ("parallel_nb.engine.recording", "Log"): "log_card",
    ("parallel_nb.engine.observation.results", "Observation"): "observation_card",
    ("parallel_nb.engine.starting", "Handle"): "handle_card",
    ("parallel_nb.sweeps", "Sweep"): "sweep_card",
    ("parallel_nb.fitting.fits", "Fit"): "fit_card",
    ("parallel_nb.fitting.choosing", "Fits"): "fits_card",
    ("parallel_nb.accounting.ledgers", "Ledger"): "ledger_card",
    ("parallel_nb.diagnosis.results", "Findings"): "findings_card",
    ("parallel_nb.comparison.results", "Comparison"): "comparison_card",
    ("parallel_nb.comparison.past", "History"): "history_card",
}


def register(shell=None) -> bool:
    """Have results show themselves as cards.

    Parameters
    ----------
    shell : InteractiveShell, optional
        Default: the running one. None is looked for, and nothing is imported, where
        IPython is not loaded.

    Returns
    -------
    bool
        Whether there was a shell to tell.
    """
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return False
    bundles = shell.display_formatter.mimebundle_formatter
    for module, name in _CARDS:
        bundles.for_type_by_name(module, name, bundle)
    return True


def bundle(shown, include=None, exclude=None) -> dict[str, str]:
    """What a notebook keeps: one line of text, and the card."""
    return {"text/plain": repr(shown), "text/html": card(shown)}


def card(shown) -> str:
    """A result on one sheet: what it is, a picture, what to know, where to go on.

    Parameters
    ----------
    shown : Run, Plan, Log, Observation, Handle, Ledger, Findings, Sweep, Fit or Fits

    Returns
    -------
    str
        HTML that needs no other file.

    Raises
    ------
    ArgumentError
        If there is no card for its type.
    """
    for kind in type(shown).__mro__:
        file = _CARDS.get((kind.__module__, kind.__name__))
        if file is not None:
            parts = import_module(f"{__name__}.{file}").parts
            return import_module(f"{__name__}.sheet").sheet(parts(shown))
    known = ", ".join(name for _, name in _CARDS)
    raise ArgumentError(
        f"`shown` must be one of {known}; got {type(shown).__name__}, which has no card"
    )
