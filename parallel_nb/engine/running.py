"""`run`: a batch in, a Run out.

Names the arguments and says what they mean; `jobs` does what they say.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from ..runs import Run
from ..tasks import Shell, Task
from .jobs import Job
from .options import Options
from .remembering import last_run

__all__ = ["last_run", "run"]


def run(
    work: Callable | Iterable[Task | Shell],
    inputs: Iterable | None = None,
    *,
    n_jobs: int | None = None,
    backend=None,
    client=None,
    agents=None,
    name=None,
    label: str = "",
    tags: Iterable[str] = (),
    order: str = "given",
    cost=None,
    history: Run | None = None,
    wait: str | int | float = "all",
    on_failure: str = "continue",
    barriers: bool = False,
    timeout: float | str | None = None,
    on_timeout: str = "retry",
    retries: int = 0,
    backoff: float | Callable[[int], float] = 0.0,
    retry_on=None,
    deadline: float | None = None,
    max_memory: int | str | None = None,
    path: str | os.PathLike | None = None,
    journal: str | os.PathLike | bool | None = None,
    resume: str | os.PathLike | bool | None = None,
    store=None,
    on_event: Callable | None = None,
    progress: bool | None = None,
    keep_results: bool = True,
) -> Run:
    """A Run: the batch executed in parallel, every attempt timed and recorded.

    Parameters
    ----------
    work : callable, iterable of Task, or Plan
        A function, called once for each input; tasks made by `Task` and `shell`; or a
        `plan` of such tasks. Tasks that depend on each other, name agents or share
        resources get a plan by themselves.
    inputs : iterable, optional
        Inputs of the function; may be a generator of unknown length, which is read no
        further ahead than keeps the workers busy.
    n_jobs : int, optional
        Number of workers; negative counts back from the usable cores. Default: what an
        active `joblib.parallel_config` says, else all usable cores.
    backend : str or joblib backend, optional
        ``"isolated"``, ``"loky"``, ``"threading"``, ``"multiprocessing"``,
        ``"sequential"`` or any registered joblib backend. Default: what an active
        `joblib.parallel_config` says, else ``"isolated"``.
    client : distributed.Client, optional
        Of the Dask cluster that does it; by itself it means ``backend="dask"``.
        Default there: the newest client.
    agents : dict, optional
        Typed workers with slots, as for `plan`.
    name : str, callable or sequence of str, optional
        What tasks are called: one name for all, a function of the input, or one each.
    label, tags : str, iterable of str
        Kept in ``run.meta``.
    order : {"given", "longest_first"}
        Which of the tasks that could begin begins first. The longest by `cost`, or by
        what it took in `history`; where tasks depend on each other, the one that has
        the longest path before it.
    cost : callable or sequence of float, optional
        Expected length of each task, in any unit.
    history : Run, optional
        An earlier run of the same tasks, matched by name where names are unique and by
        position otherwise.
    wait : {"all", "any"}, int or float
        End the run once so many tasks have succeeded: any one, a number, or a share of
        all. What still runs is cancelled where the backend can. A threshold that can
        no longer be reached ends the run, too.
    on_failure : {"continue", "stop", "raise"}
        A failed task's dependents are skipped in any case. "stop" lets running tasks
        finish and starts none; "raise" does the same and then raises `TasksFailed`.
    barriers : bool
        Let each round of the plan wait for the one before it.
    timeout : float or str, optional
        Seconds that an attempt may take, from its start in its worker, or how many
        times the median of those that are done: ``"3x median"``, of the same function
        (five of them at least) or, where known, of `history`. An isolated lane is
        ended with the attempt and replaced; a thread is left behind, and another one
        takes its place. Other backends cannot keep to it.
    on_timeout : {"retry", "fail", "stop"}
        Whether an attempt that took too long is a failure like any other, is its task's
        last one, or ends the run as ``on_failure="stop"`` does.
    retries : int
        How often a task is tried again if it fails; every attempt is a row.
    backoff : float or callable
        Seconds to wait before a second attempt, doubled for each one after it; or a
        function of the number of attempts so far.
    retry_on : str, exception type, or several, optional
        Statuses and exceptions after which there is another attempt. Default:
        ``("failed", "invalid", "timeout", "crashed")``. Tasks that say themselves what
        is to be done about time and failures are left to it.
    deadline : float, optional
        Seconds that the whole run may take. What runs then is cancelled where the
        backend can; where it cannot, such as in this thread, the attempt in progress
        is waited for.
    max_memory : int or str, optional
        Bytes, or ``"500 MB"``, of address space that a worker's process may take
        besides what it has when it is fresh: a task that wants more gets a
        `MemoryError`. For a shell command it is all that each of its processes may
        take. Isolated lanes and commands, on Linux.
    path : path-like, optional
        Where the Run is saved at its end, as `save` does it; until it is complete, its
        journal is beside it.
    journal : path-like or bool, optional
        A file in which every attempt is, with its result, within a second of its end,
        so that `recover` has it whatever happens to this process. What travels together
        to workers on other machines (or, other than on Linux, to those of loky and
        multiprocessing) is there when it has come home. Default: beside `path`; False
        for none.
    resume : path-like or bool, optional
        The journal, or the `path`, of a run that did not end, with the same tasks: only
        those are executed that are not done, and the Run has all attempts. Tasks are
        matched by name and by what their function and arguments are; if one that is
        done has changed, that is an error. True: go on with this run's own journal, if
        there is one. Results are unpickled, so use only files that you trust.
    store : RunStore, optional
        Where the Run is kept at its end; until then its journal is there, of which
        `RunStore.recover` makes a Run if this process dies.
    on_event : callable, optional
        Called with an `Event` for each change of a task's state, in the calling thread.
        Tasks then travel one by one.
    progress : bool, optional
        Show a bar, or don't; by default only where somebody watches.
    keep_results : bool
        False drops what tasks return.

    Returns
    -------
    Run
        A task that fails is a row of it; nothing is raised for it until
        ``run.results`` is asked for.

    Raises
    ------
    ArgumentError
        Before any work starts.
    TasksFailed
        With ``on_failure="raise"``: ``.run`` holds everything.
    InputsFailed
        When iterating over `inputs` raised: ``.run`` holds what had finished.
    StoreError
        If the journal cannot be written or read, before any work starts.
    BackendError
        When workers cannot be started: ``.run`` holds what had finished.

    Examples
    --------
    >>> made = run(abs, [-1, 2, -3], n_jobs=1, backend="sequential")
    >>> made.results
    [1, 2, 3]

    A task that fails costs its own row:

    >>> made = run(lambda x: 1 / x, [1, 0, 4], n_jobs=1, backend="sequential")
    >>> made.results_or(None)
    [1.0, None, 0.25]
    >>> made.tasks[["task", "status", "error"]]
       task  status                                error
    0     0    done                                  NaN
    1     1  failed  ZeroDivisionError: division by zero
    2     2    done                                  NaN
    """
    options = Options(
        n_jobs=n_jobs,
        backend=backend,
        client=client,
        agents=agents,
        name=name,
        label=label,
        tags=tags,
        order=order,
        cost=cost,
        history=history,
        wait=wait,
        on_failure=on_failure,
        barriers=barriers,
        timeout=timeout,
        on_timeout=on_timeout,
        retries=retries,
        backoff=backoff,
        retry_on=retry_on,
        deadline=deadline,
        max_memory=max_memory,
        path=path,
        journal=journal,
        resume=resume,
        store=store,
        on_event=on_event,
        keep_results=keep_results,
    )
    return Job(work, inputs, options).execute(progress)
