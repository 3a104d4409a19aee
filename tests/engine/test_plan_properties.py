"""What must hold for every plan that is executed, whatever waits, fails or locks."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import parallel_nb as pnb
from parallel_nb import scheduling
from parallel_nb.planning import plan
from parallel_nb.tasks import Task

from . import chores

SLOTS = {"x": 1, "y": 2}
NAPS = [0.0, 0.0, 0.001, 0.003]
# ok, raises each time, returns what its check refuses, fails once and then does not
DEEDS = ["ok", "ok", "ok", "ok", "raise", "invalid", "flaky"]


@dataclass(frozen=True)
class Wish:
    """A task as it was drawn; numbers stand for tasks before it."""

    inputs: tuple = ()
    after: tuple = ()
    agent: str | None = None
    reads: tuple = ()
    writes: tuple = ()
    deed: str = "ok"
    retries: int = 0
    seconds: float = 0.0


@dataclass
class Batch:
    """Wishes, the tasks made of them, and what must come of each."""

    wishes: list
    folder: str
    tasks: list = field(default_factory=list)
    ends: list = field(default_factory=list)  # (status, result, number of tries)

    def __post_init__(self):
        for number, wish in enumerate(self.wishes):
            self.tasks.append(self._task(number, wish))
            self.ends.append(self._end(number, wish))

    def _task(self, number, wish):
        return Task(
            work,
            number,
            [self.tasks[i] for i in wish.inputs],
            deed=wish.deed,
            seconds=wish.seconds,
            folder=self.folder,
            name=f"t{number}",
            after=[self.tasks[i] for i in wish.after],
            agent=wish.agent,
            reads=wish.reads,
            writes=wish.writes,
            retries=wish.retries,
            check=is_valid,
        )

    def _end(self, number, wish):
        if any(self.ends[i][0] != "done" for i in (*wish.inputs, *wish.after)):
            return "skipped", None, 1
        n_tries = 1 + wish.retries
        if wish.deed == "raise":
            return "failed", None, n_tries
        if wish.deed == "invalid":
            return "invalid", -1, n_tries
        if wish.deed == "flaky" and not wish.retries:
            return "failed", None, 1
        result = number + sum(self.ends[i][1] for i in wish.inputs)
        return "done", result, 2 if wish.deed == "flaky" else 1


def work(number, inputs, *, deed, seconds, folder):
    chores.nap(seconds)
    if deed == "flaky":
        if not chores.marks(folder)[str(number)]:
            chores.leave_mark(folder, number)
            raise ValueError("the first time")
    elif deed != "ok":
        return chores.misbehave(deed) if deed == "raise" else -1
    return number + sum(inputs)


def is_valid(result):
    return result >= 0


@st.composite
def wishes(draw, *, most=12, has_agents=True, has_resources=True, deeds=DEEDS):
    drawn = []
    for number in range(draw(st.integers(1, most))):
        before = (
            st.sets(st.integers(0, number - 1), max_size=2) if number else st.just(())
        )
        resources = st.sets(st.sampled_from("pqr"), max_size=2)
        drawn.append(
            Wish(
                inputs=tuple(draw(before)),
                after=tuple(draw(before)),
                agent=draw(st.sampled_from([None, *SLOTS])) if has_agents else None,
                reads=tuple(draw(resources)) if has_resources else (),
                writes=tuple(draw(resources)) if has_resources else (),
                deed=draw(st.sampled_from(deeds)),
                retries=draw(st.integers(0, 1)),
                seconds=draw(st.sampled_from(NAPS)),
            )
        )
    return drawn


def check_ends(run, batch):
    """One final status each, the one that its deed and its inputs' fates lead to."""
    rows, results = run.tasks, run.results_or(None)
    found = zip(rows["status"], results, rows["attempt"], strict=True)
    assert list(found) == batch.ends
    n_rows = Counter(run.attempts["task"].tolist())
    assert n_rows == {i: n_tries for i, (_, _, n_tries) in enumerate(batch.ends)}


def check_waits(run, batch):
    """No task starts before what it waits for has ended."""
    rows = run.attempts
    first = rows.groupby("task")["started"].min()
    last = rows.groupby("task")["ended"].max()
    for number, wish in enumerate(batch.wishes):
        for other in (*wish.inputs, *wish.after):
            assert not first[number] < last[other]


def check_slots(run, n_workers):
    """Never more at once than workers, or than slots of an agent."""
    rows = run.attempts
    assert most_at_once(rows) <= n_workers
    for agent, slots in SLOTS.items():
        assert most_at_once(rows[rows["agent"] == agent]) <= slots


def check_conflicts(run, batch):
    """Who writes something is alone with it."""
    rows = run.attempts.dropna(subset=["started"])
    spans = list(zip(rows["task"], rows["started"], rows["ended"], strict=True))
    for one, began, ended in spans:
        for other, then_began, then_ended in spans:
            if one < other and conflict(batch.wishes[one], batch.wishes[other]):
                assert then_began >= ended or began >= then_ended


def conflict(one, other):
    mine, theirs = {*one.reads, *one.writes}, {*other.reads, *other.writes}
    return bool(mine & set(other.writes) or theirs & set(one.writes))


