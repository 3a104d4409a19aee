"""Pictures and numbers as pieces of HTML.

Knows tags, escaping and alternative text; refuses to know style sheets and pages. Each
piece makes sense without its style, as some viewers of notebooks leave that out.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode

from ..tasks.printed import plain
from . import palette

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CODE = re.compile("`([^`]+)`")


def text(words) -> str:
    r"""Words that a page shows as they are, whatever is in them.

    Codes for terminals are left out; what cannot be encoded or shown is a question
    mark.

    Examples
    --------
    >>> text("\x1b[31m<b>\x1b[0m & \0")
    '&lt;b&gt; &amp; ?'
    """
    words = str(words).encode("utf-8", "replace").decode("utf-8")
    return html.escape(_CONTROL.sub("?", plain(words)), quote=True)


def prose(words) -> str:
    """Sentences in which what stands between backticks is code.

    Examples
    --------
    >>> prose("`a < b`, not `a")
    '<code>a &lt; b</code>, not `a'
    """
    return _CODE.sub(r"<code>\1</code>", text(words))


def image(png: bytes, alt: str, *, style: str = "") -> str:
    """An image that carries its own data and the words that stand in for it.

    Examples
    --------
    >>> image(b"...", "Dots")
    '<img alt="Dots" src="data:image/png;base64,Li4u">'
    """
    data = b64encode(png).decode("ascii")
    styled = f' style="{style}"' if style else ""
    return f'<img alt="{text(alt)}" src="data:image/png;base64,{data}"{styled}>'


def facts(rows) -> str:
    """A description list of `wording.Fact`."""
    items = "".join(
        f'<div title="{text(row.meaning)}"><dt>{text(row.name)}</dt> '
        f"<dd>{text(row.text)}</dd></div>"
        for row in rows
    )
    return f"<dl>{items}</dl>"


def status_counts(numbers: dict) -> str:
    """A list of how many tasks have which status, with the colours of the pictures.

    Parameters
    ----------
    numbers : dict
        The row of `run.summary()`, by column.
    """
    mark = (
        '<li><span aria-hidden="true" style="color:{};text-shadow:0 0 1px {}">■</span>'
    )
    items = "".join(
        f"{mark.format(colour, palette.GREY)} {numbers[status]:,} {status}</li>"
        for status, colour in palette.STATUS.items()
        if numbers[status]
    )
    return f"<ul>{items}</ul>" if items else ""
