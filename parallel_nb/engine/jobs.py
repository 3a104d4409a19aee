"""One run from its arguments to its Run: checked, then executed, here or in a thread.

Puts the engine's parts together. Knows no pictures, and not who waits for it.
"""

import platform
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from importlib import metadata

import joblib

from ..errors import ArgumentError, InputsFailed, TasksFailed
from ..planning import Plan, plan
from ..runs import MISSING, Meta, Run
from ..tasks import Shell, Task, inputs_of, name_of
from . import worker
from .backends import Settings, Workers, name_of_backend, settings
from .batch import make_batch
from .collecting import Collector
from .dispatch import Dispatcher
from .events import Listener
from .interrupts import Interrupts
from .planned import Planned, check_results_kept, check_timeouts
from .policies import make_policy
from .progress import Progress

# A task whose context says this makes one result of several others'.
AGGREGATES = "aggregates"

_SHORT = 60
_WHY = {
    "wait": "not needed: enough tasks had succeeded",
    "impossible": "not started: too few tasks could still succeed",
    "failure": "not started: a task had failed",
    "cancel": "not started: the run was cancelled",
    "interrupt": "not started: the run was interrupted",
    "error": "not started: the run ended with an error",
}


class Job:
    """A run that has been checked and not been executed.

    Raises
    ------
    ArgumentError
        Whatever is wrong with the arguments, before any work starts.
    """

    def __init__(
        self,
        work,
        inputs,
        *,
        n_jobs,
        backend,
        agents,
        name,
        label,
        tags,
        order,
        cost,
        history,
        wait,
        on_failure,
        barriers,
        on_event,
        keep_results,
    ):
        self._zero, self._started_at = worker.clock(), datetime.now(UTC)
        self._tags = _checked_tags(label, tags)
        self._label = label
        self._order = order
        if on_event is not None and not callable(on_event):
            raise ArgumentError(f"`on_event` must be callable; got {on_event!r}")
        self._function = work if inputs is not None else None
        if inputs is None and _is_read_once(work):
            work = list(work)
        self._plan = (
            None
            if inputs is not None
            else _plan_of(work, n_jobs, agents, history, backend, barriers)
        )
        if self._plan is not None:
            _refuse_beside_plan(
                work,
                name=name,
                cost=cost,
                history=history,
                order=order if order != "given" else None,
            )
            if n_jobs is None:
                n_jobs = self._plan.n_workers
            check_results_kept(self._plan, keep_results)
            self.batch = Planned(self._plan, worker.clock, uses_barriers=barriers)
            self._rate = None
            self._order = "critical_path"
        else:
            self.batch, self._rate = make_batch(
                work,
                inputs,
                name=name,
                order=order,
                cost=cost,
                history=history,
                clock=worker.clock,
            )
        n_tasks = float("inf") if _is_open(self.batch) else self.batch.n_known
        self._policy = make_policy(wait, on_failure, n_tasks)
        self._chosen = settings(n_jobs, backend)
        if self._plan is not None:
            check_timeouts(self._plan, self.backend)
        # One that is a context manager knows when the run is over, and shows itself.
        self._shown = on_event if hasattr(on_event, "__enter__") else None
        self._listener = Listener(on_event) if on_event is not None else None
        self.title = label or (name_of(work) if inputs is not None else "")
        self.collector = Collector(keep_results)
        self.dispatcher = None

    @property
    def backend(self):
        """Name of the backend that will do it."""
        return name_of_backend(self._chosen.backend)

    @property
    def is_open(self):
        """Whether nobody knows yet how many tasks there will be."""
        return _is_open(self.batch)

    def stop(self):
        """Ask the job, from another thread, to end; False while it is not running."""
        if self.dispatcher is None:
            return False
        self.dispatcher.stop("cancel")
        return True

    def listen(self, function):
        """Tell another function of each event, too; before the run is executed."""
        first = self._listener
        second = Listener(function)

        def both(event):
            if first is not None:
                first(event)
            second(event)

        self._listener = both

    def execute(self, progress):
        """Run to the end; a Run, or the exception that ended it with the Run in it."""
        with ExitStack() as stack:
            if self._shown is not None:
                stack.enter_context(self._shown)
                progress = bool(progress)
            interrupts = stack.enter_context(Interrupts(self._interrupt))
            made, failure = self._execute(progress, interrupts)
            remember(made)
        batch = self.batch
        if failure is None and interrupts.has_any:
            failure = KeyboardInterrupt()
        if failure is not None:
            if not isinstance(failure, KeyboardInterrupt):
                failure.run = made
            raise failure
        if batch.error is not None:
            raise InputsFailed(made, batch.n_known, batch.error) from batch.error
        if self._policy.on_failure == "raise" and self.collector.n_failed:
            raise TasksFailed(made)
        return made

    def _execute(self, progress, interrupts):
        """The Run, and what went wrong around its tasks."""
        batch, collector = self.batch, self.collector
        failure = None
        collector.expect(batch.n_known)
        with ExitStack() as stack:
            pools = {None: stack.enter_context(Workers(self._chosen))}
            for agent, workers in self._agents_workers():
                pools[agent] = stack.enter_context(workers)
            workers = pools[None]
            if self._function is not None:
                _check_function(workers, self._function)
            dispatcher = self.dispatcher = Dispatcher(
                batch,
                pools,
                collector,
                rate=self._rate,
                policy=self._policy,
                listener=self._listener,
                zero=self._zero,
                user_code=interrupts.user_code,
            )
            if interrupts.has_any:
                dispatcher.stop("interrupt")
            try:
                with Progress(collector, self._total, self.title, progress):
                    dispatcher.run()
            except BaseException as error:
                failure = error
                is_interrupt = isinstance(error, KeyboardInterrupt)
                dispatcher.ended_by = "interrupt" if is_interrupt else "error"
                dispatcher.cancel()
            if failure is None and dispatcher.fatal is not None:
                dispatcher.ended_by, failure = "error", dispatcher.fatal
            if failure is None and batch.error is not None:
                dispatcher.ended_by = "error"
            startups = [*workers.startups(), *dispatcher.setups]
        if dispatcher.ended_by == "interrupt":
            collector.forgive_interrupts()
        dispatcher.account_for_the_rest(_WHY.get(dispatcher.ended_by, "not started"))
        return self._made(workers, startups), failure

    def _interrupt(self):
        if self.dispatcher is not None:
            self.dispatcher.stop("interrupt")

    def _total(self):
        return self.batch.n_known or None

    def _agents_workers(self):
        """Workers of agents that bring their own backend or set-up."""
        if self._plan is None:
            return
        for name, agent in self._plan.agents.items():
            if agent.backend is None and agent.setup is None:
                continue
            backend = agent.backend if agent.backend is not None else self.backend
            chosen = Settings(settings(1, backend).backend, agent.slots)
            functions = {
                id(task.func): task.func
                for task in self._plan.tasks
                if task.agent == name and isinstance(task, Task)
            }
            workers = Workers(
                chosen,
                setup=agent.setup,
                functions=list(functions.values()),
                is_beside=True,
            )
            yield name, workers

    def _made(self, workers, startups):
        # The batch itself, inputs and all, need not be kept for the frames.
        batch, collector, zero = self.batch, self.collector, self._zero
        names, n_workers = batch.names, workers.n_workers
        planned, edges, agents = {}, None, {}
        if batch.is_planned:
            planned = {"agents": batch.agents, "rounds": batch.rounds}
            edges = batch.edges
            agents = {name: a.slots for name, a in self._plan.agents.items()}
        tasks = [] if self._function is not None else batch.items

        def frames():
            return {
                **collector.finish(zero, n_workers, names, **planned),
                "edges": edges,
                "startups": _startups(startups, zero),
                "details": _details(tasks, collector.results),
            }

        return Run(
            frames,
            Meta(
                n_workers=n_workers,
                backend=workers.name,
                host=worker.host(),
                cpu_count=joblib.cpu_count(),
                started_at=self._started_at.isoformat(),
                versions=versions(),
                label=self._label,
                tags=self._tags,
                order=self._order,
                ended_by=self.dispatcher.ended_by,
                source="run",
                agents=agents,
            ),
            results=collector.results,
            is_done=not collector.n_lost and collector.n_done == batch.n_known,
        )


