"""A run that shows itself while it goes on: what it says, and that it may be ended."""

import threading
import time

import nbclient
import nbformat
import numpy as np
import pytest

import parallel_nb as pnb
from parallel_nb.engine import progress
from parallel_nb.engine.watched import Rows
from parallel_nb.engine.worker import RECORD_FIELDS
from parallel_nb.widgets import monitor
from parallel_nb.widgets.monitor import telling, view
from parallel_nb.widgets.monitor.tally import Tally

CODES = {"done": 0, "failed": 1}


class Asked:
    """What a view asks of a run, with answers that a test chooses."""

    title, n_workers, backend, zero = "toys", 2, "isolated", 100.0
    in_background, waits, ended_by, costs = False, False, "completion", None

    def __init__(self, n_tasks=10, **answers):
        self.n_tasks, self.n_known = n_tasks, n_tasks or 0
        self.n_ended, self.n_cancels = 0, 0
        self.time, self.running, self._coming = 100.0, [], []
        self._n_rows, self._errors = 0, {}
        for name, value in answers.items():
            setattr(self, name, value)

    def come(self, *rows):
        """Attempts come home: (task, status, lane, start, end, error)."""
        for task, status, lane, start, end, *error in rows:
            self._errors[self._n_rows + len(self._coming)] = "".join(error)
            self._coming.append((task, CODES[status], lane, start + 100, end + 100))
            self.n_ended += 1

    def now(self):
        return self.time

    def news(self):
        rows, self._coming = self._coming, []
        if not rows:
            return []
        records = np.zeros(len(rows), np.dtype(RECORD_FIELDS))
        for name, at in (("status", 1), ("started", 3), ("ended", 4)):
            records[name] = [row[at] for row in rows]
        numbers = self._n_rows + np.arange(len(rows))
        self._n_rows += len(rows)
        tasks = np.array([row[0] for row in rows], np.int64)
        lanes = np.array([row[2] for row in rows], int)
        return [
            Rows(records, tasks, lanes, numbers, np.count_nonzero(records["status"]))
        ]

    def under_way(self):
        return self.running

    def name_of(self, task):
        return f"toy {task}"

    def error_of(self, row):
        return self._errors[row]

    def cancel(self):
        self.n_cancels += 1
        return True


def tally_of(asked, seconds):
    """Of a run that began with nothing, some seconds later."""
    coming, asked._coming = asked._coming, []
    tally = Tally(asked)
    asked._coming, asked.time = coming, asked.zero + seconds
    tally.look()
    return tally


@pytest.fixture
def shown(monkeypatch):
    """What is published, in order, where a notebook would be."""
    told = []

    def publish(data, *, transient, update):
        told.append((data, transient["display_id"], update))

    monkeypatch.setattr(view, "publish_display_data", publish)
    monkeypatch.setattr(view, "_DELAY", 0.0)
    return told


@pytest.fixture
def in_notebook(shown, monkeypatch):
    """Runs of this process believe that they are in one."""
    monkeypatch.setattr(monitor, "_has_notebook", lambda: True)
    monkeypatch.setattr(progress, "_offered", monitor.opened)
    return shown


# --- what is known ---


def test_counts_follow_the_last_attempt_of_each_task():
    asked = Asked()
    asked.come((0, "done", 0, 0, 1), (1, "failed", 1, 0, 1, "ValueError: no"))
    tally = tally_of(asked, 1)
    assert tally.counts == {"done": 1, "failed": 1}
    asked.come((1, "done", 1, 1, 2))
    tally.look()
    assert tally.counts == {"done": 2}


def test_failures_are_listed_by_name_with_their_error():
    asked = Asked(100)
    asked.come(*[(i, "failed", 0, i, i + 1, f"ValueError: {i}") for i in range(9)])
    tally = tally_of(asked, 9)
    assert tally.n_failures == 9
    assert len(tally.failures) == 5
    assert tally.failures[0][1:] == ("toy 0", "failed", "ValueError: 0")
    assert "and 4 more attempts" in telling.page(asked, tally)


def test_pace_is_that_of_late():
    asked = Asked(1000)
    tally = tally_of(asked, 0)
    for second in range(1, 31):
        n = 1 if second <= 15 else 5
        done = [(asked.n_ended + i, "done", 0, second - 1, second) for i in range(n)]
        asked.come(*done)
        asked.time = 100.0 + second
        tally.look()
    assert tally.pace == pytest.approx(5.0)
    assert telling.pace(tally) == "5 tasks/s"


def test_a_lane_is_under_way_since_its_last_attempt_ended():
    asked = Asked(running=[(0, 100.0), (1, 104.0), (-1, 104.0)])
    asked.come((0, "done", 0, 0, 3))
    assert tally_of(asked, 5).under_way == [(0, 3.0), (1, 4.0)]


