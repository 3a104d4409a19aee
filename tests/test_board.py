"""The status board: what it says, where, how often, and what it leaves behind."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from tqdm import tqdm

import parallel_nb as pnb
from parallel_nb.board import lines, showing, tally
from parallel_nb.engine.events import KINDS
from parallel_nb.engine.events import Event as _Event
from tests.screen import Screen, Terminal

ROOT = Path(__file__).parents[1]


def event(kind, task=0, name=None, **fields):
    fields.setdefault("attempt", 0 if kind in ("ready", "skipped") else 1)
    return _Event(kind, task, f"task {task}" if name is None else name, **fields)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Alarm:
    """A timer that rings when the test says so."""

    made: list

    def __init__(self, seconds, function, arguments):
        self.seconds, self._ring = seconds, lambda: function(*arguments)
        self.is_over = False
        self.made.append(self)

    def start(self):
        pass

    def cancel(self):
        self.is_over = True

    def ring(self):
        if not self.is_over:
            self.is_over = True
            self._ring()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def alarms(monkeypatch, clock):
    """Timers set so far; `pass_time` rings those that are due."""
    made = []
    monkeypatch.setattr(Alarm, "made", made, raising=False)
    monkeypatch.setattr(showing.threading, "Timer", Alarm)
    return made


@pytest.fixture
def size(monkeypatch):
    """Let a stream without a descriptor have the size of its screen."""

    def of(terminal):
        screen = terminal.screen
        monkeypatch.setenv("COLUMNS", str(screen.columns))
        monkeypatch.setenv("LINES", str(screen.height))
        return terminal

    return of


def appended(*events):
    stream = io.StringIO()
    board = pnb.StatusBoard(stream)
    for each in events:
        board(each)
    return stream.getvalue().splitlines()


# --- a stream that is no terminal ---


def test_elsewhere_each_change_is_a_line():
    assert appended(
        event("ready", 0, "load", agent="reader", time=0.001),
        event("submitted", 0, "load", agent="reader", time=0.002),
        event("done", 0, "load", agent="reader", time=1.5, result=[1, 2]),
        event("failed", 1, time=61.0, error="ValueError: no"),
        event("skipped", 2, time=3700.0, error="it needs 'task 1'"),
    ) == [
        "      1 ms  ready      load (reader)",
        "      2 ms  submitted  load (reader)",
        "     1.5 s  done       load (reader): [1, 2]",
        "1 min 01 s  failed     task 1: ValueError: no",
        "1 h 02 min  skipped    task 2: it needs 'task 1'",
    ]


def test_a_result_is_told_as_its_task_says():
    told = io.StringIO()
    tasks = [pnb.Task(sorted, [3, 1], name="sort", summary=lambda found: "two found")]
    pnb.run(tasks, backend="sequential", on_event=pnb.StatusBoard(told))
    assert "sort: two found" in told.getvalue()
    assert "[1, 3]" not in told.getvalue()


def test_a_later_attempt_is_told_as_one():
    told = appended(
        event("retried", error="ValueError: no"),
        event("submitted", attempt=2),
        event("failed", attempt=2, error="ValueError: no"),
    )
    assert [line.split("task 0")[1] for line in told] == [
        ": ValueError: no",
        ": attempt 2",
        ": attempt 2: ValueError: no",
    ]


def test_a_stream_without_letters_of_its_own_gets_others():
    raw = io.BytesIO()
    board = pnb.StatusBoard(io.TextIOWrapper(raw, encoding="ascii"))
    board(event("done", 0, "東京", time=2e-6, result="x" * 200))
    (line,) = raw.getvalue().decode("ascii").splitlines()
    assert line.startswith("      2 us  done       ??: 'xxx")
    assert line.endswith("x~")


def test_a_dumb_terminal_is_none(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    pnb.StatusBoard(terminal)(event("submitted"))
    assert "\x1b" not in terminal.getvalue()


def test_the_end_of_a_block_says_what_came_of_it():
    stream = io.StringIO()
    with pnb.StatusBoard(stream) as board:
        board(event("done", 0, time=1.0))
        board(event("failed", 1, time=2.0, error="no"))
    assert stream.getvalue().splitlines()[-1] == "ended after 2.0 s: 1 failed, 1 done"


@pytest.mark.parametrize("stream", ["log.txt", 3, object()])
def test_what_cannot_be_written_to_is_refused(stream):
    with pytest.raises(pnb.ArgumentError, match="`stream` must be a text file"):
        pnb.StatusBoard(stream)


def test_the_stream_is_standard_error(capsys):
    pnb.StatusBoard()(event("submitted"))
    out, err = capsys.readouterr()
    assert out == ""
    assert "submitted  task 0" in err


def test_a_run_tells_its_board():
    stream = io.StringIO()
    run = pnb.run(
        [pnb.Task(abs, -1), pnb.Task(int, "x", name="no number")],
        n_jobs=2,
        backend="threading",
        on_event=pnb.StatusBoard(stream),
    )
    assert run.tasks["status"].tolist() == ["done", "failed"]
    told = stream.getvalue()
    assert "done       abs: 1\n" in told
    assert "failed     no number: ValueError: invalid literal for int()" in told


# --- a terminal ---


def test_a_board_is_redrawn_in_place(clock, alarms, size):
    terminal = size(Terminal(60, 12))
    terminal.write("before\n")
    board = pnb.StatusBoard(terminal, clock=clock)
    for at in range(3):
        board(event("submitted", at, agent="reader" if at else None, time=at / 2))
        clock.now += 0.5
    board(event("done", 1, agent="reader", time=1.5, result={"rows": 3}))
    assert terminal.screen.text == [
        "before",
        "1.5 s: 2 submitted, 1 done",
        "agent   task    state       time  result",
        "        task 0  submitted  1.5 s",
        "reader  task 2  submitted  0.5 s",
        "reader  task 1  done       1.0 s  {'rows': 3}",
        "",
    ]


def test_no_terminal_is_too_small(clock, alarms, size):
    for columns in (2, 5, 10, 14, 20, 33, 47, 80, 200):
        for height in (2, 3, 4, 7, 24):
            terminal = size(Terminal(columns, height))
            board = pnb.StatusBoard(terminal, clock=clock)
            for at in range(10):
                name, agent = "a name of some length " * 3, "an agent of some kind"
                board(event("submitted", at, name, agent=agent))
                clock.now += 1
                if at % 2:
                    board(event("failed", at, name, agent=agent, error="no " * 99))
                clock.now += 1
            assert len(terminal.screen.lines) <= height
            for line in terminal.screen.text:
                assert len(line) < columns


def test_what_does_not_fit_is_counted(clock, alarms, size):
    terminal = size(Terminal(60, 10))
    board = pnb.StatusBoard(terminal, clock=clock)
    for at in range(20):
        clock.now += 1
        board(event("submitted", at, time=clock.now))
        if at < 15:
            clock.now += 1
            kind = "failed" if at in (3, 7) else "done"
            board(event(kind, at, time=clock.now))
    assert terminal.screen.text == [
        "35.0 s: 5 submitted, 2 failed, 13 done",
        "task     state       time  result",
        "task 15  submitted  4.0 s",
        "task 16  submitted  3.0 s",
        "task 17  submitted  2.0 s",
        "task 18  submitted  1.0 s",
        "task 3   failed     1.0 s",
        "task 7   failed     1.0 s",
        "… 14 more",
        "",
    ]


def test_a_board_gets_lower_again(clock, alarms, size, monkeypatch):
    terminal = size(Terminal(60, 20))
    board = pnb.StatusBoard(terminal, clock=clock)
    for at in range(10):
        clock.now += 1
        board(event("submitted", at))
    monkeypatch.setenv("LINES", "6")
    terminal.screen.height = 20
    clock.now += 1
    board(event("submitted", 10))
    assert len(terminal.screen.text) == 6


def test_wide_letters_take_two_columns():
    style = lines.Style()
    assert lines.width("東京 é") == 6
    for columns in range(12):
        text = lines.fitted("東京都 abc", columns, style)
        assert lines.width(text) == columns


def test_an_ascii_terminal_is_given_ascii(clock, alarms, size):
    terminal = size(Terminal(40, 8, encoding="ascii"))
    board = pnb.StatusBoard(terminal, clock=clock)
    board(event("done", 0, "東京 " * 20, result="é" * 100))
    assert terminal.screen.text[2].startswith("?? ?? ?? ")


@pytest.mark.parametrize(
    "evil",
    [
        "\x1b[2J\x1b[H",
        "\x1b]0;title\x07",
        "a\rb\nc\x08",
        "\x9b2J",
        "\u202egnp",
        "\x1bc",
        "\udcff",
    ],
)
def test_names_and_results_give_no_orders(clock, alarms, size, evil):
    terminal = size(Terminal())  # its screen fails on what it does not know
    for stream in (terminal, io.StringIO()):
        board = pnb.StatusBoard(stream, clock=clock)
        clock.now += 1
        board(event("submitted", 0, evil, agent=evil))
        clock.now += 1
        board(event("failed", 0, evil, agent=evil, error=evil))
        shown = re.sub(r"\x1b\[[\d;?]*[A-Zhlm]|\n|\r", "", stream.getvalue())
        assert shown.isprintable()


def test_colours_can_be_switched_off(clock, alarms, size, monkeypatch):
    for value, is_coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", value)
        terminal = size(Terminal())
        pnb.StatusBoard(terminal, clock=clock)(event("failed"))
        assert ("\x1b[1;31mfailed" in terminal.getvalue()) is is_coloured


# --- how often ---


def test_it_is_drawn_ten_times_a_second_at_most(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    board(event("submitted", 0))
    for at in range(1, 5001):  # for 5 s
        clock.now = at / 1000
        board(event("submitted", at, time=clock.now))
        board(event("done", at, time=clock.now))
    assert 45 <= terminal.n_writes <= 51


def test_tasks_one_by_one_are_not_drawn_much_more_often(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    for at in range(5000):  # for 5 s, nothing being left after each
        clock.now = at / 1000
        board(event("submitted", at, time=clock.now))
        board(event("done", at, time=clock.now))
    assert 45 <= terminal.n_writes <= 56


def test_what_was_too_early_is_drawn_soon(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    board(event("submitted", 0))
    clock.now = 0.03
    board(event("submitted", 1))
    board(event("submitted", 2))
    assert "1 submitted" in terminal.screen.text[0]
    assert [alarm.seconds for alarm in alarms] == [pytest.approx(0.07)]
    clock.now = 0.1
    alarms[0].ring()
    assert "3 submitted" in terminal.screen.text[0]


def test_the_last_event_is_drawn_at_once(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    board(event("submitted", 0))
    board(event("submitted", 1))
    board(event("done", 0))
    board(event("done", 1))
    terminal.write("after\n")
    assert "2 done" in terminal.screen.text[0]
    for alarm in alarms:  # nothing is left to be drawn
        alarm.ring()
    assert terminal.screen.text[-2:] == ["after", ""]
    assert terminal.screen.text.count("task    state       time  result") == 1


def test_a_late_end_is_drawn_below_what_others_wrote(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    board(event("done", 0))
    board(event("done", 1))  # too soon after the other
    terminal.write("after\n")
    while not alarms[-1].is_over:
        clock.now += 0.1
        alarms[-1].ring()
    text = terminal.screen.text
    assert text.index("after") == 3
    assert text[4] == "0.0 s: 2 done"


# --- a block ---


def test_in_a_block_it_moves_when_nothing_happens(clock, alarms, size):
    terminal = size(Terminal())
    with pnb.StatusBoard(terminal, clock=clock) as board:
        board(event("submitted", 0, time=0.5))
        assert terminal.screen.text[0] == "0.5 s: 1 submitted"
        clock.now += 7
        alarms[-1].ring()
        assert terminal.screen.text[0] == "7.5 s: 1 submitted"
        assert not alarms[-1].is_over
    assert alarms[-1].is_over


def test_the_end_of_a_block_is_drawn_in_place(clock, alarms, size):
    terminal = size(Terminal())
    with pnb.StatusBoard(terminal, clock=clock) as board:
        for at in range(50):
            board(event("submitted", at))
            board(event("done", at))
    assert terminal.screen.text[0] == "0.0 s: 50 done"
    assert terminal.n_writes == 2


def test_blocks_may_lie_within_each_other(clock, alarms, size):
    terminal = size(Terminal())
    with pnb.StatusBoard(terminal, clock=clock) as board:
        with board:
            board(event("submitted", 0))
        clock.now += 1
        board(event("done", 0))
    assert terminal.screen.text.count("task    state       time  result") == 1


def test_another_run_has_a_board_of_its_own_below(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    for _ in range(2):
        for kind in ("submitted", "done"):
            clock.now += 1
            board(event(kind, 0))
    text = terminal.screen.text
    assert text.count("task    state       time  result") == 2
    assert text[0] == text[3] == "0.0 s: 1 done"


def test_a_closed_stream_fails_the_event_and_not_the_block(clock, alarms, size):
    terminal = size(Terminal())
    with pnb.StatusBoard(terminal, clock=clock) as board:
        board(event("submitted", 0))
        terminal.close()
        alarms[-1].ring()
        clock.now += 1
        with pytest.raises(ValueError, match="closed file"):
            board(event("done", 0))


# --- progress bars beside it ---


def test_a_progress_bar_stays_below_the_board(clock, alarms, size):
    terminal = size(Terminal())
    board = pnb.StatusBoard(terminal, clock=clock)
    bar = tqdm(total=2, file=terminal, mininterval=0, ascii=True, ncols=40)
    for at in range(2):
        board(event("submitted", at))
        clock.now += 1
        board(event("done", at))
        clock.now += 1
        bar.update()
    shown = terminal.screen.text
    bar.close()
    clock.now += 1
    board(event("cancelled", 2))
    after = terminal.screen.text
    assert [shown[0], after[0]] == ["0.0 s: 2 done", "0.0 s: 2 done, 1 cancelled"]
    assert shown[-1].startswith("100%|")
    assert len(shown) == 5
    assert len(after) == 6
    assert "%" not in "".join(after)


# --- threads ---


@pytest.mark.parametrize("made", [io.StringIO, Terminal])
def test_it_takes_events_from_any_thread(made):
    def tell(first):
        for at in range(first, first + 100):
            board(event("submitted", at))
            board(event("done", at))

    stream = made()
    with pnb.StatusBoard(stream) as board:
        threads = [threading.Thread(target=tell, args=[100 * n]) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    told = stream.getvalue().splitlines()
    if stream.isatty():
        assert "800 done" in stream.screen.text[0]
    else:
        whole = r" +0 s  (submitted  task \d+|done       task \d+: None)"
        assert len(told) == 1601
        assert all(re.fullmatch(whole, line) for line in told[:-1])


# --- the tally ---


def test_every_kind_of_event_has_its_place():
    assert set(tally.STATES) == set(KINDS)
    groups = [*tally.OPEN, *tally.FAULTS, "done", "cancelled", "skipped"]
    assert sorted(groups) == sorted(KINDS)


def test_a_task_is_counted_once_whatever_is_told_of_it():
    counted = tally.Tally()
    for kind in ("ready", "submitted", "retried", "submitted", "cancelled"):
        counted.add(event(kind), "")
    counted.add(event("cancelled"), "not needed")
    assert counted.numbers == {"cancelled": 1}
    assert [row.text for row in counted.rows(5)] == ["not needed"]


def test_ended_tasks_take_next_to_no_memory():
    counted = tally.Tally()
    for at in range(20_000):
        counted.add(event("submitted", at), "")
        counted.add(event("done", at), "")
    assert counted.n_tasks == 20_000
    assert [row.task for row in counted.rows(3)] == [19_997, 19_998, 19_999]
    assert sum(map(len, counted._rows.values())) == 200


def test_failures_have_half_of_the_room():
    counted = tally.Tally()
    for at in range(10):
        counted.add(event("submitted", at, time=at), "")
        counted.add(event("failed", 10 + at, time=at), "")
    assert [row.task for row in counted.rows(6)] == [0, 1, 2, 17, 18, 19]
    assert [row.task for row in counted.rows(1)] == [0]
    assert counted.rows(0) == []


# --- for real ---


def run_in_terminal(code, columns=72, height=14, **environment):
    """What is on a real terminal after Python has run some code in it."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(
        secondary, termios.TIOCSWINSZ, struct.pack("HHHH", height, columns, 0, 0)
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", **environment},
        stdin=subprocess.DEVNULL,
        stdout=secondary,
        stderr=secondary,
    )
    os.close(secondary)
    written = b""
    while True:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # how Linux says that nobody has it open
            break
        if not piece:
            break
        written += piece
    os.close(primary)
    assert process.wait(60) == 0
    screen = Screen(columns, height)
    screen.feed(written.decode(environment.get("PYTHONIOENCODING", "utf-8")))
    return screen.text