def most_at_once(rows):
    rows = rows.dropna(subset=["started"])
    steps = sorted([(t, 1) for t in rows["started"]] + [(t, -1) for t in rows["ended"]])
    return max(np.cumsum([step for _, step in steps]).tolist(), default=0)


def examples(n):
    return settings(
        max_examples=n,
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.function_scoped_fixture,
        ],
    )


def execute(drawn, tmp_path_factory, *, n_jobs, backend, conflicts, barriers):
    batch = Batch(drawn, str(tmp_path_factory.mktemp("marks")))
    made = plan(batch.tasks, n_jobs=n_jobs, agents=SLOTS, conflicts=conflicts)
    return pnb.run(made, backend=backend, barriers=barriers), batch


def check_all(run, batch, n_workers):
    check_ends(run, batch)
    check_waits(run, batch)
    check_slots(run, n_workers)
    check_conflicts(run, batch)


@examples(60)
@given(
    drawn=wishes(),
    n_jobs=st.integers(1, 4),
    backend=st.sampled_from(["threading", "threading", "sequential"]),
    conflicts=st.sampled_from(["order", "lock"]),
    barriers=st.booleans(),
)
def test_plans_keep_their_promises_in_threads(
    drawn, n_jobs, backend, conflicts, barriers, tmp_path_factory
):
    run, batch = execute(
        drawn,
        tmp_path_factory,
        n_jobs=n_jobs,
        backend=backend,
        conflicts=conflicts,
        barriers=barriers,
    )
    check_all(run, batch, 1 if backend == "sequential" else n_jobs)


@examples(10)
@given(drawn=wishes(most=8), conflicts=st.sampled_from(["order", "lock"]))
def test_plans_keep_their_promises_in_isolated_lanes(
    drawn, conflicts, tmp_path_factory
):
    run, batch = execute(
        drawn,
        tmp_path_factory,
        n_jobs=2,
        backend="isolated",
        conflicts=conflicts,
        barriers=False,
    )
    check_all(run, batch, 2)


@examples(25)
@given(
    drawn=wishes(has_agents=False, has_resources=False, deeds=["ok"]),
    n_workers=st.integers(1, 4),
)
def test_a_run_takes_no_longer_than_grahams_bound(drawn, n_workers, tmp_path_factory):
    batch = Batch(drawn, str(tmp_path_factory.mktemp("marks")))
    told = {}
    run = pnb.run(
        plan(batch.tasks, n_jobs=n_workers),
        backend="threading",
        on_event=lambda event: told.update({event.task: event.time}),
    )
    rows = run.tasks
    durations = (rows["ended"] - rows["started"]).to_numpy()
    paths = scheduling.longest_paths(durations, run.edges.to_numpy())
    bound = scheduling.graham_bound(durations.sum(), paths.max(), n_workers)
    # To hand a task over, to get it back, and to notice that: each time as slow as the
    # slowest time.
    out = (rows["started"] - rows["submitted"]).max()
    back = (rows["received"] - rows["ended"]).max()
    noticed = (rows["task"].map(told) - rows["received"]).max()
    overhead = len(rows) * (out + back + noticed + 0.001)
    assert run.summary()["makespan"][0] <= bound + overhead


@examples(25)
@given(drawn=wishes(), wait=st.integers(1, 12), n_jobs=st.integers(1, 3))
def test_a_plan_that_ends_early_still_has_a_final_row_each(
    drawn, wait, n_jobs, tmp_path_factory
):
    batch = Batch(drawn, str(tmp_path_factory.mktemp("marks")))
    made = plan(batch.tasks, n_jobs=n_jobs, agents=SLOTS)
    wait = min(wait, len(drawn))
    events = []
    run = pnb.run(made, backend="threading", wait=wait, on_event=events.append)
    rows = run.tasks
    assert rows["task"].tolist() == list(range(len(drawn)))
    n_done = int((rows["status"] == "done").sum())
    n_possible = sum(status == "done" for status, _, _ in batch.ends)
    assert n_done >= wait if n_possible >= wait else n_done <= n_possible
    for found, wish, end in zip(rows["status"], drawn, batch.ends, strict=True):
        # One that would have been tried again may have had its last try.
        early = {"cancelled", *(["failed"] if wish.deed == "flaky" else [])}
        assert found in {end[0], *early}
    last = {event.task: event.kind for event in events}
    assert last == dict(enumerate(rows["status"]))


@examples(25)
@given(drawn=wishes(), n_jobs=st.integers(1, 3))
def test_each_task_has_one_story_of_events(drawn, n_jobs, tmp_path_factory):
    batch = Batch(drawn, str(tmp_path_factory.mktemp("marks")))
    made = plan(batch.tasks, n_jobs=n_jobs, agents=SLOTS, conflicts="lock")
    stories = {i: [] for i in range(len(drawn))}
    pnb.run(
        made,
        backend="threading",
        on_event=lambda event: stories[event.task].append(event.kind),
    )
    for number, (status, _, n_tries) in enumerate(batch.ends):
        expected = ["ready", *["submitted", "retried"] * (n_tries - 1)]
        expected += ["submitted", status]
        assert stories[number] == (["skipped"] if status == "skipped" else expected)
