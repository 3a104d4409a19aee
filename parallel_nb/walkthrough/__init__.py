"""Floor 7: a Run or a Sweep → a notebook that looks into it, ready to go on with.

cells.py    what is asked of a Run, what of a Sweep, by what it has
making.py   cells → a valid notebook beside its data, executed if wanted

Knows questions and the calls that answer them; refuses to know the answers.
"""

from .making import to_notebook

__all__ = ["to_notebook"]