RUN = """
import time
import parallel_nb as pnb

def work(seconds):
    time.sleep(seconds / 10)
    if seconds == 3:
        raise ValueError("no \\x1b[31mred\\x1b[0m")
    return seconds

names = ["東京 a name that is much longer than what is left for it, by far", *"bcd"]
tasks = [
    pnb.Task(work, at + 1, name=name, agent="reader" if at else None)
    for at, name in enumerate(names)
]
print("before")
run = pnb.run(
    tasks, agents={"reader": 2}, n_jobs=3, backend="threading", progress=False,
    on_event=pnb.StatusBoard(),
)
print("after")
"""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_real_terminal_is_left_with_the_end_of_it(encoding):
    code = RUN if encoding == "utf-8" else RUN.replace("東京", "\\u6771\\u4eac")
    before, counts, headings, *rows, after, last = run_in_terminal(
        code, PYTHONIOENCODING=encoding
    )
    assert (before, after, last) == ("before", "after", "")
    assert re.fullmatch(r"0\.\d s: 1 failed, 3 done", counts)
    assert headings.split() == ["agent", "task", "state", "time", "result"]
    assert [row.split()[:3] for row in rows[:1]] == [["reader", "c", "failed"]]
    assert rows[0].endswith("ValueError: no red")
    assert "東京 a name" in rows[1] or "?? a name" in rows[1]
    assert [row.split()[-1] for row in rows[1:]] == ["1", "2", "4"]
    assert max(map(lines.width, rows)) < 72


def test_a_real_terminal_without_a_block_is_drawn_to_the_end():
    code = (
        "import parallel_nb as pnb\n"
        "pnb.run(abs, range(300), backend='sequential', on_event=pnb.StatusBoard())"
    )
    text = run_in_terminal(code)
    assert text[-1] == ""
    assert any(line.endswith("s: 300 done") for line in text)


def test_a_late_drawing_comes_without_help():
    terminal = Terminal()
    board = pnb.StatusBoard(terminal)
    board(event("submitted", 0))
    board(event("submitted", 1))
    until = time.monotonic() + 30
    while "2 submitted" not in terminal.screen.text[0]:
        assert time.monotonic() < until
        time.sleep(0.01)
