"""The ``%%record`` cell magic: `record` around a notebook cell.

Knows IPython's shell and `record`; adds nothing of its own.
"""

from .engine.recording import record
from .errors import ArgumentError


def load(shell):
    """Register the magic with an IPython shell."""

    def record_cell(line, cell):
        """Record the cell's joblib calls: ``%%record [variable]`` (default ``log``)."""
        name = line.strip() or "log"
        if not name.isidentifier():
            raise ArgumentError(
                f"%%record takes the name of a variable for the log; got {name!r}"
            )
        with record() as log:
            outcome = shell.run_cell(cell)
        shell.user_ns[name] = log
        outcome.raise_error()

    shell.register_magic_function(record_cell, "cell", "record")
