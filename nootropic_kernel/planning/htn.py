"""Total-order HTN decomposition: from a compound to the primitive tasks that do it, with the tree kept.

Search is depth first over the ways of each compound. State is one set that only grows along a branch, so going
back means taking off what was added since (an undo trail), not copying: the work is linear in the plan's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.planning.errors import NoWayFound
from nootropic_kernel.planning.methods import Bindings, Item, Library, TaskTemplate, Way, fill, holds

_LIMIT = 200_000  # steps of search; shipped methods need a few per task


@dataclass(frozen=True)
class Node:
    """A compound in the tree: the way it was broken down, its bindings, and its parent (index, -1 for the root)."""

    compound: str
    way: Way
    bindings: Bindings
    parent: int


@dataclass(frozen=True)
class Step:
    """A primitive task of the result, with its bindings and the index of the node it belongs to."""

    template: TaskTemplate
    bindings: Bindings
    node: int


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


_Agenda = tuple[_Goal, "_Agenda"] | None


@dataclass
class _Choice:
    goal: _Goal
    rest: _Agenda
    following: int
    trail: int
    steps: int
    nodes: int


def decompose(library: Library, root: str, bindings: Mapping[str, Any], facts: set[str]) -> Decomposition:
    """Break ``root`` down until only primitive tasks are left.

    :param bindings: values that templates may name; lists may be named by ``each``.
    :param facts: what holds already; a task's ``requires`` must be among them or provided by an earlier task.
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
            if needs <= state:
                steps.append(Step(template, goal.bindings, goal.parent))
                new = [str(item) for item in fill(template.provides, goal.bindings) if item not in state]
                state.update(new)
                trail.extend(new)
                agenda = rest
                continue
            missing = f"{goal.item.name} needs {', '.join(sorted(needs - state))}"
        else:
            choices.append(_Choice(goal, rest, 0, len(trail), len(steps), len(nodes)))
        agenda = _next_way(library, choices, state, trail, steps, nodes)
        if agenda is None and not choices:
            raise NoWayFound(
                f"No method of the library leads to {root!r} here.",
                why=missing or "No way's conditions hold.",
                next="Say in the brief what is to be made, or add a way to experiments/methods/.",
            )
    raise NoWayFound(f"Planning {root!r} was given up after {_LIMIT} steps.", why="A method may contain itself.")


def _next_way(
    library: Library, choices: list[_Choice], state: set[str], trail: list[str], steps: list[Step], nodes: list[Node]
) -> _Agenda:
    """Go back to the latest choice that has a way left, and take it; None when there is none."""
    while choices:
        choice = choices[-1]
        for item in trail[choice.trail :]:
            state.discard(item)
        del trail[choice.trail :], steps[choice.steps :], nodes[choice.nodes :]
        ways = library.compounds[choice.goal.item.name]
        while choice.following < len(ways):
            way = ways[choice.following]
            choice.following += 1
            if holds(way.when, state, choice.goal.bindings):
                nodes.append(Node(choice.goal.item.name, way, choice.goal.bindings, choice.goal.parent))
                parts = [_Goal(item, _bound(item, choice.goal.bindings), len(nodes) - 1) for item in way.items]
                return _pushed(parts, choice.rest) or _NOTHING_LEFT
        choices.pop()
    return None


# A way without parts at the very end of the agenda: an agenda that is done, told apart from "no way".
_NOTHING_LEFT: _Agenda = (_Goal(Item("", each="nothing"), {"nothing": []}, -1), None)


def _unfold(goal: _Goal, rest: _Agenda) -> _Agenda:
    once = Item(goal.item.name)
    elements = goal.bindings.get(str(goal.item.each), ())
    return _pushed([_Goal(once, {**goal.bindings, **element}, goal.parent) for element in elements], rest)


def _bound(item: Item, bindings: Bindings) -> Bindings:
    return {**bindings, **{key: fill(value, bindings) for key, value in item.bind.items()}} if item.bind else bindings


def _pushed(goals: list[_Goal], rest: _Agenda) -> _Agenda:
    for goal in reversed(goals):
        rest = (goal, rest)
    return rest
