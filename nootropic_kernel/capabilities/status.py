"""``status``: where the workspace stands, at a glance. It loads no model and asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.capabilities.service import ServiceState, service_state
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git

if TYPE_CHECKING:
    from nootropic_kernel.planning.model import TaskState


class StatusParams(Params):
    """Nothing to choose."""


class PlanStatus(BaseModel):
    """The plan of the workspace, and how far it is."""

    title: str
    revision: int
    done: int
    total: int
    states: dict[str, int] = Field(default_factory=dict, description="How many tasks stand in each state.")


class ProposalStatus(BaseModel):
    """A proposal that waits for a decision."""

    id: str
    title: str
    task: str | None
    pending: int = Field(description="Hunks without a decision.")


class TurnStatus(BaseModel):
    """The last accept, undo or redo."""

    id: str
    kind: str
    proposal: str
    commit: str | None


class ModelStatus(BaseModel):
    """Whether a model can answer, found out without loading or asking one."""

    name: str | None
    ready: bool
    local: bool | None = Field(default=None, description="Whether it runs on this machine.")
    why: str = ""
    next: str = ""


class StatusResult(Result):
    """Where the workspace stands."""

    root: str
    branch: str | None
    head: str | None
    state: str = Field(description="The folder that holds history and proposals.")
    notes: list[str]
    plan: PlanStatus | None
    proposals: list[ProposalStatus]
    last_turn: TurnStatus | None
    model: ModelStatus
    service: ServiceState
    problems: list[str] = Field(description="What is wrong with settings, plan or plugins.")
    untrusted: list[str] = Field(description="Plugin folders that are not loaded, because nobody has trusted them.")

    def text(self) -> str:
        """One line a subject."""
        lines = [f"workspace  {self.root}"]
        if self.branch or self.head:
            at = f"at {self.head[:12]}" if self.head else "without a commit yet"
            lines.append(f"git        {self.branch or 'detached'} {at}")
        lines.append(f"plan       {self._plan()}")
        lines.append(f"proposals  {self._proposals()}")
        if self.last_turn is not None:
            commit = f", commit {self.last_turn.commit[:12]}" if self.last_turn.commit else ""
            lines.append(f"last turn  {self.last_turn.id} ({self.last_turn.kind} of {self.last_turn.proposal}{commit})")
        model = self.model.name if self.model.ready else f"none: {self.model.why} {self.model.next}".strip()
        lines.append(f"model      {model}")
        lines.append(f"service    {self.service.words()}")
        lines += [f"note       {note}" for note in self.notes]
        lines += [f"problem    {problem}" for problem in self.problems]
        lines += [f"untrusted  plugin {name}: read it, then `noo plugin trust {name}`" for name in self.untrusted]
        return "\n".join(lines)

    def _plan(self) -> str:
        if self.plan is None:
            return "none yet; `noo plan` makes one"
        states = ", ".join(f"{count} {state}" for state, count in self.plan.states.items())
        return f"{self.plan.title}: {self.plan.done} of {self.plan.total} tasks done ({states})"

    def _proposals(self) -> str:
        if not self.proposals:
            return "none waits"
        return "; ".join(f"{p.id} {p.title} ({p.pending} to decide)" for p in self.proposals)


@capability(effect=CapabilityEffect.READ)
def status(params: StatusParams, session: Session) -> StatusResult:
    """Show where the workspace stands: plan, proposals, last turn, model, problems.

    It loads no model and reaches for no network.
    """
    workspace, settings = session.workspace, session.settings()
    problems = list(settings.problems)
    registry = load_registry(workspace)
    problems += [f"{item['provider']}: {item['message']}" for item in registry.problems]
    git = Git(workspace.root) if workspace.has_git else None
    proposals, last_turn = _history(session, problems)
    return StatusResult(
        root=str(workspace.root),
        branch=git.branch() if git is not None else None,
        head=git.head() if git is not None else None,
        state=str(workspace.state_dir),
        notes=list(workspace.notes),
        plan=_plan(session, problems),
        proposals=proposals,
        last_turn=last_turn,
        model=_model(session),
        service=service_state(workspace),
        problems=problems,
        untrusted=[item["name"] for item in registry.untrusted],
    )


def _history(session: Session, problems: list[str]) -> tuple[list[ProposalStatus], TurnStatus | None]:
    if not _has_history(session):
        return [], None
    from nootropic_kernel.changes.store import ProposalStore
    from nootropic_kernel.changes.turns import damaged_turns, turns

    try:
        found = ProposalStore(session.database(), session.workspace).overview()
        waiting = [
            ProposalStatus(id=head.id, title=head.title, task=head.task, pending=head.pending)
            for head in found.proposals
            if head.status == "open"
        ]
        problems += [str(damage) for damage in found.damaged]
        problems += [str(damage) for damage in damaged_turns(session.database())]
        every = turns(session.database())
    except NootropicError as error:
        problems.append(str(error))
        return [], None
    if not every:
        return waiting, None
    last = every[-1]
    return waiting, TurnStatus(id=last.id, kind=last.kind, proposal=last.proposal, commit=last.commit)


def _has_history(session: Session) -> bool:
    return (session.workspace.state_dir / "state.db").is_file()


def _plan(session: Session, problems: list[str]) -> PlanStatus | None:
    from nootropic_kernel.agents.task_states import load_states
    from nootropic_kernel.planning.spec import file as spec_file
    from nootropic_kernel.planning.views.board import progress, state_of

    file = Path(session.workspace.root) / "project-spec.md"
    try:
        plan = spec_file.load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (NootropicError, OSError, UnicodeDecodeError) as error:
        problems.append(f"project-spec.md: {error}")
        return None
    try:
        states: Mapping[str, TaskState] = load_states(session.workspace, session.database(), plan)
    except NootropicError as error:
        problems.append(str(error))
        states = {}
    counts: dict[str, int] = {}
    for task in plan.tasks:
        name = state_of(task, states).status
        counts[name] = counts.get(name, 0) + 1
    done, total = progress(plan, states)
    return PlanStatus(title=plan.title, revision=plan.revision, done=done, total=total, states=counts)


def _model(session: Session) -> ModelStatus:
    from nootropic_kernel.models.router import choose

    try:
        backend = choose(session.settings(), session.workspace)
    except NootropicError as error:
        return ModelStatus(name=None, ready=False, why=error.why or error.what, next=error.next)
    try:
        return ModelStatus(name=backend.name, ready=True, local=backend.is_local)
    finally:
        backend.close()
