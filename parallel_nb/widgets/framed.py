"""A picture that changes, with the words that stand in for it.

Knows the two widgets that show them and how a page tells them to those who do not see;
refuses to know what they say.
"""

from __future__ import annotations

import ipywidgets
from traitlets import Unicode

from ..draw import markup

_CAPTION = (
    '<p role="status" style="margin:2px 0 8px;line-height:1.4;font-size:12px;'
    'max-width:90ch;overflow-wrap:anywhere">{}</p>'
)


class Picture(ipywidgets.Image):
    """An Image with a name for screen readers.

    The page names an Image by its tooltip, if it has a description, which an Image has
    not.
    """

    description = Unicode("").tag(sync=True)


class Framed(ipywidgets.VBox):
    """A picture above its caption; `show` replaces both.

    Parameters
    ----------
    name : str
        What the picture is, for those who do not see it: the caption says the rest.
    """

    def __init__(self, name: str):
        self.picture = Picture(format="png", tooltip=name)
        self.picture.layout = {
            "max_width": "100%",
            "margin": "0",  # beside which 100 % would be too wide
            "object_fit": "contain",
        }
        self.caption = ipywidgets.HTML()
        self.words = ""
        self._size = None
        # Before there is a picture, a page would show that one is lacking.
        layout = {"width": "100%", "display": "none"}
        super().__init__([self.picture, self.caption], layout=layout)

    def show(self, image: bytes, size: tuple[int, int], words: str) -> None:
        """Replace the picture, a PNG file of so many CSS pixels, and its words."""
        if size != self._size:
            self._size, self.layout.display = size, ""
            self.picture.layout.width = f"{size[0]}px"
            # Height follows where the page is narrower than the picture.
            self.picture.layout.height = "auto"
        self.picture.value = image
        self.words = words
        self.caption.value = _CAPTION.format(markup.text(words))

    def kept(self) -> str:
        """The picture and its words as HTML that needs no kernel."""
        if self._size is None:
            return ""
        style = f"width:{self._size[0]}px;max-width:100%"
        image = markup.image(self.picture.value, self.words, style=style)
        return (
            f'<figure style="margin:0">{image}'
            f"<figcaption>{markup.text(self.words)}</figcaption></figure>"
        )
