"""``run``: tasks of the plan become proposals, each by the way that the plan names for it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from nootropic_kernel.agents.edit_task import Instruction
from nootropic_kernel.agents.executor import Job
from nootropic_kernel.agents.planner import Planned, current_plan
from nootropic_kernel.agents.run_marks import mark_cell, mark_satisfied, mark_tried, task_of_cell
from nootropic_kernel.agents.task_states import other_title
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.code import do, unsaved_note
from nootropic_kernel.capabilities.model_at_hand import without_model
from nootropic_kernel.capabilities.proposal_views import MIME, ProposalResult
from nootropic_kernel.changes.store import Proposal, ProposalStore
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.planning.model import GIVEN_UP, Plan, Task, TaskState
from nootropic_kernel.planning.views.board import ready_tasks
from nootropic_kernel.planning.views.tree import in_html
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.budget import BudgetExceeded
from nootropic_kernel.telemetry.spans import current_span
from nootropic_kernel.workspace.errors import Interrupted, NootropicError, UsageError

Outcome = Literal[
    "proposed", "in review", "rejected", "undone", "done", "nothing to do", "waits", "yours", "retitled",
    "given up", "deferred", "blocked", "not possible", "failed",
]  # fmt: skip
_WORD = {
    "proposed": "new proposal",
    "in review": "has a proposal that waits for you",
    "rejected": "was rejected",
    "undone": "was undone",
    "done": "is done",
    "nothing to do": "changes nothing: all of it is there already",
    "waits": "waits",
    "yours": "is for a person",
    "retitled": "was not run",
    "given up": "is not part of the plan any more",
    "deferred": "is deferred",
    "blocked": "is blocked",
    "not possible": "cannot be done by anything here yet",
    "failed": "failed",
}


class RunParams(Params):
    """Which tasks."""

    tasks: list[str] = Field(
        default_factory=list,
        description="Tasks to run, by id. Without any, the next ready one.",
        json_schema_extra={"position": 0, "complete": "task"},
    )
    keep: bool = Field(
        False, description="Run recipes also where the task's title was changed: they do what they were planned for."
    )
    count: int | None = Field(
        None, ge=1, le=100, description="Run the first COUNT tasks; those proposed before count, and are only shown."
    )
    next_: bool = Field(
        False, alias="next", description="Take the next ready task also in a notebook's cell that has taken one before."
    )


class TaskRun(BaseModel):
    """What became of one task."""

    task: str
    title: str
    how: str
    outcome: Outcome
    note: str = ""
    proposal: str | None = None
    escalated: bool = False

    def line(self) -> str:
        """The outcome in one line."""
        name = f" ({self.proposal})" if self.proposal else ""
        joint = " " if self.outcome == "waits" and self.note.startswith("for ") else ": "
        note = f"{joint}{self.note}" if self.note else ""
        return f"{self.task} {self.title} ({self.how}) — {_WORD[self.outcome]}{name}{note}"


class RunResult(Result):
    """What became of each task, with the proposals to review."""

    # Set in `bundle`, only where there is a proposal to show.
    mime: ClassVar[str | None] = None

    tasks: list[TaskRun]
    proposals: list[ProposalResult] = Field(default_factory=list)
    deferred: list[str] = Field(default_factory=list, description="Ready tasks that are for a person.")
    notes: list[str] = Field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Some task failed, or its change fails its checks."""
        return any(each.outcome in ("failed", "not possible", "retitled") or each.escalated for each in self.tasks)

    def text(self) -> str:
        """One line a task, then the diffs."""
        return "\n\n".join(["\n".join(self._lines()), *(view.text() for view in self.proposals)])

    def markdown(self) -> str:
        """A list of tasks, then the diffs."""
        tasks = "\n".join(f"- {line}" for line in self._lines())
        return "\n\n".join([tasks, *(view.markdown() for view in self.proposals)])

    def html(self) -> str:
        """A list of tasks, then the diffs."""
        lines = "".join(f"<li>{in_html(line)}</li>" for line in self._lines())
        return f"<ul>{lines}</ul>" + "".join(view.html() for view in self.proposals)

    def bundle(self) -> dict[str, Any]:
        """With the proposals' own documents, and what there is to say about them."""
        forms = super().bundle()
        views = [view.data() for view in self.proposals]
        if views:
            shown = views[0] if len(views) == 1 else {"proposals": views}
            forms[MIME] = {**shown, "lines": self._lines()}
        return forms

    def _lines(self) -> list[str]:
        lines = [each.line() for each in self.tasks] or ["No task is ready to be run."]
        if self.deferred:
            lines.append(f"For you: {', '.join(self.deferred)}.")
        return lines + self.notes


