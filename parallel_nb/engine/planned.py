"""A plan's tasks, handed out as they become ready: who waits for whom or what.

Graham's list scheduling, event by event: whenever a worker is free, the ready task with
the longest remaining path goes. Knows order and counts; nothing of workers or records.
"""

import heapq
from collections import defaultdict, deque

import numpy as np

from ..errors import ArgumentError
from ..tasks import Shell, Task, median_factor, with_results
from .batch import Piece

_NEEDS = ("data", "order")


class Planned:
    """What a plan has left to do.

    Parameters
    ----------
    plan : planning.Plan
    clock : callable
        Seconds on the host's clock.
    uses_barriers : bool
        Whether a round begins only when the one before it has ended.
    """

    is_planned = True
    error = None
    remaining = float("inf")

    def __init__(self, plan, clock, *, uses_barriers=False):
        self.items = plan.tasks
        self.names = [task.name for task in plan.tasks]
        self.n_known = n = len(plan.tasks)
        self._plan = plan
        self._clock = clock
        self._needed_by = defaultdict(list)  # task -> tasks that need its success
        self._followed_by = defaultdict(list)  # task -> tasks that wait for its end
        self._n_before = np.zeros(n, np.int64)
        edges = plan.edges
        for task, after, kind in zip(
            edges["task"].tolist(),
            edges["after"].tolist(),
            edges["kind"].tolist(),
            strict=True,
        ):
            kinds = self._needed_by if kind in _NEEDS else self._followed_by
            kinds[after].append(task)
            self._n_before[task] += 1
        self._free = {name: agent.slots for name, agent in plan.agents.items()}
        self._ready = defaultdict(list)  # agent -> heap of (-priority, position, since)
        self._parked = defaultdict(list)  # resource -> what waits for its lock
        self._readers = defaultdict(int)  # resource -> how many hold it; -1: a writer
        self._round = np.zeros(n, np.int32)
        for number, members in enumerate(plan.rounds):
            self._round[list(members)] = number
        self._uses_barriers = uses_barriers
        self._current_round = 0
        self._left_in_round = np.bincount(self._round, minlength=1)
        self._held = defaultdict(list)  # round -> ready tasks behind its barrier
        self._is_settled = np.zeros(n, bool)
        self._is_out = np.zeros(n, bool)
        self._newly = []
        self._timeouts = timeouts(plan)
        now = clock()
        for position in np.flatnonzero(self._n_before == 0).tolist():
            self._become_ready(position, now)

    @property
    def rounds(self):
        """Round of each task."""
        return self._round

    @property
    def agents(self):
        """Name of the agent of each task, or None."""
        return [task.agent for task in self.items]

    @property
    def edges(self):
        """Task and what it waits for, as a Run keeps them."""
        return self._plan.edges[["task", "after"]].reset_index(drop=True)

    # -- becoming ready ------------------------------------------------------

    def _become_ready(self, position, now):
        self._newly.append(position)
        if self._uses_barriers and self._round[position] > self._current_round:
            self._held[int(self._round[position])].append((position, now))
            return
        self._push(position, now)

    def _push(self, position, since):
        entry = (-float(self._plan.priority[position]), position, since)
        heapq.heappush(self._ready[self.items[position].agent], entry)

    def next_piece(self, results):
        """The ready task that is furthest from the end, alone; None if none may start.

        Parameters
        ----------
        results : list
            Of the tasks done so far, in batch order.
        """
        while True:
            agent = self._best_agent()
            if agent is _NOBODY:
                return None
            _, position, since = heapq.heappop(self._ready[agent])
            if self._is_settled[position] or not self._lock(position, since):
                continue
            if agent is not None:
                self._free[agent] -= 1
            self._is_out[position] = True
            return self._piece(position, since, results)

    def _best_agent(self):
        best, found = None, _NOBODY
        for agent, heap in self._ready.items():
            if not heap or (agent is not None and self._free[agent] <= 0):
                continue
            if best is None or heap[0] < best:
                best, found = heap[0], agent
        return found

    def _piece(self, position, since, results):
        task = self.items[position]
        positions = np.array([position])
        if isinstance(task, Shell):
            piece = Piece(task, True, positions, [((), {})], 1.0, since)
            piece.timeout = self._timeouts[position]
            return piece
        known = {self.items[i]: results[i] for i in self._plan.inputs[position]}
        piece = Piece(task.func, True, positions, [((), {})], 1.0, since)
        try:
            call = with_results(task, known)
        except ArgumentError as error:
            piece.error = error
            return piece
        piece.timeout = self._timeouts[position]
        piece.inputs = [call if task.check is None else (*call, task.check)]
        return piece

    # -- locks ---------------------------------------------------------------

    def _lock(self, position, since):
        """Take the task's locks, all or none; without them it waits for the first."""
        locks = self._plan.locks[position] if self._plan.locks else ()
        for resource, mode in locks:
            held = self._readers[resource]
            if held < 0 or (mode == "write" and held > 0):
                self._parked[resource].append((position, since))
                return False
        for resource, mode in locks:
            held = self._readers[resource]
            self._readers[resource] = -1 if mode == "write" else held + 1
        return True

    def _unlock(self, position):
        locks = self._plan.locks[position] if self._plan.locks else ()
        for resource, mode in locks:
            self._readers[resource] = (
                0 if mode == "write" else self._readers[resource] - 1
            )
            if self._readers[resource] == 0:
                for waiting, since in self._parked.pop(resource, ()):
                    self._push(waiting, since)

    # -- becoming settled ----------------------------------------------------

    def release(self, position):
        """An attempt has ended: its slot and locks are free."""
        if not self._is_out[position]:
            return
        self._is_out[position] = False
        agent = self.items[position].agent
        if agent is not None:
            self._free[agent] += 1
        self._unlock(position)

    def again(self, position):
        """Another attempt of the task is wanted."""
        self._push(position, self._clock())

    def settle(self, position, is_done):
        """A task has its final status: those behind it become ready, or are skipped.

        Returns
        -------
        list of (int, int)
            Tasks that will not run, each with the one whose success it needed.
        """
        now, skipped = self._clock(), []
        pending = deque([(position, is_done)])
        while pending:
            at, succeeded = pending.popleft()
            if self._is_settled[at]:
                continue
            self._is_settled[at] = True
            self._leave_round(at, now)
            for follower in self._followed_by[at]:
                self._step(follower, now)
            for needing in self._needed_by[at]:
                if succeeded:
                    self._step(needing, now)
                elif not self._is_settled[needing]:
                    skipped.append((needing, at))
                    pending.append((needing, False))
        # A task can be doomed by two of its inputs: it is skipped once.
        return list({task: (task, cause) for task, cause in reversed(skipped)}.values())

    def _step(self, position, now):
        self._n_before[position] -= 1
        if self._n_before[position] == 0 and not self._is_settled[position]:
            self._become_ready(position, now)

    def _leave_round(self, position, now):
        self._left_in_round[self._round[position]] -= 1
        while (
            self._uses_barriers
            and self._current_round < len(self._left_in_round) - 1
            and self._left_in_round[self._current_round] == 0
        ):
            self._current_round += 1
            for waiting, _ in self._held.pop(self._current_round, ()):
                self._push(waiting, now)

    # -- the rest ------------------------------------------------------------

    @property
    def n_waiting(self):
        """Tasks that have neither ended nor been handed out."""
        return int(self.n_known - (self._is_settled | self._is_out).sum())

    @property
    def may_go_on(self):
        """Whether more may come."""
        return self.n_waiting > 0

    def piece_of(self, position):
        """A task that will not run, for its row."""
        return Piece(None, True, np.array([position]), [((), {})], 1.0, float("nan"))

    def reason_to_skip(self, cause):
        """Why those that need task `cause` do not run."""
        return f"it needs {self.names[cause]!r}, which is not done"

    def newly_ready(self):
        """Tasks that became ready since the last time of asking."""
        newly, self._newly = self._newly, []
        return newly

    def take_rest(self):
        """Pieces of the tasks that never started."""
        left = np.flatnonzero(~(self._is_settled | self._is_out))
        self._is_settled[left] = True
        return [self.piece_of(position) for position in left.tolist()]


