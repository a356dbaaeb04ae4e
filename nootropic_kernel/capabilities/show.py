"""``show``: one proposal, hunk, turn or task, followed back to where it comes from."""

from __future__ import annotations

import html
import re
from typing import Any

from pydantic import BaseModel, Field

from nootropic_kernel.agents.executor import FAILED
from nootropic_kernel.agents.planner import current_plan
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.proposal_list import ProposalSummary, Table
from nootropic_kernel.capabilities.proposal_views import MIME, ProposalResult
from nootropic_kernel.capabilities.trace_views import SpanView, ordered
from nootropic_kernel.capabilities.turn_views import TurnResult
from nootropic_kernel.changes.dry_run import refusals
from nootropic_kernel.changes.references import choose
from nootropic_kernel.changes.store import Proposal, ProposalStore
from nootropic_kernel.changes.turns import load_turn
from nootropic_kernel.telemetry.spans import read_trace
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import get_blob
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.git import Git, GitFailed
from nootropic_kernel.workspace.plain_text import visible

_MOST_ANSWER = 4000


class ShowParams(Params):
    """What to show."""

    id: str = Field(
        max_length=5000,
        description="A proposal (P1), a hunk (P1:2), a file of one (P1/path), a turn (A1), a task (T3), "
        "or a try that came to nothing (R57).",
        json_schema_extra={"position": 0, "complete": "proposal turn task"},
    )
    page: int = Field(1, ge=1, description="Which page of a long proposal.")


class Trail(BaseModel):
    """Where a proposal comes from: task, prompt, context, model, what it answered, and every step on the way."""

    task: str | None
    task_title: str | None
    how: str
    model: str | None
    prompt: str | None
    prompt_version: str | None
    context: list[str]
    answer: str | None
    trace_id: str | None
    spans: list[SpanView]

    def lines(self) -> list[str]:
        """One fact a line."""
        told = [
            f"task     {self.task} {self.task_title or ''}".rstrip() if self.task else "task     none",
            f"how      {self.how}",
        ]
        if self.prompt:
            told.append(f"prompt   {self.prompt} (version {self.prompt_version or '?'})")
        if self.context:
            told.append("context  " + ", ".join(self.context))
        told.append(f"model    {self.model or 'none: no model was asked'}")
        if self.answer:
            told += ["answer", *("    " + visible(line) for line in self.answer[:_MOST_ANSWER].splitlines())]
        if self.spans:
            told += [f"trace    {self.trace_id}", *("    " + span.line() for span in self.spans)]
        elif self.trace_id:
            told.append(f"trace    {self.trace_id} (its spans have expired)")
        return told

    def data(self) -> dict[str, Any]:
        """The same for renderers: each step in a line, a long answer cut."""
        answer = self.answer and visible(self.answer[:_MOST_ANSWER])
        steps = [span.line() for span in self.spans]
        return {**self.model_dump(mode="json", exclude={"spans"}), "answer": answer, "steps": steps}


class FailedTry(BaseModel):
    """A try of which nothing came, and what the model said last in it."""

    title: str
    error: str
    why: str
    answer: str

    def text(self) -> str:
        """What went wrong, then the answer as it was."""
        answer = ["    " + visible(line) for line in self.answer[:_MOST_ANSWER].splitlines()]
        return "\n".join([self.title, f"{self.error} {self.why}".strip(), "What the model said last:", *answer])


class ShowResult(Result):
    """What was asked for; exactly one of ``proposal``, ``turn``, ``task`` and ``failed_try`` is set."""

    id: str
    failed_try: FailedTry | None = None
    proposal: ProposalResult | None = None
    trail: Trail | None = None
    turn: TurnResult | None = None
    turn_diff: str | None = None
    task: str | None = None
    task_status: str | None = None
    proposals: list[ProposalSummary] = Field(default_factory=list)
    last_failed: str | None = Field(default=None, description="The last try of the task that came to nothing.")

    def text(self) -> str:
        """The trail, then the diff."""
        if self.proposal is not None and self.trail is not None:
            return "\n\n".join(["\n".join(self.trail.lines()), self.proposal.text()])
        if self.failed_try is not None:
            return self.failed_try.text()
        if self.turn is not None:
            return "\n\n".join(part for part in (self.turn.text(), self.turn_diff or "") if part)
        return "\n".join([f"{self.task}  [{self.task_status}]", self._proposals_text()])

    def pager_text(self) -> str | None:
        """With the whole diff."""
        if self.proposal is not None and self.trail is not None:
            return "\n\n".join(["\n".join(self.trail.lines()), self.proposal.pager_text()])
        return self.text() if self.turn is not None else None

    def markdown(self) -> str:
        """The diff, then the trail."""
        if self.proposal is not None and self.trail is not None:
            trail = "\n".join("    " + line for line in self.trail.lines())
            return f"{self.proposal.markdown()}\n\n**Where it comes from**\n\n{trail}"
        return super().markdown()

    def html(self) -> str:
        """The diff, then the trail in a box that opens."""
        if self.proposal is not None and self.trail is not None:
            trail = html.escape("\n".join(self.trail.lines()))
            box = f"<details><summary>Where it comes from</summary><pre>{trail}</pre></details>"
            return self.proposal.html() + box
        if self.task is not None and self.proposals:
            about = f"<p>{html.escape(self.task)} · {html.escape(self.task_status or '')}</p>"
            failed = f"<p>{html.escape(self._failed_text())}</p>" if self.last_failed else ""
            return about + Table.of(self.proposals).html() + failed
        return f"<pre>{html.escape(self.text())}</pre>"

    def bundle(self) -> dict[str, Any]:
        """With the proposal's own document, which renderers of ours take."""
        forms = super().bundle()
        if self.proposal is not None:
            trail = {"provenance": self.trail.data()} if self.trail is not None else {}
            forms[MIME] = {**self.proposal.data(), **trail}
        return forms

    def _proposals_text(self) -> str:
        found = (
            Table.of(self.proposals).text() if self.proposals else "Nothing was proposed for it yet: `noo run` does."
        )
        return f"{found}\n{self._failed_text()}" if self.last_failed else found

    def _failed_text(self) -> str:
        return f"The last try that came to nothing is {self.last_failed}: `noo show {self.last_failed}` shows it."


