"""RunStore: what is kept is found again, whatever else lies in the folder."""

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys
import time
import warnings

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError, StoreError


def run(label="", seconds=(1.0, 2.0), at="", **extras):
    table = {"task": [f"t{i}" for i in range(len(seconds))], "started": 0.0}
    made = pnb.Run.from_frame(
        pd.DataFrame({**table, "ended": list(seconds)}), label=label, **extras
    )
    return with_meta(made, started_at=at) if at else made


def with_meta(made, **fields):
    import dataclasses

    return pnb.Run(made.attempts, dataclasses.replace(made.meta, **fields))


def day(n):
    return f"2025-03-{n:02}T12:00:00+00:00"


@pytest.fixture
def store(tmp_path):
    return pnb.RunStore(tmp_path / "runs")


def test_what_was_added_comes_back(store):
    key = store.add(run("nightly"), tags=["main", "quick"])
    again = store.load(key)
    pd.testing.assert_frame_equal(again.attempts, run("nightly").attempts)
    assert again.meta.tags == ("main", "quick")
    assert len(store) == 1
    assert key in store
    assert "other" not in store


def test_results_come_back_if_they_were_kept(store):
    made = pnb.run(abs, [-1, -2], n_jobs=1, progress=False)
    key = store.add(made, with_results=True)
    assert store.load(key, with_results=True).results == [1, 2]
    assert not store.load(key).has_results


def test_runs_are_listed_oldest_first_with_their_numbers(store):
    store.add(run("b", at=day(2)))
    store.add(run("a", (1.0, 3.0), at=day(1)))
    frame = store.runs()
    assert frame["label"].tolist() == ["a", "b"]
    assert frame["makespan"].tolist() == [3.0, 2.0]
    assert frame["n_workers"].tolist() == [2, 2]
    assert frame["started_at"].dt.day.tolist() == [1, 2]
    assert (frame["status"] == "ok").all()
    assert store.runs("a")["label"].tolist() == ["a"]


def test_an_empty_store_lists_nothing(store):
    frame = store.runs()
    assert len(frame) == 0
    assert {"id", "label", "makespan", "versions", "commit"} <= set(frame.columns)
    with pytest.raises(StoreError, match="no run"):
        store.latest()


def test_the_latest_is_the_one_that_began_last(store):
    store.add(run("a", at=day(3)))
    store.add(run("b", at=day(5)))
    store.add(run("a", at=day(1)))
    assert store.latest().meta.label == "b"
    assert store.latest("a").meta.started_at == day(3)
    with pytest.raises(StoreError, match=r"no run of label 'aa'.*Did you mean 'a'"):
        store.latest("aa")


def test_the_beginning_of_an_id_is_enough_if_it_is_the_only_one(store):
    key = store.add(run(at=day(1)))
    assert store.load(key[:12]).n_tasks == 2
    store.add(run(at=day(1)))
    with pytest.raises(StoreError, match="2 begin like this"):
        store.load(key[:12])
    with pytest.raises(StoreError, match="no run 'nothing'"):
        store.load("nothing")


def test_a_real_run_is_listed_with_its_versions(store):
    store.add(pnb.run(abs, [-1, -2], n_jobs=1, progress=False, label="real"))
    row = store.runs().iloc[0]
    assert row["versions"]["joblib"]
    assert row["done"] == 2
    assert row["host"]


def test_the_commit_of_the_repository_is_noted(tmp_path, monkeypatch):
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    store = pnb.RunStore(tmp_path / "runs")
    quick = {"progress": False, "n_jobs": 1}
    store.add(pnb.run(abs, [1], **quick))
    assert store.runs()["commit"].tolist() == [""]
    (folder / "file").write_text("a")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "file"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    store.add(pnb.run(abs, [1], **quick))
    (folder / "file").write_text("b")
    store.add(pnb.run(abs, [1], **quick))
    commits = store.runs()["commit"].tolist()
    assert len(commits[1]) == 40
    assert commits[2] == commits[1] + "+"


