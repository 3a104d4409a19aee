"""A plan's tasks, handed out as they become ready: who waits for whom or what.

Graham's list scheduling, event by event: whenever a worker is free, the ready task with
the longest remaining path goes. Knows order and counts; nothing of workers or records.
"""

import heapq
import statistics
from collections import defaultdict, deque

import numpy as np

from ..errors import ArgumentError
from ..scheduling import Locks
from ..tasks import Shell, with_results
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
        self.agents = [task.agent for task in plan.tasks]
        self.n_known = n = len(plan.tasks)
        self.rounds = plan.round_of.astype(np.int32)
        self._plan = plan
        self._clock = clock
        # The list of list scheduling; a task is known by its place there.
        self._order = np.argsort(-plan.priority, kind="stable").tolist()
        self._rank = np.argsort(self._order).tolist()
        self._ready = defaultdict(list)  # agent -> heap of ranks
        self._since = [float("nan")] * n  # when each became ready
        self._newly = []
        self._free = {name: agent.slots for name, agent in plan.agents.items()}
        self._locks = None
        if any(plan.locks):
            self._locks = Locks(plan.locks, self._rank, self.agents)
        self._is_settled = bytearray(n)
        self._is_out = bytearray(n)
        self._uses_barriers = uses_barriers
        self._round = self.rounds.tolist()
        self._current_round = 0
        self._left_in_round = np.bincount(self.rounds, minlength=1).tolist()
        self._held = defaultdict(list)  # round -> ready tasks behind its barrier
        self._behind = [[] for _ in range(n)]  # those that wait for each task's end
        self._needing = [[] for _ in range(n)]  # those of them that need its success
        self._n_before = [len(waits) for waits in plan.predecessors]
        for task, kinds in enumerate(plan.settled.waits):
            for after, kind in kinds.items():
                self._behind[after].append(task)
                if kind in _NEEDS:
                    self._needing[after].append(task)
        now = clock()
        for position, n_before in enumerate(self._n_before):
            if not n_before:
                self._become_ready(position, now)

    @property
    def edges(self):
        """Task and what it waits for, as a Run keeps them."""
        return self._plan.edges[["task", "after"]].reset_index(drop=True)

    # -- becoming ready ------------------------------------------------------

    def _become_ready(self, position, now):
        self._newly.append(position)
        self._since[position] = now
        if self._uses_barriers and self._round[position] > self._current_round:
            self._held[self._round[position]].append(position)
        else:
            self._push(position)

    def _push(self, position):
        heapq.heappush(self._ready[self.agents[position]], self._rank[position])

    def next_piece(self, results):
        """The ready task that is furthest from the end, alone; None if none may start.

        Parameters
        ----------
        results : list
            Of the tasks done so far, in batch order.
        """
        while (heap := self._best_heap()) is not None:
            position = self._order[heapq.heappop(heap)]
            if self._is_settled[position] or not self._lock(position):
                continue
            agent = self.agents[position]
            if agent is not None:
                self._free[agent] -= 1
            self._is_out[position] = True
            return self._piece(position, results)
        return None

    def _best_heap(self):
        best = None
        for agent, heap in self._ready.items():
            if not heap or (agent is not None and self._free[agent] <= 0):
                continue
            if best is None or heap[0] < best[0]:
                best = heap
        return best

    def _lock(self, position):
        """Whether the task has all its locks; else it is told when to try again."""
        if self._locks is None:
            return True
        has_all, also = self._locks.acquire(position)
        for waiting in also:
            self._push(waiting)
        return has_all

    def _piece(self, position, results):
        task, inputs = self.items[position], self._plan.inputs[position]
        is_shell = isinstance(task, Shell)
        piece = Piece(
            task if is_shell else task.func,
            True,
            np.array([position]),
            [((), {})],
            1.0,
            self._since[position],
        )
        if is_shell:
            return piece
        call = task.args, task.kwargs
        if inputs:
            try:
                call = with_results(task, {self.items[i]: results[i] for i in inputs})
            except (Exception, SystemExit) as error:  # also of a result's own code
                piece.error = error
                return piece
        piece.inputs = [call if task.check is None else (*call, task.check)]
        return piece

    # -- becoming settled ----------------------------------------------------

    def release(self, position):
        """An attempt has ended: its slot and locks are free."""
        if not self._is_out[position]:
            return
        self._is_out[position] = False
        agent = self.agents[position]
        if agent is not None:
            self._free[agent] += 1
        if self._locks is not None:
            for waiting in self._locks.release(position):
                self._since[waiting] = self._clock()
                self._push(waiting)

    def again(self, position):
        """Another attempt of the task is wanted."""
        self._since[position] = self._clock()
        self._push(position)

    def settle(self, position, is_done):
        """A task has its final status: those behind it become ready, or are skipped.

        Returns
        -------
        list of (int, int)
            Tasks that will not run, each with the one whose success it needed.
        """
        now = self._clock()
        skipped, doomed = [], deque([] if is_done else [position])
        self._end(position, now)
        while doomed:
            cause = doomed.popleft()
            for task in self._needing[cause]:
                if not self._is_settled[task]:
                    self._end(task, now)
                    skipped.append((task, cause))
                    doomed.append(task)
        self._pass_on(position, now)
        return skipped

    def _pass_on(self, position, now):
        """A task that has ended holds up nobody any more.

        Who follows a skipped task waits for what that one waited for: where their
        conflict goes through it, no edge of their own keeps them apart.
        """
        passed = [position]
        while passed:
            for task in self._behind[passed.pop()]:
                self._n_before[task] -= 1
                if not self._n_before[task] and self._is_settled[task]:
                    passed.append(task)
                elif not self._n_before[task]:
                    self._become_ready(task, now)

    def skip(self, is_left):
        """Leave out all tasks but these, a bool array of shape (n,)."""
        now, over = self._clock(), np.flatnonzero(~is_left).tolist()
        for position in over:
            self._end(position, now)
        for position in over:
            if not len(self._plan.predecessors[position]):
                self._pass_on(position, now)
        newly = [task for task in self._newly if not self._is_settled[task]]
        self._newly = newly

    def _end(self, position, now):
        self._is_settled[position] = True
        left = self._left_in_round
        left[self._round[position]] -= 1
        while (
            self._uses_barriers
            and self._current_round < len(left) - 1
            and left[self._current_round] == 0
        ):
            self._current_round += 1
            for waiting in self._held.pop(self._current_round, ()):
                self._since[waiting] = now
                self._push(waiting)

    # -- the rest ------------------------------------------------------------

    @property
    def n_waiting(self):
        """Tasks that have neither ended nor been handed out."""
        return self.n_known - sum(self._is_settled) - sum(self._is_out)

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
        both = zip(self._is_settled, self._is_out, strict=True)
        left = [task for task, is_known in enumerate(both) if not any(is_known)]
        for task in left:
            self._is_settled[task] = True
        return [self.piece_of(task) for task in left]


def medians_of(plan):
    """Median duration (s) of each task's name, where the plan knows durations."""
    if plan.costs.unit != "s":
        return {}
    of_name = defaultdict(list)
    for task, seconds in zip(plan.tasks, plan.costs.values.tolist(), strict=True):
        of_name[task.name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in of_name.items()}


def check_results_kept(plan, keep_results):
    """Data dependencies need results."""
    if not keep_results and (plan.edges["kind"] == "data").any():
        raise ArgumentError(
            "`keep_results=False` cannot be: some tasks are passed other tasks' results"
        )
