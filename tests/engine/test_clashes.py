"""Which accesses disturb each other, in literal cases and against the definition."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from parallel_nb import Task
from parallel_nb.engine.observation.clashes import Declared, find_clashes, without_noise
from parallel_nb.engine.observation.touching import Access, Touch, settle


def access(resource, kind, part="content", **more):
    return Access(resource, kind, part, ("how",), 1, **more)


def clashes(*tasks, **more):
    """Clashes of tasks with these accesses, as (first, then, resource)."""
    return [c[:3] for c in find_clashes(dict(enumerate(tasks)), **more)]


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("xyz"), st.sampled_from(["read", "write"])),
            max_size=4,
        ),
        max_size=6,
    )
)
def test_two_clash_over_a_file_if_one_of_them_changes_it(tasks):
    expected = {
        (first, then, f"/{name}")
        for first, then in combinations(range(len(tasks)), 2)
        for name in "xyz"
        if (name, "write") in tasks[first] + tasks[then]
        and any(name == used for used, _ in tasks[first])
        and any(name == used for used, _ in tasks[then])
    }
    found = clashes(*([access(f"/{n}", kind) for n, kind in task] for task in tasks))
    assert set(found) == expected
    assert len(found) == len(expected)


def test_beyond_200_tasks_on_one_resource_only_neighbours_are_told():
    tasks = [[access("/log", "write")] for _ in range(1000)]
    assert clashes(*tasks) == [(i, i + 1, "/log") for i in range(999)]


def test_who_lists_a_folder_clashes_with_new_names_directly_in_it():
    lists = [access("/d", "read", "names")]
    assert clashes(lists, [access("/d/x", "create", changes_names=True)]) == [
        (0, 1, "/d")
    ]
    assert clashes(lists, [access("/d/e/x", "create", changes_names=True)]) == []
    assert clashes(lists, [access("/d/x", "write")]) == []
    passing = access("/d/x", "create", changes_names=True, is_temporary=True)
    assert clashes(lists, [passing]) == []


def test_who_needs_a_folder_clashes_with_who_makes_it():
    makes = [access("/d", "create", "folder", changes_names=True)]
    uses = [access("/d/e/x", "create", changes_names=True)]
    ready = [access("/d/e", "read", "folder", is_own=True), *uses]
    assert clashes(makes, uses) == [(0, 1, "/d")]
    assert clashes(makes, ready) == []
    # In vain: the second could not go on, as the folder was there.
    again = [access("/d", "read", "folder", is_own=True)]
    assert clashes(makes, again) == []
    assert clashes(makes, again, in_vain={1}) == [(0, 1, "/d")]


def test_who_moves_a_folder_clashes_with_all_who_use_what_is_in_it():
    moves = [access("/d", "rename", "tree")]
    assert clashes([access("/d/e/x", "read")], moves) == [(0, 1, "/d")]
    assert clashes([access("/d", "read", "names")], moves) == [(0, 1, "/d")]
    assert clashes([access("/dd/x", "read")], moves) == []


def test_reading_the_system_is_noise_until_somebody_writes_there():
    reads = [access("/usr/share/zone", "read"), access("/data", "read")]
    kept = without_noise({0: reads}, "/home")
    assert [a.resource for a in kept[0]] == ["/data"]
    both = without_noise({0: reads, 1: [access("/usr/share/zone", "write")]}, "/home")
    assert len(both[0]) == 2
    # Who works there means it.
    assert len(without_noise({0: reads}, "/usr/share/zone")[0]) == 2


def test_a_declared_folder_stands_for_its_files(tmp_path):
    log = str(tmp_path / "log")
    tasks = [
        Task(abs, 0, writes=tmp_path),
        Task(abs, 0, reads=log),
        Task(abs, 0, reads="other"),
    ]
    declared = Declared(tasks, [log])
    assert [declared.by(i, log) for i in range(3)] == [True, False, None]
    (clash, *_) = find_clashes({i: [access(log, "write")] for i in range(3)})
    assert declared.covers(clash)


def test_what_a_command_made_is_told_by_the_age_of_its_folder(tmp_path):
    path = tmp_path / "x"
    path.touch()
    changed = tmp_path.stat().st_mtime_ns
    touch = Touch("write", str(path), "openat", "?", 1)
    assert [a.kind for a in settle([touch], changed)] == ["create"]
    assert [a.kind for a in settle([touch], changed + 10**9)] == ["write"]
