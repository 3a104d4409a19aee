"""RunStore, when things go wrong: what was finished is not lost, and it is told why."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError, StoreError
from parallel_nb.runstore import index

QUICK = {"n_jobs": 1, "backend": "threading", "progress": False}
_LIMIT = 20_000  # bytes


def run(label="", n=1, at=""):
    """A Run whose file grows with `n`, however well it is compressed."""
    times = np.random.default_rng(0).random(n)
    table = {"task": range(n), "started": times, "ended": times + 1, "worker": range(n)}
    made = pnb.Run.from_frame(pd.DataFrame(table), label=label)
    if not at:
        return made
    import dataclasses

    return pnb.Run(made.attempts, dataclasses.replace(made.meta, started_at=at))


def files(folder):
    """All that lies in a folder, drafts too."""
    return sorted(each.name for each in Path(folder).iterdir() if each.is_file())


# -- a full disk -------------------------------------------------------------------


class SmallDisk:
    """A file system of 256 KB."""

    told = "No space left|disk is full"

    def __init__(self, folder):
        self.folder = folder
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(mount).returncode:
            pytest.skip("a file system cannot be mounted here")

    def fill(self, left=0):
        filler = self.folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        os.truncate(filler, max(0, filler.stat().st_size - left))

    def free(self):
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", str(self.folder)], check=True)


class ShortFiles:
    """No file of this process may become longer than 20 KB."""

    told = "File too large"

    def __init__(self, folder):
        self.folder = folder
        self._old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, left=0):
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LIMIT, self._before[1]))

    def free(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)

    def close(self):
        self.free()
        signal.signal(signal.SIGXFSZ, self._old)


@pytest.fixture(params=[SmallDisk, ShortFiles])
def disk(request, tmp_path):
    """One that can be filled, and freed again."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = request.param(folder)
    yield made
    made.close()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    made = SmallDisk(folder)
    yield made
    made.close()


def test_adding_to_a_full_disk_is_an_error_and_leaves_the_others(disk):
    store = pnb.RunStore(disk.folder)
    key = store.add(run("before"))
    big = run("big", 20_000)
    disk.fill()
    with pytest.raises(StoreError, match=disk.told):
        store.add(big)
    assert store.runs()["id"].tolist() == [key]
    assert store.load(key).meta.label == "before"
    disk.free()
    assert files(disk.folder) == [f"{key}.parquet"]
    store.add(run("after"))
    assert store.runs()["label"].tolist() == ["before", "after"]


def test_a_disk_that_fills_while_it_runs_costs_the_file_and_not_the_run(disk):
    store = pnb.RunStore(disk.folder)
    store.add(run("before"))

    def fill_up(i):
        if i == 2:
            disk.fill()
        return os.urandom(30_000)

    with pytest.warns(RuntimeWarning) as told:
        made = pnb.run(fill_up, range(5), store=store, label="ran", **QUICK)
    disk.free()
    words = " ".join(str(warning.message) for warning in told)
    assert "journal" in words
    assert "stopped" in words
    assert len(made.results) == 5
    if "ran" not in set(store.runs()["label"]):  # the file itself may be short enough
        assert "could not be saved" in words
        assert pnb.last_run() is made
        store.add(made)
    assert store.latest("ran").summary()["done"].iat[0] == 5
    assert store.latest("before").n_tasks == 1


def test_no_work_starts_if_there_is_no_room_for_the_journal(small_disk):
    store = pnb.RunStore(small_disk.folder)
    small_disk.fill()
    began = []
    with pytest.raises(StoreError, match="disk is full"):
        pnb.run(began.append, [1], store=store, **QUICK)
    assert began == []
    assert files(small_disk.folder) == ["filler"]


