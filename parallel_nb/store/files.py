"""A file replaced in one step, and whether one is whole.

Knows drafts, renames, the ends of a Parquet file and what to call a fault; refuses to
know what is in it.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ..errors import StoreError

_MAGIC = b"PAR1"


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[io.BufferedWriter]:
    """A file that takes the place of `target` once written, or leaves no trace.

    Raises
    ------
    StoreError
        If the file system refuses; says why.
    """
    with telling(target, "write"):
        final = Path(os.path.realpath(target))
        if final.is_dir():
            raise IsADirectoryError(f"{final} is a folder; name a file in it")
        if not final.parent.is_dir():
            raise FileNotFoundError(
                f"there is no folder {final.parent}; create it first"
            )
        # In the same folder, so that the last step is a rename within one file system.
        draft = final.with_name(f".{final.name}.{secrets.token_hex(6)}.tmp")
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(draft, final.stat().st_mode & 0o777)
            os.replace(draft, final)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        _flush_folder(final.parent)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself outlive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def telling(path: Path, verb: str) -> Iterator[None]:
    """Failures of the file system as StoreErrors that name the file."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, pa.ArrowException) as error:
        why = getattr(error, "strerror", None) or error
        told = StoreError(f"cannot {verb} {path}: {why}")
        told.errno = getattr(error, "errno", None)
        raise told from error


def check_magic(path: Path, file: io.BufferedReader) -> None:
    """A Parquet file begins and ends with the same four letters."""
    begins = file.read(4)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 4))
    check_ends(path, size, begins, file.read(4))
    file.seek(0)


def check_ends(path: Path, size: int, begins: bytes, ends: bytes) -> None:
    """The same of a file of so many bytes, both ends of which are known."""
    if begins != _MAGIC:
        told = "it is empty" if not begins else "it is not a Parquet file"
        raise StoreError(f"{path} is not a run file: {told}")
    if ends != _MAGIC or size < 12:
        raise StoreError(
            f"{path} is torn: its end is missing, perhaps after a partial copy or "
            "download. Fetch it again."
        )


@contextlib.contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Failures of decoding as StoreErrors that name the file."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error
