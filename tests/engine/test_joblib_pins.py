"""What the engine uses of joblib without joblib's promise: there, and as expected.

A new joblib that changes one of these fails here, by name, before it fails elsewhere.
"""

import inspect
import multiprocessing.pool

import joblib
import pytest
from joblib import parallel as joblib_parallel
from joblib.parallel import (
    Parallel,
    ParallelBackendBase,
    SequentialBackend,
    delayed,
)

from parallel_nb.engine.isolated import IsolatedBackend


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_parallel_is_called_and_dispatches_as_recording_expects():
    assert parameters(Parallel.__call__) == ["self", "iterable"]
    assert parameters(Parallel._dispatch) == ["self", "batch"]


def test_a_batch_holds_its_calls():
    batch = joblib_parallel.BatchedCalls([(abs, (-1,), {})], (SequentialBackend(), 1))
    assert batch.items == [(abs, (-1,), {})]
    assert len(batch) == 1


@pytest.mark.parametrize("name", ["threading", "loky", "multiprocessing", "isolated"])
@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
def test_an_open_pool_shows_its_backend(name):
    with Parallel(2, name) as parallel:
        backend = parallel._backend
        assert type(backend) is joblib_parallel.BACKENDS[name]
        assert parameters(backend.submit)[:2] == ["func", "callback"]
        assert len(parameters(backend.retrieve_result_callback)) == 1
        assert "ensure_ready" in parameters(backend.abort_everything)
        assert backend.supports_retrieve_callback
        assert {"max_nbytes", "mmap_mode", "temp_folder"} <= set(
            parallel._backend_kwargs
        )
        assert parallel._effective_n_jobs() == 2
        assert parallel._calling is False
        assert parallel._managed_backend is True


def test_a_pool_of_processes_shows_what_has_to_be_ended():
    with Parallel(2, "multiprocessing") as parallel:
        pool = parallel._backend._pool
        assert all(process.is_alive() for process in pool._pool)
        for name in ("worker", "task", "result"):
            thread = getattr(pool, f"_{name}_handler")
            assert thread.is_alive()
            assert thread._state == multiprocessing.pool.RUN
        assert pool._inqueue._reader.fileno() >= 0
        assert pool._outqueue._writer.fileno() >= 0
        assert pool._outqueue._wlock.acquire(timeout=1)
        pool._outqueue._wlock.release()
        assert callable(pool._terminate)
        assert callable(pool._terminate.cancel)
        assert callable(pool._change_notifier.put)


def test_a_loky_executor_shows_what_has_to_be_ended():
    with Parallel(2, "loky") as parallel:
        parallel(delayed(abs)(x) for x in (-1, 2))
        executor = parallel._backend._workers
        assert executor._executor_manager_thread.is_alive()
        assert all(isinstance(pid, int) for pid in executor._processes)
        assert executor._result_queue._writer.fileno() >= 0


def test_a_call_caches_its_number_of_workers():
    parallel = Parallel(2, "threading", return_as="generator")
    values = parallel([(abs, (-1,), {})])
    assert parallel._cached_effective_n_jobs == 2
    assert list(values) == [1]


def test_one_job_is_done_in_sequence():
    with Parallel(1) as parallel:
        assert isinstance(parallel._backend, SequentialBackend)
    assert "iterable" in parameters(Parallel._get_sequential_output)


def test_the_active_configuration_can_be_read():
    assert set(joblib_parallel.default_parallel_config) >= {
        "backend",
        "n_jobs",
        "prefer",
        "require",
    }
    with joblib.parallel_config("threading", n_jobs=3):
        config = joblib_parallel._backend.config
        assert isinstance(config["backend"], ParallelBackendBase)
        assert config["n_jobs"] == 3


def test_backends_have_names():
    assert {"loky", "threading", "multiprocessing", "sequential"} <= set(
        joblib_parallel.BACKENDS
    )
    assert "dask" in joblib_parallel.EXTERNAL_BACKENDS


def test_a_backend_limits_inner_threads():
    limits = IsolatedBackend()._prepare_worker_env(1)
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= set(limits)


def test_an_isolated_backend_asks_for_no_batches_larger_than_it_measured():
    assert IsolatedBackend().compute_batch_size() == 1


def test_arrays_are_mapped_by_reducers():
    from joblib._memmapping_reducer import (
        TemporaryResourcesManager,
        get_memmapping_reducers,
        reduce_array_memmap_backward,
    )

    manager = TemporaryResourcesManager(None)
    forward, _ = get_memmapping_reducers(
        temp_folder_resolver=manager.resolve_temp_folder_name,
        max_nbytes=1_000,
        mmap_mode="r",
        unlink_on_gc_collect=False,
    )
    assert any(kind.__name__ == "ndarray" for kind in forward)
    assert "force" in parameters(manager._clean_temporary_resources)
    assert len(parameters(reduce_array_memmap_backward)) == 1
    manager._clean_temporary_resources(force=True)


def test_a_broken_loky_pool_has_a_known_exception():
    from concurrent.futures import BrokenExecutor

    from joblib.externals.loky.process_executor import (
        BrokenProcessPool,
        TerminatedWorkerError,
    )

    assert issubclass(TerminatedWorkerError, BrokenProcessPool)
    assert issubclass(BrokenProcessPool, BrokenExecutor)


def test_a_wish_is_taken_back_by_an_argument():
    with joblib.parallel_config(require="sharedmem"):
        parallel = Parallel(2, backend="loky", prefer=None, require=None)
    assert type(parallel._backend) is joblib_parallel.BACKENDS["loky"]
