"""What a command printed, as people read it.

Knows codes that terminals obey and lines that say no more than an exit code does;
refuses to know processes.
"""

import re

_CODE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]?"  # colour, place, what to erase
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links and other strings
    r"|[ -/]+[0-~]"  # alphabets
    r"|[0-~])"
)
# Who runs commands for others says last that one of them failed, and not why.
_ONLY_THAT_IT_FAILED = re.compile(
    r"g?make(?:\[\d+\])?: (?:\*\*\* \[|Leaving directory |Target .* not remade ).*"
    r"|ninja: build stopped: subcommand failed\."
    r"|(?:error:? ?)?(?:(?:command|process) (?:failed|completed) with )?"
    r"(?:(?:exit )?(?:code|status):? )?\d*\.?"
    r"|\W*",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    r"""The text without the codes that make terminals colour or move it.

    Examples
    --------
    >>> plain("\x1b[1;31merror\x1b(B\x1b[m: \x1b]8;;file:///a\x07a.py\x1b]8;;\x07")
    'error: a.py'
    """
    return _CODE.sub("", text) if "\x1b" in text else text


def last_words(stdout: str, stderr: str) -> str:
    r"""The last line that may say why a command failed; empty if it said nothing.

    Of its errors, or if they say only that something failed, of its output.

    Examples
    --------
    >>> last_words("FAILED test_a.py - assert 0\n", "make: *** [test] Error 1\n")
    'FAILED test_a.py - assert 0'
    """
    told = [_lines(stderr), _lines(stdout)]
    for lines in told:
        for line in reversed(lines):
            if not _ONLY_THAT_IT_FAILED.fullmatch(line):
                return line
    return next((lines[-1] for lines in told if lines), "")


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in plain(text).splitlines())
    return [line for line in lines if line]
