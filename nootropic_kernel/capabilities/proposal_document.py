"""A proposal as a document for programs and renderers: what it is, its checks, files and hunks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import Result
from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.diff_view import DiffLine
from nootropic_kernel.changes.proposal import CheckResult
from nootropic_kernel.checks.tests_run import NAME as TESTS
from nootropic_kernel.workspace.plain_text import visible

CHECK_MARKS = {True: "✓", False: "✗", None: "?"}
# Before the further lines of what a check said: tests could print lines like ours.
BELOW = "\n    "


class CheckView(BaseModel):
    """What one check said."""

    name: str
    passed: bool | None
    detail: str = ""
    vouched_by: str = ""

    @classmethod
    def of(cls, check: CheckResult) -> CheckView:
        """The result of a check as it is shown: nothing in it hides or commands."""
        return cls(name=check.name, passed=check.passed, detail=visible(check.detail), vouched_by=check.vouched_by)


class LineView(BaseModel):
    """One line of a diff; characters that hide are signs."""

    op: Literal[" ", "-", "+"]
    text: str


class HunkView(BaseModel):
    """One decision for a person; ``lines`` show what stands or would: the person's own text where there is one.

    ``new`` is always the text that was proposed, ``edited`` the person's own that was accepted, ``draft`` the person's
    own that `accept` will take. ``refused`` tells why the hunk could not be accepted now, where that was looked up.
    """

    ref: str
    number: int
    path: str
    kind: str
    header: str
    state: str
    old: str
    new: str
    cell_id: str | None = None
    edited: str | None = None
    draft: str | None = None
    refused: str | None = None
    lines: list[LineView]

    def shown(self) -> list[DiffLine]:
        """The lines as the drawing functions take them."""
        return [DiffLine(line.op, line.text) for line in self.lines]

    def state_words(self) -> str:
        """The state, and whose text it is."""
        return f"{self.state}, your own text" if self.draft is not None else self.state


class FileView(BaseModel):
    """One file of a proposal: what becomes of it, how many hunks are in which state, lines put in and taken out."""

    path: str
    about: list[str]
    states: dict[str, int]
    added: int
    removed: int

    @property
    def hunks(self) -> int:
        """How many hunks it has."""
        return sum(self.states.values())

    @property
    def pending(self) -> int:
        """How many of them wait for a decision."""
        return self.states.get(HunkState.PENDING.value, 0)


class ProposalView(BaseModel):
    """What a proposal is, apart from its hunks; ``undoable`` and ``redoable`` are what those verbs take for it.

    ``undoes`` and ``redoes`` name the hunks that these turns are about, where ``show`` looked them up.
    """

    id: str
    title: str
    task: str | None
    status: str
    how: str
    model: str | None
    created: float
    checks: list[CheckView]
    turns: list[str]
    undoable: str | None = None
    redoable: str | None = None
    undoes: list[str] = Field(default_factory=list)
    redoes: list[str] = Field(default_factory=list)

    def heading(self) -> str:
        """One line about it."""
        facts = [self.task or "", self.how, self.model or ""]
        return f"{self.id} · {self.title or 'Proposal'} · {self.status}" + "".join(f" · {f}" for f in facts if f)

    def check_lines(self) -> list[str]:
        """One line for each check; a pass of tests says who vouches for it, for that is the one that can be forged."""
        lines = [f"{CHECK_MARKS[c.passed]} {c.name}" + (f": {c.detail}" if c.detail else "") for c in self.checks]
        return [
            f"{line}; vouched for by {c.vouched_by}" if c.passed and c.name == TESTS and c.vouched_by else line
            for line, c in zip(lines, self.checks, strict=True)
        ]


class ProposalDocument(Result):
    """A proposal with its hunks (all, or those that were asked for); ``page`` is the part that a text shows."""

    proposal: ProposalView
    hunks: list[HunkView]
    workspace: str
    notes: list[str] = Field(default_factory=list)
    files: list[FileView] = Field(default_factory=list)
    total: int = 0
    page: int = 1

    def pending(self) -> list[HunkView]:
        """The hunks that wait for a decision."""
        return [hunk for hunk in self.hunks if hunk.state == HunkState.PENDING]
