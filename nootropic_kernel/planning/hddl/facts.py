"""Facts with indexes, and conditions made ready to be matched against them.

A condition becomes a list of steps over slots (one for each variable and object that it names): look-ups that bind,
tests, and choices among the objects of a type. The order is chosen once; slots are bound as early as they can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from nootropic_kernel.planning.hddl.problem import (
    And,
    Atom,
    Equal,
    Formula,
    Not,
    OfType,
    Or,
    Problem,
    Quantified,
    Variable,
    conjuncts,
    terms,
)

Args = tuple[str, ...]
Slots = list["str | None"]
Test = Callable[[Slots], bool]
Found = dict[Args, None]  # in the order in which they became true: the same search each time


class Relation:
    """What is true of one predicate, with an index for each way in which it is looked up."""

    def __init__(self) -> None:
        self.facts: Found = {}
        self._indexes: dict[tuple[int, ...], dict[object, Found]] = {}
        self._live: list[tuple[Callable[[Args], object], dict[object, Found]]] = []

    def index(self, places: tuple[int, ...]) -> dict[object, Found]:
        """The facts by their arguments at these places (a tuple of them where there are several)."""
        if places not in self._indexes:
            table = self._indexes[places] = {}
            self._live.append((itemgetter(*places), table))
            for args in self.facts:
                table.setdefault(itemgetter(*places)(args), {})[args] = None
        return self._indexes[places]

    def add(self, args: Args) -> None:
        """Make it true."""
        self.facts[args] = None
        for key, table in self._live:
            table.setdefault(key(args), {})[args] = None

    def remove(self, args: Args) -> None:
        """Make it false."""
        del self.facts[args]
        for key, table in self._live:
            del table[key(args)][args]


class Scope:
    """The slots of a schema: its parameters first, then objects and quantified variables as they turn up."""

    def __init__(self, problem: Problem, parameters: Sequence[Variable]) -> None:
        self.problem = problem
        self.slots = {each.name: at for at, each in enumerate(parameters)}
        self.domains: list[tuple[str, ...]] = [problem.of(each) for each in parameters]
        self.allowed: list[frozenset[str]] = list(map(frozenset, self.domains))
        self.start: Slots = [None] * len(parameters)
        self.many = len(parameters)

    def slot(self, term: str) -> int:
        """The slot of a variable or object."""
        if term not in self.slots:
            self.slots[term] = self._new((term,), term)
        return self.slots[term]

    def _new(self, domain: tuple[str, ...], value: str | None) -> int:
        self.domains.append(domain)
        self.allowed.append(frozenset(domain))
        self.start.append(value)
        return len(self.start) - 1

    def narrow(self, term: str, domain: tuple[str, ...]) -> None:
        """A variable or object is of a type beside its own."""
        at, more = self.slot(term), frozenset(domain)
        self.domains[at] = tuple(each for each in self.domains[at] if each in more)
        self.allowed[at] &= more

    def within(self, variables: Sequence[Variable]) -> dict[str, int]:
        """Make slots for quantified variables; what their names meant before."""
        before = {each.name: self.slots[each.name] for each in variables if each.name in self.slots}
        for each in variables:
            self.slots[each.name] = self._new(self.problem.of(each), None)
        return before


@dataclass(frozen=True)
class _LookUp:
    table: dict[object, Found] | None  # None: all facts of the relation
    relation: Relation
    key: tuple[int, ...]
    binds: tuple[tuple[int, int, frozenset[str]], ...]  # place, slot, what it may be
    same: tuple[tuple[int, int], ...]  # places that must agree


@dataclass(frozen=True)
class _Check:
    test: Test


@dataclass(frozen=True)
class _Choose:
    slot: int
    domain: tuple[str, ...]


@dataclass(frozen=True)
class _Copy:
    source: int
    slot: int
    allowed: frozenset[str]


Step = _LookUp | _Check | _Choose | _Copy


def compiled(formula: Formula, scope: Scope, relations: dict[str, Relation]) -> Test:
    """A formula whose free variables are bound, as a function of the slots."""
    match formula:
        case Atom():
            facts = relations[formula.name].facts
            places = tuple(scope.slot(term) for term in formula.args)
            if len(places) == 1:
                only = places[0]
                return lambda slots: (slots[only],) in facts
            if not places:
                return lambda slots: () in facts
            get = itemgetter(*places)
            return lambda slots: get(slots) in facts
        case Equal():
            left, right = scope.slot(formula.left), scope.slot(formula.right)
            return lambda slots: slots[left] == slots[right]
        case OfType():
            at, of = scope.slot(formula.term), frozenset(scope.problem.objects[formula.type])
            return lambda slots: slots[at] in of
        case Not():
            inner = compiled(formula.part, scope, relations)
            return lambda slots: not inner(slots)
        case And() | Or():
            tests = tuple(compiled(part, scope, relations) for part in formula.parts)
            over = all if isinstance(formula, And) else any
            return lambda slots: over(test(slots) for test in tests)
        case Quantified():
            before = scope.within(formula.variables)
            own = [scope.slots[each.name] for each in formula.variables]
            body = compiled(formula.part, scope, relations)
            for each in formula.variables:
                del scope.slots[each.name]
            scope.slots.update(before)
            return _quantified(own, [scope.domains[at] for at in own], body, formula.every)


def _quantified(own: list[int], domains: list[tuple[str, ...]], body: Test, every: bool) -> Test:
    def test(slots: Slots, at: int = 0) -> bool:
        if at == len(own):
            return body(slots)
        for value in domains[at]:
            slots[own[at]] = value
            if test(slots, at + 1) is not every:
                return not every
        return every

    return test


def steps(
    wanted: Iterable[Formula], bound: Iterable[int], needed: Iterable[int], scope: Scope, relations: dict[str, Relation]
) -> tuple[Step, ...]:
    """The steps that find all bindings under which the formulas hold.

    :param bound: slots that have a value before.
    :param needed: slots that must have one after, whether a formula names them or not.
    """
    parts = dict.fromkeys(part for formula in wanted for part in conjuncts(formula))
    have = set(bound)
    free: dict[Formula, list[int]] = {}
    for part in parts:
        names = sorted(terms(part))
        have.update(scope.slot(each) for each in names if not each.startswith("?"))
        free[part] = [scope.slot(each) for each in names if each.startswith("?")]
    made: list[Step] = []
    while free:
        ready: list[Formula] = []
        for part, slots in free.items():
            slots[:] = [at for at in slots if at not in have]
            if not slots:
                ready.append(part)
        for part in ready:
            made.append(_Check(compiled(part, scope, relations)))
            del free[part]
        if ready:
            continue
        if same := next((part for part in free if isinstance(part, Equal) and len(free[part]) == 1), None):
            (slot,) = free.pop(same)
            source = next(at for at in map(scope.slot, (same.left, same.right)) if at != slot)
            made.append(_Copy(source, slot, scope.allowed[slot]))
            have.add(slot)
        elif atoms := [part for part in free if isinstance(part, Atom)]:
            best = min(atoms, key=lambda part: (len(free[part]), len(relations[part.name].facts)))
            made.append(_look_up(best, have, scope, relations[best.name]))
            have.update(free.pop(best))
        else:
            slot = min((at for slots in free.values() for at in slots), key=lambda at: len(scope.domains[at]))
            made.append(_Choose(slot, scope.domains[slot]))
            have.add(slot)
    made += [_Choose(slot, scope.domains[slot]) for slot in dict.fromkeys(needed) if slot not in have]
    return tuple(made)


def _look_up(atom: Atom, have: set[int], scope: Scope, relation: Relation) -> Step:
    places: list[int] = []
    binds: dict[int, int] = {}
    same: list[tuple[int, int]] = []
    for place, slot in enumerate(map(scope.slot, atom.args)):
        if slot in have:
            places.append(place)
        elif slot in binds:
            same.append((binds[slot], place))
        else:
            binds[slot] = place
    return _LookUp(
        relation.index(tuple(places)) if places else None,
        relation,
        tuple(scope.slot(atom.args[place]) for place in places),
        tuple((place, slot, scope.allowed[slot]) for slot, place in binds.items()),
        tuple(same),
    )


def matches(steps: Sequence[Step], slots: Slots, at: int = 0) -> Iterator[Slots]:
    """All ways to fill the slots, one after the other: the same list each time, so take what you need from it.

    Between two of them the facts may change, as long as they are as before when the next is asked for.
    """
    while at < len(steps) and isinstance(check := steps[at], _Check):
        if not check.test(slots):
            return
        at += 1
    if at == len(steps):
        yield slots
        return
    step = steps[at]
    if isinstance(step, _LookUp):
        if step.table is None:
            facts: Iterable[Args] = step.relation.facts
        else:
            key = step.key
            facts = step.table.get(slots[key[0]] if len(key) == 1 else tuple([slots[each] for each in key]), ())
        for args in tuple(facts):
            for place, slot, allowed in step.binds:
                if args[place] not in allowed:
                    break
                slots[slot] = args[place]
            else:
                if all(args[left] == args[right] for left, right in step.same):
                    yield from matches(steps, slots, at + 1)
    elif isinstance(step, _Choose):
        for value in step.domain:
            slots[step.slot] = value
            yield from matches(steps, slots, at + 1)
    elif isinstance(step, _Copy) and slots[step.source] in step.allowed:
        slots[step.slot] = slots[step.source]
        yield from matches(steps, slots, at + 1)
