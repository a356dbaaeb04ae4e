"""A proposal as it is kept: a ChangeSet with the states of its hunks, what checks said, and the person's own texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nootropic_kernel.changes.changeset import ChangeSet, HunkState
from nootropic_kernel.workspace.errors import NootropicError

Status = Literal["open", "accepted", "partial", "rejected", "undone"]


class ProposalDamaged(NootropicError):
    """A stored proposal that cannot be read back as it was made; the others still work."""


@dataclass(frozen=True)
class CheckResult:
    """What one check said; ``passed`` None = it could not be run; ``vouched_by`` says who saw it pass."""

    name: str
    passed: bool | None
    detail: str = ""
    vouched_by: str = ""


@dataclass(frozen=True)
class Proposal:
    """A stored ChangeSet with the states of its hunks; ``edited`` holds a person's own text beside the proposed one.

    ``undoable`` is the latest turn on it that stands, ``redoable`` the latest undo of one.
    """

    id: str
    changeset: ChangeSet
    created: float
    checks: tuple[CheckResult, ...] = ()
    status: Status = "open"
    turns: tuple[str, ...] = ()
    edited: Mapping[int, str] = field(default_factory=dict)
    undoable: str | None = None
    redoable: str | None = None

    @property
    def task(self) -> str | None:
        """The task that it is for."""
        return self.changeset.provenance.task

    @property
    def number(self) -> int:
        """The number in its id."""
        return int(self.id[1:])

    def ref(self, number: int) -> str:
        """The name of one hunk."""
        return f"{self.id}:{number}"


def status_of(states: Sequence[HunkState]) -> Status:
    """What the states of all hunks make of the proposal."""
    if HunkState.PENDING in states:
        return "open"
    standing = sum(state.in_tree for state in states)
    if standing:
        return "accepted" if standing == len(states) else "partial"
    return "undone" if HunkState.UNDONE in states else "rejected"


def number_in(name: str, letter: str) -> int:
    """The number in an id such as P12; 0, which nothing has, when it is none."""
    digits = name[1:]
    if name[:1].upper() != letter or not (digits.isascii() and digits.isdigit()):
        return 0
    return int(digits) if len(digits) < 19 else 0  # SQLite holds no longer ones


def damage(name: str, why: str) -> ProposalDamaged:
    """The error for a proposal that cannot be read back."""
    return ProposalDamaged(
        f"The proposal {name} is damaged.",
        why=why,
        next="Ask for the change again; other proposals are not affected.",
        proposal=name,
    )
