r"""Words and inputs → lines for the shell, by GNU parallel's rules.

Knows replacement strings and quoting; refuses to know what a command does. Source:
parallel(1), "REPLACEMENT STRINGS" and ":::".
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Iterator, Sequence

_PLACE = re.compile(r"\{(#)\}|\{(\d*)(//|/\.|/|\.|)\}")
_ENDING = re.compile(r"\.[^/.]+$")
SEPARATORS = (":::", "::::")


def lines(command: Sequence[str], sources: Sequence[Sequence[str]]) -> list[str]:
    r"""A line for each combination of inputs, one of each source.

    Parameters
    ----------
    command : sequence of str
        Words with ``{}`` (the input), ``{.}`` (without its ending), ``{/}`` (without
        its folder), ``{//}`` (its folder), ``{/.}`` (neither folder nor ending),
        ``{#}`` (the number of the job, from 1); ``{2}`` is that of the second source,
        ``{2.}`` without its ending. Without any, the inputs stand at the end. Without a
        word, inputs are commands themselves.
    sources : sequence of sequence of str
        Inputs are quoted where they are put in: they reach the command as they are.

    Examples
    --------
    >>> lines(["gzip", "{}", "#", "{/.}", "{#}"], [["a/x.txt", "b c"]])
    ['gzip a/x.txt # x 1', "gzip 'b c' # 'b c' 2"]
    >>> lines(["echo"], [["a", "b"], ["1", "2"]])
    ['echo a 1', 'echo a 2', 'echo b 1', 'echo b 2']
    >>> lines([], [["make clean", "make all"]])
    ['make clean', 'make all']
    """
    template = " ".join(command)
    combined = itertools.product(*sources)
    if not template:
        return [line for line in map(" ".join, combined) if line.strip()]
    if not _PLACE.search(template):
        template += " {}"
    return [
        _PLACE.sub(_putting_in(inputs, number), template)
        for number, inputs in enumerate(combined, 1)
    ]


def _putting_in(inputs: Sequence[str], number: int) -> Callable[[re.Match], str]:
    def put_in(place: re.Match) -> str:
        is_number, which, part = place.groups()
        if is_number:
            return str(number)
        if not which:
            chosen = inputs
        elif 1 <= int(which) <= len(inputs):
            chosen = [inputs[int(which) - 1]]
        else:
            return place[0]
        return " ".join(shlex.quote(_part(each, part)) for each in chosen)

    return put_in


def _part(value: str, part: str) -> str:
    folder, slash, name = value.rpartition("/")
    if part == "//":
        return folder if folder else "/" if slash else "."
    if part in ("/", "/."):
        value = name
    return _ENDING.sub("", value) if part in (".", "/.") else value


def split(words: Sequence[str]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The command, and each separator with the words after it.

    Examples
    --------
    >>> split(["echo", ":::", "a", "b", "::::", "names.txt"])
    (['echo'], [(':::', ['a', 'b']), ('::::', ['names.txt'])])
    """
    command, sources = [], []
    for word in words:
        if word in SEPARATORS:
            sources.append((word, []))
        elif sources:
            sources[-1][1].append(word)
        else:
            command.append(word)
    return command, sources


def records(text: str, *, by_null: bool = False) -> Iterator[str]:
    r"""Inputs in a file, a line each, or between NULs.

    Examples
    --------
    >>> list(records("a\nb c\n")), list(records("a\0b\nc\0", by_null=True))
    (['a', 'b c'], ['a', 'b\nc'])
    """
    end = "\0" if by_null else "\n"
    parts = text.split(end)
    if parts and not parts[-1]:
        parts.pop()
    yield from parts if by_null else (part.removesuffix("\r") for part in parts)
