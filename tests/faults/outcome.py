"""What became of a cell, and the one word for it that tables and promises use.

Facts in, a word out; knows neither faults nor backends.
"""

from dataclasses import dataclass, field

# How a kernel's own part of a cell ended.
ENDED, REFUSED, RAISED, HANGS, DIES = "ended", "refused", "raised", "hangs", "dies"


@dataclass(slots=True)
class Outcome:
    """One fault in one backend."""

    fault: str
    backend: str
    end: str = ENDED
    why: str = ""  # what was raised, or the last words of a kernel
    seconds: float = 0.0  # until the run was over
    statuses: list = field(default_factory=list)  # of the culprits' last attempts
    errors: list = field(default_factory=list)
    at_most: str = ""  # the status of culprits who may as well be done
    perhaps_again: bool = False  # whether it is up to chance who is executed twice
    n_attempts: int = 0  # of the first culprit
    n_innocent: int = 0
    n_done: int = 0  # innocents with the right result
    n_twice: int = 0  # innocents that were executed more than once
    n_mates: int = 0  # innocents that travelled in a culprit's chunk
    recovery: float | None = None  # s from the culprit's end to the next task there
    is_usable: bool | None = None  # whether a second run right after was right
    again: float = 0.0  # s that it took
    ended_by: str = ""
    saying: str = ""  # a scene's own word
    n_children: int = 0  # processes that tasks had noted and that lived at the end
    warned: list = field(default_factory=list)
    farewell: float = 0.0  # s from the outcome to the kernel's end
    is_endless: bool = False  # whether the kernel would not end
    orphans: list = field(default_factory=list)  # what lived 2 s longer than the kernel
    gone_after: float = 0.0  # s from the kernel's end to the last process's
    recovered: str = ""  # what a journal gave back

    @property
    def word(self):
        """What happened, in a few words that are the same each time."""
        word = self._main_word()
        if self.is_endless:
            word += ", kernel does not end"
        if self.recovered:
            word += f", {self.recovered}"
        if self.orphans:
            word += ", leaves processes"
        return word

    def _main_word(self):
        if self.end == HANGS:
            return "hangs"
        if self.end == DIES:
            return "kernel dies"
        if self.end == REFUSED:
            return "refused"
        if self.end == RAISED:
            return f"raises {self.why.partition(':')[0]}"
        word = self.saying or self._row()
        if self.n_done < self.n_innocent and not self.saying:
            word += ", others lost"
        if self.perhaps_again:
            word += ", others perhaps again"
        elif self.n_twice:
            word += ", others again"
        if self.is_usable is False:
            word += ", then unusable"
        return word

    def _row(self):
        kinds = set(self.statuses)
        if self.at_most and kinds <= {"done", self.at_most}:
            return f"at most {self.at_most}"
        # Of several, some may have been innocent.
        return " ".join(sorted(kinds - {"done"})) or "no harm"
