"""`record`: what joblib does for others becomes Runs, and is otherwise as it was."""

import gc
import multiprocessing
import re
import threading
import warnings

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed
from joblib.parallel import parallel_config

import parallel_nb as pnb
from parallel_nb.engine import isolated  # noqa: F401, registers its backend

from . import chores

BACKENDS = ["isolated", "loky", "multiprocessing", "threading", "sequential"]

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


@pytest.fixture(autouse=True)
def _joblib_is_as_it_was():
    before = dict(vars(Parallel)), dict(joblib.parallel.BACKENDS)
    yield
    assert (dict(vars(Parallel)), dict(joblib.parallel.BACKENDS)) == before


def doubled(n, backend="threading", n_jobs=2, **options):
    """A call that is not ours."""
    calls = (delayed(chores.double)(x) for x in range(n))
    return Parallel(n_jobs, backend, **options)(calls)


# -- one call -----------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_becomes_a_run(backend):
    with pnb.record() as log:
        values = doubled(7, backend)
    (run,) = log
    assert values == list(range(0, 14, 2))
    rows = run.tasks
    assert rows["status"].tolist() == ["done"] * 7
    assert rows["name"].tolist() == ["double"] * 7
    assert run.meta.backend == backend
    assert run.meta.n_workers == (1 if backend == "sequential" else 2)
    assert run.meta.source == "record"
    assert (rows["started"] <= rows["ended"]).all()
    assert (rows["submitted"] <= rows["started"]).all()
    assert rows["submitted"].min() >= 0
    assert rows["worker"].between(0, run.meta.n_workers - 1).all()


def test_one_job_is_recorded_though_joblib_bypasses_its_backends():
    with pnb.record() as log:
        assert doubled(3, "loky", n_jobs=1) == [0, 2, 4]
    assert log[0].tasks["status"].tolist() == ["done"] * 3
    assert log[0].meta.n_workers == 1


