"""What a person names (``P1``, ``P1:2``, ``P1/path``): the hunks that it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nootropic_kernel.changes.changeset import Hunk
from nootropic_kernel.changes.store import NoSuchProposal, Proposal, ProposalStore, number_in
from nootropic_kernel.workspace.errors import UsageError


@dataclass(frozen=True)
class Chosen:
    """The hunks that references name; ``by_number`` are those named one by one."""

    proposal: Proposal
    hunks: tuple[Hunk, ...]
    by_number: frozenset[int]


def choose(store: ProposalStore, refs: Sequence[str]) -> list[Chosen]:
    """The hunks that ``P1``, ``P1:2`` and ``P1/path`` name, by proposal.

    Raises:
        NoSuchProposal: a reference names nothing.
        UsageError: there is no reference.
    """
    if not refs:
        raise UsageError("Nothing is named.", next="Name a proposal (P1), a hunk (P1:2) or a file (P1/path).")
    found: dict[str, tuple[Proposal, set[int], set[int]]] = {}
    for ref in refs:
        name, separator, rest = _split(ref)
        if name.upper() not in found:
            proposal = store.get(name.upper())
            found[proposal.id] = (proposal, set(), set())
        proposal, numbers, by_number = found[name.upper()]
        hunks = proposal.changeset.hunks
        if separator == ":":
            number = number_in(f"P{rest}", "P")
            if proposal.changeset.hunk(number) is None:
                raise NoSuchProposal(f"There is no hunk {ref}.", next=f"{name} has the hunks 1 to {len(hunks)}.")
            numbers.add(number)
            by_number.add(number)
        elif separator == "/":
            paths = {edit.path for edit in proposal.changeset.files if rest in edit.paths}
            if not paths:
                known = ", ".join(edit.path for edit in proposal.changeset.files[:20])
                raise NoSuchProposal(f"{name} does not touch {rest}.", next=f"It touches {known}.")
            numbers |= {hunk.number for hunk in hunks if hunk.path in paths}
        else:
            numbers |= {hunk.number for hunk in hunks}
    return [
        Chosen(proposal, tuple(h for h in proposal.changeset.hunks if h.number in numbers), frozenset(by_number))
        for proposal, numbers, by_number in found.values()
    ]


def _split(ref: str) -> tuple[str, str, str]:
    """``P1:2`` → P1, ``:``, 2; a path may hold a colon, so whichever sign comes first decides."""
    for place, sign in enumerate(ref):
        if sign in ":/":
            return ref[:place], sign, ref[place + 1 :]
    return ref, "", ""