@capability(effect=CapabilityEffect.READ)
def show(params: ShowParams, session: Session) -> ShowResult:
    """Show a proposal, hunk, turn or task, and where it comes from.

    A proposal is shown as a diff, with its task, prompt, context and model, the model's answer and every step on the
    way. A turn (A1) is shown with its commit, a task (T3) with what was proposed for it and its last failed try.
    """
    name = params.id.strip()
    if re.fullmatch(r"[Pp]\d+([:/].+)?", name):
        return _show_proposal(name, params.page, session)
    if re.fullmatch(r"[Aa]\d+", name):
        return _show_turn(name.upper(), session)
    if (failed := _failed_try(name, session)) is not None:
        return ShowResult(id=name.upper(), failed_try=failed)
    task = _show_task(name, session) or _show_task(name.upper(), session)
    if task is None:
        raise UsageError(
            f"There is nothing called {name!r}.",
            why="Ids look like P1, P1:2, A1, T3 or R57.",
            next="`noo review` lists proposals, `noo board` tasks.",
        )
    return task


def trail_of(proposal: Proposal, session: Session) -> Trail:
    """Follow a proposal back through what is kept of it."""
    provenance = proposal.changeset.provenance
    answer = None
    if provenance.answer_blob:
        kept = get_blob(session.database().read(), provenance.answer_blob)
        answer = "(erased)" if kept is None else kept.decode("utf-8", "replace")
    title = None
    if provenance.task:
        try:
            tasks = {task.id: task.title for task in current_plan(session.workspace, session.database()).plan.tasks}
            title = tasks.get(provenance.task)
        except NootropicError:
            title = None  # the plan is gone or unreadable; the proposal is not
    spans = ordered(read_trace(session.workspace, provenance.trace_id)) if provenance.trace_id else []
    return Trail(
        task=provenance.task, task_title=title, how=provenance.how, model=provenance.model, prompt=provenance.prompt,
        prompt_version=provenance.prompt_version, context=list(provenance.context), answer=answer,
        trace_id=provenance.trace_id, spans=spans,
    )  # fmt: skip


def _show_proposal(name: str, page: int, session: Session) -> ShowResult:
    store = ProposalStore(session.database(), session.workspace)
    (chosen,) = choose(store, [name])
    store.note_shown(chosen.proposal.id, session.face)
    whole = len(chosen.hunks) == len(chosen.proposal.changeset.hunks)
    only = None if whole else {hunk.number for hunk in chosen.hunks}
    refused = refusals(session.workspace, chosen.proposal, unsaved=session.unsaved)
    shown = ProposalResult.of(chosen.proposal, session.workspace, only=only, page=page, refused=refused)
    view = shown.proposal
    view.undoes = _hunks_of(view.undoable, session)
    view.redoes = _hunks_of(view.redoable, session)
    return ShowResult(id=name, proposal=shown, trail=trail_of(chosen.proposal, session))


def _hunks_of(turn: str | None, session: Session) -> list[str]:
    return [] if turn is None else list(load_turn(session.database(), turn).hunks)


def _show_turn(name: str, session: Session) -> ShowResult:
    ProposalStore(session.database(), session.workspace)
    turn = load_turn(session.database(), name)
    diff = None
    if turn.commit is not None:
        try:
            diff = Git(session.workspace.root).text(
                "show", "--no-color", "--stat", "--patch", "--format=%h %an, %ar: %s", turn.commit
            )
        except GitFailed:
            diff = f"The commit {turn.commit[:10]} is not in this repository any more."
    return ShowResult(id=name, turn=TurnResult.of(turn), turn_diff=visible(diff) if diff else None)


def _failed_try(name: str, session: Session) -> FailedTry | None:
    if not re.fullmatch(r"[Rr]\d{1,18}", name):
        return None
    connection = session.database().read()
    found = journal.events(connection, after=int(name[1:]) - 1, kind=FAILED, limit=1)
    if not found or found[0].id != int(name[1:]):
        return None
    told = found[0].data
    kept = get_blob(connection, told["answer"])
    answer = "(erased)" if kept is None else kept.decode("utf-8", "replace")
    return FailedTry(title=told["title"], error=told["error"], why=told["why"], answer=answer)


def _show_task(name: str, session: Session) -> ShowResult | None:
    store = ProposalStore(session.database(), session.workspace)
    summaries = [ProposalSummary.of(head) for head in store.overview(name).proposals]
    title, status = None, None
    try:
        planned = current_plan(session.workspace, session.database())
        task = next((task for task in planned.plan.tasks if task.id == name), None)
        if task is not None:
            title = f"{task.id} {task.title}"
            state = planned.states[task.id]
            status = state.status + (f": {state.note}" if state.note else "")
    except NootropicError:
        pass  # no plan, or none that can be read: the proposals are shown all the same
    if title is None and not summaries:
        return None
    tries = journal.events(session.database().read(), kind=FAILED)
    failed = next((f"R{each.id}" for each in reversed(tries) if each.data.get("task") == name), None)
    return ShowResult(
        id=name,
        task=title or name,
        task_status=status or "not in the plan",
        proposals=summaries,
        last_failed=failed,
    )
