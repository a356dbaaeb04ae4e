"""What must hold before a task can begin, whichever way it is done: found once, for all states.

The condition of an action must hold before it. What every method of a task needs, the task needs. And what a later
subtask needs (or the goal) must hold now if nothing that comes before it can bring it about. A search that asks for all
of this at once goes back early, and takes the values of variables from facts instead of trying all objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

from nootropic_kernel.planning.hddl.problem import Action, Atom, Formula, Method, Not, Problem, conjuncts

_Literal = tuple[str, bool, tuple["int | str", ...]]  # predicate, true or false; number of a parameter, or an object
_Place = int | str | frozenset[str]  # number of a parameter, an object, or any of some objects
_Change = tuple[str, bool, tuple[_Place, ...]]  # predicate, made true or false, arguments
_Domains = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Lookahead:
    """For each task what it needs (None: it can never be done), and what it may change."""

    problem: Problem
    needs: dict[str, frozenset[_Literal] | None]
    changes: dict[str, frozenset[_Change]]

    def of(self, subtask: Atom) -> list[Formula]:
        """What must hold when a subtask begins, in the words of its caller."""
        needs = sorted(self.needs[subtask.name] or (), key=str)
        return [_said(name, holds, _filled(places, subtask.args)) for name, holds, places in needs]

    def possible(self, method: Method) -> bool:
        """False where one of its subtasks can never be done."""
        return all(self.needs[each.name] is not None for each in method.subtasks)

    def now(self, method: Method, done: int, goal: Iterable[Formula] = ()) -> list[Formula]:
        """What must hold for the rest of a method when some subtasks (as bits) are done, and ``goal`` after all."""
        left = [at for at in range(len(method.subtasks)) if not done >> at & 1]
        found = [each for each in goal if not self.may_come(each, method, left)]
        for at in left:
            earlier = [other for other in left if other != at and (at, other) not in method.before]
            found += [each for each in self.of(method.subtasks[at]) if not self.may_come(each, method, earlier)]
        return list(dict.fromkeys(found))

    def stages(self, method: Method, goal: Iterable[Formula] = ()) -> list[list[Formula]]:
        """Of a method in total order: what must hold with no subtask done, with one, … and with all."""
        found = [list(dict.fromkeys(goal))]
        for at in reversed(method.order):
            kept = [each for each in found[-1] if not self.may_come(each, method, [at])]
            found.append(list(dict.fromkeys([*self.of(method.subtasks[at]), *kept])))
        return found[::-1]

    def may_come(self, wanted: Formula, method: Method, subtasks: Iterable[int]) -> bool:
        """Whether one of the subtasks may make a literal true; of other formulas nothing is known."""
        atom = wanted.part if isinstance(wanted, Not) else wanted
        if not isinstance(atom, Atom):
            return True
        made = atom is wanted
        domains: _Domains | None = None
        for at in subtasks:
            subtask = method.subtasks[at]
            for places in self._by_predicate[subtask.name].get((atom.name, made), ()):
                if domains is None:
                    domains = {each.name: frozenset(self.problem.of(each)) for each in method.parameters}
                if all(map(_meet, atom.args, _filled(places, subtask.args), repeat(domains))):
                    return True
        return False

    @cached_property
    def _by_predicate(self) -> dict[str, dict[tuple[str, bool], list[tuple[_Place, ...]]]]:
        found: dict[str, dict[tuple[str, bool], list[tuple[_Place, ...]]]] = {}
        for task, changes in self.changes.items():
            own = found[task] = {}
            for name, made, places in changes:
                own.setdefault((name, made), []).append(places)
        return found


def lookahead(problem: Problem) -> Lookahead:
    """Work it out: the largest needs and the smallest changes that agree with every method."""
    changes = {name: _own_changes(action, problem) for name, action in problem.actions.items()}
    changes |= dict.fromkeys(problem.methods, frozenset())
    growing = True
    while growing:
        more = {
            name: frozenset(each for way in ways for each in _changes(way, changes, problem))
            for name, ways in problem.methods.items()
        }
        growing = any(changes[name] != found for name, found in more.items())
        changes |= more
    needs: dict[str, frozenset[_Literal] | None] = {name: _own_needs(each) for name, each in problem.actions.items()}
    needs |= dict.fromkeys(problem.methods)
    known = Lookahead(problem, needs, changes)
    shrinking = True
    while shrinking:
        found = {name: _common(ways, known) for name, ways in problem.methods.items()}
        shrinking = any(needs[name] != each for name, each in found.items())
        needs |= found
    return known


def _changes(way: Method, changes: dict[str, frozenset[_Change]], problem: Problem) -> Iterable[_Change]:
    names = _numbers(way.task.args)
    domains = {each.name: frozenset(problem.of(each)) for each in way.parameters}
    for subtask in way.subtasks:
        for name, made, places in changes[subtask.name]:
            terms = _filled(places, subtask.args)
            yield (
                name,
                made,
                tuple(names.get(term, domains.get(term, term)) if isinstance(term, str) else term for term in terms),
            )


def _common(ways: tuple[Method, ...], known: Lookahead) -> frozenset[_Literal] | None:
    common: frozenset[_Literal] | None = None
    for way in filter(known.possible, ways):
        own = _literals([*conjuncts(way.precondition), *known.now(way, 0)], _numbers(way.task.args))
        common = own if common is None else common & own
    return common


def _literals(formulas: Iterable[Formula], names: dict[str, int]) -> frozenset[_Literal]:
    """Those literals that speak of nothing but parameters and objects."""
    found = set()
    for formula in formulas:
        atom = formula.part if isinstance(formula, Not) else formula
        if isinstance(atom, Atom) and all(arg in names or not arg.startswith("?") for arg in atom.args):
            found.add((atom.name, formula is atom, tuple(names.get(arg, arg) for arg in atom.args)))
    return frozenset(found)


def _own_needs(action: Action) -> frozenset[_Literal]:
    return _literals(conjuncts(action.precondition), _numbers(tuple(each.name for each in action.parameters)))


def _own_changes(action: Action, problem: Problem) -> frozenset[_Change]:
    found = set()
    for effect in action.effects:
        names = _numbers(tuple(each.name for each in action.parameters))
        own: dict[str, _Place] = {each.name: frozenset(problem.of(each)) for each in effect.variables}
        found.add((effect.atom.name, effect.adds, tuple(own.get(arg, names.get(arg, arg)) for arg in effect.atom.args)))
    return frozenset(found)


def _numbers(args: tuple[str, ...]) -> dict[str, int]:
    return {arg: at for at, arg in reversed(list(enumerate(args))) if arg.startswith("?")}


def _filled(places: tuple[_Place, ...], args: tuple[str, ...]) -> tuple[str | frozenset[str], ...]:
    return tuple(args[each] if isinstance(each, int) else each for each in places)


def _meet(left: str, right: str | frozenset[str], domains: _Domains) -> bool:
    """Whether two terms may be the same object."""
    if left == right:
        return True
    other = right if isinstance(right, frozenset) else domains.get(right, frozenset({right}))
    return not other.isdisjoint(domains.get(left, frozenset({left})))


def _said(name: str, holds: bool, args: tuple[str | frozenset[str], ...]) -> Formula:
    atom = Atom(name, args)  # type: ignore[arg-type]  # needs have no sets of objects
    return atom if holds else Not(atom)
