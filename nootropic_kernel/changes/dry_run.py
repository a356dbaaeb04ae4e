"""Which pending hunks could not be accepted now, and why: a plan that is made and not carried out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nootropic_kernel.changes.changeset import Hunk, HunkState
from nootropic_kernel.changes.layers import Layers, mode_of
from nootropic_kernel.changes.proposal import Proposal
from nootropic_kernel.changes.shifts import Step, shifts, standing
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

# Each plan asks Git a few questions; a proposal where more is in the way is told file by file, not hunk by hunk.
_MOST_PLANS = 20


def refusals(
    workspace: Workspace, proposal: Proposal, *, unsaved: Collection[str] = (), path: str | None = None
) -> Mapping[int, NootropicError]:
    """The refusal of each pending hunk that could not be accepted as the files are now; empty where all could.

    Files that run by themselves are no refusal: their own yes can be given. With ``path``, only the hunks of that file
    are looked at.
    """
    mode = mode_of(workspace)
    before = standing(proposal)
    plans = 0

    def refusal(hunks: Collection[Hunk]) -> NootropicError | None:
        nonlocal plans
        plans += 1
        try:
            taken = {hunk.number: proposal.edited.get(hunk.number) for hunk in hunks}
            step = Step(proposal, before, {**before, **taken})
            Layers(workspace, mode).plan(shifts(workspace.root, [step]), unsaved=unsaved, allow_executable=True)
        except NootropicError as error:
            return error
        return None

    pending = [hunk for hunk in proposal.changeset.hunks if hunk.state is HunkState.PENDING]
    pending = [hunk for hunk in pending if path is None or hunk.path == path]
    first = refusal(pending) if pending else None
    if first is None:
        return {}
    if not {"path", "paths"} & first.data.keys():  # not about a file: a merge in progress, a locked index
        return dict.fromkeys((hunk.number for hunk in pending), first)
    found: dict[int, NootropicError] = {}
    by_path: dict[str, list[Hunk]] = {}
    for hunk in pending:
        by_path.setdefault(hunk.path, []).append(hunk)
    for own in by_path.values():
        whole = refusal(own)
        if whole is None:
            continue
        exact = len(own) > 1 and plans + len(own) <= _MOST_PLANS
        alone = {hunk.number: refusal([hunk]) if exact else whole for hunk in own}
        # Where each would pass alone, it is the whole that is refused.
        told = {number: error for number, error in alone.items() if error is not None}
        found |= told or dict.fromkeys(alone, whole)
    return found
