"""Where a store's files lie: a folder of this machine, or a URL that fsspec knows.

Knows how to list, read, write in one step and remove; refuses to know what is in them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ..errors import ArgumentError, StoreError
from ..store import replacing

_STALE = 3600.0  # s; a draft of so long ago is nobody's


class LocalFolder:
    """A folder of a file system of this machine."""

    is_local = True

    def __init__(self, path: str | os.PathLike):
        self.path = Path(os.path.expanduser(path)).absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _told(error, f"cannot make the folder {self.path}") from error

    def __str__(self):
        return str(self.path)

    def name_of(self, name: str) -> Path:
        """What to call a file in an error."""
        return self.path / name

    def sizes(self, inside: str = "") -> dict[str, int]:
        """Bytes of each file by name; drafts and the like left out."""
        try:
            with os.scandir(self.path / inside) as entries:
                return dict(_sized(entries))
        except FileNotFoundError:
            if inside:
                return {}
            raise StoreError(f"the folder {self.path} is gone") from None
        except OSError as error:
            raise _told(error, f"cannot list {self.path}") from error

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """An open file."""
        try:
            with open(f"{self.path}/{name}", "rb") as file:
                yield file
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise _told(error, f"cannot read {self.path / name}") from error

    def write(self, name: str, fill: Callable[[BinaryIO], Any]) -> None:
        """A new file, there in one step once `fill` has written all of it."""
        target = self.path / name
        if target.parent != self.path:
            with contextlib.suppress(OSError):  # told by what comes next
                target.parent.mkdir(exist_ok=True)
        with replacing(target) as file:
            fill(file)

    def remove(self, name: str) -> None:
        """No such file any more; none before is as well."""
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise _told(error, f"cannot remove {self.path / name}") from error

    def clear_drafts(self, *inside: str) -> None:
        """Remove what killed writers have left, here and in these subfolders."""
        for folder in (self.path, *(self.path / each for each in inside)):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                # By the clock that dates the drafts, too: of two machines that share
                # the folder, one may be hours ahead.
                now = os.stat(self.path).st_mtime
                for entry in entries:
                    is_draft = entry.name[:1] == "." and entry.name.endswith(".tmp")
                    if is_draft and now - entry.stat().st_mtime > _STALE:
                        os.unlink(entry.path)

    def urls(self, names: list[str]) -> list[str]:
        """For whoever reads them by other means."""
        return [str(self.path / name) for name in names]


class RemoteFolder:
    """A folder by URL, such as ``s3://bucket/runs`` or ``memory://runs``.

    What goes wrong far away is raised as whatever its library has for it, seldom as an
    OSError; a run that cannot be kept must not be lost for that.
    """

    is_local = False

    def __init__(self, url: str):
        fsspec = _fsspec()
        try:
            self.files, root = fsspec.core.url_to_fs(url)
            self.files.makedirs(root, exist_ok=True)
        except (ImportError, ValueError) as error:
            raise ArgumentError(
                f"`folder` must be a URL that fsspec knows: {error}"
            ) from error
        except Exception as error:
            raise _told(error, f"cannot open {url}") from error
        self.url, self.root = url.rstrip("/"), root.rstrip("/")

    def __str__(self):
        return self.url

    def name_of(self, name: str) -> PurePosixPath:
        """What to call a file in an error."""
        return PurePosixPath(self.url) / name

    def sizes(self, inside: str = "") -> dict[str, int]:
        """Bytes of each file by name."""
        folder = f"{self.root}/{inside}" if inside else self.root
        try:
            # Others write to it, too: what was listed before may be old.
            self.files.invalidate_cache(folder)
            entries = self.files.ls(folder, detail=True)
        except FileNotFoundError:
            return {}
        except Exception as error:
            raise _told(error, f"cannot list {self.url}") from error
        return {
            PurePosixPath(entry["name"]).name: int(entry["size"] or 0)
            for entry in entries
            if entry["type"] == "file"
        }

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """An open file."""
        try:
            try:
                opened = self.files.open(f"{self.root}/{name}", "rb")
            except Exception as error:
                raise _told(error, f"cannot read {self.url}/{name}") from error
            with opened as file:
                yield file
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise _told(error, f"cannot read {self.url}/{name}") from error

    def write(self, name: str, fill: Callable[[BinaryIO], Any]) -> None:
        """A new file, uploaded whole: stores of objects show none before its end."""
        import io

        content = io.BytesIO()
        fill(content)
        try:
            self.files.pipe_file(f"{self.root}/{name}", content.getvalue())
        except Exception as error:
            raise _told(error, f"cannot write {self.url}/{name}") from error

    def remove(self, name: str) -> None:
        """No such file any more; none before is as well."""
        try:
            self.files.rm_file(f"{self.root}/{name}")
        except FileNotFoundError:
            pass
        except Exception as error:
            raise _told(error, f"cannot remove {self.url}/{name}") from error

    def clear_drafts(self, *inside: str) -> None:
        """There are none: an upload that was broken off leaves nothing."""

    def urls(self, names: list[str]) -> list[str]:
        """For whoever reads them by other means."""
        return [self.files.unstrip_protocol(f"{self.root}/{name}") for name in names]


def folder_of(folder: Any) -> LocalFolder | RemoteFolder:
    """The folder that a path or a URL names.

    Raises
    ------
    ArgumentError
        If it is neither.
    StoreError
        If it cannot be made or opened.
    """
    if not isinstance(folder, str | os.PathLike) or not str(folder):
        raise ArgumentError(
            "`folder` must be a path or a URL such as 's3://bucket/runs'; got "
            f"{folder!r}"
        )
    text = os.fspath(folder)
    if isinstance(text, str) and "://" in text:
        scheme, _, rest = text.partition("://")
        if scheme not in ("file", "local"):
            return RemoteFolder(text)
        return LocalFolder(rest.removeprefix("localhost"))
    return LocalFolder(folder)


def _sized(entries) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if entry.name.startswith("."):
            continue
        with contextlib.suppress(OSError):  # removed meanwhile, or a link to itself
            if entry.is_file():
                yield entry.name, entry.stat().st_size


def _fsspec():
    try:
        import fsspec
    except ImportError:
        raise ArgumentError(
            "a store by URL needs fsspec: `pip install 'parallel-nb[store]'`"
        ) from None
    return fsspec


def _told(error: Exception, what: str) -> StoreError:
    why = getattr(error, "strerror", None) or error
    if not isinstance(error, OSError):
        why = f"{type(error).__name__}: {error}"
    made = StoreError(f"{what}: {why}")
    made.errno = getattr(error, "errno", None)
    if isinstance(error, FileNotFoundError):  # fsspec's come without a number
        made.errno = errno.ENOENT
    return made
