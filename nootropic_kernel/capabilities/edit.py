"""``edit``: a text of your own in place of a proposed one, kept until you accept it."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.changes import accept as decisions
from nootropic_kernel.changes.references import choose
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.errors import UsageError


class EditParams(Params):
    """Which hunk, and its new text."""

    ref: str = Field(
        description="A hunk (P1:2), or a proposal or file that has just one.",
        json_schema_extra={"position": 0, "complete": "proposal"},
    )
    text: str | None = Field(
        None,
        description="Your own text for the hunk: its lines, the source of its cell, or the whole new file.",
        json_schema_extra={"body": True},
    )
    reset: bool = Field(False, description="Drop your text; the proposed one stands again.")


class EditResult(Result):
    """The hunk and the text of yours that it holds now (None: as proposed)."""

    ref: str
    path: str
    edited: str | None
    already: bool

    def text(self) -> str:
        """What holds now, and how to go on."""
        changed = "Nothing was changed: " if self.already else ""
        if self.edited is None:
            return f"{changed}{self.ref} in {self.path} is as it was proposed."
        lines = len(self.edited.splitlines())
        return (
            f"{changed}{self.ref} in {self.path} holds your text ({lines} line{'' if lines == 1 else 's'}).\n"
            f"`accept {self.ref}` takes it, `edit {self.ref} --reset` drops it."
        )


@capability(effect=CapabilityEffect.DECIDE)
def edit(params: EditParams, session: Session) -> EditResult:
    """Write your own text in place of a proposed hunk; `accept` then takes yours.

    The text stands in the cell below `%%noo edit P1:2`, after `--text`, or on standard input (`-`). On a terminal,
    `noo edit P1:2` opens it in your editor ($VISUAL or $EDITOR). No file is touched; the proposed text is kept beside
    yours, and both are what the model learns from.
    """
    if params.reset and params.text is not None:
        raise UsageError("A text and `--reset` do not go together.", next="Leave one of them out.")
    text = params.text
    if text is None and not params.reset:
        text = _asked(params.ref, session)
    draft = decisions.edit(session.workspace, session.database(), params.ref, text)
    return EditResult(ref=draft.ref, path=draft.path, edited=draft.text, already=draft.already)


def _asked(ref: str, session: Session) -> str:
    """The text that the person writes in their editor, beginning with what the hunk holds now."""
    if session.edit_text is None:
        raise UsageError(
            "There is no text.",
            why="No editor can be opened from here.",
            next=f"Write it below `%%noo edit {ref}`, after `--text`, or pipe it in with `-`.",
        )
    chosen = choose(ProposalStore(session.database(), session.workspace), [ref])[0]
    if len(chosen.hunks) != 1:
        raise UsageError(f"{ref} names {len(chosen.hunks)} hunks.", next="Name one, for example P1:2.")
    hunk = chosen.hunks[0]
    return session.edit_text(chosen.proposal.edited.get(hunk.number, hunk.new), hunk.path)
