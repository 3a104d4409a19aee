"""`run`: a batch in, a Run out.

Names the arguments and says what they mean; `jobs` does what they say.
"""

from collections.abc import Callable, Iterable

from ..runs import Run
from ..tasks import Shell, Task
from .jobs import Job, last_run

__all__ = ["last_run", "run"]


def run(
    work: Callable | Iterable[Task | Shell],
    inputs: Iterable | None = None,
    *,
    n_jobs: int | None = None,
    backend=None,
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
    on_event: Callable | None = None,
    progress: bool | None = None,
    keep_results: bool = True,
) -> Run:
    """Execute a batch in parallel and record every attempt.

    Parameters
    ----------
    work : callable, iterable of Task, or Plan
        A function, called once for each input; tasks made by `Task` and `shell`; or a
        `plan` of such tasks. Tasks that depend on each other, name agents or share
        resources get a plan by themselves.
    inputs : iterable, optional
        Inputs of the function; may be a generator of unknown length, which is read no
        further ahead than keeps the workers busy.
    agents : dict, optional
        Typed workers with slots, as for `plan`.
    n_jobs : int, optional
        Number of workers; negative counts back from the usable cores. Default: what an
        active `joblib.parallel_config` says, else all usable cores.
    backend : str or joblib backend, optional
        ``"isolated"``, ``"loky"``, ``"threading"``, ``"multiprocessing"``,
        ``"sequential"`` or any registered joblib backend. Default: what an active
        `joblib.parallel_config` says, else ``"isolated"``.
    name : str, callable or sequence of str, optional
        What tasks are called: one name for all, a function of the input, or one each.
    label, tags : str, iterable of str
        Kept in ``run.meta``.
    order : {"given", "longest_first"}
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
    BackendError
        When workers cannot be started: ``.run`` holds what had finished.

    Examples
    --------
    >>> run(abs, [-1, 2, -3], n_jobs=1, backend="sequential").results
    [1, 2, 3]
    """
    job = Job(
        work,
        inputs,
        n_jobs=n_jobs,
        backend=backend,
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
        on_event=on_event,
        keep_results=keep_results,
    )
    return job.execute(progress)
