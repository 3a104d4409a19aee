"""Markdown: other people's words stay words; tables stay tables."""

import re

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
from parallel_nb.debrief.markdown import inline, markdown

WORDS = st.text(
    st.sampled_from("ab1 |\\`*_[]<>#&~$-+=.:!\n\t\r\x0b\u2028"), max_size=10
)


def shown(*blocks):
    """The lines under the heading."""
    return markdown(Section("Title", blocks)).splitlines()[2:]


def unescaped_pipes(line):
    """How many a parser finds, which takes a backslash and what follows as one."""
    return re.sub(r"\\.", "", line).count("|")


def test_sections_have_headings_by_depth():
    inner = Section("Inner", (Paragraph("text"),))
    assert markdown(Section("Outer", (inner, inner))) == (
        "# Outer\n\n## Inner\n\ntext\n\n## Inner\n\ntext\n"
    )


def test_each_kind_of_block():
    assert shown(Bullets(("a", ("b ", Code("c"))))) == ["- a", "- b `c`"]
    assert shown(Facts((("name", "text"),))) == ["- **name:** text"]
    assert shown(Entries((("title", Facts((("name", "text"),))),))) == [
        "- **title**",
        "  - **name:** text",
    ]
    assert shown(Paragraph((Strong("now"), " or later"))) == ["**now** or later"]


def test_numbers_of_a_table_stand_to_the_right():
    table = Table((Column("a"), Column("n", is_number=True)), (("x", Share("9", 0.1)),))
    assert shown(table) == ["| a | n |", "| --- | ---: |", "| x | 9 |"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("two\nlines", "two lines"),
        ("*x* `y` [z] <b> ~w~ $m$", r"\*x\* \`y\` \[z\] \<b\> \~w\~ \$m\$"),
        ("__init__", r"\_\_init\_\_"),
        ("test_runner a_", r"test_runner a\_"),
        ("a & b", "a & b"),
        ("&copy; &#35;", r"\&copy; \&#35;"),
    ],
)
def test_signs_lose_their_meaning(text, escaped):
    assert inline(text) == escaped


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("# no heading", r"\# no heading"),
        ("- no list", r"\- no list"),
        ("1. no list", r"1\. no list"),
        ("12) no list", r"12\) no list"),
        ("===", r"\==="),
        ("  - no list", r"\- no list"),
        ("1.5 is a number", "1.5 is a number"),
        ("-1 too", "-1 too"),
        ("-", r"\-"),
        ("7.", r"7\."),
        ("a - b # c", "a - b # c"),
    ],
)
def test_signs_at_the_start_of_a_line_lose_their_meaning(text, escaped):
    assert shown(Paragraph(text)) == [escaped]
    assert shown(Bullets((text,))) == [f"- {escaped}"]


def test_a_heading_keeps_its_last_sign():
    assert markdown(Section("in C#", ())) == "# in C\\#\n"


def test_blanks_do_not_undo_emphasis():
    assert inline(Strong(" a ")) == "**a**"
    assert inline(Strong(" ")) == ""
    assert shown(Entries(((" ", Facts(((" a", " b "),))),))) == ["- –", "  - **a:** b"]


def test_a_fence_is_longer_than_those_within():
    assert shown(Verbatim("a\n````\nb")) == ["`````text", "a", "````", "b", "`````"]


@settings(deadline=None)
@given(WORDS, WORDS)
def test_whatever_is_in_a_cell_a_row_is_one_line_of_as_many_cells(one, two):
    table = Table((Column(one), Column("b")), ((one, two), (Strong(two), (one, two))))
    lines = shown(table)
    assert len(lines) == 4
    assert [unescaped_pipes(line) for line in lines] == [3] * 4


def test_something_else_is_no_part_of_a_report():
    with pytest.raises(TypeError, match="no part of a report: 'text'"):
        markdown(Section("Title", ("text",)))
