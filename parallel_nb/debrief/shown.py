"""A report's text, which a notebook shows as what it says.

Knows what notebooks ask an object for; refuses to know what is in it.
"""

from __future__ import annotations


class MarkdownReport(str):
    """A text of markdown, and in everything else a string.

    Examples
    --------
    >>> text = MarkdownReport("# Report")
    >>> text == "# Report", text._repr_markdown_()
    (True, '# Report')
    """

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


class HtmlReport(str):
    """A text of HTML, and in everything else a string."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)