_NOBODY = object()


def timeouts(plan):
    """Seconds that an attempt of each task may take, or None.

    Raises
    ------
    ArgumentError
        If a multiple of the median is asked for and durations are not known.
    """
    limits = []
    for task in plan.tasks:
        limit = task.timeout
        factor = median_factor(limit)
        if factor is not None:
            if plan.costs.unit != "s":
                raise ArgumentError(
                    f"`timeout={limit!r}` of {task.name!r} needs to know durations: "
                    "plan with `history=` (an earlier Run), or give it in seconds"
                )
            same = [
                seconds
                for other, seconds in zip(plan.tasks, plan.costs.values, strict=True)
                if other.name == task.name
            ]
            limit = factor * float(np.median(same))
        limits.append(limit)
    return limits


def check_timeouts(plan, backend):
    """Only an isolated lane, or a command's process, can be ended by itself."""
    for task in plan.tasks:
        agent = plan.agents.get(task.agent)
        name = backend if agent is None or agent.backend is None else agent.backend
        if task.timeout is not None and isinstance(task, Task) and name != "isolated":
            raise ArgumentError(
                f"`timeout` of {task.name!r} cannot be kept by backend {name!r}, which "
                "cannot end one task alone: use backend='isolated'"
            )


def check_results_kept(plan, keep_results):
    """Data dependencies need results."""
    if not keep_results and (plan.edges["kind"] == "data").any():
        raise ArgumentError(
            "`keep_results=False` cannot be: some tasks are passed other tasks' results"
        )
