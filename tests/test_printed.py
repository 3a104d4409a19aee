"""What a command printed, as people read it."""

import pytest

from parallel_nb.tasks.printed import last_words, plain


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mtrue\x1b[m", "true"),
        ("\x1b[2K\x1b[1Gagain", "again"),
        ("tput\x1b(B\x1b[m", "tput"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b7saved\x1b8", "saved"),
        ("torn\x1b[31", "torn"),
    ],
)
def test_codes_for_terminals_are_left_out(printed, read):
    assert plain(printed) == read


@pytest.mark.parametrize(
    "last",
    [
        "make: *** [Makefile:2: test] Error 1",
        "make[1]: *** [Makefile:2: deep/test] Error 2",
        "make[1]: Leaving directory '/src'",
        "make: Target 'all' not remade because of errors.",
        "ninja: build stopped: subcommand failed.",
        "Error 1",
        "error Command failed with exit code 1.",
        "Error: Process completed with exit code 2.",
        "exit status 1",
        "=====",
        "\x1b[31m\x1b[0m",
    ],
)
def test_a_line_that_says_only_that_it_failed_is_passed_over(last):
    assert last_words("", f"gcc: no input files\n{last}\n") == "gcc: no input files"
    assert last_words("E  assert 1 == 2\n", last) == "E  assert 1 == 2"


@pytest.mark.parametrize(
    "line",
    [
        "make: *** No rule to make target 'x'.  Stop.",
        "error: could not compile `a`",
        "Error: 404 Not Found",
        "ValueError: 1",
        "1 failed, 2 passed",
    ],
)
def test_a_line_that_says_why_is_told(line):
    assert last_words("output\n", f"before\n{line}\n\n") == line


def test_where_nothing_says_why_the_last_line_is_better_than_none():
    assert last_words("", "make: *** [all] Error 1\n") == "make: *** [all] Error 1"
    assert last_words("---\n", "") == "---"
    assert last_words("\n", " \n") == ""


def test_what_a_carriage_return_overwrote_is_not_told():
    assert last_words("", "10 %\r20 %\rout of disk\n") == "out of disk"
