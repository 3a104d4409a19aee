"""What commands print, shown when each has ended, whole and unmixed.

Knows files that wait to be shown; refuses to know batches but for their events.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

_FINAL = {"done", "failed", "invalid", "timeout", "crashed", "cancelled"}
_TO_FILES = 'exec >"$1" 2>"$2"; exec /bin/sh -c "$3"'


class Outputs:
    """Shows what a command printed when told that it has ended, in a ``with`` block.

    Its method `hear` is for ``run(on_event=...)``.
    """

    def __init__(self):
        self.has_no_reader = False
        self._folder = Path()

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="parallel_nb_"))
        return self

    def __exit__(self, *error):
        shutil.rmtree(self._folder, ignore_errors=True)

    def redirected(self, task: int, line: str) -> list[str]:
        """The command that does `line` and prints into files."""
        return ["/bin/sh", "-c", _TO_FILES, "sh", *map(str, self._files(task)), line]

    def hear(self, event) -> None:
        """Show both outputs of a task that has ended."""
        if event.kind not in _FINAL:
            return
        for path, stream in zip(
            self._files(event.task), (sys.stdout, sys.stderr), strict=True
        ):
            if path.exists():
                self._show(path, stream)
                path.unlink()

    def _files(self, task: int) -> tuple[Path, Path]:
        return self._folder / f"{task}.out", self._folder / f"{task}.err"

    def _show(self, path: Path, stream) -> None:
        try:
            with path.open("rb") as file:
                shutil.copyfileobj(file, stream.buffer)
            stream.flush()
        except BrokenPipeError:
            self.has_no_reader = True