@capability(effect=CapabilityEffect.PROPOSE)
def run(params: RunParams, session: Session) -> RunResult:
    """Run tasks of the plan: each becomes a checked proposal for you to review.

    A task is done by the way the plan names: a recipe, a model's edit, or a person. One that has a proposal already
    or is done says so and shows it; nothing is done twice, and what you rejected or undid is not proposed again. A
    change whose checks fail even after repair is handed to you with what was found. A run that comes to nothing is
    marked on the board with its reason, until one succeeds. Without a model, tasks for one are passed over, and you are
    told; they are run only by name, and are not marked when there is nobody to ask.

    A recipe does what it was planned for. Of a task whose title was changed since, you are told so: `--keep` has the
    recipe do it all the same, and `noo replan T5 --because "…"` has a model do what the title says.

    A notebook's cell that names no task keeps the one that it took: run again, it shows how that task stands, and
    `--next` goes on to another.
    """
    if (bool(params.tasks) + (params.count is not None) + params.next_) > 1:
        raise UsageError("Name tasks, or say how many with --count, or say --next: one of these.")
    planned = current_plan(session.workspace, session.database())
    current_span().set(semconv.PLAN, planned.plan.id)
    known = {task.id: task for task in planned.plan.tasks}
    names = [name if name in known else name.upper() for name in params.tasks]
    for written, name in zip(params.tasks, names, strict=True):
        if name not in known:
            raise UsageError(f"There is no task {written}.", next="`noo board` shows the tasks and their ids.")
    named = [known[name] for name in dict.fromkeys(names)]
    ready = _ready(planned, params.keep)
    wanting, no_model = without_model([] if named else ready, session)
    ready = [task for task in ready if task not in wanting]
    kept = None
    if named:
        chosen = named
    elif params.count:
        chosen = _first(planned, ready, session, params.count)
    else:
        if session.cell and not params.next_:
            kept = task_of_cell(session.database(), planned.plan, session.cell)
        chosen = [kept] if kept else ready[:1]
        if session.cell and chosen and not kept:
            mark_cell(session.database(), planned.plan, session.cell, chosen[0].id)
    result = RunResult(tasks=[], deferred=_for_a_person(planned, chosen), notes=_notes(planned, chosen))
    if no_model and not kept and len(chosen) < (params.count or 1):
        result.notes.append(no_model)
    if kept:
        result.notes.append(f"This cell took {kept.id} before. `%noo run --next` takes the next ready task.")
    for position, task in enumerate(chosen):
        session.status(f"{task.id} {task.title}", position / len(chosen))
        # Earlier tasks of this very call do not change what is ready: a proposal is not done until it is accepted.
        done, proposal = _run_task(task, planned, session, params.keep)
        result.tasks.append(done)
        if proposal is not None:
            result.proposals.append(
                ProposalResult.of(proposal, session.workspace, notes=unsaved_note(proposal, session))
            )
    fresh = any(each.outcome == "proposed" for each in result.tasks)
    if params.count and result.tasks and not fresh:
        result.notes.append("Nothing new was proposed; `run` without --count takes the next ready task.")
    return result


def _run_task(task: Task, planned: Planned, session: Session, keep: bool) -> tuple[TaskRun, Proposal | None]:
    state = planned.states[task.id]
    if state.status in ("done", "review"):
        proposal = _latest(task, session)
        outcome: Outcome = "done" if state.status == "done" else "in review"
        if proposal is None:
            return _told(task, outcome, state.note), None
        # The state names the proposal for the board; here it stands before the note.
        note = state.note.removeprefix(f"{proposal.id}: ").removesuffix(f" ({proposal.id})")
        return _told(task, outcome, note, proposal.id), proposal
    if (idle := _not_now(task, state, planned.plan, keep)) is not None:
        return idle, None
    database, plan = session.database(), planned.plan
    try:
        done = do(job_of(task, plan), session)
    except Interrupted:
        raise
    except BudgetExceeded as problem:
        return _told(task, "waits", str(problem)), None
    except NoModel as problem:  # it was not even begun
        return _told(task, "failed", str(problem)), None
    except NootropicError as problem:
        mark_tried(database, plan, task, problem)
        return _told(task, "failed", str(problem)), None
    if state.status == "failed":
        mark_tried(database, plan, task, None)
    if done.proposal is None:
        mark_satisfied(database, plan, task.id)
        return _told(task, "nothing to do", "it counts as done"), None
    if done.proposal.status in ("rejected", "undone"):
        return _turned_down(task, done.proposal), done.proposal
    failing = ["its checks fail; a person has to look"] if done.escalated else []
    told = _told(task, "proposed", "; ".join([*failing, *done.notes]), done.proposal.id)
    return told.model_copy(update={"escalated": done.escalated}), done.proposal


