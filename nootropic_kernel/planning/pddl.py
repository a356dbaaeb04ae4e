"""The plan as a planning problem in PDDL: typed STRIPS, lifted, solved by any classical planner.

What is to be done are objects of type ``task``, what they need and give objects of type ``artifact``. There is one
action for each number of needs, forerunners and products; static facts (``links-…``) say which they are for a task.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from nootropic_kernel.planning.model import GONE, Plan, Task
from nootropic_kernel.planning.schedule.critical_path import in_order

NAME = "nootropic-plan"


@dataclass(frozen=True)
class Problem:
    """A domain and a problem, each the text of a file."""

    domain: str
    problem: str


class Names:
    """Symbols for texts: letters, digits and hyphens, and never one for two texts."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._of: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, text: str) -> str:
        """The symbol of a text, always the same one."""
        if text not in self._of:
            plain = self._prefix + re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
            name, count = plain or "x", 2
            while name in self._taken:
                name, count = f"{plain}-{count}", count + 1
            self._taken.add(name)
            self._of[text] = name
        return self._of[text]

    def all(self) -> list[str]:
        """The symbols given so far."""
        return list(self._of.values())


@dataclass(frozen=True)
class Step:
    """A task that is to be done: the artifacts it needs and gives, and the tasks it follows for other reasons."""

    task: Task
    needs: tuple[str, ...]
    after: tuple[str, ...]
    gives: tuple[str, ...]

    @property
    def action(self) -> str:
        """The action that does tasks of this shape."""
        return f"do-{len(self.needs)}-{len(self.after)}-{len(self.gives)}"

    @property
    def links(self) -> str:
        """The predicate that says what a task of this shape is linked to."""
        return self.action.replace("do", "links", 1)

    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the action, each with its type; the first is the task."""
        return [
            ("?t", "task"),
            *((f"?n{at}", "artifact") for at in range(len(self.needs))),
            *((f"?f{at}", "task") for at in range(len(self.after))),
            *((f"?g{at}", "artifact") for at in range(len(self.gives))),
        ]


@dataclass
class Elements:
    """What a plan consists of as a planning problem. Finished tasks are facts, those given up are left out."""

    plan: Plan
    done: frozenset[str] = frozenset()
    tasks: Names = field(default_factory=lambda: Names(""))
    artifacts: Names = field(default_factory=lambda: Names("a-"))

    @cached_property
    def steps(self) -> dict[str, Step]:
        """The tasks that are to be done, by id, in an order in which they can be done."""
        live = {task.id: task for task in in_order(self.plan.tasks) if task.status not in GONE}
        finished = {name for name, task in live.items() if task.status == "done" or name in self.done}
        found = {}
        for name, task in live.items():
            if name in finished:
                continue
            before = [live[other] for other in task.depends_on if other in live]
            given = {item for other in before for item in other.provides}
            needs = tuple(dict.fromkeys(item for item in task.requires if item in given))
            after = (other.id for other in before if other.id not in finished and not set(needs) & set(other.provides))
            found[name] = Step(task, needs, tuple(dict.fromkeys(after)), tuple(dict.fromkeys(task.provides)))
        return found

    @cached_property
    def present(self) -> list[str]:
        """The artifacts that are there already: finished tasks gave them."""
        open_ = self.steps
        finished = (task for task in self.plan.tasks if task.status not in GONE and task.id not in open_)
        return list(dict.fromkeys(item for task in finished for item in task.provides))

    def shapes(self) -> list[Step]:
        """One step for each action."""
        return sorted({step.action: step for step in self.steps.values()}.values(), key=lambda step: step.action)

    def arguments(self, step: Step) -> list[str]:
        """The symbols of a step, as its action takes them."""
        return [
            self.tasks.of(step.task.id),
            *map(self.artifacts.of, step.needs),
            *map(self.tasks.of, step.after),
            *map(self.artifacts.of, step.gives),
        ]

    def predicates(self) -> list[str]:
        """The predicates of the actions, declared."""
        links = [f"({step.links} {declared(step.parameters())})" for step in self.shapes()]
        return ["(open ?t - task)", "(done ?t - task)", "(have ?a - artifact)", *links]

    def actions(self) -> list[str]:
        """One action for each shape of task."""
        return [_action(step) for step in self.shapes()]

    def facts(self) -> list[str]:
        """What holds at the start."""
        return [
            *(f"(have {self.artifacts.of(item)})" for item in self.present),
            *(f"(open {self.tasks.of(name)})" for name in self.steps),
            *(f"({step.links} {' '.join(self.arguments(step))})" for step in self.steps.values()),
        ]

    def goals(self) -> list[str]:
        """What is to hold at the end: every task done, and the plan's goals there."""
        given = {item for step in self.steps.values() for item in step.gives}
        wanted = [item for item in dict.fromkeys(self.plan.goals) if item in given]
        return [
            *(f"(done {self.tasks.of(name)})" for name in self.steps),
            *(f"(have {self.artifacts.of(item)})" for item in wanted),
        ]

    def objects(self) -> list[str]:
        """The objects, declared; to be asked last, when all of them have their symbols."""
        return [f"{name} - artifact" for name in self.artifacts.all()] + [
            f"{self.tasks.of(name)} - task" for name in self.steps
        ]


def pddl(plan: Plan, done: Iterable[str] = ()) -> Problem:
    """The plan in PDDL.

    :param done: tasks that are done, beside those whose status says so.
    """
    made = Elements(plan, frozenset(done))
    domain = definition(
        f"domain {NAME}",
        "(:requirements :strips :typing)",
        "(:types task artifact)",
        block(":predicates", made.predicates()),
        *made.actions(),
    )
    facts, goals = made.facts(), made.goals()
    problem = definition(
        f"problem {Names('plan-').of(plan.id)}",
        f"(:domain {NAME})",
        block(":objects", made.objects()),
        block(":init", facts),
        block(":goal", [block("and", goals)]),
    )
    return Problem(comment(plan) + domain, comment(plan) + problem)


def comment(plan: Plan) -> str:
    """The title of a plan as a comment: one line, whatever stands in it."""
    title = " ".join(re.sub(r"[^\x20-\x7e]", " ", plan.title).split())
    return f"; {title} (revision {plan.revision})\n"


def definition(*parts: str) -> str:
    """A domain or problem of these parts; the first is its head."""
    head, *rest = parts
    return "\n".join([f"(define ({head})", *(f"  {part}" for part in rest), ")"]) + "\n"


def block(head: str, lines: Iterable[str]) -> str:
    """A list, one entry a line."""
    return "\n    ".join([f"({head}", *lines]) + ")"


def declared(parameters: Iterable[tuple[str, str]]) -> str:
    """Parameters with their types."""
    return " ".join(f"{name} - {kind}" for name, kind in parameters)


def _action(step: Step) -> str:
    names = [name for name, _ in step.parameters()]
    conditions = [f"({step.links} {' '.join(names)})", "(open ?t)"]
    conditions += [f"(have {name})" for name in names if name.startswith("?n")]
    conditions += [f"(done {name})" for name in names if name.startswith("?f")]
    effects = ["(not (open ?t))", "(done ?t)", *(f"(have {name})" for name in names if name.startswith("?g"))]
    lines = [
        f":parameters ({declared(step.parameters())})",
        f":precondition (and {' '.join(conditions)})",
        f":effect (and {' '.join(effects)})",
    ]
    return block(f":action {step.action}", lines)
