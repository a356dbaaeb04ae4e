"""``diff``: both sides of a proposal, file by file: what there is first, the lines of one file then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.notebook_cells import CellRun, cell_runs, cells_of
from nootropic_kernel.capabilities.proposal_document import FileView, HunkView, ProposalView
from nootropic_kernel.capabilities.proposal_list import ProposalSummary, Table
from nootropic_kernel.capabilities.proposal_views import ProposalResult, file_about
from nootropic_kernel.changes.changeset import Hunk, HunkState
from nootropic_kernel.changes.diff_view import diff_counts
from nootropic_kernel.changes.drift import moved_on
from nootropic_kernel.changes.dry_run import refusals
from nootropic_kernel.changes.file_edit import FileEdit, editable_hunks
from nootropic_kernel.changes.proposal import Proposal
from nootropic_kernel.changes.references import Chosen, choose
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import load_turn
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.plain_text import visible

PAGE = 200
MOST_EDITED = 1_000_000
_MOST_TEXT = 450_000
# Above so many bytes, before and after together, whether hunks fit the files is found out by accepting them only.
LARGE = 8_000_000
# Bytes of a proposal that is looked at as a whole beforehand; of a larger one, accepting itself tells.
_MOST_PLANNED = 4_000_000


class DiffParams(Params):
    """Which proposal, and how much of it."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})

    ref: str | None = Field(
        None,
        description="A proposal (P1): its files; a file (P1/path): its hunks; a hunk (P1:2): its lines; without it, "
        "all proposals are listed.",
        json_schema_extra={"position": 0, "complete": "proposal"},
    )
    page: int = Field(1, ge=1, description=f"Which {PAGE} hunks of a file that has more.")


class DiffFile(FileView):
    """A file in the list: the numbers of its first hunk and of the first that waits."""

    first: int
    first_pending: int | None
    kind: str


class DiffHunk(HunkView):
    """A hunk with what its view must know beforehand; where ``left_out``, ask for the hunk by itself."""

    editable: bool
    left_out: bool = False
    cell_kind: str = ""
    outputs: int = 0


class DiffResult(Result):
    """The proposals; or the list of files of one, and the hunks (a page of them) of the file that was named.

    ``drift`` tells that the named file is another one by now than the agent read; ``refused`` why files of the
    proposal, by path, could not be accepted now. ``large``: the proposal is so large that no hunk was tried; what does
    not fit is refused when it is accepted.
    """

    proposals: list[ProposalSummary] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    proposal: ProposalView | None = None
    files: list[DiffFile] = Field(default_factory=list)
    hunks: list[DiffHunk] = Field(default_factory=list)
    path: str | None = None
    page: int = 1
    pages: int = 1
    drift: str = ""
    large: bool = False
    refused: dict[str, str] = Field(default_factory=dict)
    language: str = ""
    cells: list[CellRun] = Field(default_factory=list)

    def text(self) -> str:
        """The files, one a line; the lines of the hunks that were asked for."""
        if self.proposal is None:
            table = Table.of(self.proposals).text() if self.proposals else "Nothing was proposed yet."
            return "\n".join([*self.notes, table])
        if self.path is None:
            listed = [
                f"  {file.path}  +{file.added} −{file.removed}  {file.hunks} hunk{'' if file.hunks == 1 else 's'}"
                + (f", {file.pending} to decide" if file.pending not in (0, file.hunks) else "")
                for file in self.files
            ]
            return "\n".join([self.proposal.heading(), *listed])
        out = [f"{self.path}{f' (page {self.page} of {self.pages})' if self.pages > 1 else ''}"]
        out += [self.drift] if self.drift else []
        out += ["The proposal is large: what does not fit is told by `accept` only."] if self.large else []
        for hunk in self.hunks:
            out.append(f"{hunk.ref} {hunk.header} [{hunk.state_words()}]")
            out += [f"`diff {hunk.ref}` shows it"] if hunk.left_out else [f"{e.op}{e.text}" for e in hunk.lines]
        return "\n".join(out)

    def html(self) -> str | None:
        """None: `review` draws pages."""
        return None

    def bundle(self) -> dict[str, Any]:
        """Plain text only: our panel reads the document, and each form is a copy of all lines."""
        return {"text/plain": self.text()}


@capability(effect=CapabilityEffect.READ)
def diff(params: DiffParams, session: Session) -> DiffResult:
    """Show what a proposal changes, in parts: the list of its files, one file's hunks, or one hunk.

    `diff P1` reads no lines, so that a proposal of any size is listed at once. `diff P1/path` shows a file, and tells
    whether the file was changed since the proposal was made, and which hunks could not be accepted as it is now.
    `review P1` shows all of a proposal on one page.
    """
    store = ProposalStore(session.database(), session.workspace)
    if params.ref is None:
        every = store.overview()
        return DiffResult(
            proposals=[ProposalSummary.of(head) for head in every.proposals],
            notes=[f"{error.what} {error.why}" for error in every.damaged],
        )
    (chosen,) = choose(store, [params.ref.strip()])
    proposal = chosen.proposal
    store.note_shown(proposal.id, session.face)
    result = DiffResult(proposal=_view(proposal, session), files=_files(proposal))
    paths = {hunk.path for hunk in chosen.hunks}
    if len(chosen.hunks) == len(proposal.changeset.hunks) and not chosen.by_number and "/" not in params.ref:
        return result
    if len(paths) != 1:
        raise UsageError(f"{params.ref} names {len(paths)} files.", next="Name one of them, or a hunk.")
    result.path = paths.pop()
    _fill(result, chosen, params, session)
    return result