def _not_now(task: Task, state: TaskState, plan: Plan, keep: bool) -> TaskRun | None:
    """Why a task is not run now; None for one that is."""
    again = f"`noo task {task.id} --status pending` takes it up again"
    if state.status in ("superseded", "cancelled"):
        heirs = [each.id for each in plan.tasks if each.supersedes == task.id and each.status not in GIVEN_UP]
        said = f"{heirs[-1]} stands in its place: `noo run {heirs[-1]}`" if heirs else f"it is {state.status}"
        return _told(task, "given up", said)
    if state.status == "deferred":
        return _told(task, "deferred", f"{state.note}; {again}")
    if state.status in ("blocked", "failed") and task.status == state.status:
        return _told(task, "blocked" if state.status == "blocked" else "failed", f"{state.note}; {again}")
    if task.how.kind == "none":
        return _told(task, "not possible", task.how.why)
    if state.status == "pending":
        return _told(task, "waits", state.note.removeprefix("waits "))
    if task.how.kind == "person":
        return _told(task, "yours", task.how.why)
    if task.retitled and not keep:
        return _told(task, "retitled", other_title(task))
    return None  # ready; or its last run failed; or somebody else runs it, and is waited for


def _turned_down(task: Task, proposal: Proposal) -> TaskRun:
    """A task whose change would be the same that the person has rejected or undone."""
    same = "the same change would be made again"
    if proposal.status == "undone":
        return _told(task, "undone", f"{same}; `redo` brings it back", proposal.id)
    hunk = f"{proposal.id}:{proposal.changeset.hunks[0].number}"
    return _told(task, "rejected", f"{same}; `accept {hunk}` takes a hunk of it after all", proposal.id)


def job_of(task: Task, plan: Plan) -> Job:
    """What is to be done for a task that a recipe or a model does."""
    if task.how.kind == "recipe":
        return Job(task.title, task=task.id, recipe=task.how.recipe, args=dict(task.how.args))
    wanted = [f"- {each.text}" for each in task.acceptance]
    parts = [task.title, task.body, "It is done when:\n" + "\n".join(wanted) if wanted else ""]
    folders = [path for path in task.files if path.endswith("/")]
    parts.append("New files may go into " + ", ".join(folders) if folders else "")
    text = "\n\n".join([*filter(None, parts), f"The project: {plan.title}"])
    files = tuple(path for path in task.files if path not in folders)  # a folder cannot be read as a file
    return Job(task.title, task=task.id, instruction=Instruction(text, files))


def _told(task: Task, outcome: Outcome, note: str = "", proposal: str | None = None) -> TaskRun:
    return TaskRun(
        task=task.id, title=task.title, how=task.how.sentence(), outcome=outcome, note=note, proposal=proposal
    )


def _ready(planned: Planned, keep: bool) -> list[Task]:
    """The ready tasks that need no person, recipes' work first."""
    ready = ready_tasks(planned.plan, planned.states)
    return [task for task in ready if task.how.kind in ("recipe", "model") and (keep or not task.retitled)]


def _for_a_person(planned: Planned, chosen: list[Task]) -> list[str]:
    return [
        f"{task.id} {task.title}{' (its title was changed)' if task.retitled else ''}"
        for task in planned.plan.tasks
        if planned.states[task.id].status == "ready"
        and task not in chosen
        and (task.how.kind == "person" or task.retitled)
    ]


def _notes(planned: Planned, chosen: list[Task]) -> list[str]:
    """Where nothing can be run, what could be tried once more."""
    lost = [task.id for task in planned.plan.tasks if planned.states[task.id].status == "failed"]
    if chosen or not lost:
        return []
    return [f"Failed: {', '.join(lost)}. `noo board` says why; `noo run {lost[0]}` tries again."]


def _first(planned: Planned, ready: list[Task], session: Session, count: int) -> list[Task]:
    """The first COUNT tasks: those that were proposed before, in that order, then ready ones.

    So the same cell run again shows the same tasks instead of going on to others.
    """
    store = ProposalStore(session.database(), session.workspace)
    known = {task.id: task for task in planned.plan.tasks}
    before = dict.fromkeys(proposal.task for proposal in store.overview().proposals if proposal.task in known)
    proposed = [known[name] for name in before if name]
    return [*proposed, *(task for task in ready if task not in proposed)][:count]


def _latest(task: Task, session: Session) -> Proposal | None:
    store = ProposalStore(session.database(), session.workspace)
    proposals = store.list(task=task.id)
    live = [proposal for proposal in proposals if proposal.status in ("open", "accepted", "partial")]
    found = live or proposals
    return found[-1] if found else None