def test_foreign_torn_and_newer_files_are_listed_and_harm_nothing(store, tmp_path):
    key = store.add(run("good", at=day(1)))
    folder = tmp_path / "runs"
    good = (folder / f"{key}.parquet").read_bytes()
    (folder / "torn.parquet").write_bytes(good[: len(good) // 2])
    (folder / "empty.parquet").write_bytes(b"")
    pq.write_table(pa.table({"a": [1]}), folder / "foreign.parquet")
    (folder / "notes.txt").write_text("not a run")
    newer = pq.read_table(folder / f"{key}.parquet")
    header = json.loads(newer.schema.metadata[b"parallel_nb"])
    header["format_version"] = 99
    pq.write_table(
        newer.replace_schema_metadata({b"parallel_nb": json.dumps(header).encode()}),
        folder / "newer.parquet",
    )
    pnb.save(
        pnb.Sweep.from_frame(pd.DataFrame({"n": [1], "s": [1.0]}), n="n", time="s"),
        folder / "sweep.parquet",
    )
    frame = store.runs().set_index("id")
    assert frame.loc[key, "status"] == "ok"
    assert frame.loc["sweep", "status"] == "sweep"
    why = frame[frame["status"] == "unreadable"]["why"]
    assert set(why.index) == {"torn", "empty", "foreign", "newer"}
    assert "Upgrade" in why["newer"]
    assert "not a run file" in why["foreign"]
    assert store.latest().meta.label == "good"
    assert store.query("SELECT count(*) AS n FROM attempts")["n"].tolist() == [2]
    assert len(store.prune(0)) == 1
    assert len(store.runs()) == 5


def test_headers_of_nonsense_are_unreadable_rows(store, tmp_path):
    key = store.add(run())
    table = pq.read_table(tmp_path / "runs" / f"{key}.parquet")
    for at, header in enumerate(
        [{"format_version": 1, "meta": None}, {"format_version": 1}, [], "x"]
    ):
        said = {b"parallel_nb": json.dumps(header).encode()}
        pq.write_table(
            table.replace_schema_metadata(said), tmp_path / "runs" / f"{at}.parquet"
        )
    assert store.runs()["status"].value_counts().to_dict() == {"unreadable": 4, "ok": 1}


def test_files_without_a_summary_are_summed_up_from_their_attempts(store, tmp_path):
    key = store.add(run(seconds=(1.0, 5.0)))
    path = tmp_path / "runs" / f"{key}.parquet"
    table = pq.read_table(path)
    header = json.loads(table.schema.metadata[b"parallel_nb"])
    del header["summary"]
    said = {b"parallel_nb": json.dumps(header).encode()}
    pq.write_table(table.replace_schema_metadata(said), path)
    assert store.runs()["makespan"].tolist() == [5.0]


def test_many_runs_are_listed_from_the_index(store, tmp_path):
    key = store.add(run("first", at=day(1)))
    folder = tmp_path / "runs"
    for at in range(250):
        shutil.copy(folder / f"{key}.parquet", folder / f"copy-{at:03}.parquet")
    assert len(store.runs()) == 251
    assert len(list((folder / "index").iterdir())) == 1
    (folder / "copy-000.parquet").unlink()
    late = store.add(run("late", at=day(2)))
    frame = store.runs()
    assert len(frame) == 251
    assert "copy-000" not in set(frame["id"])
    assert frame["id"].iat[-1] == late
    assert frame["tags"].iat[0] == ()
    before = frame.drop(columns=["versions"])
    shutil.rmtree(folder / "index")
    after = store.runs().drop(columns=["versions"])
    pd.testing.assert_frame_equal(before, after)


def test_a_torn_index_is_read_around(store, tmp_path):
    store.add(run())
    (tmp_path / "runs" / "index").mkdir()
    (tmp_path / "runs" / "index" / "ab.parquet").write_bytes(b"PAR1 nonsense PAR1")
    assert len(store.runs()) == 1


def test_adding_many_keeps_the_index_short_of_few(store, monkeypatch):
    from parallel_nb.runstore import index

    monkeypatch.setattr(index, "_MANY", 5)
    for at in range(12):
        store = pnb.RunStore(store.folder)
        store.add(run(at=day(at + 1)))
    opened = []
    one = index.rows.row_of
    monkeypatch.setattr(index.rows, "row_of", lambda *a: opened.append(a[1]) or one(*a))
    assert len(store.runs()) == 12
    assert len(opened) < 5


def test_pruning_keeps_the_latest_of_each_label(store):
    for at in range(1, 5):
        store.add(run("a", at=day(at)))
    store.add(run("b", at=day(1)))
    gone = store.prune(2)
    assert gone["started_at"].dt.day.tolist() == [1, 2]
    assert store.runs()["label"].value_counts().to_dict() == {"a": 2, "b": 1}
    assert len(store.prune(0, label="a")) == 2
    assert store.runs()["label"].tolist() == ["b"]


def test_pruning_by_age_keeps_what_is_young(store):
    now = datetime.datetime.now(datetime.UTC)
    for days in (1, 40):
        at = (now - datetime.timedelta(days=days)).isoformat()
        store.add(run(at=at))
    assert len(store.prune("30 days")) == 1
    assert len(store.prune(datetime.timedelta(days=2))) == 0


@pytest.mark.parametrize("keep", [-1, "soon", True, 1.5, None])
def test_what_to_keep_must_make_sense(store, keep):
    store.add(run(at=day(1)))
    with pytest.raises(ArgumentError, match="keep"):
        store.prune(keep)
    assert len(store) == 1


def test_sql_sees_attempts_and_runs(store):
    first = store.add(run("a", (1.0, 2.0), at=day(1)))
    store.add(run("b", (10.0,), at=day(2)))
    found = store.query(
        "SELECT label, sum(ended - started) AS work FROM attempts JOIN runs "
        "ON run = id GROUP BY label ORDER BY label"
    )
    assert found["work"].tolist() == [3.0, 10.0]
    names = store.query("SELECT DISTINCT run FROM attempts ORDER BY run")["run"]
    assert names.iat[0] == first
    with pytest.raises(ArgumentError, match="`attempts`"):
        store.query("SELECT nothing FROM nowhere")
    with pytest.raises(ArgumentError, match="must be a query"):
        store.query("")


def test_an_empty_store_answers_queries(store):
    assert store.query("SELECT count(*) AS n FROM attempts")["n"].tolist() == [0]


def test_a_store_by_url_does_the_same():
    pytest.importorskip("fsspec")
    store = pnb.RunStore("memory://some/runs")
    key = store.add(run("far", at=day(1)), tags=["t"])
    other = pnb.RunStore("memory://some/runs")
    assert other.runs()["label"].tolist() == ["far"]
    assert other.load(key).meta.tags == ("t",)
    assert other.query("SELECT count(*) AS n FROM attempts")["n"].tolist() == [2]
    assert other.recover() == []
    assert other.new_journal() is None
    other.prune(0)
    assert len(store) == 0


def test_unknown_urls_and_things_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="URL that fsspec knows"):
        pnb.RunStore("nosuch://place")
    with pytest.raises(ArgumentError, match="path or a URL"):
        pnb.RunStore(3)
    with pytest.raises(ArgumentError, match="must be a Run"):
        pnb.RunStore(tmp_path).add("run")
    with pytest.raises(ArgumentError, match="sequence of str"):
        pnb.RunStore(tmp_path).add(run(), tags="main")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make the folder"):
        pnb.RunStore(tmp_path / "file" / "below")


def test_history_and_browse_take_a_store(store):
    for at in range(1, 11):
        store.add(run("nightly", (1.0, 2.0 + 2 * (at > 5)), at=day(at)))
    past = pnb.history(store, label="nightly")
    assert past.changes["verdict"].tolist() == ["slower"]
    assert past.table["id"].tolist() == store.runs()["id"].tolist()


# -- faults ------------------------------------------------------------------------

ADDING = """
import sys, pandas as pd, parallel_nb as pnb
store = pnb.RunStore(sys.argv[1])
table = pd.DataFrame({"task": range(int(sys.argv[2])), "started": 0.0, "ended": 1.0})
run = pnb.Run.from_frame(table, label="written")
print("ready", flush=True)
while True:
    store.add(run)
    print("added", flush=True)
"""


def writer(folder, n_tasks=20_000):
    return subprocess.Popen(
        [sys.executable, "-c", ADDING, str(folder), str(n_tasks)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_writers_that_are_killed_leave_whole_runs_only(store, tmp_path):
    folder = tmp_path / "runs"
    n_added = 0
    for pause in range(3):
        process = writer(folder)
        assert process.stdout.readline() == "ready\n"
        for _ in range(pause + 1):
            process.stdout.readline()
            n_added += 1
        process.kill()
        n_added += process.communicate()[0].count("added")
    frame = store.runs()
    assert (frame["status"] == "ok").all()
    assert n_added <= len(frame) <= n_added + 3
    store.load(frame["id"].iat[-1])


def test_drafts_of_killed_writers_go_in_the_end(store, tmp_path):
    draft = tmp_path / "runs" / ".x.parquet.0123456789ab.tmp"
    draft.write_bytes(b"PAR1")
    store.add(run())
    assert draft.exists()  # perhaps somebody is still at it
    os.utime(draft, (0, 0))
    pnb.RunStore(tmp_path / "runs").add(run())
    assert not draft.exists()


def test_two_writers_do_not_disturb_each_other(store, tmp_path):
    processes = [writer(tmp_path / "runs", 10) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
            for _ in range(20):
                process.stdout.readline()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    frame = store.runs()
    assert (frame["status"] == "ok").all()
    assert frame["id"].is_unique
    assert len(frame) >= 40


def test_a_full_disk_is_an_error_and_leaves_nothing(store, tmp_path, monkeypatch):
    import errno

    from parallel_nb.store import saving

    def full(table, file):
        file.write(b"PAR1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(saving, "_write", full)
    with pytest.raises(StoreError, match="No space left"):
        store.add(run())
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_that_is_gone_is_told(store, tmp_path):
    shutil.rmtree(tmp_path / "runs")
    with pytest.raises(StoreError, match="is gone"):
        store.runs()
    with pytest.raises(StoreError, match="create it first"):
        store.add(run())


# -- journals ----------------------------------------------------------------------

DYING = """
import os, sys, time
import parallel_nb as pnb
def work(i):
    if i == 3:
        time.sleep(60)
    return i
pnb.run(work, range(6), n_jobs=2, journal=sys.argv[1], label="died", progress=False)
"""


def n_done(journal):
    """How many tasks a journal has, which may not have begun yet."""
    with contextlib.suppress(StoreError):
        return int((pnb.recover(journal).attempts["status"] == "done").sum())
    return 0


def test_runs_whose_process_died_are_recovered_once(store, tmp_path):
    journal = store.new_journal()
    process = subprocess.Popen([sys.executable, "-c", DYING, journal])
    try:
        give_up = time.monotonic() + 60
        while n_done(journal) < 3 and time.monotonic() < give_up:
            time.sleep(0.05)
        assert store.recover() == []  # it is being written
    finally:
        process.kill()
        process.wait()
    (key,) = store.recover()
    assert store.recover() == []
    again = store.load(key)
    assert again.meta.label == "died"
    assert again.meta.ended_by == "killed"
    assert not os.path.exists(journal)
    assert store.runs()["done"].iat[0] >= 3


def test_journals_that_are_none_stay_and_are_told(store, tmp_path):
    path = tmp_path / "runs" / "odd.journal"
    path.write_bytes(b"nothing of ours, but long enough to be looked at" * 10)
    with pytest.warns(RuntimeWarning, match="left as it is"):
        assert store.recover() == []
    assert path.exists()


def test_a_journal_whose_run_is_there_already_only_goes(store, tmp_path):
    journal = store.new_journal()
    made = pnb.run(abs, [-1], n_jobs=1, progress=False, journal=journal)
    shutil.copy(journal, tmp_path / "copy")
    key = store.take(made, journal)
    assert not os.path.exists(journal)
    shutil.copy(tmp_path / "copy", journal)
    assert store.recover() == [key]
    assert len(store) == 1
    assert not os.path.exists(journal)


# -- run(..., store=) --------------------------------------------------------------


def negative(i):
    if i == 2:
        raise ValueError("two")
    return -i


def test_a_run_is_kept_where_it_is_told_to(store, tmp_path):
    made = pnb.run(abs, [-1, 2], n_jobs=1, progress=False, store=store, label="kept")
    assert store.latest("kept").meta.started_at == made.meta.started_at
    assert [path.suffix for path in (tmp_path / "runs").iterdir()] == [".parquet"]


def test_while_it_runs_its_journal_is_there(store, tmp_path):
    def journals(_):
        return [path.suffix for path in (tmp_path / "runs").iterdir()]

    made = pnb.run(
        journals, [0], n_jobs=1, backend="threading", progress=False, store=store
    )
    assert made.results == [[".journal"]]


def test_what_is_run_again_is_another_run(store):
    first = pnb.run(negative, range(4), n_jobs=1, progress=False, store=store)
    again = pnb.rerun(first)
    assert len(store) == 2
    assert len(again.attempts) == 5
    assert store.runs()["n_attempts"].tolist() == [4, 5]


def test_a_run_that_fails_on_its_way_is_kept_as_far_as_it_got(store):
    with pytest.raises(pnb.TasksFailed):
        pnb.run(
            negative,
            range(4),
            n_jobs=1,
            progress=False,
            store=store,
            on_failure="raise",
        )
    assert store.runs()["failed"].tolist() == [1]


def test_in_the_background_it_is_kept_too(store):
    handle = pnb.start(negative, [0, 1], n_jobs=1, store=store)
    assert handle.wait().n_tasks == 2
    assert len(store) == 1


def test_a_store_by_url_has_no_journals():
    pytest.importorskip("fsspec")
    store = pnb.RunStore("memory://by/url")
    pnb.run(abs, [1], n_jobs=1, progress=False, store=store)
    assert len(store) == 1


def test_what_cannot_be_kept_is_still_in_memory(store, tmp_path):
    def lose(_):
        shutil.rmtree(tmp_path / "runs")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # its journal is gone, too
        made = pnb.run(
            lose, [0], n_jobs=1, backend="threading", progress=False, store=store
        )
    assert any("could not be saved" in str(warning.message) for warning in caught)
    assert pnb.last_run() is made


def test_a_folder_is_no_store(tmp_path):
    with pytest.raises(ArgumentError, match=r"`store` must be a RunStore; got str"):
        pnb.run(abs, [1], store=str(tmp_path))
    with pytest.raises(ArgumentError, match="store"):
        pnb.sweep(abs, [1], n_jobs=[1], store=pnb.RunStore(tmp_path))


def test_half_a_character_in_a_label_costs_no_list(store):
    store.add(run("x\ud800y"), tags=["\udfff"])
    store.add(run("well"))
    assert sorted(store.runs()["label"]) == ["well", "x\\ud800y"]


def test_names_that_are_not_utf8_and_links_to_themselves_harm_nothing(store, tmp_path):
    key = store.add(run("well"))
    folder = tmp_path / "runs"
    (folder / "loop.parquet").symlink_to("loop.parquet")
    shutil.copy(folder / f"{key}.parquet", os.fsencode(folder) + b"/bad\xff.parquet")
    frame = store.runs()
    assert frame["status"].value_counts().to_dict() == {"ok": 1, "unreadable": 1}
    assert "UTF-8" in frame["why"].max()


def test_a_run_that_is_pruned_while_it_is_listed_is_no_row(store, monkeypatch):
    from parallel_nb.runstore import index

    keys = [store.add(run()) for _ in range(2)]
    one = index.rows.row_of

    def late(folder, name, n_bytes):
        if name.startswith(keys[0]):
            folder.remove(name)
        return one(folder, name, n_bytes)

    monkeypatch.setattr(index.rows, "row_of", late)
    assert store.runs()["id"].tolist() == keys[1:]


@pytest.mark.parametrize("keep", ["30", "1e3", " ", 2.0, True])
def test_a_bare_number_is_no_age(store, keep):
    store.add(run(at=day(1)))
    with pytest.raises(ArgumentError, match="30 days"):
        store.prune(keep)
    assert len(store) == 1


def test_a_number_of_numpys_counts_runs(store):
    import numpy as np

    store.add(run(at=day(1)))
    assert len(store.prune(np.int64(1))) == 0
    assert len(store) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{}/evil.csv'",
        "ATTACH '{}/evil.db'",
        "SELECT 1; COPY (SELECT 1) TO '{}/evil.csv'",
        "EXPORT DATABASE '{}/evil'",
    ],
)
def test_sql_writes_nothing(store, tmp_path, sql):
    pytest.importorskip("duckdb")
    store.add(run())
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ArgumentError, match="must be a query"):
        store.query(sql.format(tmp_path))
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("tags", [None, 5, "text", [1]])
def test_tags_are_texts(store, tags):
    with pytest.raises(ArgumentError, match="sequence of str"):
        store.add(run(), tags=tags)


def test_a_star_in_a_name_is_no_pattern(store, tmp_path):
    pytest.importorskip("duckdb")
    key = store.add(run())
    folder = tmp_path / "runs"
    for name in ("star*", "starry", "a?c", "abc"):
        shutil.copy(folder / f"{key}.parquet", folder / f"{name}.parquet")
    found = store.query("SELECT run, count(*) AS n FROM attempts GROUP BY run")
    assert dict(zip(found["run"], found["n"], strict=True)) == dict.fromkeys(
        [key, "star*", "starry", "a?c", "abc"], 2
    )


@pytest.mark.parametrize("key", [None, 3, "", pd.Series(["a", "b"])])
def test_what_is_no_id_is_refused(store, key):
    store.add(run())
    with pytest.raises(ArgumentError, match="column `id`"):
        store.load(key)
