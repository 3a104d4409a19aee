"""Floor 8: the command line, `parallel-nb` and ``python -m parallel_nb``.

Knows words of a shell, streams and exit codes; refuses to know how anything that it
shows was made. Built on click: it is the lighter of the well-kept libraries (Typer is
built on it and brings more), and its runner calls commands without a process.

commands.py   the commands, and what becomes of errors
inputs.py     words and files → Runs
lines.py      words and inputs → commands for the shell
running.py    `run`            showing.py   `show`, `predict`
writing.py    `report`, `convert`   comparing.py   `compare`, `history`
trying.py     `demo`, `lab`    bars.py      lanes as text
"""

from .commands import commands, main

__all__ = ["commands", "main"]
