"""Rows that were read before, so that thousands of files need not be opened again.

Knows that run files never change: a row is good for as long as its file is there. The
index is a cache in files of its own, written in one step by whoever lists many new
files; several may do so at once, and all of it may be deleted at any time. Refuses to
know what is in a row.
"""

from __future__ import annotations

import contextlib
import secrets
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import StoreError
from . import rows

INSIDE = "index"
_MANY = 200  # files that are not in the index: then it is worth a new one
_AT_ONCE = 8  # files far away that are read side by side
_KEY = ("id", "n_bytes")


def listed(folder, sizes: dict[str, int]) -> pd.DataFrame:
    """A row for each run file, from the index where it is in there.

    Parameters
    ----------
    folder : LocalFolder or RemoteFolder
    sizes : dict of str to int
        Bytes of each file of the folder.
    """
    files = {name: n for name, n in sizes.items() if name.endswith(rows.ENDING)}
    known, segments = _known(folder)
    keys = {(name.removesuffix(rows.ENDING), n): name for name, n in files.items()}
    if len(known):
        is_there = [
            key in keys for key in zip(known["id"], known["n_bytes"], strict=True)
        ]
        known = known[is_there]
        for key in zip(known["id"], known["n_bytes"], strict=True):
            del keys[key]
    new = _read(folder, {name: files[name] for name in keys.values()})
    found = [row for row in new if row["status"] == rows.OK]
    everything = pd.concat([known, pd.DataFrame(new)]) if new else known
    if len(found) >= _MANY:
        lasting = pd.concat([known, pd.DataFrame(found)])
        _keep(folder, lasting, segments)
    return everything


def is_long(folder, sizes: dict[str, int]) -> bool:
    """Whether so many files are new that listing them is due."""
    n_files = sum(name.endswith(rows.ENDING) for name in sizes)
    if n_files < _MANY:
        return False
    n_known = sum(_n_rows(folder, name) for name in folder.sizes(INSIDE))
    return n_files - n_known >= _MANY


def _known(folder) -> tuple[pd.DataFrame, list[str]]:
    segments = sorted(folder.sizes(INSIDE))
    frames = []
    for name in segments:
        # Torn, foreign, or removed by whoever wrote a longer one: it is only a cache.
        with contextlib.suppress(StoreError, pa.ArrowException, OSError, KeyError):
            with folder.reading(f"{INSIDE}/{name}") as file:
                frame = pq.read_table(file).to_pandas()
            frames.append(frame[list(rows.INDEXED)])
    if not frames:
        return pd.DataFrame(columns=list(_KEY)), segments
    return pd.concat(frames).drop_duplicates(list(_KEY)), segments


def _read(folder, files: dict[str, int]) -> list[dict]:
    def one(item):
        return rows.row_of(folder, *item)

    if folder.is_local or len(files) < 2:
        found = list(map(one, files.items()))
    else:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(one, files.items()))
    return [row for row in found if row is not None]


def _keep(folder, frame: pd.DataFrame, segments: list[str]) -> None:
    """One segment in place of all those that were there; none if it cannot be."""
    table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    name = f"{INSIDE}/{secrets.token_hex(8)}{rows.ENDING}"
    with contextlib.suppress(
        StoreError, OSError
    ):  # a folder that may only be read is a store
        folder.write(name, lambda file: pq.write_table(table, file, compression="zstd"))
        for old in segments:
            folder.remove(f"{INSIDE}/{old}")


def _n_rows(folder, name: str) -> int:
    told = contextlib.suppress(StoreError, pa.ArrowException, OSError)
    with told, folder.reading(f"{INSIDE}/{name}") as file:
        return pq.read_metadata(file).num_rows
    return 0