def test_a_disk_too_full_for_the_file_keeps_the_journal_to_recover(small_disk):
    store = pnb.RunStore(small_disk.folder)
    # The journal has its page already, the file of the Run needs a few.
    with pytest.warns(RuntimeWarning, match=r"could not be saved.*last_run\(\)"):
        made = pnb.run(
            lambda i: small_disk.fill(4096) if i == 0 else i,
            range(3),
            store=store,
            label="kept",
            **QUICK,
        )
    assert [name.endswith(".journal") for name in files(small_disk.folder)] == [
        True,
        False,
    ]
    with pytest.warns(RuntimeWarning, match="left as it is.*No space"):
        assert store.recover() == []  # there is no more room than before
    small_disk.free()
    (key,) = store.recover()
    again = store.load(key)
    assert again.attempts["ended"].tolist() == made.attempts["ended"].tolist()
    assert again.meta.ended_by == "completion"
    assert files(small_disk.folder) == [f"{key}.parquet"]


def test_a_full_disk_costs_the_index_and_not_the_list(small_disk, monkeypatch):
    monkeypatch.setattr(index, "_MANY", 3)
    store = pnb.RunStore(small_disk.folder)
    keys = [store.add(run("a", at=f"2025-03-0{i}T12:00:00+00:00")) for i in (1, 2)]
    for name in ("b", "c", "d"):
        shutil.copy(small_disk.folder / f"{keys[0]}.parquet",
                    small_disk.folder / f"{name}.parquet")  # fmt: skip
    small_disk.fill()
    assert len(store.runs()) == 5
    assert len(pnb.RunStore(small_disk.folder)) == 5
    inside = small_disk.folder / index.INSIDE
    assert not inside.exists() or files(inside) == []
    small_disk.free()
    assert len(store.runs()) == 5
    assert len(files(inside)) == 1


# -- a folder that may only be read ------------------------------------------------


@pytest.fixture
def shared():
    """A folder that belongs to somebody else, who has one run in it."""
    folder = tempfile.mkdtemp(prefix="parallel_nb-")  # tmp_path is closed to others
    os.chmod(folder, 0o755)
    pnb.RunStore(folder).add(run("theirs"))
    yield folder
    os.chmod(folder, 0o755)
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody(folder):
    """Without any right to write there."""
    if os.geteuid():
        os.chmod(folder, 0o555)
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_only_be_read_is_listed_and_loaded_from(shared):
    pytest.importorskip("duckdb")
    store = pnb.RunStore(shared)
    store.query("SELECT 1")  # what has to be imported may not be open to everybody
    with as_nobody(shared):
        store = pnb.RunStore(shared)
        (key,) = store.runs()["id"]
        assert store.load(key).meta.label == "theirs"
        assert store.latest("theirs").n_tasks == 1
        assert store.query("SELECT count(*) AS n FROM attempts")["n"].tolist() == [1]
        assert store.recover() == []


def test_what_would_change_a_folder_that_may_only_be_read_is_refused(shared):
    store, began = pnb.RunStore(shared), []
    with as_nobody(shared):
        with pytest.raises(StoreError, match=r"cannot write .*Permission denied"):
            store.add(run())
        with pytest.raises(StoreError, match=r"cannot remove .*Permission denied"):
            store.prune(0)
        with pytest.raises(StoreError, match=r"journal .*Permission denied"):
            pnb.run(began.append, [1], store=store, **QUICK)
        with pytest.raises(StoreError, match="cannot make the folder"):
            pnb.RunStore(Path(shared, "below"))
    assert began == []
    assert store.runs()["label"].tolist() == ["theirs"]


def test_a_file_that_may_not_be_read_is_a_row_that_says_so(shared):
    store = pnb.RunStore(shared)
    key = store.add(run("secret"))
    os.chmod(Path(shared, f"{key}.parquet"), 0o000)
    with as_nobody(shared):
        frame = store.runs().set_index("id")
    assert sorted(frame["status"]) == ["ok", "unreadable"]
    assert "Permission denied" in frame.loc[key, "why"]


