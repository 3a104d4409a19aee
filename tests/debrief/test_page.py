"""HTML: a fragment that nests, loads nothing and shows words as they are."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb.debrief.document import (
    Bullets,
    Code,
    Column,
    Entries,
    Facts,
    Paragraph,
    Section,
    Share,
    Strong,
    Table,
    Verbatim,
)
from parallel_nb.debrief.page import page

from .reading import Reader

TAGS = {
    *("style", "article", "section", "h2", "h3", "h4", "p", "pre", "ul", "li", "dl"),
    *("dt", "dd", "div", "b", "table", "thead", "tbody", "tr", "th", "td", "span", "i"),
    *("code", "strong"),
}


def everything(text):
    """A report in which every place holds the same words."""
    facts = Facts(((text, text),))
    table = Table(
        (Column(text), Column("n", is_number=True)),
        ((text, Share(text, 0.5)), (Strong(text), (text, Code("x")))),
    )
    blocks = (
        Paragraph((text, Strong(text))),
        Verbatim(text),
        Bullets((text,)),
        facts,
        Entries(((text, facts),)),
        table,
    )
    return Section(text, (*blocks, Section(text, blocks)))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "&lt;b&gt;",
        "a & b",
    ],
)
def test_words_are_shown_as_they_are(text):
    read = Reader(page(everything(text)))
    assert set(read.tags) <= TAGS
    assert set(read.texts) == {text, "n", "x"}


@settings(deadline=None)
@given(st.text(st.characters(), max_size=8))
def test_no_words_break_the_page(text):
    written = page(everything(text))
    assert set(Reader(written).tags) <= TAGS
    assert written.encode("utf-8")


def test_nothing_is_loaded_and_nothing_is_run():
    read = Reader(page(everything("text")))
    names = {name for name, _ in read.attributes}
    assert names == {"class", "scope", "tabindex", "aria-hidden", "style"}
    assert "http" not in page(everything("text"))
    assert "url(" not in page(everything("text"))


def test_headings_go_down_with_the_sections():
    tags = Reader(page(everything("text"))).tags
    assert [tag for tag in tags if tag in {"h2", "h3"}] == ["h2", "h3"]


@pytest.mark.parametrize(
    ("share", "width"), [(0.5, "50.0%"), (1.7, "100.0%"), (-1.0, "0.0%")]
)
def test_a_share_is_seen_as_well_as_read(share, width):
    table = Table((Column("a"),), ((Share("told", share),),))
    read = Reader(page(Section("Title", (table,))))
    assert ("style", f"width:{width}") in read.attributes
    assert "told" in read.texts


def test_a_share_that_nobody_knows_is_only_read():
    table = Table((Column("a"),), ((Share("–", math.nan),),))
    assert "i" not in Reader(page(Section("Title", (table,)))).tags


def test_something_else_is_no_part_of_a_report():
    with pytest.raises(TypeError, match="no part of a report: 'text'"):
        page(Section("Title", ("text",)))
