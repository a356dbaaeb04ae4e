"""Methods and actions made ready for search: what to match when they begin, and before each subtask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from nootropic_kernel.planning.hddl.facts import Args, Relation, Scope, Slots, Step, Test, compiled, matches, steps
from nootropic_kernel.planning.hddl.lookahead import Lookahead
from nootropic_kernel.planning.hddl.problem import (
    Action,
    And,
    Atom,
    Equal,
    Formula,
    Method,
    Not,
    OfType,
    Problem,
    conjuncts,
    opposite,
    terms,
)
from nootropic_kernel.planning.hddl.states import State, World

Env = tuple["str | None", ...]  # values of a method's parameters; None: not yet chosen, or not needed any more


@dataclass(frozen=True)
class Call:
    """A subtask that may come next: the steps that choose its arguments, and where they are then."""

    at: int
    task: str
    steps: tuple[Step, ...]
    args: tuple[int, ...]
    after: int  # the set of subtasks done after it, as bits
    live: tuple[bool, ...]  # parameters that later subtasks need


class Way:
    """A method. Sets of its subtasks are kept as bits."""

    def __init__(
        self, method: Method, problem: Problem, looking: Lookahead, relations: dict[str, Relation],
        goal: Iterable[Formula] = (),
    ) -> None:  # fmt: skip
        """:param goal: what must hold after it."""
        self.method = method
        self._goal = tuple(goal)
        self.full = (1 << len(method.subtasks)) - 1
        self._looking = looking
        self._relations = relations
        self._scope = scope = Scope(problem, method.parameters)
        for subtask in method.subtasks:
            for arg, parameter in zip(subtask.args, problem.tasks[subtask.name], strict=True):
                scope.narrow(arg, problem.of(parameter))
        self._first = [0] * len(method.subtasks)  # what must be done before each, as bits
        for left, right in method.before:
            self._first[right] |= 1 << left
        self._calls: dict[int, tuple[Call, ...]] = {}
        self.possible = looking.possible(method) and all(scope.domains)
        self._stages = looking.stages(method, self._goal) if method.total else []
        ahead = self._stages[0] if method.total else looking.now(method, 0, self._goal)
        self._head = [(scope.slot(arg), scope.allowed[scope.slot(arg)]) for arg in method.task.args]
        used = {arg for subtask in method.subtasks for arg in subtask.args}
        known = {*method.task.args}
        now: list[Formula] = []
        later: list[Formula] = []
        for part in conjuncts(method.precondition):
            bare = part.part if isinstance(part, Not) else part
            fixed = (
                isinstance(bare, Equal | OfType) and {each for each in terms(part) if each[0] == "?"} <= used | known
            )
            (later if fixed else now).append(part)
        now += [part for part in ahead if isinstance(part, Atom)]
        known = known.union(*map(terms, now))
        now += [part for part in ahead if not isinstance(part, Atom) and terms(part) <= known | set(problem.own)]
        now += [part for part in later if {each for each in terms(part) if each[0] == "?"} <= known]
        self._later = [part for part in later if part not in now]
        self._known = frozenset(scope.slot(each) for each in known)
        self._entry = steps(now, [slot for slot, _ in self._head], (), scope, relations)
        self._live = self._alive(0)

    def begun(self, args: Args) -> Iterator[Env]:
        """Its bindings for a task in the current state."""
        slots = self._scope.start.copy()
        for (slot, allowed), value in zip(self._head, args, strict=True):
            if value not in allowed or slots[slot] not in (None, value):
                return
            slots[slot] = value
        seen = set()
        for each in matches(self._entry, slots):
            env = tuple(value if keep else None for value, keep in zip(each, self._live, strict=False))
            if env not in seen:
                seen.add(env)
                yield env

    def slots(self, env: Env) -> Slots:
        """The slots of a binding."""
        return [*env, *self._scope.start[len(env) :]]

    def calls(self, done: int) -> tuple[Call, ...]:
        """The subtasks that may come next."""
        if done not in self._calls:
            free = [at for at, first in enumerate(self._first) if not done >> at & 1 and first & done == first]
            self._calls[done] = tuple(self._call(at, done) for at in free)
        return self._calls[done]

    def _call(self, at: int, done: int) -> Call:
        scope, subtask = self._scope, self.method.subtasks[at]
        known = set(self._known)
        for other, each in enumerate(self.method.subtasks):
            if done >> other & 1:
                known.update(map(scope.slot, each.args))
        args = tuple(map(scope.slot, subtask.args))
        due = [
            part
            for part in self._later
            if not {scope.slot(term) for term in terms(part)} <= known
            and {scope.slot(term) for term in terms(part) if term[0] == "?"} <= known | set(args)
        ]
        wanted = [*self._looking.of(subtask), *due, *self._ahead(done, known)]
        found = steps(wanted, known, args, scope, self._relations)
        after = done | 1 << at
        return Call(at, subtask.name, found, args, after, self._alive(after))

    def _ahead(self, done: int, known: set[int]) -> list[Formula]:
        """What later subtasks and the goal need, as far as it can be asked now and was not asked before."""
        scope, method = self._scope, self.method
        if not done:
            return []
        if not method.total:
            return [part for part in self._looking.now(method, done, self._goal) if self._slots_of(part) <= known]
        count = done.bit_count()
        last = method.order[count - 1]
        fresh = set(map(scope.slot, method.subtasks[last].args)) - self._known
        fresh -= {scope.slot(arg) for at in method.order[: count - 1] for arg in method.subtasks[at].args}
        before = set(self._stages[count - 1])
        return [
            part
            for part in self._stages[count]
            if (slots := self._slots_of(part)) <= known
            and (part not in before or slots & fresh or self._looking.may_come(opposite(part), method, [last]))
        ]

    def _slots_of(self, part: Formula) -> set[int]:
        return {self._scope.slot(term) for term in terms(part) if term.startswith("?")}

    def _alive(self, done: int) -> tuple[bool, ...]:
        needed = {arg for at, each in enumerate(self.method.subtasks) if not done >> at & 1 for arg in each.args}
        for part in self._later:
            needed |= terms(part)
        return tuple(each.name in needed for each in self.method.parameters)


class Deed:
    """An action: what else must hold, and what it makes of the current state."""

    def __init__(self, action: Action, problem: Problem, relations: dict[str, Relation]) -> None:
        self._scope = scope = Scope(problem, action.parameters)
        rest = [part for part in conjuncts(action.precondition) if not _literal(part)]
        self._test: Test | None = compiled(And(tuple(rest)), scope, relations) if rest else None
        self._effects: list[tuple[bool, Relation, Any, list[tuple[int, tuple[str, ...]]], Test | None]] = []
        for effect in action.effects:
            before = scope.within(effect.variables)
            own = [(scope.slots[each.name], scope.domains[scope.slots[each.name]]) for each in effect.variables]
            when = compiled(effect.condition, scope, relations) if list(conjuncts(effect.condition)) else None
            places = tuple(map(scope.slot, effect.atom.args))
            self._effects.append((effect.adds, relations[effect.atom.name], _getter(places), own, when))
            for each in effect.variables:
                del scope.slots[each.name]
            scope.slots.update(before)

    def done(self, args: Args, world: World) -> State | None:
        """The state after it; None where its condition does not hold."""
        slots: Slots = [*args, *self._scope.start[len(args) :]]
        if self._test is not None and not self._test(slots):
            return None
        adds: list[tuple[Relation, Args]] = []
        deletes: list[tuple[Relation, Args]] = []
        for makes, relation, get, own, when in self._effects:
            for _ in _all(own, slots):
                if when is None or when(slots):
                    (adds if makes else deletes).append((relation, get(slots)))
        return world.after(adds, deletes)


def _all(own: list[tuple[int, tuple[str, ...]]], slots: Slots) -> Iterator[None]:
    if not own:
        yield
        return
    slot, domain = own[0]
    for value in domain:
        slots[slot] = value
        yield from _all(own[1:], slots)


def _getter(places: tuple[int, ...]) -> Any:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda slots: tuple(slots[each] for each in places)


def _literal(part: Formula) -> bool:
    return isinstance(part, Atom) or (isinstance(part, Not) and isinstance(part.part, Atom))
