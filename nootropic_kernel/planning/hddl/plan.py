"""The plan that a search found: its actions in order, and how each task was broken down, in the format of IPC 2020."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nootropic_kernel.planning.hddl.facts import Args
from nootropic_kernel.planning.hddl.search import Chain, Done, Goal
from nootropic_kernel.planning.hddl.states import State


@dataclass
class Part:
    """A task of the plan. ``method`` is empty for an action; ``parts`` stand in the method's order."""

    task: str
    args: Args
    method: str = ""
    parts: list[Part] = field(default_factory=list, repr=False)
    number: int = -1


@dataclass(frozen=True)
class HtnPlan:
    """Actions in the order in which they are done, compounds, and the initial tasks; each has a number of its own."""

    actions: tuple[Part, ...]
    compounds: tuple[Part, ...]
    roots: tuple[Part, ...]

    def text(self) -> str:
        """It in the format of the competition's verifier (http://ipc2020.hierarchical-task.net)."""
        lines = ["==>"]
        lines += [_line(str(each.number), each.task, *each.args) for each in self.actions]
        lines.append(_line("root", *_numbers(self.roots)))
        for each in self.compounds:
            lines.append(_line(str(each.number), each.task, *each.args, "->", each.method, *_numbers(each.parts)))
        return "\n".join([*lines, "<==", ""])


def plan_of(root: Goal, end: State) -> HtnPlan:
    """The plan by which the initial tasks end in a state."""
    whole = Part("", ())
    actions: list[Part] = []
    compounds: list[Part] = []
    todo: list[tuple[Part, tuple[Goal, State] | None]] = [(whole, (root, end))]
    while todo:
        part, how = todo.pop()
        if how is None:
            part.number = len(actions)
            actions.append(part)
            continue
        way, chain = how[0].ends[how[1]]
        done = _in_order(chain)
        made = {place: Part(task, args) for place, task, args, _ in done}
        part.method, part.parts = way.method.name, [made[place] for place in sorted(made)]
        compounds.append(part)
        todo += [(made[place], inner) for place, _, _, inner in reversed(done)]
    for number, part in enumerate(compounds[1:], len(actions)):
        part.number = number
    return HtnPlan(tuple(actions), tuple(compounds[1:]), tuple(whole.parts))


def _in_order(chain: Chain) -> list[Done]:
    found: list[Done] = []
    while chain is not None:
        chain, done = chain
        found.append(done)
    return found[::-1]


def _line(*words: str) -> str:
    return " ".join(words)


def _numbers(parts: Iterable[Part]) -> list[str]:
    return [str(each.number) for each in parts]