_last = None


def remember(made):
    """Keep the newest Run for `last_run`."""
    global _last
    _last = made


def last_run() -> Run | None:
    """The newest Run of this process, also a partial one after an interrupt."""
    return _last


def _plan_of(work, n_jobs, agents, history, backend, barriers):
    """The plan that was passed, or the one that these tasks need; None for neither."""
    if isinstance(work, Plan):
        if agents is not None:
            raise ArgumentError("`agents` belongs to the plan: plan(tasks, agents=…)")
        return work
    is_tasks = isinstance(work, list) and all(isinstance(t, Task | Shell) for t in work)
    if not is_tasks or not work:
        return None
    if agents or barriers or any(map(_needs_plan, work)):
        chosen = settings(n_jobs, backend)
        return plan(
            work,
            n_jobs=chosen.n_workers,
            agents=agents,
            history=history,
            backend=name_of_backend(chosen.backend),
        )
    return None


def _is_read_once(work):
    """Whether looking at the tasks would use them up."""
    return isinstance(work, Iterable) and not (
        callable(work) or isinstance(work, Plan | Task | Shell | list | str | bytes)
    )


def _refuse_beside_plan(work, **given):
    """What a plan, or its tasks, have decided already."""
    places = {
        "name": "Task(name=…)",
        "cost": "Task(cost=…)",
        "history": "plan(history=…)" if isinstance(work, Plan) else "",
        "order": "their longest remaining path",
    }
    for argument, place in places.items():
        if given[argument] is not None and place:
            raise ArgumentError(
                f"`{argument}` would be ignored: tasks of a plan have it from {place}"
            )


