"""Search for a plan of a hierarchical problem: tasks at states, each worked out once.

How a task can be done in a state does not depend on who asked for it. So each pair of a task and a state is one goal;
it collects the states in which the task can end, and whoever waits for it goes on from each of them. This is how
parsers of all context-free grammars deal with recursion (Scott & Johnstone, *GLL Parsing*, ENTCS 253, 2010): it ends
whenever there are finitely many states, whether or not methods contain themselves, and an empty stack proves that
there is no plan. Latest first, it goes as depth-first search goes, and finds the first plan as soon.

Where a method leaves the order of subtasks open, every order is tried, but one subtask is finished before the next
begins. Plans in which they take turns are not found; then nothing is proved by an empty stack.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nootropic_kernel.planning.hddl.facts import Args, Relation, Scope, compiled, matches
from nootropic_kernel.planning.hddl.lookahead import lookahead
from nootropic_kernel.planning.hddl.problem import Problem, conjuncts
from nootropic_kernel.planning.hddl.states import State, World
from nootropic_kernel.planning.hddl.ways import Deed, Env, Way

_LOOKS_AT_CLOCK = 256
_MOST = 5_000_000  # steps of a search; each is remembered, and takes up to 1 kB


class Goal:
    """A task in a state: where it can end, how, and who waits for it."""

    __slots__ = ("args", "ends", "seen", "state", "task", "waiting")

    def __init__(self, task: str, args: Args, state: State) -> None:
        self.task = task
        self.args = args
        self.state = state
        self.ends: dict[State, tuple[Way, Chain]] = {}
        self.waiting: list[tuple[Goal, Way, int, int, Env, Chain]] = []
        self.seen: set[Any] = set()


Done = tuple[int, str, Args, "tuple[Goal, State] | None"]  # place in the method, task, and how a compound was done
Chain = tuple["Chain", Done] | None  # what was done for a method so far, latest first


@dataclass(frozen=True)
class Outcome:
    """What came out: ``solved``, ``none`` (there is no plan: all was tried), or ``unknown``.

    ``looked`` counts the steps of the search; ``exhausted`` is true where none were left; ``seconds`` are those of CPU.
    """

    state: Literal["solved", "none", "unknown"]
    looked: int
    seconds: float
    root: tuple[Goal, State] | None = None
    exhausted: bool = False


class Search:
    """One search for one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.relations = {name: Relation() for name in problem.predicates}
        for atom in dict.fromkeys(problem.init):
            self.relations[atom.name].add(atom.args)
        looking = lookahead(problem)
        self.world = World(self.relations)
        self._deeds = {name: Deed(each, problem, self.relations) for name, each in problem.actions.items()}
        made = {
            name: [Way(each, problem, looking, self.relations) for each in ways]
            for name, ways in problem.methods.items()
        }
        self._ways = {name: [way for way in ways if way.possible] for name, ways in made.items()}
        top = Way(problem.top, problem, looking, self.relations, conjuncts(problem.goal))
        self._ways[""] = [top] if top.possible else []
        self._goal = compiled(problem.goal, scope := Scope(problem, ()), self.relations)
        self._slots = scope.start
        self._goals: dict[tuple[str, Args, State], Goal] = {}
        self._stack: list[Any] = []
        self.total = all(each.total for ways in [(problem.top,), *problem.methods.values()] for each in ways)

    def run(self, seconds: float, stopped: Callable[[], bool] = lambda: False) -> Outcome:
        """Look for a plan.

        :param seconds: of this thread's CPU, at most.
        :param stopped: asked now and then; true ends the search.
        """
        begin = time.thread_time()
        root = self._root = Goal("", (), self.world.current)
        stack = self._stack
        stack.append((root.state, self._begin(root)))
        looked = ends = 0
        while stack:
            looked += 1
            if looked % _LOOKS_AT_CLOCK == 0 and (time.thread_time() - begin > seconds or looked > _MOST or stopped()):
                return Outcome("unknown", looked, time.thread_time() - begin)
            item = stack[-1]
            if len(item) == 2:  # choices that are left in a state
                self.world.go(item[0])
                if (choice := next(item[1], None)) is None:
                    stack.pop()
                elif len(choice) == 6:
                    self._advance(*choice)
                else:
                    self._do(*choice)
            else:
                self._advance(*stack.pop())
            if len(root.ends) > ends:
                ends = len(root.ends)
                end = next(reversed(root.ends))
                self.world.go(end)
                if self._goal(self._slots):
                    return Outcome("solved", looked, time.thread_time() - begin, (root, end))
        state: Literal["none", "unknown"] = "none" if self.total else "unknown"
        return Outcome(state, looked, time.thread_time() - begin, exhausted=True)

    def _begin(self, goal: Goal) -> Iterator[Any]:
        for way in self._ways[goal.task]:
            for env in way.begun(goal.args):
                yield goal.state, goal, way, 0, env, None

    def _advance(self, state: State, goal: Goal, way: Way, done: int, env: Env, chain: Chain) -> None:
        key = (way, done, env, state)
        if key in goal.seen:
            return
        goal.seen.add(key)
        if done == way.full:
            if state not in goal.ends:
                goal.ends[state] = (way, chain)
                for waiting in goal.waiting:
                    self._resume(waiting, goal, state)
            return
        self._stack.append((state, self._calls(state, goal, way, done, env, chain)))

    def _calls(self, state: State, goal: Goal, way: Way, done: int, env: Env, chain: Chain) -> Iterator[Any]:
        for call in way.calls(done):
            for slots in matches(call.steps, way.slots(env)):
                yield state, goal, way, call, slots, chain, None

    def _do(self, state: State, goal: Goal, way: Way, call: Any, slots: Any, chain: Chain, _: None) -> None:
        args = tuple(slots[each] for each in call.args)
        env = tuple(value if keep else None for value, keep in zip(slots, call.live, strict=False))
        if call.task in self._deeds:
            self.world.go(state)
            after = self._deeds[call.task].done(args, self.world)
            if after is not None:
                self._advance(after, goal, way, call.after, env, (chain, (call.at, call.task, args, None)))
            return
        key = (call.task, args, state)
        waiting = (goal, way, call.at, call.after, env, chain)
        child = self._goals.get(key)
        if child is None:
            child = self._goals[key] = Goal(*key)
            self._stack.append((state, self._begin(child)))
        child.waiting.append(waiting)
        for end in child.ends:
            self._resume(waiting, child, end)

    def _resume(self, waiting: Any, child: Goal, end: State) -> None:
        goal, way, at, after, env, chain = waiting
        self._stack.append((end, goal, way, after, env, (chain, (at, child.task, child.args, (child, end)))))