# --- what is said ---


def test_time_to_go_is_not_known_before_it_can_be():
    tally = tally_of(Asked(), 1)
    assert telling.to_go(tally) == "time to go not yet known"


def test_time_to_go_has_bounds():
    asked = Asked(20)
    asked.come(*[(i, "done", i % 2, i // 2, i // 2 + 1) for i in range(10)])
    assert telling.to_go(tally_of(asked, 5)) == "about 6 s to go (between 5 s and 6 s)"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"n_tasks": None}, "more tasks may come"),
        ({"waits": True}, "tasks wait for each other"),
    ],
)
def test_where_nobody_can_know_the_time_to_go_it_says_why(answers, why):
    asked = Asked(**answers)
    asked.come(*[(i, "done", 0, i, i + 1) for i in range(6)])
    assert why in telling.to_go(tally_of(asked, 6), asked.waits)


def test_known_costs_are_reckoned_with():
    asked = Asked(10, costs=np.array([10.0] * 5 + [1.0] * 5), n_workers=1)
    asked.come(*[(i, "done", 0, 10 * i, 10 * i + 10) for i in range(5)])
    assert telling.to_go(tally_of(asked, 50)) == "about 5 s to go"


def test_names_and_errors_are_text_not_markup():
    asked = Asked(title="<b>")
    asked.come((0, "failed", 0, 0, 1, "KeyError: <img>"))
    page = telling.page(asked, tally_of(asked, 1))
    assert "<img>" not in page
    assert "&lt;img&gt;" in page
    assert "<b><b>" not in page


def test_a_run_in_the_foreground_says_how_to_stop_it():
    asked = Asked()
    assert telling.STOP in telling.page(asked, tally_of(asked, 1))
    asked = Asked(in_background=True)
    assert telling.STOP not in telling.page(asked, tally_of(asked, 1))


# --- the widget ---


def test_a_frame_changes_the_numbers_and_the_lanes(shown):
    asked = Asked()
    shown_view = view.Monitor(asked)
    shown_view._tally = Tally(asked)
    shown_view.open()
    before = shown_view.page.value, shown_view.lanes.value
    asked.come((0, "done", 0, 0, 1))
    asked.time += 1
    shown_view.draw()
    assert shown_view.page.value != before[0]
    assert shown_view.lanes.value != before[1]
    assert 'aria-valuenow="10"' in shown_view.page.value


def test_what_is_read_out_changes_seldom(shown):
    asked = Asked(100)
    shown_view = view.Monitor(asked)
    shown_view._tally = Tally(asked)
    shown_view.open()
    said = []
    for second in range(1, 20):
        asked.come((second, "done", 0, second - 1, second))
        asked.time = 100.0 + second
        shown_view.draw()
        said.append(shown_view.status.value)
    assert len(set(said)) == 2
    assert 'role="status"' in said[0]


def test_cancel_asks_the_run_to_end_and_says_so(shown):
    asked = Asked(in_background=True)
    shown_view = view.Monitor(asked)
    shown_view._tally = Tally(asked)
    shown_view.open()
    shown_view.cancel.click()
    assert asked.n_cancels == 1
    assert shown_view.cancel.disabled
    assert shown_view.cancel.description == "Cancelling…"


def test_only_a_run_in_the_background_has_the_button(shown):
    for in_background in (True, False):
        shown_view = view.Monitor(Asked(in_background=in_background))
        shown_view._tally = Tally(shown_view._watched)
        shown_view.open()
        kinds = [type(each).__name__ for each in shown_view._shown.children]
        assert ("Box" in kinds) is in_background


def test_a_view_of_a_run_that_never_began_says_so(shown):
    view.Monitor(Asked(in_background=True)).__exit__(ValueError, ValueError(), None)
    assert "starting 2 workers" in shown[0][0]["text/plain"]
    assert "before any task began: ValueError" in shown[1][0]["text/plain"]
    assert shown[0][1] == shown[1][1]


# --- runs ---


def nap(seconds):
    time.sleep(seconds)
    if seconds == 0.02:
        raise ValueError("too short")
    return seconds


def test_a_run_ends_in_one_line_without_a_widget(in_notebook):
    run = pnb.run(nap, [0.3, 0.3, 0.02], n_jobs=2, backend="threading", label="naps")
    first, *_, last = in_notebook
    assert "application/vnd.jupyter.widget-view+json" in first[0]
    assert "application/vnd.jupyter.widget-view+json" not in last[0]
    assert "naps: 2 of 3 tasks done, 1 failed in" in last[0]["text/plain"]
    assert 'role="status"' in last[0]["text/html"]
    assert last[1:] == (first[1], True)
    assert run.meta.is_live


