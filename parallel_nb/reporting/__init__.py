"""Floor 7: Runs and Sweeps → one page of HTML that needs no network and no other file.

making.py        `to_html`
page.py          frame, tables, pictures
of_run.py        one Run
side_by_side.py  several
of_sweep.py      a Sweep
"""

from .making import to_html

__all__ = ["to_html"]
