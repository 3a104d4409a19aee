"""One run from its arguments to its Run: checked, then executed, here or in a thread.

Puts the engine's parts together. Knows no pictures, and not who waits for it.
"""

import math
from contextlib import ExitStack
from datetime import UTC, datetime

import joblib

from ..errors import ArgumentError, InputsFailed, TasksFailed
from ..runs import Meta, Run
from ..tasks import Shell, name_of
from . import worker
from .backends import Workers, name_of_backend, settings
from .batch import Some, make_batch
from .checking import (
    check_function,
    checked_tags,
    is_read_once,
    plan_of,
    refuse_beside_plan,
)
from .collecting import Collector
from .details import details_of, startups_of, versions
from .dispatch import Dispatcher
from .earlier import check_inputs_known, clock_zero
from .events import Listener
from .interrupts import Interrupts
from .journals.files import Files
from .leftovers import notes_of_threads
from .limits import Limits
from .options import Options, check_limits, check_memory
from .planned import Planned, check_results_kept, medians_of
from .policies import make_policy
from .pools import name_of_pool, pools_of
from .progress import showing
from .remembering import keep_recipe, remember
from .watched import Watched

_WHY = {
    "wait": "not needed: enough tasks had succeeded",
    "impossible": "not started: too few tasks could still succeed",
    "failure": "not started: a task had failed",
    "cancel": "not started: the run was cancelled",
    "interrupt": "not started: the run was interrupted",
    "deadline": "not started: the run's deadline had come",
    "error": "not started: the run ended with an error",
}


