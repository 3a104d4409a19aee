"""A terminal to look at: what is on its screen after what was written to it."""

import io
import re

_COMMAND = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])")


class Screen:
    """Lines of a terminal; lines that are scrolled off are kept above the others."""

    def __init__(self, columns=80, height=24):
        self.columns, self.height = columns, height
        self.lines = [""]
        self.row = self.column = 0
        self.wraps = True

    def feed(self, text):
        """Do what a terminal does with the text."""
        at = 0
        while at < len(text):
            command = _COMMAND.match(text, at)
            if command:
                self._obey(*command.groups())
                at = command.end()
            else:
                self._put(text[at])
                at += 1

    def _obey(self, private, number, letter):
        if letter == "A":
            top = max(len(self.lines) - self.height, 0)
            self.row = max(self.row - int(number or 1), top)
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif letter == "J":
            self._obey("", "", "K")
            del self.lines[self.row + 1 :]
        elif private and number == "7":
            self.wraps = letter == "h"
        else:
            assert letter == "m", f"a command that is not known: {letter}"

    def _put(self, letter):
        if letter == "\r":
            self.column = 0
        elif letter == "\n":  # the driver of a terminal makes it a return, too
            self.column = 0
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            assert letter.isprintable(), f"a command of its own: {letter!r}"
            if self.column == self.columns and self.wraps:
                self._put("\n")
            if self.column < self.columns:
                line = self.lines[self.row].ljust(self.column)
                line = line[: self.column] + letter + line[self.column + 1 :]
                self.lines[self.row] = line
                self.column += 1

    @property
    def text(self):
        """All lines, those above the screen as well, as one reads them."""
        return [line.rstrip() for line in self.lines]


class Terminal(io.StringIO):
    """A stream whose end is a screen."""

    def __init__(self, columns=80, height=24, encoding="utf-8"):
        super().__init__()
        self.screen = Screen(columns, height)
        self.n_writes = 0
        self._encoding = encoding

    @property
    def encoding(self):
        """Of the letters that it has."""
        return self._encoding

    def isatty(self):
        """It is one."""
        return True

    def write(self, text):
        """Show it; letters that there are not are an error."""
        text.encode(self._encoding)
        self.n_writes += 1
        self.screen.feed(text)
        return super().write(text)
