"""`run` on every backend: what goes in, what comes out, in which order."""

import os
import threading
import weakref
from collections import deque
from itertools import count, islice

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed
from joblib.parallel import ThreadingBackend

import parallel_nb as pnb

from . import chores

BACKENDS = ["isolated", "loky", "multiprocessing", "threading", "sequential"]
PROCESSES = ["isolated", "loky", "multiprocessing"]

on_every_backend = pytest.mark.parametrize("backend", BACKENDS)
on_every_process_backend = pytest.mark.parametrize("backend", PROCESSES)
# Python 3.12 and later say this of every fork that multiprocessing makes.
pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


# -- results and rows ---------------------------------------------------------------


@on_every_backend
def test_results_come_in_input_order_whichever_task_ends_first(backend):
    naps = [0.1, 0.0, 0.05, 0.0, 0.0]
    assert pnb.run(chores.nap, naps, n_jobs=2, backend=backend).results == naps


@on_every_backend
def test_lambdas_and_closures_run_everywhere(backend):
    offset = 10
    run = pnb.run(lambda x: x + offset, [1, 2, 3], n_jobs=2, backend=backend)
    assert run.results == [11, 12, 13]


@on_every_backend
def test_tasks_carry_arguments_keywords_and_names(backend):
    run = pnb.run(
        [
            pnb.Task(chores.nap_then_double, 0, x=1, name="one"),
            pnb.Task(pow, 2, 10),
            pnb.Task(chores.nap_then_double, 0, 3, name="three"),
        ],
        n_jobs=2,
        backend=backend,
    )
    assert run.results == [2, 1024, 6]
    assert run.tasks["name"].tolist() == ["one", "pow", "three"]


@on_every_backend
def test_a_row_says_where_and_when_an_attempt_ran(backend):
    n_workers = 1 if backend == "sequential" else 2
    run = pnb.run(chores.pid, range(6), n_jobs=2, backend=backend)
    rows = run.attempts
    assert rows["status"].eq("done").all()
    assert rows["attempt"].eq(1).all()
    assert rows["pid"].tolist() == run.results
    assert rows["worker"].between(0, n_workers - 1).all()
    assert rows["chunk"].ge(0).all()
    assert set(rows["host"]) == {run.meta.host}
    assert (run.meta.n_workers, run.meta.backend) == (n_workers, backend)


@on_every_process_backend
def test_a_process_is_one_lane(backend):
    run = pnb.run(chores.nap, [0.02] * 10, n_jobs=2, backend=backend)
    lanes = run.attempts.groupby("pid")["worker"].nunique()
    assert len(lanes) == 2
    assert lanes.eq(1).all()


def test_a_thread_is_one_lane():
    run = pnb.run(chores.nap, [0.02] * 10, n_jobs=3, backend="threading")
    assert set(run.attempts["worker"]) == {0, 1, 2}
    assert set(run.attempts["pid"]) == {os.getpid()}


def test_results_can_be_dropped_as_they_arrive():
    alive = weakref.WeakSet()

    class Big:
        def __init__(self, _):
            alive.add(self)

    run = pnb.run(Big, range(3), n_jobs=2, backend="threading", keep_results=False)
    assert run.tasks["status"].eq("done").all()
    assert len(alive) == 0
    with pytest.raises(pnb.ResultsNotKept):
        run.results  # noqa: B018


def test_a_run_keeps_its_label_and_tags():
    run = pnb.run(abs, [1], backend="threading", label="first", tags=["a", "b"])
    assert (run.meta.label, run.meta.tags) == ("first", ("a", "b"))


def test_tasks_are_called_like_their_function():
    assert pnb.run(abs, [1, 2], backend="threading").tasks["name"].tolist() == [
        "abs",
        "abs",
    ]


@pytest.mark.parametrize("inputs", [[1, 2], iter([1, 2])], ids=["list", "iterator"])
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("probe", ["probe", "probe"]),
        ("input {}".format, ["input 1", "input 2"]),
        (["one", "two"], ["one", "two"]),
    ],
    ids=["text", "function", "list"],
)
def test_names_are_given_by_text_function_or_list(inputs, name, names):
    inputs = iter([1, 2]) if not isinstance(inputs, list) else inputs
    run = pnb.run(chores.double, inputs, name=name, backend="threading")
    assert (run.results, run.tasks["name"].tolist()) == ([2, 4], names)


def test_names_may_repeat():
    tasks = [pnb.Task(abs, -1, name="same"), pnb.Task(abs, -2, name="same")]
    run = pnb.run(tasks, backend="threading")
    assert (run.results, run.tasks["name"].tolist()) == ([1, 2], ["same", "same"])


