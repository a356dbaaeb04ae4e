"""Whether a file is still what a proposal was made against."""

from __future__ import annotations

from pathlib import Path

from nootropic_kernel.changes.file_edit import FileEdit
from nootropic_kernel.changes.files import read_file
from nootropic_kernel.changes.proposal import Proposal
from nootropic_kernel.changes.shifts import standing
from nootropic_kernel.workspace.errors import NootropicError


def moved_on(root: Path, proposal: Proposal, edit: FileEdit) -> str:
    """A sentence on how the file differs from what the agent read and what was accepted of it; empty where it does not.

    A difference is no refusal: what can be merged is merged.
    """
    own = {hunk.number for hunk in proposal.changeset.hunks_of(edit.path)}
    taken = {number: text for number, text in standing(proposal).items() if number in own}
    try:
        wanted = proposal.changeset.outcome(edit, taken)
        there = read_file(root, wanted.path)
    except NootropicError as error:
        return error.what
    if there is None:
        return "" if wanted.content is None else f"{wanted.path} is not there any more."
    if wanted.content is None:
        return f"{wanted.path} is there already."
    return "" if there.content == wanted.content else f"{wanted.path} was changed after this was proposed."
