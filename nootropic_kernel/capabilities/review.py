"""``review``: what waits for a person's decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field, PrivateAttr

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.proposal_drawing import with_code
from nootropic_kernel.capabilities.proposal_list import MOST_COMPARED, ProposalSummary, Table, compared
from nootropic_kernel.capabilities.proposal_views import MIME, ProposalResult
from nootropic_kernel.changes.changeset import Hunk, HunkState
from nootropic_kernel.changes.dry_run import refusals
from nootropic_kernel.changes.proposal import Proposal
from nootropic_kernel.changes.references import Chosen, choose
from nootropic_kernel.changes.store import NoSuchProposal, ProposalStore
from nootropic_kernel.workspace.errors import UsageError

_WIDGET = "application/vnd.jupyter.widget-view+json"


class ReviewParams(Params):
    """What to review."""

    id: str | None = Field(
        None,
        description="A proposal (P1), hunk (P1:2) or file (P1/path), or a task (T1) to compare its alternatives; "
        "without it, all that is open is listed.",
        json_schema_extra={"position": 0, "complete": "proposal task"},
    )
    all: bool = Field(False, description="List decided proposals too.")
    interactive: bool = Field(
        False, description="Decide hunk by hunk, answering in the terminal.", json_schema_extra={"short": "i"}
    )
    pending: bool = Field(False, description="Only hunks that wait for a decision.")
    file: str | None = Field(
        None,
        description="Only hunks of this file, or of files like `src/*`.",
        json_schema_extra={"complete": "changed"},
    )
    next: bool = Field(False, description="The next hunk to decide, after the one that is named.")
    previous: bool = Field(False, description="The one to decide before the one that is named.")
    page: int = Field(1, ge=1, description="Which page of a long proposal.")
    widgets: bool = Field(False, description="Show buttons made of ipywidgets, for notebooks outside JupyterLab.")


class ReviewResult(Result):
    """The open proposals, and the one to decide on where there is only one, or one was named."""

    proposals: list[ProposalSummary]
    shown: ProposalResult | None = None
    comparison: Table | None = None
    notes: list[str] = Field(default_factory=list)
    _widget: Any = PrivateAttr(default=None)

    def text(self) -> str:
        """The list; the diff of the one to decide on."""
        return self._joined("text", self.shown.text() if self.shown else "")

    def pager_text(self) -> str | None:
        """With the whole diff, where there is one."""
        return self._joined("text", self.shown.pager_text()) if self.shown else None

    def markdown(self) -> str:
        """The same as Markdown."""
        return self._joined("markdown", self.shown.markdown() if self.shown else "")

    def html(self) -> str:
        """The same as HTML."""
        notes = [f"<p>{with_code(note)}</p>" for note in self._notes()]
        return "".join([*notes, *(table.html() for table in self._tables()), self.shown.html() if self.shown else ""])

    def bundle(self) -> dict[str, Any]:
        """With the proposal's own document for our renderers, or the widget that was asked for.

        The diff is there beside the widget: a page where nothing runs shows that.
        """
        forms = super().bundle()
        if self._widget is not None:
            forms[_WIDGET] = self._widget._repr_mimebundle_()[_WIDGET]
        elif self.shown is not None:
            forms[MIME] = self.shown.data()
        return forms

    def _notes(self) -> list[str]:
        nothing = not self.proposals and self.shown is None and not self.notes
        return ["Nothing waits for a decision."] if nothing else self.notes

    def _tables(self) -> list[Table]:
        listed = [Table.of(self.proposals)] if len(self.proposals) > 1 else []
        return [*listed, *([self.comparison] if self.comparison is not None else [])]

    def _joined(self, form: str, shown: str) -> str:
        tables = [getattr(table, form)() for table in self._tables()]
        return "\n\n".join(part for part in [*self._notes(), *tables, shown] if part)


@capability(effect=CapabilityEffect.READ)
def review(params: ReviewParams, session: Session) -> ReviewResult:
    """Review what was proposed: the list of open proposals, or one of them as a diff.

    Decide with `accept` and `reject`, by proposal (P1), file (P1/path) or hunk (P1:2); in JupyterLab with the buttons
    beside each hunk. In a terminal `review P1 --interactive` asks hunk by hunk, and commits once at the end. In other
    notebooks `review P1 --widgets` shows buttons too, where ipywidgets is installed. A hunk that could not be accepted
    as the files are now says why. `review T1` sets the alternatives for a task side by side.
    """
    store = ProposalStore(session.database(), session.workspace)
    name = (params.id or "").strip()
    if re.fullmatch(r"[Aa]\d+", name):
        raise UsageError(
            f"{name} is a turn: what it did is decided.", next=f"`show {name}` shows it, `undo {name}` takes it back."
        )
    if re.fullmatch(r"[Tt]\d+", name):
        return _alternatives(store, name.upper(), params, session)
    if name:
        (chosen,) = choose(store, [name])
        return _one(store, chosen, params, session)
    every = store.overview()
    notes = [f"{error.what} {error.why}" for error in every.damaged]
    listed = [head for head in every.proposals if params.all or head.status == "open"]
    waiting = [head for head in listed if head.status == "open"]
    if len(listed) == 1 or (waiting and (params.next or params.interactive)):
        result = _one(store, _all_of(store.get((waiting or listed)[0].id)), params, session)
        if params.interactive and len(waiting) > 1:
            result.notes.append(f"Also open: {', '.join(head.id for head in waiting[1:])}.")
    elif listed and (params.pending or params.file or params.page > 1 or params.previous or params.widgets):
        raise UsageError(
            "Several proposals are there.", next=f"Name the one that you mean, for example `review {listed[-1].id}`."
        )
    else:
        result = ReviewResult(proposals=[ProposalSummary.of(head) for head in listed])
    result.notes = [*notes, *result.notes]
    return result


def _all_of(proposal: Proposal) -> Chosen:
    return Chosen(proposal, proposal.changeset.hunks, frozenset())


def _alternatives(store: ProposalStore, task: str, params: ReviewParams, session: Session) -> ReviewResult:
    heads = store.overview(task).proposals
    if not heads:
        raise NoSuchProposal(
            f"Nothing was proposed for {task}.",
            next=f"`run {task}` makes a proposal; `board` lists the tasks, `review` what was proposed.",
        )
    if len(heads) == 1:
        return _one(store, _all_of(store.get(heads[0].id)), params, session)
    names = " or ".join(f"`review {head.id}`" for head in heads[-2:])
    return ReviewResult(
        proposals=[ProposalSummary.of(head) for head in heads],
        comparison=compared([store.get(head.id) for head in heads[-MOST_COMPARED:]]),
        notes=[f"{len(heads)} proposals for {task}. {names} shows one as a diff."],
    )


def _one(store: ProposalStore, chosen: Chosen, params: ReviewParams, session: Session) -> ReviewResult:
    proposal = chosen.proposal
    hunks = _selected(chosen, params)
    store.note_shown(proposal.id, session.face)
    if params.interactive:
        from nootropic_kernel.capabilities.interactive_review import review_interactively

        return ReviewResult(
            notes=review_interactively(proposal, [hunk.number for hunk in hunks], session),
            proposals=[ProposalSummary.of(head) for head in store.overview().proposals if head.id == proposal.id],
        )
    notes = []
    if params.next or params.previous:
        hunks = [_neighbour(chosen, hunks, backwards=params.previous)]
        notes.append(_position(proposal, hunks[0]))
    if others := store.alternatives(proposal.id):
        notes.append(f"For {proposal.task} there is also {', '.join(others)}: `review {proposal.task}` compares them.")
    shown = ProposalResult.of(
        proposal,
        session.workspace,
        only=None if len(hunks) == len(proposal.changeset.hunks) else {hunk.number for hunk in hunks},
        notes=notes,
        page=params.page,
        refused=refusals(session.workspace, proposal, unsaved=session.unsaved),
    )
    heads = [head for head in store.overview(proposal.task).proposals if head.id == proposal.id]
    result = ReviewResult(proposals=[ProposalSummary.of(head) for head in heads], shown=shown)
    if params.widgets:
        _add_widget(result, shown, session)
    return result


def _selected(chosen: Chosen, params: ReviewParams) -> list[Hunk]:
    """The hunks that pass the filters that were given."""
    hunks = list(chosen.hunks)
    name = chosen.proposal.id
    if params.file is not None:
        hunks = [hunk for hunk in hunks if hunk.path == params.file or fnmatchcase(hunk.path, params.file)]
        if not hunks:
            paths = [edit.path for edit in chosen.proposal.changeset.files]
            more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
            raise NoSuchProposal(
                f"{name} does not touch {params.file}.", next=f"It touches {', '.join(paths[:5])}{more}."
            )
    if params.pending:
        hunks = [hunk for hunk in hunks if hunk.state is HunkState.PENDING]
        if not hunks:
            raise _nothing_to_decide(name)
    return hunks


def _neighbour(chosen: Chosen, hunks: Sequence[Hunk], *, backwards: bool) -> Hunk:
    """The hunk to decide before or after the one that was named; the first or last where a whole was named."""
    every = chosen.proposal.changeset.hunks if chosen.by_number else hunks
    waiting = [hunk for hunk in every if hunk.state is HunkState.PENDING]
    if chosen.by_number:
        named = min(chosen.by_number)
        waiting = [hunk for hunk in waiting if (hunk.number < named if backwards else hunk.number > named)]
    if not waiting:
        where = f" {'before' if backwards else 'after'} {chosen.proposal.ref(named)}" if chosen.by_number else ""
        raise _nothing_to_decide(chosen.proposal.id, where)
    return waiting[-1 if backwards else 0]


def _nothing_to_decide(name: str, where: str = "") -> NoSuchProposal:
    return NoSuchProposal(
        f"Nothing waits for a decision in {name}{where}.", next=f"`review {name}` shows all of it, with its states."
    )


def _position(proposal: Proposal, hunk: Hunk) -> str:
    hunks = proposal.changeset.hunks
    waiting = sum(each.state is HunkState.PENDING for each in hunks)
    ref = proposal.ref(hunk.number)
    return (
        f"Hunk {hunk.number} of {len(hunks)}, {waiting} to decide. "
        f"`review {ref} --next` goes on, `review {ref} --previous` back."
    )


def _add_widget(result: ReviewResult, shown: ProposalResult, session: Session) -> None:
    if session.face != "magic":
        result.notes.append("Buttons need a notebook; here is the diff.")
        return
    from nootropic_kernel.capabilities.review_widget import review_widget

    try:
        result._widget = review_widget(shown, session.workspace)
    except ImportError:
        result.notes.append("ipywidgets is not installed; here is the diff.")