def test_no_thread_is_left(in_notebook):
    pnb.run(nap, [0.1], n_jobs=1, backend="threading")
    assert not [t for t in threading.enumerate() if t.name == "parallel_nb-view"]


def test_progress_false_shows_nothing(in_notebook):
    run = pnb.run(nap, [0.1], n_jobs=1, backend="threading", progress=False)
    assert in_notebook == []
    assert not run.meta.is_live


def test_measurements_are_not_watched(in_notebook):
    swept = pnb.sweep(nap, [0.05], n_jobs=[1], backend="threading", repeats=1)
    assert in_notebook == []
    assert not swept.runs[0].meta.is_live


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_runs_inside_tasks_are_not_shown(in_notebook, backend):
    def outer(x):
        return pnb.run(nap, [0.1, 0.1], n_jobs=1, backend="threading").meta.is_live

    run = pnb.run(outer, [0], n_jobs=1, backend=backend)
    assert run.results == [False]
    assert len({display_id for _, display_id, _ in in_notebook}) == 1


def test_listeners_hear_everything_beside_the_view(in_notebook):
    heard = []
    pnb.run(
        nap,
        [0.1, 0.1],
        n_jobs=1,
        backend="threading",
        on_event=lambda e: heard.append(e),
    )
    assert [e.kind for e in heard].count("done") == 2
    assert in_notebook


def test_a_board_that_shows_itself_takes_the_place_of_the_view(in_notebook):
    import io

    board = pnb.StatusBoard(io.StringIO())
    pnb.run(nap, [0.1], n_jobs=1, backend="threading", on_event=board)
    assert in_notebook == []


def test_runs_at_once_have_a_view_each(in_notebook):
    handles = [
        pnb.start(nap, [0.1] * 2, n_jobs=1, backend="threading", label=label)
        for label in ("one", "two")
    ]
    for handle in handles:
        handle.wait(timeout=60)
    ends = {}
    for data, display_id, _ in in_notebook:
        ends[display_id] = data["text/plain"]
    assert sorted(end.split(" in ")[0] for end in ends.values()) == [
        "one: 2 of 2 tasks done",
        "two: 2 of 2 tasks done",
    ]


def test_a_run_in_the_background_keeps_its_lanes_with_their_words(in_notebook):
    pnb.start(nap, [0.1], n_jobs=1, backend="threading").wait(timeout=60)
    assert '<img alt="nap: 1 of 1 task done in ' in in_notebook[-1][0]["text/html"]


def test_what_goes_on_with_a_run_counts_what_is_done(in_notebook):
    asked = []

    def at_second(x):
        time.sleep(0.1)
        asked.append(x)
        if asked.count(x) == 1 and x == 2:
            raise ValueError("not at first")

    first = pnb.run(at_second, [1, 2, 3], n_jobs=1, backend="threading")
    again = pnb.rerun(first)
    assert (again.tasks["status"] == "done").all()
    assert "3 of 3 tasks done in" in in_notebook[-1][0]["text/plain"]


def test_cancel_from_the_view_ends_a_run_and_keeps_what_is_done(
    in_notebook, monkeypatch
):
    opened = []

    def opening(watched):
        opened.append(view.Monitor(watched))
        return opened[-1]

    monkeypatch.setattr(progress, "_offered", opening)
    is_under_way = threading.Event()

    def work(x):
        if x == 1:
            is_under_way.set()
            time.sleep(0.2)
        return x

    handle = pnb.start(work, [0, 1] + [0.2] * 200, n_jobs=1, backend="threading")
    assert is_under_way.wait(60)
    opened[0]._watched.cancel()
    run = handle.wait(timeout=60)
    assert run.meta.ended_by == "cancel"
    assert run.tasks["status"].iloc[0] == "done"
    assert "; cancelled after" in in_notebook[-1][0]["text/plain"]


def test_a_kernel_shows_runs_in_the_cells_that_began_them():
    cells = [
        "import time, parallel_nb as pnb\n"
        "run = pnb.run(time.sleep, [0.3] * 4, n_jobs=2, label='front')",
        "handle = pnb.start(time.sleep, [0.2] * 4, n_jobs=2, label='back')",
        "print(handle.wait().meta.is_live, run.meta.is_live)",
    ]
    made = [nbformat.v4.new_code_cell(code) for code in cells]
    notebook = nbformat.v4.new_notebook(cells=made)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    front, back, last = notebook.cells
    told = [
        output.data["text/plain"]
        for cell in (front, back)
        for output in cell.outputs
        if output.output_type == "display_data"
    ]
    assert told[0].startswith("front: 4 of 4 tasks done in")
    assert told[1].startswith("back:")
    assert last.outputs[0].text == "True True\n"