class Job:
    """A run that has been checked and not been executed.

    Raises
    ------
    ArgumentError
        Whatever is wrong with the arguments, before any work starts.
    """

    def __init__(self, work, inputs, options: Options, earlier=None, replaces=None):
        self._started_at = datetime.now(UTC)
        self._zero = worker.clock()
        self._earlier = None
        self._files = Files(options)
        if self._files.resumes and not isinstance(inputs, list | tuple | None):
            inputs = list(inputs)  # all of them have to be known
        self._work, self._inputs = work, inputs
        self._options = options
        self._tags = checked_tags(options.label, options.tags)
        self._function = work if inputs is not None else None
        if inputs is None and is_read_once(work):
            work = self._work = list(work)
        self._plan = plan_of(work, inputs, options)
        self._order = options.order
        n_jobs = options.n_jobs
        if self._plan is not None:
            refuse_beside_plan(work, options)
            if n_jobs is None:
                n_jobs = self._plan.n_workers
            check_results_kept(self._plan, options.keep_results)
            self.batch = Planned(
                self._plan, worker.clock, uses_barriers=options.barriers
            )
            self._rate = None
            self._order = "critical_path"
        else:
            self.batch, self._rate = make_batch(
                work,
                inputs,
                name=options.name,
                order=options.order,
                cost=options.cost,
                history=options.history,
                clock=worker.clock,
            )
        n_tasks = float("inf") if self.is_open else self.batch.n_known
        self._policy = make_policy(options.wait, options.on_failure, n_tasks)
        self._chosen = settings(n_jobs, options.backend, options.client)
        self._limits = self._checked_limits()
        # One that is a context manager knows when the run is over, and shows itself.
        on_event = options.on_event
        self._shown = on_event if hasattr(on_event, "__enter__") else None
        self._listener = Listener(on_event) if on_event is not None else None
        self.title = options.label or (name_of(work) if inputs is not None else "")
        self.collector = Collector(options.keep_results)
        self.dispatcher = self._watched = self._view = None
        self._unfinished = {}
        if self.is_open:
            self.collector.watchers.append(self._keep_unfinished)
        self._files.know(self.batch, self._function, earlier, replaces)
        earlier = self._files.earlier or earlier
        if earlier is not None:
            self._go_on_with(earlier)

    def _go_on_with(self, earlier):
        """Have another run's rows and results before this one's."""
        self._earlier = earlier
        self._zero = clock_zero(earlier)
        why = check_inputs_known(self._plan, earlier)
        if why:
            raise ArgumentError(f"this cannot be gone on with: {why}")
        earlier.restore(self.collector, self._zero)
        self.batch.skip(earlier.is_left)

    def known(self):
        """What is known of tasks before the job begins, as `Earlier.states` has it."""
        return () if self._earlier is None else self._earlier.states()

    def _checked_limits(self):
        """How long attempts may take; refused where nobody could keep to it."""
        timeout, history = self._options.timeout, self._options.history
        tasks = None if self._function is not None else self.batch.items
        medians = {}
        if self._plan is not None:
            medians = medians_of(self._plan)
        elif history is not None:
            medians = history.tasks.query("status == 'done'")
            medians = medians["ended"] - medians["started"]
            medians = medians.groupby(history.tasks["name"]).median().to_dict()
        limits = Limits(tasks, timeout, medians)
        check_limits(limits, tasks, self._pool_of)
        agents = {} if self._plan is None else self._plan.agents
        names = [name_of_pool(agent, self.backend) for agent in agents.values()]
        if tasks is None or not all(isinstance(task, Shell) for task in tasks):
            names.append(self.backend)
        check_memory(self._options.max_memory, names)
        return limits

    def _pool_of(self, task):
        agents = {} if self._plan is None else self._plan.agents
        return name_of_pool(agents.get(getattr(task, "agent", None)), self.backend)

    @property
    def backend(self):
        """Name of the backend that will do it."""
        return name_of_backend(self._chosen.backend)

    @property
    def n_workers(self):
        """How many were asked for."""
        return self._chosen.n_workers

    @property
    def is_open(self):
        """Whether nobody knows yet how many tasks there will be."""
        return not self.batch.is_planned and not hasattr(self.batch, "items")

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

    def show(self, progress, *, in_background=False):
        """Have it shown while it goes on, in the notebook's cell that calls this."""
        if self._shown is not None:
            progress = bool(progress)
        self._watched = Watched(self, in_background=in_background)
        self._view = showing(self._watched, self.collector, progress)

    def execute(self, progress=None):
        """Run to the end; a Run, or the exception that ended it with the Run in it."""
        with ExitStack() as stack:
            if self._shown is not None:
                stack.enter_context(self._shown)
            if self._view is None:
                self.show(progress)
            stack.push(self._view)  # it ends also where it never began
            interrupts = stack.enter_context(Interrupts(self._interrupt))
            try:
                made, failure = self._execute(interrupts)
            except BaseException:
                self._files.let_go()
                raise
            remember(made)
        batch = self.batch
        self._files.save(made)
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

    def _execute(self, interrupts):
        """The Run, and what went wrong around its tasks."""
        batch, collector = self.batch, self.collector
        failure, startups, notes = None, [], ()
        collector.expect(batch.n_known)
        try:
            with ExitStack() as stack:
                pools = {None: stack.enter_context(self._workers())}
                for agent, own in self._own_pools():
                    pools[agent] = stack.enter_context(own)
                workers = pools[None]
                if self._function is not None:
                    check_function(workers, self._function)
                meta = self._meta(workers, "", ())
                keeping = self._files.begin(meta, self._zero, collector.n_chunks)
                collector.journal = keeping
                for pool in pools.values():
                    pool.shows_progress = keeping is not None or self._may_end_early
                dispatcher = self.dispatcher = Dispatcher(
                    batch,
                    pools,
                    collector,
                    rate=self._rate,
                    policy=self._policy,
                    tries=self._tries(),
                    limits=self._limits,
                    until=worker.clock() + (self._options.deadline or math.inf),
                    max_memory=self._options.max_memory,
                    n_chunks=collector.n_chunks,
                    keeping=keeping,
                    listener=self._listener,
                    zero=self._zero,
                    user_code=interrupts.user_code,
                    hold=interrupts.hold,
                )
                if interrupts.has_any:
                    dispatcher.stop("interrupt")
                try:
                    self._watched.begin(workers)
                    with self._view:
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
                startups = [s for pool in pools.values() for s in pool.startups()]
                startups += dispatcher.setups
                notes = notes_of_threads(pools.values())
        except KeyboardInterrupt as error:
            # Somebody would not wait for the workers' end: the rows are there.
            if self.dispatcher is None:
                raise
            failure, dispatcher.ended_by = failure or error, "interrupt"
        interrupts.hold(math.inf)
        # A cluster's workers are spoken of when they have been left.
        said = [note for pool in pools.values() for note in pool.notes]
        notes = (*notes, *dict.fromkeys(said))
        if dispatcher.ended_by == "interrupt":
            collector.forgive_interrupts()
        dispatcher.account_for_the_rest(_WHY.get(dispatcher.ended_by, "not started"))
        if keeping is not None:
            meta = self._meta(workers, dispatcher.ended_by, notes)
            notes = (*notes, *keeping.close(meta, startups))
        if self._earlier is not None:
            startups = [*self._earlier.startups(self._zero), *startups]
        return self._made(workers, startups, notes), failure

    def _own_pools(self):
        """Agents that have workers of their own, with them."""
        if self._plan is None:
            return ()
        return pools_of(self._plan, self._chosen.backend, self._options.max_memory)

    @property
    def _may_end_early(self):
        """Whether it is planned for that attempts are ended with the run."""
        return self._options.deadline is not None or self._options.wait != "all"

    def _workers(self):
        is_timed = self._limits.has_any and self.backend == "threading"
        return Workers(
            self._chosen,
            is_beside=is_timed,
            max_memory=self._options.max_memory,
        )

    def _tries(self):
        """How often tasks are tried: as each says, else as the run does."""
        tries = self._options.tries
        if self._function is not None:
            return tries
        return [task.tries.else_(tries) for task in self.batch.items]

    def _interrupt(self):
        if self.dispatcher is not None:
            self.dispatcher.stop("interrupt")

    def _made(self, workers, startups, notes):
        # The batch itself, inputs and all, need not be kept for the frames.
        batch, collector, zero = self.batch, self.collector, self._zero
        meta = self._meta(workers, self.dispatcher.ended_by, notes)
        names, n_workers = batch.names, meta.n_workers
        planned, edges = {}, None
        if batch.is_planned:
            planned = {"agents": batch.agents, "rounds": batch.rounds}
            edges = batch.edges
        tasks = [] if self._function is not None else batch.items
        has_lanes = batch.is_planned

        def frames():
            made = collector.finish(zero, n_workers, names, **planned)
            attempts = made["attempts"] if has_lanes else None
            return {
                **made,
                "edges": edges,
                "startups": startups_of(startups, zero, n_workers, attempts),
                "details": details_of(tasks, collector.results),
            }

        made = Run(
            frames,
            meta,
            results=collector.results,
            is_done=not collector.n_lost and collector.n_done == batch.n_known,
        )
        keep_recipe(made, self._work, self._repeatable_inputs(), self._options)
        return made

    def _meta(self, workers, ended_by, notes):
        """What is true of the whole run; with an earlier one, of both."""
        n_workers, started_at = workers.n_workers, self._started_at.isoformat()
        earlier = self._earlier
        if earlier is not None:
            n_workers = max(n_workers, earlier.n_workers)
            notes = (*earlier.notes, *notes)
            started_at = earlier.run.meta.started_at
        agents = {} if self._plan is None else self._plan.agents
        return Meta(
            n_workers=n_workers,
            backend=workers.name,
            host=worker.host(),
            cpu_count=joblib.cpu_count(),
            started_at=started_at,
            versions=versions(),
            label=self._options.label,
            tags=self._tags,
            order=self._order,
            ended_by=ended_by,
            source="run",
            is_live=self._view.is_shown,
            notes=notes,
            agents={name: agent.slots for name, agent in agents.items()},
        )

    def _repeatable_inputs(self):
        """The inputs, as far as some of them may be needed again."""
        if self.is_open:
            return Some(self._unfinished, self.batch.n_known)
        return self.batch.items if self._inputs is not None else None

    def _keep_unfinished(self, entry, records, tasks, first):
        """What was read from a stream is needed again where it did not succeed."""
        for row, task in enumerate(tasks.tolist()):
            if records["status"][row]:
                index = int(records["position"][row])
                self._unfinished[task] = entry.piece.inputs[index]
            else:
                self._unfinished.pop(task, None)
