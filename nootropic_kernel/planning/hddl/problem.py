"""Hierarchical problems: what HDDL 1.0 (Höller et al., AAAI 2020) says, as records. :mod:`reader` reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Atom:
    """A predicate or task with its arguments; those that begin with ``?`` are variables."""

    name: str
    args: tuple[str, ...]


@dataclass(frozen=True)
class Variable:
    """A typed variable; more than one type means any of them."""

    name: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Equal:
    """Two terms are the same."""

    left: str
    right: str


@dataclass(frozen=True)
class OfType:
    """A term is of a type (``sortof``)."""

    term: str
    type: str


@dataclass(frozen=True)
class Not:
    """A formula does not hold."""

    part: Formula


@dataclass(frozen=True)
class And:
    """All formulas hold; none: true."""

    parts: tuple[Formula, ...] = ()


@dataclass(frozen=True)
class Or:
    """Some formula holds; none: false."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Quantified:
    """A formula holds for every object of the variables' types (``every``), or for some."""

    every: bool
    variables: tuple[Variable, ...]
    part: Formula


Formula = Atom | Equal | OfType | Not | And | Or | Quantified


@dataclass(frozen=True)
class Effect:
    """An atom that becomes true (``adds``) or false, for all objects of the variables, where the condition held."""

    atom: Atom
    adds: bool
    variables: tuple[Variable, ...] = ()
    condition: Formula = field(default_factory=And)


@dataclass(frozen=True)
class Action:
    """A primitive task. Where an action makes an atom both true and false, it is true after it."""

    name: str
    parameters: tuple[Variable, ...]
    precondition: Formula
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Method:
    """A way to break down a task. ``before`` are pairs of places in ``subtasks``, closed under transitivity."""

    name: str
    task: Atom
    parameters: tuple[Variable, ...]
    precondition: Formula
    subtasks: tuple[Atom, ...]
    before: frozenset[tuple[int, int]]

    @cached_property
    def total(self) -> bool:
        """True where the order of any two subtasks is fixed."""
        many = len(self.subtasks)
        return len(self.before) == many * (many - 1) // 2

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The places of the subtasks in an order that keeps ``before``; among free ones, that of the file."""
        behind = [0] * len(self.subtasks)
        for _, right in self.before:
            behind[right] += 1
        return tuple(sorted(range(len(self.subtasks)), key=lambda at: behind[at]))


@dataclass(frozen=True)
class Problem:
    """A domain with a problem.

    ``objects`` are those of each type, subtypes included, ``own`` all of them; ``top`` is the initial network.
    """

    name: str
    objects: dict[str, tuple[str, ...]]
    own: frozenset[str]
    predicates: tuple[str, ...]
    tasks: dict[str, tuple[Variable, ...]]
    actions: dict[str, Action]
    methods: dict[str, tuple[Method, ...]]
    top: Method
    init: tuple[Atom, ...]
    goal: Formula

    def of(self, variable: Variable) -> tuple[str, ...]:
        """The objects that a variable may stand for, in the order of the file."""
        if len(variable.types) == 1:
            return self.objects[variable.types[0]]
        return tuple(dict.fromkeys(each for name in variable.types for each in self.objects[name]))


def conjuncts(formula: Formula) -> Iterator[Formula]:
    """The parts that must all hold."""
    if isinstance(formula, And):
        for part in formula.parts:
            yield from conjuncts(part)
    else:
        yield formula


def terms(formula: Formula) -> set[str]:
    """The free variables and the objects of a formula."""
    match formula:
        case Atom():
            return set(formula.args)
        case Equal():
            return {formula.left, formula.right}
        case OfType():
            return {formula.term}
        case Not():
            return terms(formula.part)
        case Quantified():
            return terms(formula.part) - {variable.name for variable in formula.variables}
        case _:
            return set().union(*map(terms, formula.parts))


def opposite(formula: Formula) -> Formula:
    """What holds where the formula does not."""
    return formula.part if isinstance(formula, Not) else Not(formula)