def _view(proposal: Proposal, session: Session) -> ProposalView:
    view = ProposalResult.of(proposal, session.workspace, only=()).proposal
    database = session.database()
    view.undoes = [] if view.undoable is None else list(load_turn(database, view.undoable).hunks)
    view.redoes = [] if view.redoable is None else list(load_turn(database, view.redoable).hunks)
    return view


def _files(proposal: Proposal) -> list[DiffFile]:
    found = []
    for edit in proposal.changeset.files:
        hunks = proposal.changeset.hunks_of(edit.path)
        states: dict[str, int] = {}
        added = removed = 0
        for hunk in hunks:
            states[hunk.state.value] = states.get(hunk.state.value, 0) + 1
            put_in, taken_out = diff_counts(hunk)
            added, removed = added + put_in, removed + taken_out
        waiting = [hunk.number for hunk in hunks if hunk.state is HunkState.PENDING]
        found.append(
            DiffFile(
                path=edit.path, about=file_about(edit, hunks), states=states, added=added, removed=removed,
                first=hunks[0].number, first_pending=waiting[0] if waiting else None, kind=hunks[-1].kind,
            )
        )  # fmt: skip
    return found


def _fill(result: DiffResult, chosen: Chosen, params: DiffParams, session: Session) -> None:
    """The hunks of the named file, with their lines as far as there is room."""
    proposal, workspace = chosen.proposal, session.workspace
    result.pages = max(1, -(-len(chosen.hunks) // PAGE))
    result.page = min(params.page, result.pages)
    hunks = chosen.hunks[(result.page - 1) * PAGE : result.page * PAGE]
    (edit,) = [each for each in proposal.changeset.files if each.path == result.path]
    result.large = _size(proposal) > LARGE
    refused = {} if result.large else refusals(workspace, proposal, unsaved=session.unsaved, path=edit.path)
    shown = ProposalResult.of(proposal, workspace, only={hunk.number for hunk in hunks}, refused=refused).hunks
    result.refused = _refused_files(proposal, refused, session)
    own = proposal.changeset.hunks_of(edit.path)
    editable = _texts(edit, own) if result.large else editable_hunks(edit, first=own[0].number)
    kinds, result.language = cells_of(edit)
    left = _MOST_TEXT
    for hunk, view in zip(hunks, shown, strict=True):
        document = view.model_dump()
        document["old"] = ""
        is_long = len(view.new) > MOST_EDITED
        left -= sum(len(line.text) + 24 for line in view.lines) + len(view.new) * (not is_long)
        left_out = left < 0 and len(hunks) > 1
        if is_long or left_out:
            document["new"] = ""
        if left_out:
            document["lines"] = []
        result.hunks.append(
            DiffHunk(
                **document, **_cell(hunk, kinds), left_out=left_out,
                editable=hunk.number in editable and not is_long,
            )
        )  # fmt: skip
    result.drift = moved_on(workspace.root, proposal, edit)
    result.cells = cell_runs(edit, hunks, whole=len(hunks) == len(own))


def _texts(edit: FileEdit, hunks: Sequence[Hunk]) -> frozenset[int]:
    """The hunks of a file that are plain lines, as they tell themselves: to cut a large file anew takes long."""
    return frozenset(
        hunk.number for hunk in hunks if hunk.kind == "text" or (edit.base is None and edit.new is not None)
    )


def _size(proposal: Proposal) -> int:
    """Bytes, before and after together."""
    return sum(len(edit.base or b"") + len(edit.new or b"") for edit in proposal.changeset.files)


def _refused_files(proposal: Proposal, known: Mapping[int, NootropicError], session: Session) -> dict[str, str]:
    """The first refusal of each file; ``known`` are those of the hunks that were looked at already."""
    every = known
    if len(proposal.changeset.files) > 1 and _size(proposal) <= _MOST_PLANNED:
        every = {**refusals(session.workspace, proposal, unsaved=session.unsaved), **known}
    found: dict[str, str] = {}
    for hunk in proposal.changeset.hunks:
        if hunk.number in every:
            found.setdefault(hunk.path, visible(every[hunk.number].what))
    return found


def _cell(hunk: Hunk, kinds: Mapping[tuple[str, int], tuple[str, int]]) -> dict[str, Any]:
    if hunk.kind != "cell":
        return {}
    place = ("new", hunk.new_start) if hunk.new_start else ("old", hunk.old_start)
    kind, outputs = kinds.get(place, ("", 0))
    return {"cell_kind": kind, "outputs": outputs}
