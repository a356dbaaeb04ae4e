"""``solve``: a plan for a hierarchical problem in HDDL."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.planning.hddl.plan import Part, plan_of
from nootropic_kernel.planning.hddl.reader import read
from nootropic_kernel.planning.hddl.search import Search
from nootropic_kernel.workspace.errors import Interrupted, PathRefused, UsageError
from nootropic_kernel.workspace.homes import named_path

_OF_A_PERSON = frozenset({"cli", "magic", "python"})  # faces where a person typed the path
_LARGEST = 64 << 20  # bytes of a file


class SolveParams(Params):
    """Which problem, and how long to look."""

    domain: str = Field(description="The file of the domain.", json_schema_extra={"position": 0, "complete": "path"})
    problem: str = Field(description="The file of the problem.", json_schema_extra={"position": 1, "complete": "path"})
    seconds: float = Field(30.0, gt=0, description="How many seconds of CPU to look for a plan at most.")


class SolvedAction(BaseModel):
    """An action of the plan."""

    name: str
    args: list[str]


class SolvedTask(BaseModel):
    """A compound task: the method it is done by, and the numbers of its subtasks in the method's order."""

    number: int
    task: str
    args: list[str]
    method: str
    subtasks: list[int]

    @classmethod
    def of(cls, part: Part) -> SolvedTask:
        """The view of a compound."""
        numbers = [each.number for each in part.parts]
        return cls(number=part.number, task=part.task, args=[*part.args], method=part.method, subtasks=numbers)


class SolveResult(Result):
    """The plan with its tree, or that none was found. Actions are numbered from 0 in their order."""

    outcome: Literal["solved", "no plan", "unknown"]
    message: str
    actions: list[SolvedAction] = Field(default_factory=list)
    tree: list[SolvedTask] = Field(default_factory=list)
    roots: list[int] = Field(default_factory=list, description="The numbers of the initial tasks.")
    plan: str = Field(default="", description="The plan in the format of the planning competition of 2020.")
    cpu_s: float = Field(description="CPU seconds that the search took.")

    @property
    def failed(self) -> bool:
        return self.outcome != "solved"

    def text(self) -> str:
        return self.plan.rstrip("\n") if self.plan else self.message


@capability(effect=CapabilityEffect.READ)
def solve(params: SolveParams, session: Session) -> SolveResult:
    """Find a plan for a hierarchical planning problem in HDDL.

    The plan is printed with its decomposition in the format of the planning competition of 2020, which validators read:
    actions in order, the initial tasks, and each compound task with its method. Any plan will do; costs are read over.

    That there is no plan is said only when everything was tried. Where the order of subtasks is left open, all orders
    are tried, but one subtask is finished before the next begins; a plan that was not found may still exist then.
    """
    domain, problem = _text(params.domain, session), _text(params.problem, session)
    session.status("Looking for a plan")
    search = Search(read(domain, problem, (params.domain, params.problem)))
    outcome = search.run(params.seconds, session.cancel.is_set)
    if session.cancel.is_set():
        raise Interrupted("The search for a plan was stopped.")
    if outcome.root is not None:
        plan = plan_of(*outcome.root)
        return SolveResult(
            outcome="solved",
            message=f"A plan of {len(plan.actions)} actions.",
            actions=[SolvedAction(name=each.task, args=[*each.args]) for each in plan.actions],
            tree=[SolvedTask.of(each) for each in plan.compounds],
            roots=[each.number for each in plan.roots],
            plan=plan.text(),
            cpu_s=outcome.seconds,
        )
    if outcome.state == "none":
        return SolveResult(outcome="no plan", message="There is no plan: everything was tried.", cpu_s=outcome.seconds)
    message = f"No plan was found within {params.seconds:g} s of CPU; there may be one (`--seconds` looks longer)."
    if outcome.exhausted:
        message = "No plan was found. There may be one in which subtasks take turns; such plans are not looked for."
    elif outcome.seconds < params.seconds:
        message = "No plan was found before the search grew too large; there may be one."
    return SolveResult(outcome="unknown", message=message, cpu_s=outcome.seconds)


def _text(name: str, session: Session) -> str:
    """The text of a file; outside of the workspace only where a person typed its name."""
    root = session.workspace.root.resolve()
    path = named_path(name, root).resolve()
    if session.face not in _OF_A_PERSON and not path.is_relative_to(root):
        raise PathRefused(name, "It is outside of the workspace")
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{name} is larger than {_LARGEST >> 20} MB.", next="Name a smaller problem.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "It is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)
        raise UsageError(f"{name} cannot be read.", why=f"{why}.", next="Name a file in HDDL.") from error
