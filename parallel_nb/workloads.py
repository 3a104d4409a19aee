"""Real work for demonstrations and lessons, the same on every machine with a Python.

Runs in workers, so it imports nothing but the standard library; knows nothing of runs.
"""

import os
import sysconfig
import tokenize
from functools import cache
from pathlib import Path

# Folders that hold no part of the library proper: what was installed later, and tests,
# some of which are malformed on purpose.
_LEFT_OUT = {
    "__pycache__",
    "dist-packages",
    "idle_test",
    "site-packages",
    "test",
    "tests",
}


@cache
def standard_library() -> tuple[str, ...]:
    """Paths of the Python files of the installed standard library, sorted.

    Between 300 and 900 files, of very different length.

    Examples
    --------
    >>> [path for path in standard_library() if path.endswith("heapq.py")] != []
    True
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        paths += [os.path.join(folder, f) for f in sorted(files) if f.endswith(".py")]
    return tuple(paths)


def count_tokens(path: str) -> int:
    """Number of tokens in a Python file; CPU-bound, and as long as the file is.

    Raises
    ------
    SyntaxError, tokenize.TokenError
        If the file is no Python.
    OSError
        If it cannot be read.
    """
    with tokenize.open(path) as file:
        return sum(1 for _ in tokenize.generate_tokens(file.readline))
