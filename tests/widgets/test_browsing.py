"""Past runs of a folder: what is listed, found, opened and compared."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError, StoreError
from parallel_nb.widgets.browsing_folder import Folder
from parallel_nb.widgets.browsing_pair import Pair, ledger_rows, summary_rows

from ..fitting.making import AMDAHL, sweep_of
from .making import uneven


def run_of(label, *durations, **extras):
    """Tasks one after the other on one worker."""
    ended = np.cumsum(durations)
    table = pd.DataFrame({"task": range(len(ended)), "ended": ended, "worker": 0})
    table["started"] = ended - np.array(durations)
    return pnb.Run.from_frame(table, label=label, **extras)


@pytest.fixture
def folder(tmp_path):
    pnb.save(run_of("monday", 1.0, 2.0), tmp_path / "a.parquet")
    pnb.save(run_of("tuesday", 4.0), tmp_path / "b.parquet")
    pnb.save(uneven(), tmp_path / "c.parquet")
    return tmp_path


@pytest.fixture
def shown(folder):
    return pnb.browse(folder)


def listed(shown):
    return [id for _, id in shown.run.options]


# --- the folder ---


def test_heads_tell_what_the_runs_would(folder):
    rows = Folder(folder).runs().set_index("id")
    for id in rows.index:
        numbers = pnb.load(folder / id).summary().iloc[0]
        assert rows.loc[id, "makespan"] == pytest.approx(numbers["makespan"])
        assert rows.loc[id, "n_tasks"] == numbers["n_tasks"]
        assert rows.loc[id, "label"] == pnb.load(folder / id).meta.label
    assert rows["n_errors"].tolist() == [0, 0, 1]


def test_a_run_without_tasks_is_listed(tmp_path):
    pnb.save(pnb.run(abs, [], n_jobs=1, backend="threading"), tmp_path / "no.parquet")
    (row,) = Folder(tmp_path).runs().itertuples()
    assert row.n_tasks == 0
    assert np.isnan(row.makespan)
    assert row.problem == ""


def test_a_journal_is_a_run(tmp_path):
    path = tmp_path / "nightly.journal"
    pnb.run(abs, [-1, 2], n_jobs=1, backend="threading", journal=path, label="kept")
    (row,) = Folder(tmp_path).runs().itertuples()
    assert (row.kind, row.label, row.n_tasks) == ("journal", "kept", 2)
    assert Folder(tmp_path).load(row.id).n_tasks == 2


def test_damaged_files_are_listed_as_such(folder):
    whole = (folder / "a.parquet").read_bytes()
    (folder / "torn.parquet").write_bytes(whole[:-20])
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "empty.journal").write_bytes(b"")
    pq.write_table(pa.table({"x": [1]}), folder / "foreign.parquet")
    journal = folder / "torn.journal"
    pnb.run(abs, [-1], n_jobs=1, backend="threading", journal=journal)
    journal.write_bytes(journal.read_bytes()[:30])
    rows = Folder(folder).runs().set_index("id")
    bad = rows.index[rows["problem"] != ""]
    assert sorted(bad) == [
        "empty.journal",
        "empty.parquet",
        "foreign.parquet",
        "torn.journal",
        "torn.parquet",
    ]
    shown = pnb.browse(folder)
    assert not set(bad) & set(listed(shown))
    assert "<b>torn.parquet</b> cannot be read" in shown.problems.value
    assert "5 files cannot be read" in shown.said.value


def test_other_files_are_left_alone(folder):
    (folder / "notes.txt").write_text("buy milk")
    assert len(Folder(folder).runs()) == 3


def test_what_is_known_of_a_file_is_kept_until_it_changes(folder, monkeypatch):
    store = Folder(folder)
    store.runs()
    pnb.save(run_of("wednesday", 1.0), folder / "b.parquet")
    asked = []
    read = pq.read_metadata
    monkeypatch.setattr(pq, "read_metadata", lambda p: asked.append(p.name) or read(p))
    assert "wednesday" in store.runs()["label"].tolist()
    assert asked == ["b.parquet"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ArgumentError, match="no such folder"):
        pnb.browse(tmp_path / "nowhere")


def test_what_is_no_store_is_refused():
    with pytest.raises(ArgumentError, match="runs\\(\\) and load"):
        pnb.browse(3)


# --- the controls ---


def test_each_word_of_the_filter_has_to_be_found(shown):
    shown.filter.value = "DAY"
    assert len(listed(shown)) == 2
    shown.filter.value = "day tues"
    assert listed(shown) == ["b.parquet"]
    assert "1 of 3 files match “day tues”" in shown.said.value
    assert "tuesday" in shown.table.value
    assert "monday" not in shown.table.value


def test_a_filter_that_nothing_matches_leaves_nothing_to_open(shown):
    shown.filter.value = "(["
    assert listed(shown) == []
    assert shown.explore.disabled
    assert shown.compare.disabled
    shown.filter.value = ""
    assert not shown.explore.disabled


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("longest first", "c.parquet"),
        ("shortest first", "a.parquet"),
        ("most errors first", "c.parquet"),
        ("by label", "a.parquet"),
    ],
)
def test_runs_are_ordered(shown, order, first):
    shown.order.value = order
    assert listed(shown)[0] == first


def test_a_run_that_is_picked_stays_picked_while_it_is_there(shown):
    shown.run.value = "b.parquet"
    shown.order.value = "longest first"
    assert shown.run.value == "b.parquet"
    assert shown.table.value.count('aria-current="true"') == 1
    shown.filter.value = "monday"
    assert shown.run.value == "a.parquet"


def test_explore_opens_the_run_that_is_picked(shown):
    shown.run.value = "c.parquet"
    shown.explore.click()
    (opened,) = shown.below.children
    assert "uneven" in repr(opened)
    assert "Opened uneven" in shown.said.value


def test_a_sweep_is_explored_as_one(tmp_path):
    pnb.save(sweep_of("amdahl", AMDAHL), tmp_path / "s.parquet")
    shown = pnb.browse(tmp_path)
    shown.explore.click()
    (opened,) = shown.below.children
    assert type(opened).__name__ == "SweepExplorer"


def test_compare_sets_two_runs_beside_each_other(shown):
    shown.run.value, shown.other.value = "a.parquet", "b.parquet"
    shown.compare.click()
    (pair,) = shown.below.children
    assert isinstance(pair, Pair)
    assert "monday" in pair.timelines.words
    assert "tuesday" in pair.timelines.words
    assert "1.33×" in pair.tables.value  # 4 s after 3 s
    assert pair.verdict.value


def test_compare_needs_another_run(shown):
    shown.compare.click()
    assert shown.below.children == ()
    assert "Choose another run" in shown.said.value


def test_a_run_is_not_offered_to_be_compared_with_itself(shown):
    shown.run.value, shown.other.value = "a.parquet", "b.parquet"
    assert sorted(id for _, id in shown.other.options) == ["", "b.parquet", "c.parquet"]
    shown.run.value = "c.parquet"
    assert shown.other.value == "b.parquet"
    shown.run.value = "b.parquet"
    assert shown.other.value == ""
    assert sorted(id for _, id in shown.other.options) == ["", "a.parquet", "c.parquet"]


def test_a_run_is_compared_with_one_that_the_filter_leaves_out(shown):
    shown.other.value = "b.parquet"
    shown.filter.value = "monday"
    assert sorted(id for _, id in shown.other.options) == ["", "b.parquet"]
    shown.compare.click()
    assert "monday beside tuesday" in shown.said.value


def test_a_file_that_went_bad_meanwhile_is_told(shown, folder):
    shown.run.value = "a.parquet"
    (folder / "a.parquet").write_bytes(b"PAR1")
    shown.explore.click()
    assert shown.below.children == ()
    assert "cannot be read" in shown.said.value


def test_reading_again_finds_new_runs(shown, folder):
    pnb.save(run_of("friday", 1.0), folder / "f.parquet")
    shown.refresh.click()
    assert "f.parquet" in listed(shown)


def test_a_store_needs_only_rows_and_a_way_to_load():
    class Store:
        def runs(self):
            return pd.DataFrame({"id": [7, 8], "label": ["old", None]})

        def load(self, id):
            if id == 8:
                raise StoreError("gone")
            return run_of("old", 1.0)

    shown = pnb.browse(Store())
    shown.run.value = 7
    shown.explore.click()
    assert len(shown.below.children) == 1
    shown.run.value = 8
    shown.explore.click()
    assert "8 cannot be read: gone" in shown.said.value


def test_a_store_is_browsed(tmp_path):
    store = pnb.RunStore(tmp_path / "runs")
    store.add(run_of("monday", 1.0, 2.0), tags=["main", "nightly"])
    bad = store.add(uneven())
    (tmp_path / "runs" / "torn.parquet").write_bytes(b"PAR1")
    pnb.save(sweep_of("amdahl", AMDAHL), tmp_path / "runs" / "s.parquet")
    shown = pnb.browse(store)
    assert "3 runs" in shown.said.value
    assert "1 file cannot be read" in shown.said.value
    assert "torn</b> cannot be read" in shown.problems.value
    assert "&lt;RunStore" not in shown.said.value
    shown.order.value = "most errors first"
    assert shown.run.options[0][1] == bad
    assert "1 error" in shown.run.options[0][0]
    shown.filter.value = "nightly"
    (told, _), *others = shown.run.options
    assert told.startswith("monday [main, nightly]")
    assert "2 tasks" in told
    assert not others
    shown.explore.click()
    assert "Opened monday" in shown.said.value
    shown.other.value = shown.other.options[-1][1]
    shown.filter.value = ""
    shown.other.value = bad
    shown.compare.click()
    assert isinstance(shown.below.children[0], Pair)


def test_a_saved_notebook_has_the_table_and_what_is_open(shown):
    kept = shown._repr_mimebundle_()["text/html"]
    assert "<table" in kept
    assert "tuesday" in kept
    shown.run.value, shown.other.value = "a.parquet", "b.parquet"
    shown.compare.click()
    kept = shown._repr_mimebundle_()["text/html"]
    assert '<img alt="Above, monday' in kept
    assert "<figcaption>" in kept


# --- two runs ---


def test_numbers_of_both_runs_stand_beside_each_other():
    rows = {
        name: rest for name, *rest in summary_rows(run_of("a", 2.0), run_of("b", 3.0))
    }
    assert rows["makespan"] == ["2 s", "3 s", "1.5×"]


def test_ledgers_of_both_runs_stand_beside_each_other():
    rows = {name: rest for name, *rest in ledger_rows(run_of("a", 2.0), uneven())}
    seconds = [float(rest[1].split(" ")[0]) for rest in rows.values()]
    assert sum(seconds) == pytest.approx(16.0, abs=0.1)  # 2 workers for 8 s