def test_a_name_that_is_no_valid_text_costs_no_result():
    run = pnb.run(abs, [-1], name="caf\udce9", backend="threading")
    assert run.results == [1]


def test_the_newest_run_is_remembered():
    run = pnb.run(abs, [-1], backend="threading")
    assert pnb.last_run() is run


# -- inputs -------------------------------------------------------------------------


@on_every_backend
@pytest.mark.parametrize("empty", [[], (), range(0), iter(())], ids=str)
def test_an_empty_batch_is_a_run_without_rows(backend, empty):
    run = pnb.run(abs, empty, n_jobs=2, backend=backend)
    assert (run.results, len(run.attempts)) == ([], 0)
    assert run.summary()["n_tasks"].item() == 0


def test_an_empty_list_of_tasks_is_a_run_without_rows():
    assert pnb.run([], backend="threading").results == []


@pytest.mark.parametrize(
    "inputs",
    [(1, 2), range(1, 3), deque([1, 2]), {1: "a", 2: "b"}, np.array([1, 2])],
    ids=lambda inputs: type(inputs).__name__,
)
def test_inputs_may_be_any_iterable(inputs):
    assert pnb.run(chores.double, inputs, backend="threading").results == [2, 4]


def test_rows_of_a_matrix_are_inputs():
    run = pnb.run(np.sum, np.eye(3) * 2, n_jobs=2, backend="threading")
    assert run.results == [2, 2, 2]


@on_every_backend
def test_a_generator_may_have_any_length(backend):
    run = pnb.run(chores.double, (x for x in range(500)), n_jobs=2, backend=backend)
    assert run.results == [2 * x for x in range(500)]
    assert run.tasks["task"].tolist() == list(range(500))


def test_an_endless_generator_can_be_cut():
    run = pnb.run(chores.double, islice(count(), 20), n_jobs=2)
    assert run.results == list(range(0, 40, 2))


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_a_generator_is_read_no_further_ahead_than_workers_need(backend, tmp_path):
    ahead = []

    def inputs():
        for i in range(12):
            ahead.append(i - chores.marks(tmp_path).total())
            yield i

    def work(i):
        chores.nap(0.06)
        return chores.leave_mark(tmp_path, i)

    assert pnb.run(work, inputs(), n_jobs=2, backend=backend).results == list(range(12))
    # One in each worker's hand, one waiting for each, and as many read in advance.
    assert max(ahead) <= 8


def test_tasks_start_before_a_slow_generator_has_ended(tmp_path):
    def inputs():
        yield 0
        chores.wait_for(tmp_path, 0)
        yield 1

    run = pnb.run(lambda i: chores.leave_mark(tmp_path, i), inputs(), n_jobs=2)
    assert run.results == [0, 1]


class Gone(Exception):
    pass


def two_and_then(error):
    yield 1
    yield 2
    raise error


@on_every_backend
def test_inputs_that_raise_keep_what_finished_and_say_where(backend):
    with pytest.raises(pnb.InputsFailed, match="input 2") as caught:
        pnb.run(chores.double, two_and_then(Gone("no more")), n_jobs=2, backend=backend)
    assert caught.value.position == 2
    assert isinstance(caught.value.__cause__, Gone)
    assert caught.value.run.results == [2, 4]
    assert caught.value.run.meta.ended_by == "error"
    assert pnb.last_run() is caught.value.run


@pytest.mark.parametrize(
    "options",
    [{"name": str}, {"name": ["1", "2"]}, {"cost": float}],
    ids=["named", "listed", "with costs"],
)
def test_inputs_that_must_be_read_first_may_raise_all_the_same(options):
    with pytest.raises(pnb.InputsFailed, match="input 2") as caught:
        pnb.run(chores.double, two_and_then(Gone()), backend="threading", **options)
    assert caught.value.run.results == [2, 4]