def test_a_long_list_of_a_folder_that_may_only_be_read_needs_no_index(
    shared, monkeypatch
):
    monkeypatch.setattr(index, "_MANY", 1)
    with as_nobody(shared):
        assert len(pnb.RunStore(shared).runs()) == 1
    assert not Path(shared, index.INSIDE).exists()


# -- interrupts and kills ----------------------------------------------------------


@pytest.mark.parametrize("url", [None, "memory://interrupted/runs"])
def test_an_interrupted_run_is_in_the_store_and_the_interrupt_is_raised(tmp_path, url):
    if url:
        pytest.importorskip("fsspec")
    store = pnb.RunStore(url or tmp_path)
    is_over = threading.Event()

    def interrupt(i):
        if i == 2:
            os.kill(os.getpid(), signal.SIGINT)
            is_over.wait(10)
        return i

    try:
        with pytest.raises(KeyboardInterrupt):
            pnb.run(interrupt, range(4), store=store, label="cut", **QUICK)
    finally:
        is_over.set()
    row = store.runs().iloc[0]
    assert row["ended_by"] == "interrupt"
    assert row["done"] >= 2
    assert row["n_tasks"] == 4
    assert len(store) == 1
    if not url:
        assert [name.split(".")[-1] for name in files(tmp_path)] == ["parquet"]


KILLED = """
import os, signal, sys, time
import parallel_nb as pnb
store = pnb.RunStore(sys.argv[1])
def work(i):
    if i == 3:
        journal = next(p for p in os.listdir(sys.argv[1]) if p.endswith(".journal"))
        while (pnb.recover(os.path.join(sys.argv[1], journal)).attempts["status"]
               == "done").sum() < 3:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGKILL)
    return i
pnb.run(work, range(5), n_jobs=1, backend="threading", store=store, label="killed")
"""


def test_a_run_whose_process_is_killed_is_recovered_with_all_that_had_ended(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)])
    assert done.returncode == -signal.SIGKILL
    store = pnb.RunStore(tmp_path)
    assert len(store.runs()) == 0
    (key,) = store.recover(with_results=True)
    row = store.runs().iloc[0]
    assert (row["id"], row["label"]) == (key, "killed")
    assert (row["ended_by"], row["done"], row["n_tasks"]) == ("killed", 3, 5)
    results = store.load(key, with_results=True).results_or(None)
    assert results[:3] == [0, 1, 2]
    assert files(tmp_path) == [f"{key}.parquet"]


# -- going on with a run -----------------------------------------------------------


def fails_once(path):
    if not os.path.exists(path):
        Path(path).touch()
        raise ValueError("first time")
    return "done"


def test_a_run_that_is_gone_on_with_is_kept_as_a_whole(tmp_path):
    store = pnb.RunStore(tmp_path / "runs")
    tasks, journal = [str(tmp_path / "mark")], tmp_path / "first.journal"
    pnb.run(fails_once, tasks, journal=journal, **QUICK)
    made = pnb.run(fails_once, tasks, resume=journal, store=store, **QUICK)
    assert made.results == ["done"]
    row = store.runs().iloc[0]
    assert (row["n_attempts"], row["done"], row["failed"]) == (2, 1, 0)
    assert len(store) == 1


def test_a_store_s_own_journal_is_gone_on_with_and_goes_at_the_end(tmp_path):
    store = pnb.RunStore(tmp_path / "runs")
    tasks, journal = [str(tmp_path / "mark")], store.new_journal()
    pnb.run(fails_once, tasks, journal=journal, **QUICK)  # as a killed run leaves one
    assert store.journals == [journal]
    pnb.run(fails_once, tasks, resume=journal, store=store, **QUICK)
    assert store.recover() == []
    assert store.runs()["n_attempts"].tolist() == [2]
    assert [name.split(".")[-1] for name in files(tmp_path / "runs")] == ["parquet"]


# -- what others have put there ----------------------------------------------------


