"""Total-order HTN decomposition: from a compound to the primitive tasks that do it, with the tree kept.

Search is depth first over the ways of each compound. State is one set that only grows along a branch, so going
back means taking off what was added since (an undo trail), not copying: the work is linear in the plan's size.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nootropic_kernel.planning.errors import NoWayFound
from nootropic_kernel.planning.methods.library import Bindings, Item, Library, TaskTemplate, Way, fill, holds

Key = tuple[str, tuple[str, ...]]

_LIMIT = 200_000  # steps of search; shipped methods need a few per task


@dataclass(frozen=True)
class Node:
    """A compound in the tree: the way it was broken down, its bindings, and its parent (index, -1 for the root).

    ``bound`` is what it is bound to beside its parent's bindings (see :class:`model.Node`).
    """

    compound: str
    way: Way
    bindings: Bindings
    parent: int
    bound: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A primitive task of the result, with its bindings and the index of the node it belongs to."""

    template: TaskTemplate
    bindings: Bindings
    node: int
    bound: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Kind and products, as :attr:`model.Task.key`."""
        return self.template.name, tuple(str(item) for item in fill(self.template.provides, self.bindings))


@dataclass(frozen=True)
class Decomposition:
    """The result: tasks in order, and the tree they come from."""

    steps: tuple[Step, ...]
    nodes: tuple[Node, ...]
    state: frozenset[str]


@dataclass(frozen=True)
class _Goal:
    item: Item
    bindings: Bindings
    parent: int
    bound: dict[str, Any] = field(default_factory=dict)


_Agenda = tuple[_Goal, "_Agenda"] | None


@dataclass
class _Choice:
    goal: _Goal
    rest: _Agenda
    ways: Sequence[Way]
    following: int
    trail: int
    steps: int
    nodes: int


def decompose(
    library: Library,
    root: str,
    bindings: Mapping[str, Any],
    facts: set[str],
    *,
    ways: Sequence[Way] | None = None,
    forbidden: Container[Key] = (),
) -> Decomposition:
    """Break ``root`` down until only primitive tasks are left.

    :param bindings: values that templates may name; lists may be named by ``each``.
    :param facts: what holds already; a task's ``requires`` must be among them or provided by an earlier task.
    :param ways: the ways that the root may take; all of the library's where not given.
    :param forbidden: tasks, by kind and products, that no result may contain: they were tried and failed.
    :raises NoWayFound: when no combination of ways works out.
    """
    state = set(facts)
    trail: list[str] = []
    steps: list[Step] = []
    nodes: list[Node] = []
    choices: list[_Choice] = []
    agenda: _Agenda = (_Goal(Item(root), bindings, -1), None)
    missing = ""
    for _ in range(_LIMIT):
        if agenda is None:
            return Decomposition(tuple(steps), tuple(nodes), frozenset(state))
        goal, rest = agenda
        if goal.item.each is not None:
            agenda = _unfold(goal, rest)
            continue
        if goal.item.name in library.tasks:
            template = library.tasks[goal.item.name]
            needs = {str(need) for need in fill(template.requires, goal.bindings)}
            step = Step(template, goal.bindings, goal.parent, goal.bound)
            barred = bool(forbidden) and step.key in forbidden
            if needs <= state and not barred:
                steps.append(step)
                new = [str(item) for item in fill(template.provides, goal.bindings) if item not in state]
                state.update(new)
                trail.extend(new)
                agenda = rest
                continue
            lacking = ", ".join(sorted(needs - state))
            missing = f"{goal.item.name} needs {lacking}" if lacking else f"{goal.item.name} failed before"
        else:
            known = ways if ways is not None and not choices and not nodes else library.compounds[goal.item.name]
            choices.append(_Choice(goal, rest, known, 0, len(trail), len(steps), len(nodes)))
        agenda = _next_way(choices, state, trail, steps, nodes)
        if agenda is None and not choices:
            raise NoWayFound(
                f"No method of the library leads to {root!r} here.",
                why=missing or "No way's conditions hold.",
                next="Say in the brief what is to be made, or add a way to experiments/methods/.",
            )
    raise NoWayFound(f"Planning {root!r} was given up after {_LIMIT} steps.", why="A method may contain itself.")


def _next_way(
    choices: list[_Choice], state: set[str], trail: list[str], steps: list[Step], nodes: list[Node]
) -> _Agenda:
    """Go back to the latest choice that has a way left, and take it; None when there is none."""
    while choices:
        choice = choices[-1]
        for item in trail[choice.trail :]:
            state.discard(item)
        del trail[choice.trail :], steps[choice.steps :], nodes[choice.nodes :]
        while choice.following < len(choice.ways):
            way = choice.ways[choice.following]
            choice.following += 1
            if holds(way.when, state, choice.goal.bindings):
                goal = choice.goal
                nodes.append(Node(goal.item.name, way, goal.bindings, goal.parent, goal.bound))
                parts = [_part(item, goal.bindings, len(nodes) - 1) for item in way.items]
                return _pushed(parts, choice.rest) or _NOTHING_LEFT
        choices.pop()
    return None


# A way without parts at the very end of the agenda: an agenda that is done, told apart from "no way".
_NOTHING_LEFT: _Agenda = (_Goal(Item("", each="nothing"), {"nothing": []}, -1), None)


def _unfold(goal: _Goal, rest: _Agenda) -> _Agenda:
    once, name = Item(goal.item.name), str(goal.item.each)
    elements = goal.bindings.get(name, ())
    parts = [
        _Goal(once, {**goal.bindings, **element}, goal.parent, {**goal.bound, "each": name, "at": at})
        for at, element in enumerate(elements)
    ]
    return _pushed(parts, rest)


def _part(item: Item, bindings: Bindings, parent: int) -> _Goal:
    if not item.bind:
        return _Goal(item, bindings, parent)
    own = {key: fill(value, bindings) for key, value in item.bind.items()}
    return _Goal(item, {**bindings, **own}, parent, {"with": own})


def _pushed(goals: list[_Goal], rest: _Agenda) -> _Agenda:
    for goal in reversed(goals):
        rest = (goal, rest)
    return rest