def test_inputs_may_raise_at_once():
    with pytest.raises(pnb.InputsFailed, match="input 0") as caught:
        pnb.run(abs, (1 // x for x in [0]), backend="threading")
    assert caught.value.run.results == []


@pytest.mark.parametrize("n_before", [0, 1, 3])
def test_an_interrupt_while_inputs_are_read_is_an_interrupt(n_before):
    def inputs():
        yield from range(n_before)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pnb.run(abs, inputs(), n_jobs=2, backend="threading")
    run = pnb.last_run()
    assert len(run.tasks) == n_before
    assert run.meta.ended_by == "interrupt"


# -- what is not allowed ------------------------------------------------------------


def never(_):
    raise AssertionError("work was started")


BAD = [
    ("no workers", lambda: pnb.run(never, [1], n_jobs=0), "n_jobs=0.*-1 for all"),
    ("half a worker", lambda: pnb.run(never, [1], n_jobs=1.5), "integer.*got 1.5"),
    ("a bool", lambda: pnb.run(never, [1], n_jobs=True), "integer.*got True"),
    (
        "unknown backend",
        lambda: pnb.run(never, [1], backend="isolate"),
        "'threading'.*got 'isolate'. Did you mean 'isolated'",
    ),
    ("backend of no kind", lambda: pnb.run(never, [1], backend=3), "got 3"),
    ("not callable", lambda: pnb.run(3, [1]), "callable.*int"),
    ("a task with inputs", lambda: pnb.run(pnb.Task(never, 1), [1]), "Task"),
    ("no inputs", lambda: pnb.run(never), "no inputs for 'never'"),
    ("text", lambda: pnb.run(never, "abc"), "str, whose characters"),
    ("text, named", lambda: pnb.run(never, "abc", name=str), "str, whose characters"),
    ("bytes", lambda: pnb.run(never, b"abc"), "bytes, whose characters"),
    ("a number", lambda: pnb.run(never, 7), "iterable; got int"),
    ("a number, named", lambda: pnb.run(never, 7, name=str), "iterable; got int"),
    ("a number for tasks", lambda: pnb.run(7), "tasks; got int"),
    (
        "not a task",
        lambda: pnb.run([pnb.Task(never, 1), never]),
        "item 1 .* must be a Task.*function",
    ),
    ("task in task", lambda: pnb.run([pnb.Task(pnb.Task(never, 1))]), "inside a task"),
    (
        "called function",
        lambda: pnb.run([pnb.Task(chores.double(2))]),
        r"Task\(f, x\), not Task\(f\(x\)\)",
    ),
    ("unknown order", lambda: pnb.run(never, [1], order="LPT"), "'longest_first'; got"),
    (
        "no lengths",
        lambda: pnb.run(never, [1], order="longest_first"),
        "needs to know lengths",
    ),
    (
        "too few costs",
        lambda: pnb.run(never, [1, 2], cost=[1]),
        "`cost` .* one value per task: 2; got 1",
    ),
    ("negative cost", lambda: pnb.run(never, [1], cost=[-1]), "≥ 0"),
    ("unknown cost", lambda: pnb.run(never, [1], cost=[float("nan")]), "≥ 0"),
    (
        "two estimates",
        lambda: pnb.run(never, [1], cost=[1], history=pnb.last_run()),
        "`cost` or `history`",
    ),
    ("history of no kind", lambda: pnb.run(never, [1], history=[1]), "must be a Run"),
    (
        "too few names",
        lambda: pnb.run(never, [1, 2], name=["a"]),
        "`name` .* one value per task: 2; got 1",
    ),
    ("label of no kind", lambda: pnb.run(never, [1], label=3), "`label`.*got 3"),
    ("tags as text", lambda: pnb.run(never, [1], tags="abc"), "`tags`.*'abc'"),
    ("tags of no kind", lambda: pnb.run(never, [1], tags=[3]), r"`tags`.*\[3\]"),
]


@pytest.fixture
def before():
    return pnb.run(abs, [1], backend="threading")


@pytest.mark.parametrize(
    ("call", "said"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD]
)
def test_what_is_not_allowed_is_said_before_anything_runs(call, said, before):
    with pytest.raises(pnb.ArgumentError, match=said):
        call()
    assert pnb.last_run() is before


@on_every_process_backend
def test_a_function_that_cannot_travel_is_said_before_anything_runs(backend, before):
    lock = threading.Lock()
    with pytest.raises(pnb.ArgumentError, match=r"cannot be sent.*'threading'"):
        pnb.run(lambda x: lock, [1, 2], n_jobs=2, backend=backend)
    assert pnb.last_run() is before


# -- joblib's configuration ---------------------------------------------------------


def test_an_active_configuration_wins_over_the_defaults():
    with joblib.parallel_config(backend="threading", n_jobs=3):
        run = pnb.run(abs, [1])
    assert (run.meta.backend, run.meta.n_workers) == ("threading", 3)


def test_arguments_win_over_an_active_configuration():
    with joblib.parallel_config(backend="loky", n_jobs=3):
        run = pnb.run(abs, [1], backend="threading", n_jobs=2)
    assert (run.meta.backend, run.meta.n_workers) == ("threading", 2)
    with joblib.parallel_config(require="sharedmem", prefer="threads"):
        assert pnb.run(abs, [1], backend="isolated").meta.backend == "isolated"


@pytest.mark.parametrize("wish", [{"prefer": "threads"}, {"require": "sharedmem"}])
def test_a_configured_wish_for_threads_is_granted(wish):
    with joblib.parallel_config(**wish, n_jobs=2):
        assert pnb.run(abs, [1]).meta.backend == "threading"


def test_the_defaults_are_isolated_lanes_on_all_cores():
    run = pnb.run(abs, [-1])
    assert run.meta.backend == "isolated"
    assert run.meta.n_workers == joblib.cpu_count()


def test_negative_numbers_of_workers_count_back_from_the_cores():
    run = pnb.run(abs, [-1], n_jobs=-joblib.cpu_count(), backend="isolated")
    assert run.meta.n_workers == 1


class Own(ThreadingBackend):
    pass


def test_a_backend_may_be_an_instance():
    run = pnb.run(chores.double, [1, 2], n_jobs=2, backend=Own())
    assert (run.results, run.meta.backend) == ([2, 4], "Own")


def test_a_backend_may_be_anybodys_by_name(monkeypatch):
    monkeypatch.setitem(joblib.parallel.BACKENDS, "own", Own)
    run = pnb.run(chores.double, [1, 2], n_jobs=2, backend="own")
    assert (run.results, run.meta.backend) == ([2, 4], "own")


@on_every_process_backend
def test_lanes_have_joblibs_limits_on_inner_threads(backend):
    if backend == "multiprocessing":
        pytest.skip("joblib sets none there")
    expected = Parallel(2, "loky")(delayed(chores.thread_limits)() for _ in range(2))
    run = pnb.run(chores.thread_limits, range(2), n_jobs=2, backend=backend)
    assert run.results == expected


def test_a_configured_limit_on_inner_threads_reaches_the_lanes():
    with joblib.parallel_config("isolated", n_jobs=2, inner_max_num_threads=7):
        (limits,) = pnb.run(chores.thread_limits, [0]).results
    assert set(limits.values()) == {"7"}


# -- arrays -------------------------------------------------------------------------

BIG = np.ones(2**17 + 1)  # a number more than the MiB up to which arrays are pickled


@on_every_process_backend
def test_large_arrays_are_mapped(backend):
    run = pnb.run(chores.nature, [BIG, BIG[1:]], n_jobs=2, backend=backend)
    assert run.results == [("memmap", 131_073.0), ("ndarray", 131_072.0)]


@on_every_process_backend
def test_large_arrays_among_keywords_and_in_closures_are_mapped(backend):
    run = pnb.run(
        [pnb.Task(chores.nature, array=BIG), pnb.Task(lambda: chores.nature(BIG))],
        n_jobs=2,
        backend=backend,
    )
    assert run.results[0] == ("memmap", 131_073.0)
    assert run.results[1][1] == 131_073.0


@on_every_process_backend
def test_mapping_can_be_configured_away(backend):
    with joblib.parallel_config(backend, n_jobs=2, max_nbytes=None):
        run = pnb.run(chores.nature, [BIG, BIG])
    assert run.results == [("ndarray", 131_073.0)] * 2


@on_every_process_backend
def test_mapped_arrays_that_come_back_outlive_the_run(backend):
    first, view, pair = pnb.run(
        [
            pnb.Task(chores.itself, BIG),
            pnb.Task(lambda array: array[::2], BIG),
            pnb.Task(lambda array: {"with a lambda": lambda: 1, "array": array}, BIG),
        ],
        n_jobs=2,
        backend=backend,
    ).results
    assert (first.sum(), view.sum(), pair["array"].sum()) == (131_073, 65_537, 131_073)
    assert (pair["array"] + 1).max() == 2


def test_mapped_files_are_gone_when_the_run_is_over(tmp_path):
    with joblib.parallel_config("isolated", n_jobs=2, temp_folder=str(tmp_path)):
        run = pnb.run(lambda array: array.filename, [BIG, BIG])
    for name in run.results:
        assert str(name).startswith(str(tmp_path))
        assert not os.path.exists(name)
    assert os.listdir(tmp_path) == []


# -- inside other things ------------------------------------------------------------


@on_every_process_backend
def test_a_tasks_own_joblib_call_uses_threads(backend):
    run = pnb.run(chores.nested_parallel, [[1, 2]], n_jobs=2, backend=backend)
    assert run.results == [[2, 4]]


def test_a_lanes_task_finds_the_same_joblib_as_a_loky_workers_task():
    (in_lane,) = pnb.run(chores.nested_workers, [0], n_jobs=2).results
    (in_loky,) = Parallel(2, "loky")([delayed(chores.nested_workers)()])
    assert in_lane == in_loky


def test_a_run_inside_a_task_does_not_take_all_cores_again():
    ((results, backend, n_workers),) = pnb.run(
        lambda values: (
            (inner := pnb.run(abs, values)).results,
            inner.meta.backend,
            inner.meta.n_workers,
        ),
        [[-1, -2]],
        n_jobs=2,
    ).results
    assert (results, backend, n_workers) == ([1, 2], "sequential", 1)


@pytest.mark.parametrize("inner", ["isolated", "loky", "multiprocessing", "threading"])
def test_a_run_inside_a_lanes_task_may_have_its_own_workers(inner):
    values = list(range(-20, 0))
    run = pnb.run(
        [pnb.Task(chores.nested_run, inner, values) for _ in range(3)], n_jobs=2
    )
    expected = [abs(value) for value in values]
    assert run.results == [(expected, inner, 2)] * 3


def test_two_runs_at_once_do_not_mix():
    runs = {}

    def start(key, values):
        runs[key] = pnb.run(chores.double, values, n_jobs=2)

    threads = [
        threading.Thread(target=start, args=(key, range(key, key + 50)))
        for key in (0, 100, 200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key, run in runs.items():
        assert run.results == [2 * x for x in range(key, key + 50)]


def test_starting_workers_is_written_down_once():
    first = pnb.run(chores.pid, range(2), n_jobs=2, backend="isolated")
    again = pnb.run(chores.pid, range(2), n_jobs=2, backend="isolated")
    assert set(again.startups["pid"]) & set(first.attempts["pid"]) == set()
    assert (first.startups["ended"] > first.startups["started"]).all()


# -- functions of a program, and of a notebook --------------------------------------

OWN_FUNCTIONS = """
import json
import parallel_nb as pnb

SCALE = 3

class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return type(other) is Point and other.x == self.x

def scale(x):
    return Point(SCALE * x)
"""
RUN_THEM = """
runs = {b: pnb.run(scale, [1, 2], n_jobs=2, backend=b).results for b in BACKENDS}
wrong = [b for b, points in runs.items() if points != [Point(3), Point(6)]]
"""
IN_A_SHELL = """
import json
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.push({"BACKENDS": BACKENDS})
for cell in CELLS:
    shell.run_cell(cell).raise_error()
print(json.dumps(shell.user_ns["wrong"]))
"""


def test_functions_and_classes_of_a_program_run_everywhere(script):
    text = f"{OWN_FUNCTIONS}{RUN_THEM}\nprint(json.dumps(wrong))"
    assert script(text, BACKENDS=BACKENDS) == []


def test_functions_and_classes_of_a_notebook_cell_run_everywhere(script):
    cells = [OWN_FUNCTIONS, RUN_THEM]
    assert script(IN_A_SHELL, BACKENDS=BACKENDS, CELLS=cells) == []


# -- the isolated backend under plain joblib ----------------------------------------


def test_joblib_itself_can_use_isolated_lanes():
    calls = (delayed(chores.double)(x) for x in range(30))
    assert Parallel(2, "isolated")(calls) == list(range(0, 60, 2))


@pytest.mark.parametrize("return_as", ["generator", "generator_unordered"])
def test_isolated_lanes_give_joblib_generators(return_as):
    calls = [delayed(chores.double)(x) for x in range(5)]
    assert sorted(Parallel(2, "isolated", return_as=return_as)(calls)) == [
        0,
        2,
        4,
        6,
        8,
    ]


def test_an_exception_crosses_from_a_lane_with_its_traceback():
    with pytest.raises(ValueError, match="three") as caught:
        Parallel(2, "isolated")(delayed(chores.raise_at_three)(x) for x in range(5))
    assert "raise_at_three" in str(caught.value.__cause__)


def test_a_lane_that_dies_under_joblib_is_an_error_and_the_next_call_works():
    with pytest.raises(pnb.BackendError, match="SIGKILL"):
        Parallel(2, "isolated")([delayed(chores.misbehave)("SIGKILL")])
    assert Parallel(2, "isolated")([delayed(chores.double)(2)]) == [4]


def test_an_argument_that_cannot_travel_to_a_lane_is_an_error():
    with pytest.raises(Exception, match="could not be pickled"):
        Parallel(2, "isolated")([delayed(chores.itself)(threading.Lock())])
