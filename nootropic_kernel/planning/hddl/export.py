"""The plan as a hierarchical problem in HDDL 1.0 (Höller et al. 2020): its tree, and its tasks as primitive actions.

Every node of the tree is a task of its own with the one method that the plan has for it, and nothing has parameters:
planners that ground what is lifted by trying out all arguments do not get far with tasks that need many artifacts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nootropic_kernel.planning.model import Node, Plan, number
from nootropic_kernel.planning.pddl import NAME, Elements, Names, Problem, Step, block, comment, definition

_ROOT = Node("N0", "plan", "as planned")


@dataclass(frozen=True)
class _Nest:
    """A node with what is left to do below it: tasks and other nodes."""

    node: Node
    parts: tuple[_Nest | str, ...]

    def tasks(self) -> list[str]:
        """The tasks below it, in the order of the tree."""
        found: list[str] = []
        for part in self.parts:
            found += [part] if isinstance(part, str) else part.tasks()
        return found

    def nests(self) -> list[_Nest]:
        """It and all nodes below it."""
        return [self, *(each for part in self.parts if isinstance(part, _Nest) for each in part.nests())]


def hddl(plan: Plan, done: Iterable[str] = ()) -> Problem:
    """The plan in HDDL; tasks that no method made hang directly below the whole.

    Subtasks are ordered where the tree's order is one in which the tasks can be done, and else left to the planner.

    :param done: tasks that are done, beside those whose status says so.
    """
    made = Elements(plan, frozenset(done))
    root = _nested(plan, made)
    nests = root.nests()
    ordered = ":ordered-subtasks" if _can_be_done(root.tasks(), made) else ":subtasks"
    names, ways = Names("n-"), Names("m-")

    def called(part: _Nest | str) -> str:
        if isinstance(part, str):
            return f"(do-{made.tasks.of(part)})"
        return f"({names.of(f'{part.node.compound} {part.node.id}')})"

    methods = [
        block(
            f":method {ways.of(f'{nest.node.compound} {nest.node.way} {nest.node.id}')}",
            [
                ":parameters ()",
                f":task {called(nest)}",
                f"{ordered} (and {' '.join(map(called, nest.parts))})" if nest.parts else f"{ordered} ()",
            ],
        )
        for nest in nests
    ]
    facts = [line for line in made.facts() if not line.startswith("(links-")]
    actions = [_action(step, made) for step in made.steps.values()]
    goals = made.goals()
    domain = definition(
        f"domain {NAME}",
        "(:requirements :typing :hierarchy)",
        "(:types task artifact)",
        block(":constants", made.objects()),
        block(":predicates", ["(open ?t - task)", "(done ?t - task)", "(have ?a - artifact)"]),
        *(f"(:task {called(nest)[1:-1]} :parameters ())" for nest in nests),
        *methods,
        *actions,
    )
    problem = definition(
        f"problem {Names('plan-').of(plan.id)}",
        f"(:domain {NAME})",
        f"(:htn :parameters () {ordered} (and {called(root)}))",
        block(":init", facts),
        block(":goal", [block("and", goals)]),
    )
    return Problem(comment(plan) + domain, comment(plan) + problem)


def _action(step: Step, made: Elements) -> str:
    task, have = made.tasks.of(step.task.id), made.artifacts.of
    conditions = [f"(open {task})", *(f"(have {have(item)})" for item in step.needs)]
    conditions += [f"(done {made.tasks.of(name)})" for name in step.after]
    effects = [f"(not (open {task}))", f"(done {task})", *(f"(have {have(item)})" for item in step.gives)]
    lines = [
        ":parameters ()",
        f":precondition (and {' '.join(conditions)})",
        f":effect (and {' '.join(effects)})",
    ]
    return block(f":action do-{task}", lines)


def _nested(plan: Plan, made: Elements) -> _Nest:
    """The tree without what is done, given up, or has nothing left below it."""
    known = {node.id for node in plan.tree}
    children: dict[str, list[Node]] = {}
    for node in sorted(plan.tree, key=lambda each: number(each.id)):
        children.setdefault(node.parent if node.parent in known and node.parent != node.id else "", []).append(node)
    placed: set[str] = set()
    turn = {task.id: place for place, task in enumerate(plan.tasks)}

    def nest(node: Node) -> _Nest:
        mine = [name for name in node.tasks if name in made.steps and name not in placed]
        placed.update(mine)
        below = [nest(child) for child in children.get(node.id, ())]
        return _Nest(node, _in_turn([*mine, *(each for each in below if each.parts)], turn))

    tops = [each for each in (nest(node) for node in children.get("", ())) if each.parts]
    others = [name for name in made.steps if name not in placed]
    return _Nest(_ROOT, _in_turn([*tops, *others], turn))


def _in_turn(parts: list[_Nest | str], turn: dict[str, int]) -> tuple[_Nest | str, ...]:
    def place(part: _Nest | str) -> int:
        return turn[part] if isinstance(part, str) else min(turn[name] for name in part.tasks())

    return tuple(sorted(parts, key=place))


def _can_be_done(order: list[str], made: Elements) -> bool:
    have, done = set(made.present), set[str]()
    for name in order:
        step = made.steps[name]
        if not (set(step.needs) <= have and set(step.after) <= done):
            return False
        have.update(step.gives)
        done.add(name)
    return True
