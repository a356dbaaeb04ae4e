"""How a stored proposal leaves a verb: as a document for programs and renderers, as a diff for people."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from nootropic_kernel.capabilities import proposal_drawing
from nootropic_kernel.capabilities.proposal_document import (
    CheckView,
    FileView,
    HunkView,
    LineView,
    ProposalDocument,
    ProposalView,
)
from nootropic_kernel.changes.changeset import FileEdit, Hunk, HunkState
from nootropic_kernel.changes.diff_view import hunk_lines
from nootropic_kernel.changes.store import Proposal
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.plain_text import visible
from nootropic_kernel.workspace.rules import is_executable_at_import

MIME = "application/vnd.nootropic.proposal+json"
# The renderers' document holds the lines of hunks up to so many characters; a notebook is saved with it.
MOST_DATA = 450_000


class ProposalResult(ProposalDocument):
    """A proposal, shown as a diff."""

    mime: ClassVar[str | None] = MIME

    @classmethod
    def of(
        cls,
        proposal: Proposal,
        workspace: Workspace,
        *,
        only: Collection[int] | None = None,
        notes: Sequence[str] = (),
        page: int = 1,
        refused: Mapping[int, NootropicError] | None = None,
    ) -> ProposalResult:
        """The view of a stored proposal; ``only`` names the hunks to show."""
        edits = {edit.path: edit for edit in proposal.changeset.files}
        hunks = [
            _hunk_view(proposal, edits[hunk.path], hunk, (refused or {}).get(hunk.number))
            for hunk in proposal.changeset.hunks
            if only is None or hunk.number in only
        ]
        provenance = proposal.changeset.provenance
        view = ProposalView(
            id=proposal.id,
            title=visible(provenance.title),
            task=provenance.task,
            status=proposal.status,
            how=provenance.how,
            model=provenance.model,
            created=proposal.created,
            turns=list(proposal.turns),
            undoable=proposal.undoable,
            redoable=proposal.redoable,
            checks=[*map(CheckView.of, proposal.checks)],
        )
        by_path: dict[str, list[HunkView]] = {}
        for each in hunks:
            by_path.setdefault(each.path, []).append(each)
        files = [_file_view(edits[path], own) for path, own in by_path.items()]
        return cls(
            proposal=view, hunks=hunks, workspace=str(workspace.root), notes=list(notes), files=files,
            total=len(proposal.changeset.hunks), page=page,
        )  # fmt: skip

    def text(self) -> str:
        """One page of the diff; in colour where the terminal has it."""
        return proposal_drawing.text(self, color=terminal_has_color())

    def pager_text(self) -> str:
        """The whole diff, for a pager."""
        return proposal_drawing.text(self, color=terminal_has_color(), whole=True)

    def markdown(self) -> str:
        """Headings and fenced diffs, as GitHub shows them."""
        return proposal_drawing.markdown(self)

    def html(self) -> str:
        """The diff in colours that fit light and dark pages, collapsed by file."""
        return proposal_drawing.page_html(self)

    def data(self) -> dict[str, Any]:
        """The document for renderers: where it would grow too large, hunks come without their lines and say so."""
        document = self.document()
        left = MOST_DATA
        for hunk in document["hunks"]:
            left -= sum(len(line["text"]) + 24 for line in hunk["lines"]) + len(hunk["old"])
            if left < 0:
                hunk["lines"] = [{"op": " ", "text": f"… left out here: `review {hunk['ref']}` shows it"}]
                hunk["old"] = ""
        return document


def _standing(proposal: Proposal, hunk: Hunk) -> Hunk:
    """The hunk as it stands in the files, or would: with the person's own text where there is one."""
    edited = proposal.edited.get(hunk.number)
    if edited is None or hunk.state is HunkState.UNDONE:
        return hunk
    return replace(hunk, new=edited)


def _hunk_view(proposal: Proposal, edit: FileEdit, hunk: Hunk, refusal: NootropicError | None) -> HunkView:
    own = proposal.edited.get(hunk.number)
    is_draft = hunk.state in (HunkState.PENDING, HunkState.REJECTED)
    lines = hunk_lines(edit, _standing(proposal, hunk))
    return HunkView(
        ref=proposal.ref(hunk.number),
        number=hunk.number,
        path=hunk.path,
        kind=hunk.kind,
        header=visible(hunk.header),
        state=hunk.state.value,
        old=_wire(hunk.old),
        new=_wire(hunk.new),
        cell_id=hunk.cell_id,
        edited=own if hunk.state is HunkState.EDITED else None,
        draft=own if is_draft else None,
        refused=None if refusal is None else visible(str(refusal)),
        lines=[LineView(op=line.op, text=visible(line.text)) for line in lines],
    )


def file_about(edit: FileEdit, hunks: Sequence[HunkView] | Sequence[Hunk]) -> list[str]:
    """What becomes of a file as a whole, and whether it runs by itself."""
    headers = [visible(hunk.header) for hunk in hunks if hunk.kind == "file"]
    return [*headers, *(["runs by itself"] if edit.new is not None and is_executable_at_import(edit.path) else [])]


def _file_view(edit: FileEdit, hunks: Sequence[HunkView]) -> FileView:
    counted = Counter(line.op for hunk in hunks for line in hunk.lines)
    return FileView(
        path=edit.path,
        about=file_about(edit, hunks),
        states=dict(Counter(hunk.state for hunk in hunks)),
        added=counted["+"],
        removed=counted["-"],
    )


def _wire(text: str) -> str:
    """Text that UTF-8 can carry: lone surrogates, which JSON files may hold, are shown as a replacement."""
    return text.encode("utf-8", "replace").decode()


def terminal_has_color() -> bool:
    """Whether what is printed is seen at a terminal by somebody who wants colours (https://no-color.org)."""
    return "NO_COLOR" not in os.environ and sys.stdout is not None and sys.stdout.isatty()
