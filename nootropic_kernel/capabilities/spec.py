"""``spec``: project-spec.md itself, and whether it is sound."""

from __future__ import annotations

from pydantic import BaseModel, Field

from nootropic_kernel.agents.lost_tasks import lost_tasks
from nootropic_kernel.agents.planner import NoPlan, current_spec
from nootropic_kernel.agents.spec_file import read_state
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.changes.files import read_file
from nootropic_kernel.planning.errors import PlanInvalid, SpecForeign, SpecUnreadable
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME, Spec


class SpecParams(Params):
    """Show or check."""

    validate_: bool = Field(False, alias="validate", description="Say only whether the file is sound.")


class SpecProblem(BaseModel):
    """Something wrong or unusual in the file; ``line`` is 0 where it concerns no single line."""

    line: int
    message: str
    kept: bool = False


class SpecResult(Result):
    """The file, what it holds, and what is wrong with it."""

    path: str
    valid: bool
    revision: int | None = None
    tasks: int = 0
    problems: list[SpecProblem] = Field(default_factory=list)
    content: str = ""

    @property
    def failed(self) -> bool:
        """True when the file is not a sound plan."""
        return not self.valid

    def text(self) -> str:
        return "\n".join([self._summary(), *(f"  {_said(each)}" for each in self.problems), *self._content()])

    def markdown(self) -> str:
        lines = [self._summary(), "", *(f"- {_said(each)}" for each in self.problems)]
        return "\n".join([*lines, *(["", "---", "", self.content] if self.content else [])])

    def _summary(self) -> str:
        if not self.valid:
            return f"{self.path} is not a sound plan:"
        return f"{self.path} is sound: revision {self.revision}, {self.tasks} tasks."

    def _content(self) -> list[str]:
        return ["", self.content.rstrip("\n")] if self.content else []


@capability(effect=CapabilityEffect.READ)
def spec(params: SpecParams, session: Session) -> SpecResult:
    """Show project-spec.md, the plan as a file that you may read and edit; with `--validate` only check it.

    Lines of yours outside its grammar are kept as prose and named with their line; what cannot be read at all is named
    with its line and left untouched. So are tasks that were taken out by hand, with the commit that has them.
    """
    state = read_file(session.workspace.root, FILE_NAME)
    if state is None:
        raise NoPlan
    if session.workspace.state_dir.exists():
        session.database()  # settles what a killed process left; this verb itself needs none
    content = "" if params.validate_ else state.content.decode("utf-8", "replace")
    try:
        found: Spec = current_spec(session.workspace)
    except (SpecUnreadable, SpecForeign, PlanInvalid) as error:
        line = int(error.data.get("line", 0))
        broken = [str(each) for each in error.data.get("problems", [])] or [error.data.get("problem") or error.what]
        problems = [SpecProblem(line=line, message=message) for message in broken]
        if isinstance(error, PlanInvalid) and (read := read_state(session.workspace)) is not None:
            problems += _taken_out(session, read.plan)  # who waits for one of these is the problem, perhaps
        return SpecResult(path=FILE_NAME, valid=False, problems=problems, content=content)
    notes = [SpecProblem(line=note.line, message=note.sentence(), kept=True) for note in found.notes]
    plan = found.plan
    notes += _taken_out(session, plan)
    return SpecResult(
        path=FILE_NAME, valid=True, revision=plan.revision, tasks=len(plan.tasks), problems=notes, content=content
    )


def _taken_out(session: Session, plan: Plan) -> list[SpecProblem]:
    return [SpecProblem(line=0, message=lost.sentence()) for lost in lost_tasks(session.workspace, plan)]


def _said(problem: SpecProblem) -> str:
    if problem.kept or not problem.line:
        return problem.message
    return f"line {problem.line}: {problem.message}"