def _needs_plan(task):
    return bool(
        task.agent is not None
        or task.after
        or task.reads
        or task.writes
        or task.retries
        or task.timeout is not None
        or task.check is not None
        or inputs_of(task)
    )


def _is_open(batch):
    return not batch.is_planned and not hasattr(batch, "items")


def _checked_tags(label, tags):
    """The tags as a tuple; what a Run could not hold is refused before it is made."""
    if not isinstance(label, str):
        raise ArgumentError(f"`label` must be a string; got {label!r}")
    listed = tuple(tags) if isinstance(tags, Iterable) else ()
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in listed):
        raise ArgumentError(f"`tags` must be strings, as in ['a', 'b']; got {tags!r}")
    return listed


def _check_function(workers, func):
    """A function that cannot travel would fail for every input: say so at once."""
    try:
        workers.function(func)
    except Exception as error:
        raise ArgumentError(
            f"the function cannot be sent to the workers of backend {workers.name!r}: "
            f"{type(error).__name__}: {error}. Use backend='threading', or make what "
            "it refers to picklable."
        ) from error


def _details(tasks, results):
    """What a report says of each task besides its rows."""
    details = {}
    for position, task in enumerate(tasks):
        context = dict(task.context or {})
        detail = {"context": context, "is_aggregate": AGGREGATES in context}
        result = MISSING if results is None else results[position]
        if result is not MISSING:
            detail["summary"] = _summary(task, result)
        details[position] = detail
    return details


def _summary(task, result):
    if task.summary is None:
        return shortened(result)
    try:
        return str(task.summary(result))
    except Exception as error:
        return f"(its summary raised {type(error).__name__}: {error})"


def shortened(result) -> str:
    """A result in at most 60 characters of one line."""
    try:
        text = repr(result)
    except Exception as error:
        text = f"({type(result).__name__}, whose repr() raised {type(error).__name__})"
    text = " ".join(text[: 4 * _SHORT].split())
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _startups(seen, zero):
    import pandas as pd

    return pd.DataFrame(
        {
            "worker": pd.array([s[0] for s in seen], "int32"),
            "pid": pd.array([s[1] for s in seen], "int64"),
            "started": [float(s[2] - zero) for s in seen],
            "ended": [float(s[3] - zero) for s in seen],
        }
    )


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide how a run goes."""
    found = {"python": platform.python_version(), "system": sys.platform}
    for library in ("parallel-nb", "joblib", "loky", "numpy", "pandas"):
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found
