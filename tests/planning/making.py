"""Plans to look at, and short ways to look at them."""

import itertools

from hypothesis import strategies as st

from parallel_nb.planning import plan
from parallel_nb.tasks import Task


def task(name, *args, cost=None, **declared):
    """A task that is all name and declarations."""
    return Task(print, *args, name=name, cost=cost, **declared)


def made(*tasks, n_jobs=4, **asked):
    return plan(tasks, n_jobs=n_jobs, **asked)


def edges(made_plan):
    """Who waits for whom, by names: (task, after, kind)."""
    names = [each.name for each in made_plan.tasks]
    return [
        (names[at], names[after], kind)
        for at, after, kind, _ in made_plan.edges.itertuples(index=False)
    ]


def reasons(made_plan):
    return made_plan.edges["reason"].to_list()


def conflicts(made_plan):
    columns = ["a_name", "b_name", "resource", "kind", "handled"]
    return [tuple(row) for row in made_plan.conflicts[columns].itertuples(index=False)]


def rounds(made_plan):
    return [
        [made_plan.tasks[at].name for at in members] for members in made_plan.rounds
    ]


def overlapping(made_plan):
    """Pairs of conflicting tasks that the prediction lets run at the same time."""
    started, ended, _ = made_plan.schedule
    return [
        (a, b)
        for a, b in itertools.combinations(range(made_plan.n_tasks), 2)
        if made_plan.settled.between(a, b)[2]
        and max(started[a], started[b]) < min(ended[a], ended[b])
    ]


@st.composite
def batches(draw):
    """Tasks that wait for others listed anywhere, use resources and ask for agents."""
    n = draw(st.integers(0, 9))
    place = draw(st.permutations(range(n)))
    resources = st.lists(
        st.sampled_from(["x", "y", "d/", "d/a", "d/b", "d/e/"]), max_size=2
    )
    tasks = [None] * n
    for at in range(n):
        before = [tasks[p] for p in place[:at]]
        some = st.lists(st.sampled_from(before), max_size=2) if before else st.just([])
        tasks[place[at]] = Task(
            print,
            draw(some),
            name=f"t{place[at]}",
            after=draw(some),
            reads=draw(resources),
            writes=draw(resources),
            agent=draw(st.sampled_from([None, None, "one", "two"])),
            cost=draw(st.integers(1, 16)) / 4,
        )
    return tasks
