"""A widget that a saved notebook shows although no kernel is there.

Knows what a notebook keeps of a widget beside its live view; refuses to know what is in
it.
"""

from __future__ import annotations

import ipywidgets
from IPython.display import display

from ..draw import markup
from . import spoken

LABELLED = {"description_width": "initial"}  # labels are never cut off
CHECKED = {"indent": False, "layout": {"width": "auto", "margin": "2px 12px 2px 2px"}}
# Buttons of one choice have their label above them: what is beside is on their line.
_WIDE = {"flex_flow": "row wrap", "align_items": "flex-end", "width": "100%"}


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
        self.add_class(spoken.LIVE)
        self.add_class(f"pnb-{self.model_id}")

    def __repr__(self):
        return f"<{self._name}>"

    def _kept(self) -> list[str]:
        """Pieces of HTML that stand in for the widget without a kernel."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = super()._repr_mimebundle_()
        shown["text/plain"] = repr(self)
        shown["text/html"] = self._still()
        return shown

    def _still(self) -> str:
        """HTML of it as it is now."""
        title = f"<p><b>{markup.text(self._name)}</b></p>"
        return "".join([title, *self._kept()])

    def _ipython_display_(self):
        """Show it twice: alive, and as a picture that is hidden where it is alive.

        Of one output with both, readers take what is alive even where it cannot live:
        nbconvert on a page without a network, JupyterLab without a kernel.
        """
        alive = self._repr_mimebundle_()
        del alive["text/html"]
        display(alive, raw=True)
        kept = f"pnb-kept-{self.model_id}"
        live = f"body:has(.pnb-{self.model_id})"
        style = (
            f"<style>{live} .{kept},{live} .jp-OutputArea-child:has(.{kept})"
            "{display:none}</style>"
        )
        still = f'{style}<div class="{kept}">{self._still()}</div>{spoken.SCRIPT}'
        display({"text/html": still, "text/plain": ""}, raw=True)


def row(*controls) -> ipywidgets.Box:
    """Controls beside each other, on several lines where the page is narrow."""
    return ipywidgets.Box(controls, layout=_WIDE)


def status(words: str) -> str:
    """HTML of a line that is read out when it changes."""
    return f'<p role="status" style="margin:4px 0;line-height:1.45">{words}</p>'
