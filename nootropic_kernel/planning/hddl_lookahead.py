"""What must hold before a task can begin, whichever way it is done: found once, for all states.

The condition of an action must hold before it. What every method of a task needs, the task needs. And what a subtask
needs must hold before the whole method if nothing that may come before that subtask can bring it about. A search that
asks for all of this at once goes back early, and takes the values of variables from facts instead of trying all objects.
"""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.hddl_problem import Action, Atom, Formula, Method, Not, Problem, conjuncts

_Literal = tuple[str, bool, tuple["int | str", ...]]  # predicate, true or false; number of a parameter, or an object
_Change = tuple[str, bool, tuple[frozenset[str], ...]]  # predicate, made true or false; objects at each place


@dataclass(frozen=True)
class Lookahead:
    """For each task what it needs (None: it can never be done), and what it may change."""

    needs: dict[str, frozenset[_Literal] | None]
    changes: dict[str, frozenset[_Change]]

    def of(self, subtask: Atom) -> list[Formula]:
        """What must hold when a subtask begins, in the words of its caller."""
        return [_said(each, subtask.args) for each in sorted(self.needs[subtask.name] or (), key=str)]

    def before(self, method: Method, problem: Problem) -> list[Formula] | None:
        """What must hold when a method begins, beside its own condition; None where it can never be done."""
        domains = {each.name: frozenset(problem.of(each)) for each in method.parameters}
        found: list[Formula] = []
        for at, subtask in enumerate(method.subtasks):
            needs = self.needs[subtask.name]
            if needs is None:
                return None
            earlier = [
                change
                for other, each in enumerate(method.subtasks)
                if other != at and (at, other) not in method.before
                for change in self.changes[each.name]
            ]
            for literal in sorted(needs, key=str):
                said = _said(literal, subtask.args)
                atom = said.part if isinstance(said, Not) else said
                if isinstance(atom, Atom) and not _may_come(literal, atom, earlier, domains):
                    found.append(said)
        return list(dict.fromkeys(found))


def lookahead(problem: Problem) -> Lookahead:
    """Work it out: the largest needs and the smallest changes that agree with every method."""
    changes = {name: _own_changes(action, problem) for name, action in problem.actions.items()}
    changes |= {name: frozenset() for name in problem.methods}
    while True:
        more = {
            name: frozenset().union(*(changes[part.name] for way in ways for part in way.subtasks))
            for name, ways in problem.methods.items()
        }
        if all(changes[name] == found for name, found in more.items()):
            break
        changes |= more
    needs: dict[str, frozenset[_Literal] | None] = {name: _own_needs(each) for name, each in problem.actions.items()}
    needs |= dict.fromkeys(problem.methods)
    known = Lookahead(needs, changes)
    while True:
        found = {name: _common(ways, known, problem) for name, ways in problem.methods.items()}
        if all(needs[name] == each for name, each in found.items()):
            return known
        needs |= found


def _common(ways: tuple[Method, ...], known: Lookahead, problem: Problem) -> frozenset[_Literal] | None:
    common: frozenset[_Literal] | None = None
    for way in ways:
        before = known.before(way, problem)
        if before is None:
            continue
        names = {arg: at for at, arg in reversed(list(enumerate(way.task.args)))}
        own = _literals([*conjuncts(way.precondition), *before], names)
        common = own if common is None else common & own
    return common


def _literals(formulas: list[Formula], names: dict[str, int]) -> frozenset[_Literal]:
    """Those literals that speak of nothing but parameters and objects."""
    found = set()
    for formula in formulas:
        atom = formula.part if isinstance(formula, Not) else formula
        if isinstance(atom, Atom) and all(arg in names or not arg.startswith("?") for arg in atom.args):
            found.add((atom.name, formula is atom, tuple(names.get(arg, arg) for arg in atom.args)))
    return frozenset(found)


def _own_needs(action: Action) -> frozenset[_Literal]:
    return _literals(list(conjuncts(action.precondition)), {each.name: at for at, each in enumerate(action.parameters)})


def _own_changes(action: Action, problem: Problem) -> frozenset[_Change]:
    found = set()
    for effect in action.effects:
        domains = {each.name: frozenset(problem.of(each)) for each in (*action.parameters, *effect.variables)}
        places = tuple(domains.get(arg, frozenset({arg})) for arg in effect.atom.args)
        found.add((effect.atom.name, effect.adds, places))
    return frozenset(found)


def _may_come(literal: _Literal, atom: Atom, earlier: list[_Change], domains: dict[str, frozenset[str]]) -> bool:
    return any(
        name == literal[0]
        and made is literal[1]
        and all(domains.get(arg, frozenset({arg})) & place for arg, place in zip(atom.args, places, strict=True))
        for name, made, places in earlier
    )


def _said(literal: _Literal, args: tuple[str, ...]) -> Formula:
    name, holds, places = literal
    atom = Atom(name, tuple(args[each] if isinstance(each, int) else each for each in places))
    return atom if holds else Not(atom)