def test_things_that_are_no_files_are_passed_over(tmp_path):
    store = pnb.RunStore(tmp_path)
    store.add(run("good"))
    (tmp_path / "folder.parquet").mkdir()
    os.mkfifo(tmp_path / "pipe.parquet")
    os.mkfifo(tmp_path / "pipe.journal")
    (tmp_path / "nowhere.parquet").symlink_to(tmp_path / "nothing")
    (tmp_path / "read me.md").write_text("not a run")
    (tmp_path / ".hidden.parquet").write_text("not a run")
    assert store.runs()["label"].tolist() == ["good"]
    assert len(store) == 1
    assert store.recover() == []
    assert len(store.prune(0)) == 1
    assert len(files(tmp_path)) == 2


def newer(path, target):
    table = pq.read_table(path)
    header = json.loads(table.schema.metadata[b"parallel_nb"])
    header |= {"format_version": 7, "written_by": "9.9"}
    said = {b"parallel_nb": json.dumps(header).encode()}
    pq.write_table(table.replace_schema_metadata(said), target)


def test_a_file_of_a_newer_version_is_told_and_stays(tmp_path):
    store = pnb.RunStore(tmp_path)
    key = store.add(run("old"))
    newer(tmp_path / f"{key}.parquet", tmp_path / "newer.parquet")
    row = store.runs().set_index("id").loc["newer"]
    assert row["status"] == "unreadable"
    assert "run file format 7, written by parallel_nb 9.9" in row["why"]
    with pytest.raises(StoreError, match="Upgrade"):
        store.load("newer")
    assert store.prune(0)["id"].tolist() == [key]
    assert store.runs()["id"].tolist() == ["newer"]


def test_an_index_of_another_version_is_only_a_cache(tmp_path):
    store = pnb.RunStore(tmp_path)
    key = store.add(run("well"))
    (tmp_path / index.INSIDE).mkdir()
    segments = {"other": {"key": [1]}, "ours": {"id": [key], "n_bytes": ["many"]}}
    for name, columns in segments.items():
        pq.write_table(pa.table(columns), tmp_path / index.INSIDE / f"{name}.parquet")
    assert store.runs()["label"].tolist() == ["well"]


def test_a_damaged_run_is_left_out_of_queries_and_named(tmp_path):
    pytest.importorskip("duckdb")
    store = pnb.RunStore(tmp_path)
    keys = [store.add(run(name, 2000)) for name in ("well", "hurt")]
    path = tmp_path / f"{keys[1]}.parquet"
    content = bytearray(path.read_bytes())
    content[500:20_000] = bytes(255 - byte for byte in content[500:20_000])
    path.write_bytes(content)
    with pytest.warns(RuntimeWarning, match=f"left out: .*{keys[1]}.* is damaged"):
        found = store.query("SELECT run, sum(ended - started) FROM attempts GROUP BY 1")
    assert found["run"].tolist() == keys[:1]
    with pytest.raises(ArgumentError, match="cannot be answered"):
        store.query("SELECT nothing FROM attempts")


def test_tags_can_be_asked_for_by_sql(tmp_path):
    pytest.importorskip("duckdb")
    store = pnb.RunStore(tmp_path)
    store.add(run("a"), tags=["main", "quick"])
    store.add(run("b"))
    found = store.query("SELECT label FROM runs WHERE list_contains(tags, 'main')")
    assert found["label"].tolist() == ["a"]


# -- footers -----------------------------------------------------------------------


@pytest.mark.parametrize("n_tags", [0, 300, 30_000])
def test_headers_are_found_whatever_their_length(tmp_path, n_tags):
    store = pnb.RunStore(tmp_path)
    store.add(run("here"), tags=[f"tag {i}" for i in range(n_tags)])
    row = store.runs().iloc[0]
    assert (row["label"], len(row["tags"]), row["why"]) == ("here", n_tags, "")


