"""``review``: what waits for a person's decision."""

from __future__ import annotations

import html
from typing import Any

from pydantic import Field, PrivateAttr

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.proposal_views import (
    MIME,
    ProposalResult,
    ProposalSummary,
    table_html,
    table_markdown,
    table_text,
)
from nootropic_kernel.changes.accept import choose
from nootropic_kernel.changes.store import ProposalStore


class ReviewParams(Params):
    """What to review."""

    id: str | None = Field(
        None,
        description="A proposal, hunk or file; without it, all that is open is listed.",
        json_schema_extra={"position": 0, "complete": "proposal"},
    )
    all: bool = Field(False, description="List decided proposals too.")
    widgets: bool = Field(False, description="Show buttons made of ipywidgets, for notebooks outside JupyterLab.")


class ReviewResult(Result):
    """The open proposals, and the one to decide on where there is only one, or one was named."""

    proposals: list[ProposalSummary]
    shown: ProposalResult | None = None
    notes: list[str] = Field(default_factory=list)
    _widget: Any = PrivateAttr(default=None)

    def text(self) -> str:
        """The list; the diff of the one to decide on."""
        return self._joined(table_text(self.proposals), self.shown.text() if self.shown else "")

    def markdown(self) -> str:
        """The same as Markdown."""
        return self._joined(table_markdown(self.proposals), self.shown.markdown() if self.shown else "")

    def html(self) -> str:
        """The same as HTML."""
        parts = [f"<p>{html.escape(note)}</p>" for note in self._notes()]
        if len(self.proposals) > 1:
            parts.append(table_html(self.proposals))
        return "".join([*parts, self.shown.html() if self.shown else ""])

    def bundle(self) -> dict[str, Any]:
        """With the proposal's own document for our renderers, or the widget that was asked for."""
        forms = super().bundle()
        if self._widget is not None:
            forms |= self._widget._repr_mimebundle_()
        elif self.shown is not None:
            forms[MIME] = self.shown.data()
        return forms

    def _notes(self) -> list[str]:
        nothing = ["Nothing waits for a decision."] if not self.proposals and self.shown is None else []
        return [*nothing, *self.notes]

    def _joined(self, table: str, shown: str) -> str:
        parts = [*self._notes(), table if len(self.proposals) > 1 else "", shown]
        return "\n\n".join(part for part in parts if part)


@capability(effect=CapabilityEffect.READ)
def review(params: ReviewParams, session: Session) -> ReviewResult:
    """Review what was proposed: the list of open proposals, or one of them as a diff.

    Decide with `accept` and `reject`, by proposal (P1), file (P1/path) or hunk (P1:2); in JupyterLab with the buttons
    beside each hunk. In other notebooks `review P1 --widgets` shows buttons too, where ipywidgets is installed.
    """
    store = ProposalStore(session.database(), session.workspace)
    every = store.list()
    listed = [each for each in every if params.all or each.status == "open"]
    notes = [f"{error.what} {error.why}" for error in store.damaged()]
    shown = None
    if params.id is not None:
        (chosen,) = choose(store, [params.id])
        whole = len(chosen.hunks) == len(chosen.proposal.changeset.hunks)
        only = None if whole else {hunk.number for hunk in chosen.hunks}
        shown = ProposalResult.of(chosen.proposal, session.workspace, only=only)
        listed = [chosen.proposal]
    elif len(listed) == 1:
        shown = ProposalResult.of(listed[0], session.workspace)
    result = ReviewResult(proposals=[ProposalSummary.of(each) for each in listed], shown=shown, notes=notes)
    if params.widgets and shown is not None:
        _add_widget(result, shown, session)
    return result


def _add_widget(result: ReviewResult, shown: ProposalResult, session: Session) -> None:
    if session.face != "magic":
        result.notes.append("Buttons need a notebook; here is the diff.")
        return
    from nootropic_kernel.capabilities.review_widget import review_widget

    try:
        result._widget = review_widget(shown, session.workspace)
    except ImportError:
        result.notes.append("ipywidgets is not installed; here is the diff.")