@pytest.mark.parametrize("backend", ["loky", "threading", "isolated"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_generator_is_recorded_when_it_is_used_up(backend, n_jobs):
    with pnb.record() as log:
        values = list(doubled(5, backend, n_jobs, return_as="generator"))
    assert values == [0, 2, 4, 6, 8]
    assert log[0].tasks["status"].tolist() == ["done"] * 5


def test_an_unordered_generator_is_recorded():
    with pnb.record() as log:
        values = list(doubled(5, return_as="generator_unordered"))
    assert sorted(values) == [0, 2, 4, 6, 8]
    assert log[0].tasks["status"].tolist() == ["done"] * 5


def test_a_generator_that_is_dropped_half_way_is_a_partial_run():
    with pnb.record() as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = doubled(40, return_as="generator", pre_dispatch=4)
        assert [next(values), next(values)] == [0, 2]
        del values
        gc.collect()
    assert log[0].tasks["status"].isin(["done", "cancelled"]).all()
    assert log[0].tasks["status"].tolist()[:2] == ["done"] * 2


def test_a_generator_may_be_used_after_the_block():
    with pnb.record() as log:
        values = doubled(6, return_as="generator", pre_dispatch=2)
    assert list(values) == [0, 2, 4, 6, 8, 10]
    assert len(log) == 1


def test_a_generator_of_calls_stays_as_lazy_as_it_was():
    def calls(asked, may_end):
        for x in range(20):
            asked.append(x)
            yield delayed(may_end.wait)(20)

    def ahead():
        asked, may_end = [], threading.Event()
        values = Parallel(2, "threading", return_as="generator", pre_dispatch=4)(
            calls(asked, may_end)
        )
        n = len(asked)
        may_end.set()
        list(values)
        return n

    plain = ahead()
    with pnb.record():
        recorded = ahead()
    assert (plain, recorded) == (4, 4)


@pytest.mark.parametrize("backend", ["loky", "threading", "isolated", "sequential"])
def test_a_call_that_raises_raises_and_is_recorded(backend):
    with (
        pnb.record() as log,
        pytest.raises(ValueError, match="three"),
    ):
        Parallel(2, backend)(delayed(chores.raise_at_three)(x) for x in range(6))
    (run,) = log
    assert run.meta.ended_by == "error"
    assert run.tasks["status"][3] == "failed"
    assert run.tasks["error"][3] == "ValueError: three"
    assert "raise_at_three" in run.tracebacks[3, 1]


def test_inputs_that_raise_are_recorded_so_far():
    def calls():
        yield delayed(chores.double)(1)
        raise KeyError("gone")

    with pnb.record() as log, pytest.raises(KeyError, match="gone"):
        Parallel(2, "threading")(calls())
    assert log[0].meta.ended_by == "error"
    assert len(log[0].tasks) <= 1


def test_chunks_of_joblib_are_chunks():
    with pnb.record() as log:
        doubled(8, "loky", batch_size=4, pre_dispatch="all")
    assert log[0].tasks["chunk"].tolist() == [0] * 4 + [1] * 4


def test_calls_of_several_functions_have_their_own_names():
    calls = [delayed(f)(-1) for f in (abs, abs, chores.double, abs)]
    with pnb.record() as log:
        Parallel(2, "threading")(calls)
    assert log[0].tasks["name"].tolist() == ["abs", "abs", "double", "abs"]


def test_a_call_without_tasks_is_a_run_without_rows():
    with pnb.record() as log:
        assert Parallel(2, "threading")([]) == []
    assert len(log[0].tasks) == 0


# -- a log --------------------------------------------------------------------------


def test_calls_are_logged_in_the_order_in_which_they_began():
    with pnb.record(label="three calls") as log:
        for n in (1, 2, 3):
            doubled(n)
    assert [len(run.tasks) for run in log] == [1, 2, 3]
    assert {run.meta.label for run in log} == {"three calls"}
    assert log.summary()["n_tasks"].tolist() == [1, 2, 3]


def test_a_log_can_be_read_while_it_grows():
    with pnb.record() as log:
        assert len(log) == 0
        assert repr(log) == "<Log: no joblib.Parallel call yet>"
        doubled(2)
        assert len(log) == 1
        assert log[0].tasks["status"].tolist() == ["done"] * 2


def test_a_managed_pool_gives_one_run_a_call():
    with pnb.record() as log, Parallel(2, "loky") as parallel:
        parallel(delayed(chores.double)(x) for x in range(3))
        parallel(delayed(chores.double)(x) for x in range(2))
    assert [len(run.tasks) for run in log] == [3, 2]


def test_nothing_is_recorded_outside_the_block():
    doubled(1)
    with pnb.record() as log:
        pass
    doubled(1)
    assert len(log) == 0


def test_runs_of_our_own_are_left_alone():
    with pnb.record() as log:
        run = pnb.run(chores.double, [1, 2], n_jobs=2, backend="threading")
    assert run.results == [2, 4]
    assert len(log) == 0


def test_a_log_survives_the_end_of_its_files():
    with pnb.record() as log:
        doubled(2)
    assert len(log) == 1
    assert log[0].summary()["n_tasks"].item() == 2


# -- nested -------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "threading", "isolated", "sequential"])
def test_calls_inside_tasks_are_recorded_and_know_their_parent(backend):
    with pnb.record() as log:
        values = Parallel(2, backend)(
            delayed(chores.nested_parallel)([x, x + 1]) for x in range(3)
        )
    assert values == [[0, 2], [2, 4], [4, 6]]
    assert [len(run.tasks) for run in log] == [3, 2, 2, 2]
    assert sorted(run.meta.parent for run in log[1:]) == [(0, 0), (0, 1), (0, 2)]
    assert log[0].meta.parent is None
    assert "in task" in repr(log)


def test_a_log_of_many_calls_says_how_many_are_inside_tasks():
    with pnb.record() as log:
        Parallel(1)(delayed(chores.nested_parallel)([x]) for x in range(21))
    told = repr(log).splitlines()
    assert told[0].startswith("[0] <Run ")
    assert told[1:] == ["and 21 inside tasks of these; log.summary() has all"]


def test_a_recording_inside_a_task_is_the_tasks_own_and_its_recorders():
    def work(x):
        with pnb.record() as log:
            chores.nested_parallel([x])
        return len(log)

    with pnb.record() as log:
        assert Parallel(2, "threading")([delayed(work)(1)]) == [1]
    assert [run.meta.parent for run in log] == [None, (0, 0)]


def test_a_recording_inside_a_recording_keeps_both():
    with pnb.record() as outer:
        doubled(1)
        with pnb.record() as inner:
            doubled(2)
        doubled(3)
    assert [len(run.tasks) for run in inner] == [2]
    assert [len(run.tasks) for run in outer] == [1, 2, 3]


# -- nobody else is disturbed -------------------------------------------------------


def test_two_threads_that_record_at_once_do_not_mix():
    logs = {}
    together = threading.Barrier(2)

    def record(n):
        with pnb.record() as log:
            together.wait()
            for _ in range(5):
                doubled(n)
            together.wait()
        logs[n] = log

    threads = [threading.Thread(target=record, args=(n,)) for n in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, log in logs.items():
        assert [len(run.tasks) for run in log] == [n] * 5


def test_a_thread_that_does_not_record_is_not_recorded():
    with pnb.record() as log:
        thread = threading.Thread(target=doubled, args=(3,))
        thread.start()
        thread.join()
    assert len(log) == 0


def double_and_raise(error):
    doubled(1)
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_block_that_raises_leaves_joblib_as_it_was_and_a_log(error):
    with pytest.raises(error), pnb.record() as log:
        double_and_raise(error)
    assert len(log) == 1


def test_an_active_configuration_stays_active():
    with parallel_config("threading", n_jobs=2), pnb.record() as log:
        assert Parallel()(delayed(chores.double)(x) for x in range(2)) == [0, 2]
    assert (log[0].meta.backend, log[0].meta.n_workers) == ("threading", 2)


def test_a_configuration_may_begin_inside_the_block():
    with pnb.record() as log:
        with parallel_config("threading", n_jobs=2):
            Parallel()(delayed(chores.double)(x) for x in range(2))
        Parallel()(delayed(chores.double)(x) for x in range(2))
    assert [run.meta.backend for run in log] == ["threading", "sequential"]


def test_a_backend_of_somebody_elses_is_recorded_by_its_class():
    class Theirs(joblib.parallel.ThreadingBackend):
        pass

    with pnb.record() as log:
        doubled(2, Theirs())
    assert log[0].meta.backend == "Theirs"


def said(call):
    """Categories and texts of the warnings of a call, and its exception."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = call()
        except Exception as error:
            text = re.sub("0x[0-9a-f]+", "0x", str(error))
            value = type(error), text, type(error.__cause__)
    return value, sorted((w.category.__name__, str(w.message)) for w in caught)


QUIRKS = {
    "no workers": lambda: doubled(2, n_jobs=0),
    "no call": lambda: Parallel(2, "threading")([3]),
    "not iterable": lambda: Parallel(2, "threading")(3),
    "unpicklable": lambda: Parallel(2, "loky")(
        [delayed(chores.itself)(threading.Lock())]
    ),
    "warning": lambda: Parallel(2, "threading")(
        delayed(chores.warn_and_double)(x) for x in range(3)
    ),
    "warning in sequence": lambda: Parallel(1)(
        delayed(chores.warn_and_double)(x) for x in range(3)
    ),
    "nested processes": lambda: Parallel(2, "threading")(
        delayed(doubled)(2, "loky") for _ in range(2)
    ),
    "timeout": lambda: Parallel(2, "threading", timeout=0.05)(
        [delayed(chores.nap)(0.5)]
    ),
    "generator of processes": lambda: doubled(
        2, "multiprocessing", return_as="generator"
    ),
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_values_warnings_and_exceptions_are_what_they_were(quirk):
    plain = said(QUIRKS[quirk])
    with pnb.record():
        recorded = said(QUIRKS[quirk])
    assert recorded == plain


@pytest.mark.parametrize("backend", ["isolated", "loky", "multiprocessing"])
def test_functions_travel_or_not_as_they_did(backend):
    class Local:
        def __call__(self, x):
            return x + 2

    def outcomes():
        functions = [abs, lambda x: x + 1, Local(), Local().__call__]
        return [
            said(lambda f=f: Parallel(2, backend)(delayed(f)(x) for x in (1, 2)))
            for f in functions
        ]

    plain = outcomes()
    with pnb.record():
        recorded = outcomes()
    assert [value for value, _ in recorded] == [value for value, _ in plain]


def test_functions_of_any_make_have_a_name():
    from functools import partial
    from unittest.mock import Mock

    calls = [(function, (-1,), {}) for function in (partial(partial(abs)), Mock())]
    with pnb.record() as log:
        Parallel(2, "threading")(calls)
    assert log[0].tasks["name"].tolist() == ["abs", "Mock"]


def test_threads_that_outlive_a_call_write_nowhere_else(tmp_path):
    """Descriptors of a closed recording may be another file's by then."""
    with pnb.record(), pytest.raises(multiprocessing.TimeoutError):
        Parallel(2, "threading", timeout=0.05)([delayed(chores.nap)(0.3)])
    with open(tmp_path / "other", "wb") as other:
        chores.nap(0.5)
        assert other.tell() == 0
    assert (tmp_path / "other").read_bytes() == b""


def test_an_unpicklable_context_of_the_caller_is_no_obstacle():
    import contextvars

    variable = contextvars.ContextVar("of the caller")
    variable.set(threading.Lock())
    with pnb.record() as log:
        doubled(2, "loky")
    assert len(log[0].tasks) == 2


def test_large_arrays_are_mapped_as_they_were():
    big = np.ones(2**17 + 1)
    with pnb.record():
        natures = Parallel(2, "loky")(delayed(chores.nature)(big) for _ in range(2))
    assert natures == [("memmap", 131_073.0)] * 2


def test_recording_leaves_no_file_and_no_descriptor(tmp_path, monkeypatch):
    import tempfile

    import psutil

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    doubled(2)
    before = psutil.Process().num_fds()
    with pnb.record() as log:
        doubled(2)
    assert list(tmp_path.glob("parallel_nb-record-*")) == []
    assert psutil.Process().num_fds() == before
    assert len(log) == 1


# -- scikit-learn -------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300]


def grid_search(X, y):
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    grid = {"C": [1, 10], "gamma": [1e-3, 1e-2]}
    search = GridSearchCV(SVC(), grid, cv=3, n_jobs=2).fit(X, y)
    return search.cv_results_["mean_test_score"].tolist()


def cross_validation(X, y):
    from sklearn.model_selection import cross_val_score
    from sklearn.svm import SVC

    return cross_val_score(SVC(), X, y, cv=4, n_jobs=2).tolist()


def forest(X, y):
    from sklearn.ensemble import RandomForestClassifier

    fitted = RandomForestClassifier(20, n_jobs=2, random_state=0).fit(X, y)
    return fitted.predict_proba(X).tolist()


def halving_search(X, y):
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV
    from sklearn.svm import SVC

    search = HalvingGridSearchCV(
        SVC(), {"C": [1, 10, 100]}, cv=3, n_jobs=2, random_state=0, factor=3
    ).fit(X, y)
    return search.cv_results_["mean_test_score"].tolist()


@pytest.mark.parametrize(
    ("work", "counts", "backend"),
    [
        (grid_search, [4 * 3], "loky"),
        (cross_validation, [4], "loky"),
        (forest, [20, 20], "threading"),
        (halving_search, [3 * 3, 3], "loky"),
    ],
)
def test_scikit_learn_gives_the_same_and_all_its_tasks_are_there(
    work, counts, backend, digits
):
    plain = work(*digits)
    with pnb.record() as log:
        recorded = work(*digits)
    assert recorded == plain
    assert [len(run.tasks) for run in log] == counts
    assert {run.meta.backend for run in log} == {backend}
    for run in log:
        assert run.tasks["status"].eq("done").all()


def test_scikit_learn_can_use_isolated_lanes(digits):
    plain = grid_search(*digits)
    with parallel_config("isolated"), pnb.record() as log:
        assert grid_search(*digits) == plain
    assert log[0].meta.backend == "isolated"
    assert log[0].tasks["status"].eq("done").all()
