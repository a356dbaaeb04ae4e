"""The plan's tree: which compound each task comes from, as project-spec.md keeps it.

Hand edits may leave it behind the plan: what it names and the plan lacks is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nootropic_kernel.planning.methods.data_bindings import FORMERLY
from nootropic_kernel.planning.methods.htn import Decomposition
from nootropic_kernel.planning.model import Node, Plan, number


def above(broken_down: Decomposition, node: int, level: str) -> int:
    """The nearest node at or above ``node`` whose way names a ``level`` (epic or story); -1 where none does."""
    while node >= 0 and not getattr(broken_down.nodes[node].way, level):
        node = broken_down.nodes[node].parent
    return node


def record(
    broken_down: Decomposition,
    tasks: Mapping[int, str],
    epics: Mapping[int, str],
    stories: Mapping[int, str],
    first: int = 1,
) -> tuple[Node, ...]:
    """The nodes of a decomposition as the plan keeps them.

    :param tasks: the task ids, by the index of their step; steps that became no task are left out.
    :param epics: the epics that nodes stand for, by the index of the node; likewise ``stories``.
    :param first: the number of the first node's id.
    """
    own: dict[int, dict[str, Any]] = {}
    for index, task in tasks.items():
        step = broken_down.steps[index]
        own.setdefault(step.node, {})[task] = step.bound
    return tuple(
        Node(
            id=f"N{first + index}",
            compound=node.compound,
            way=node.way.name,
            parent=f"N{first + node.parent}" if node.parent >= 0 else "",
            bound=node.bound,
            epic=epics.get(index, ""),
            story=stories.get(index, ""),
            tasks=own.get(index, {}),
        )
        for index, node in enumerate(broken_down.nodes)
    )


class Tree:
    """Look-ups in the tree of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.nodes = {node.id: node for node in plan.tree}
        self._bindings = {**FORMERLY, **plan.bindings, "brief": plan.brief}
        self._owner = {task: node.id for node in plan.tree for task in node.tasks}
        self._children: dict[str, list[str]] = {}
        for node in plan.tree:
            self._children.setdefault(node.parent, []).append(node.id)

    def owner(self, task: str) -> Node | None:
        """The node that a task belongs to; None for one that no method made."""
        return self.nodes.get(self._owner.get(task, ""))

    def upwards(self, node: Node | None) -> Iterator[Node]:
        """A node, its parent, and so on to the root."""
        seen: set[str] = set()
        while node is not None and node.id not in seen:
            seen.add(node.id)
            yield node
            node = self.nodes.get(node.parent)

    def below(self, node: Node) -> list[Node]:
        """A node and all under it, in the order of their ids."""
        found, open_ = [], [node.id]
        seen: set[str] = set()
        while open_:
            name = open_.pop()
            if name not in seen:
                seen.add(name)
                found.append(self.nodes[name])
                open_ += self._children.get(name, [])
        return sorted(found, key=lambda each: number(each.id))

    def bindings(self, node: Node | None, bound: Any = None) -> dict[str, Any]:
        """What texts of a node (or of its task with ``bound``) may name."""
        known = dict(self._bindings)
        for each in reversed(list(self.upwards(node))):
            known |= _own(known, each.bound)
        return known | _own(known, bound)


def _own(known: Mapping[str, Any], bound: Any) -> dict[str, Any]:
    if not isinstance(bound, Mapping):
        return {}
    given = bound.get("with")
    own = dict(given) if isinstance(given, Mapping) else {}
    elements, at = {**known, **own}.get(str(bound.get("each", ""))), bound.get("at")
    if isinstance(elements, list) and isinstance(at, int) and 0 <= at < len(elements):
        own |= elements[at] if isinstance(elements[at], Mapping) else {}
    return own
