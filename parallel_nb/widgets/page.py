"""A widget that a saved notebook shows although no kernel is there.

Knows what a notebook keeps of a widget beside its live view; refuses to know what is in
it.
"""

from __future__ import annotations

import ipywidgets

from ..draw import markup

LABELLED = {"description_width": "initial"}  # labels are never cut off
CHECKED = {"indent": False, "layout": {"width": "auto", "margin": "2px 12px 2px 2px"}}
_WIDE = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


class Page(ipywidgets.VBox):
    """Controls and pictures; `_kept` is their still life.

    Parameters
    ----------
    name : str
        What it is, in a few words: all that a terminal shows of it.
    """

    def __init__(self, name: str, children):
        self._name = name
        super().__init__(children, layout={"width": "100%", "max_width": "980px"})

    def __repr__(self):
        return f"<{self._name}>"

    def _kept(self) -> list[str]:
        """Pieces of HTML that stand in for the widget without a kernel."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = super()._repr_mimebundle_()
        title = f"<p><b>{markup.text(self._name)}</b></p>"
        shown["text/plain"] = repr(self)
        shown["text/html"] = "".join([title, *self._kept()])
        return shown


def row(*controls) -> ipywidgets.Box:
    """Controls beside each other, on several lines where the page is narrow."""
    return ipywidgets.Box(controls, layout=_WIDE)


def status(words: str) -> str:
    """HTML of a line that is read out when it changes."""
    return f'<p role="status" style="margin:4px 0;line-height:1.45">{words}</p>'
