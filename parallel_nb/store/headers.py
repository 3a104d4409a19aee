"""What a file of ours says of itself: what it holds, in which format, who wrote it.

Knows kinds, versions and what to tell of those that cannot be read here; refuses to
know what else stands in a header.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import StoreError
from ..meta import FORMAT_VERSION

KEY = b"parallel_nb"
RUN, SWEEP = "run", "sweep"
# The newest format of each kind; the numbers are those of files of any kind. Sweeps
# begin at 2, since whoever knows 1 only takes any file for that of a Run.
FORMATS = {RUN: FORMAT_VERSION, SWEEP: 2}


def header_bytes(kind: str, entries: dict[str, Any]) -> bytes:
    """The header of a new file."""
    said = {
        "format_version": FORMATS[kind],
        "kind": kind,
        "written_by": __version__,
    }
    return json.dumps({**said, **entries}).encode()


def header_of(path: Path, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """What a file says of itself, ``kind`` included.

    Raises
    ------
    StoreError
        If it says nothing that makes sense, or if a newer version has to read it.
    """
    if KEY not in metadata:
        raise StoreError(
            f"{path} is a Parquet file, but not a run file of parallel_nb. If it is a "
            "table of tasks, make a Run of it: `Run.from_frame(pd.read_parquet(path))`."
        )
    try:
        header = json.loads(metadata[KEY])
        version = header["format_version"]
        kind = header.setdefault("kind", RUN)  # the first files held Runs only
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged: no readable header ({error})") from error
    is_known = isinstance(kind, str) and kind in FORMATS
    if is_known and version == FORMATS[kind] and isinstance(version, int):
        return header
    reads = (
        f"which reads formats up to {FORMATS[kind]}"
        if is_known
        else f"which reads files of {' and '.join(f'a {each}' for each in FORMATS)}"
    )
    raise StoreError(
        f"{path} has {kind} file format {version}, written by parallel_nb "
        f"{header.get('written_by', 'of unknown version')}; this is parallel_nb "
        f"{__version__}, {reads}. Upgrade: `pip install -U parallel-nb`."
    )
