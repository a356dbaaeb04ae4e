"""How accept, reject, undo and redo tell what they did."""

from __future__ import annotations

from nootropic_kernel.capabilities.base import Result
from nootropic_kernel.capabilities.proposal_drawing import with_code
from nootropic_kernel.changes.turns import Turn
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import current_span

_DONE = {"accept": "accepted", "undo": "took back", "redo": "brought back"}


class TurnResult(Result):
    """One decision that changed files, or, with ``already``, the one that had done so before."""

    id: str
    kind: str
    commit: str | None
    proposal: str
    hunks: list[str]
    paths: list[str]
    already: bool
    reverses: str | None
    notes: list[str]

    @classmethod
    def of(cls, turn: Turn) -> TurnResult:
        """The view of a turn."""
        return cls(
            id=turn.id, kind=turn.kind, commit=turn.commit, proposal=turn.proposal, hunks=list(turn.hunks),
            paths=list(turn.paths), already=turn.already, reverses=turn.reverses, notes=list(turn.notes),
        )  # fmt: skip

    @classmethod
    def made(cls, turn: Turn) -> TurnResult:
        """The view of a turn that was made now; the span of the verb notes which it is."""
        for name, value in ((semconv.PROPOSAL, turn.proposal), (semconv.TURN, turn.id), (semconv.COMMIT, turn.commit)):
            current_span().set(name, value)
        return cls.of(turn)

    def text(self) -> str:
        """What was done, where, in which commit, and how to take it back."""
        return "\n".join([self._line(), *self.notes, *self._back()])

    def markdown(self) -> str:
        """The same lines as a list."""
        return "\n".join(f"- {line.replace('<', '&lt;')}" for line in self.text().split("\n"))

    def html(self) -> str:
        """The same lines, commands as code."""
        return "".join(f"<div>{with_code(line)}</div>" for line in self.text().split("\n"))

    def _line(self) -> str:
        if self.already:
            return f"Nothing was changed{f' (see {self.id})' if self.id else ''}."
        hunks = ", ".join(self.hunks[:8]) + (f" and {len(self.hunks) - 8} more" if len(self.hunks) > 8 else "")
        where = ", ".join(self.paths[:4]) + (" …" if len(self.paths) > 4 else "")
        commit = f" → commit {self.commit[:10]}" if self.commit else ""
        of = f" (reverses {self.reverses})" if self.reverses else ""
        return f"{self.id}: {_DONE[self.kind]} {hunks} in {where}{commit}{of}"

    def _back(self) -> list[str]:
        if self.already or not self.id:
            return []
        return [f"`{'redo' if self.kind == 'undo' else 'undo'} {self.id}` takes this back."]