def test_a_name_that_looks_like_a_header_is_none(tmp_path):
    fake = "\x18\x0bparallel_nb\x18\x05{'a'}\x00"
    table = {"task": [fake, fake], "started": 0.0, "ended": 1.0}
    store = pnb.RunStore(tmp_path)
    store.add(pnb.Run.from_frame(pd.DataFrame(table), label=fake))
    assert store.runs()["n_tasks"].tolist() == [2]
    assert store.runs()["label"].tolist() == [fake]


def test_ends_of_files_cut_anywhere_are_told(tmp_path):
    store = pnb.RunStore(tmp_path)
    key = store.add(run("whole"))
    content = (tmp_path / f"{key}.parquet").read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    tails = {
        "short": content[:11],
        "nothing but ends": b"PAR1PAR1",
        "no length": b"PAR1" + bytes(4) + b"PAR1",
        "too long": content[:-8] + (2**31).to_bytes(4, "little") + b"PAR1",
        "footer only": b"PAR1" + content[-8 - length // 2 :],
    }
    for name, torn in tails.items():
        (tmp_path / f"{name}.parquet").write_bytes(torn)
    frame = store.runs().set_index("id")
    assert frame.loc[key, "status"] == "ok"
    assert (frame.drop(index=key)["status"] == "unreadable").all()
    assert len(frame) == 1 + len(tails)


# -- several machines --------------------------------------------------------------


def test_runs_of_machines_in_other_time_zones_are_in_the_order_of_time(tmp_path):
    store = pnb.RunStore(tmp_path)
    for label, at in {
        "third": "2025-03-01T12:00:00+00:00",
        "first": "2025-03-01T12:30:00+02:00",
        "second": "2025-03-01T06:00:00-05:00",
    }.items():
        store.add(run(label, at=at))
    assert store.runs()["label"].tolist() == ["first", "second", "third"]
    assert store.latest().meta.label == "third"
    assert sorted(store.runs()["id"]) == store.runs()["id"].tolist()


def test_a_machine_whose_clock_is_ahead_removes_nobody_s_draft(tmp_path, monkeypatch):
    store = pnb.RunStore(tmp_path)
    draft = tmp_path / ".x.parquet.0123456789ab.tmp"
    draft.write_bytes(b"PAR1")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 10 * 3600)
    store.add(run())
    store.prune(0)
    assert draft.exists()


def test_a_run_from_the_future_is_young(tmp_path):
    store = pnb.RunStore(tmp_path)
    store.add(run("ahead", at="2999-01-01T00:00:00+00:00"))
    assert len(store.prune("1 day")) == 0
    assert store.latest().meta.label == "ahead"


# -- stores by URL -----------------------------------------------------------------


def test_a_file_url_is_a_folder_of_this_machine(tmp_path):
    store = pnb.RunStore(f"file://{tmp_path}/runs")
    pnb.run(abs, [-1], store=store, label="here", **QUICK)
    assert pnb.RunStore(tmp_path / "runs").latest().meta.label == "here"
    assert store.new_journal() is not None


def test_what_goes_wrong_far_away_is_told_and_the_run_stays(monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    store = pnb.RunStore("memory://broken/runs")
    store.add(run("before"))
    memory = fsspec.filesystem("memory")

    def fails(*_, **__):
        raise RuntimeError("the service said 503")

    monkeypatch.setattr(type(memory), "pipe_file", fails)
    with pytest.raises(StoreError, match=r"cannot write memory:.*RuntimeError: the"):
        store.add(run("lost"))
    with pytest.warns(RuntimeWarning, match="could not be saved"):
        made = pnb.run(abs, [-1], store=store, **QUICK)
    assert made.results == [1]
    monkeypatch.setattr(type(memory), "open", fails)
    row = store.runs().iloc[0]
    assert (row["status"], "503" in row["why"]) == ("unreadable", True)
    monkeypatch.undo()
    assert store.runs()["label"].tolist() == ["before"]
