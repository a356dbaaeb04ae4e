"""How proposals leave a verb: a document for programs and renderers, a diff for people."""

from __future__ import annotations

import html
import os
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import Result
from nootropic_kernel.changes.changeset import Hunk, HunkState
from nootropic_kernel.changes.diff_drawing import as_html, terminal
from nootropic_kernel.changes.diff_view import DiffLine, hunk_lines
from nootropic_kernel.changes.store import Proposal
from nootropic_kernel.workspace.location import Workspace

MIME = "application/vnd.nootropic.proposal+json"
# So many hunks are drawn in a terminal or as HTML; the document always holds all of them.
MOST_SHOWN = 60
_CODE = re.compile(r"`([^`]+)`")
_MARKS = {"pending": "•", "accepted": "✓", "edited": "✎", "rejected": "✗", "undone": "↶"}


class CheckView(BaseModel):
    """What one check said."""

    name: str
    passed: bool | None
    detail: str = ""
    vouched_by: str = ""


class LineView(BaseModel):
    """One line of a diff."""

    op: Literal[" ", "-", "+"]
    text: str


class HunkView(BaseModel):
    """One decision for a person; ``lines`` show what stands: the person's own text (``edited``) where there is one.

    ``new`` is always the text that was proposed.
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
    lines: list[LineView]

    def shown(self) -> list[DiffLine]:
        """The lines as the drawing functions take them."""
        return [DiffLine(line.op, line.text) for line in self.lines]


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
        """One line for each check."""
        marks = {True: "✓", False: "✗", None: "?"}
        return [
            f"{marks[check.passed]} {check.name}" + (f": {check.detail}" if check.detail else "")
            for check in self.checks
        ]


class ProposalResult(Result):
    """A proposal with its hunks (all, or those that were asked for)."""

    mime: ClassVar[str | None] = MIME

    proposal: ProposalView
    hunks: list[HunkView]
    workspace: str
    notes: list[str] = Field(default_factory=list)

    @classmethod
    def of(
        cls, proposal: Proposal, workspace: Workspace, *, only: Collection[int] | None = None, notes: Sequence[str] = ()
    ) -> ProposalResult:
        """The view of a stored proposal; ``only`` names the hunks to show."""
        edits = {edit.path: edit for edit in proposal.changeset.files}
        hunks = [
            _hunk_view(proposal, hunk, hunk_lines(edits[hunk.path], _standing(proposal, hunk)))
            for hunk in proposal.changeset.hunks
            if only is None or hunk.number in only
        ]
        provenance = proposal.changeset.provenance
        view = ProposalView(
            id=proposal.id,
            title=provenance.title,
            task=provenance.task,
            status=proposal.status,
            how=provenance.how,
            model=provenance.model,
            created=proposal.created,
            turns=list(proposal.turns),
            undoable=proposal.undoable,
            redoable=proposal.redoable,
            checks=[
                CheckView(name=c.name, passed=c.passed, detail=c.detail, vouched_by=c.vouched_by)
                for c in proposal.checks
            ],
        )
        return cls(proposal=view, hunks=hunks, workspace=str(workspace.root), notes=list(notes))

    def text(self) -> str:
        """The hunks as a diff; in colour where the terminal has it."""
        color = _terminal_has_color()
        parts = ["\n".join([self.proposal.heading(), *("  " + line for line in self.proposal.check_lines())])]
        path = ""
        for hunk in self.hunks[:MOST_SHOWN]:
            if hunk.path != path:
                path = hunk.path
                parts.append(f"── {path}")
            parts.append(
                f"{_MARKS.get(hunk.state, ' ')} {hunk.ref}  {hunk.header}  [{hunk.state}]\n"
                + terminal(hunk.shown(), color=color)
            )
        return "\n\n".join([*parts, *self._closing()])

    def markdown(self) -> str:
        """Headings and fenced diffs, as GitHub shows them."""
        parts = [f"**{_plain(self.proposal.heading())}**"]
        parts += [f"- {_plain(line)}" for line in self.proposal.check_lines()]
        for hunk in self.hunks[:MOST_SHOWN]:
            body = terminal(hunk.shown(), color=False)
            fence = "`" * max(3, _longest_run(body) + 1)
            parts.append(
                f"`{hunk.ref}` {_plain(hunk.path)} — {_plain(hunk.header)} *({hunk.state})*\n\n"
                f"{fence}diff\n{body}\n{fence}"
            )
        return "\n\n".join([*parts, *map(_plain, self._closing())])

    def html(self) -> str:
        """The diff in colours that fit light and dark pages."""
        out = [f"<p><strong>{html.escape(self.proposal.heading())}</strong></p>"]
        if self.proposal.checks:
            out.append("<ul>" + "".join(f"<li>{html.escape(c)}</li>" for c in self.proposal.check_lines()) + "</ul>")
        for hunk in self.hunks[:MOST_SHOWN]:
            title = f"{_MARKS.get(hunk.state, ' ')} {hunk.ref} · {hunk.path} · {hunk.header} · {hunk.state}"
            is_open = " open" if hunk.state == "pending" or len(self.hunks) <= 5 else ""
            out.append(f"<details{is_open}><summary>{html.escape(title)}</summary>{as_html(hunk.shown())}</details>")
        out += [f"<p>{with_code(line)}</p>" for line in self._closing()]
        return "".join(out)

    def _closing(self) -> list[str]:
        lines = list(self.notes)
        if len(self.hunks) > MOST_SHOWN:
            lines.append(f"{len(self.hunks) - MOST_SHOWN} more hunks: `show {self.hunks[MOST_SHOWN].ref}` and on.")
        pending = [hunk.ref for hunk in self.hunks if hunk.state == "pending"]
        if pending:
            one = f" or `accept {pending[0]}`" if len(pending) > 1 else ""
            lines.append(f"{len(pending)} to decide: `accept {self.proposal.id}`{one}, `reject …`.")
        return lines


class ProposalSummary(BaseModel):
    """A proposal in one line."""

    id: str
    title: str
    task: str | None
    status: str
    how: str
    created: float
    paths: list[str]
    hunks: int
    pending: int
    accepted: int
    failed_checks: list[str]
    passed_checks: int = 0

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalSummary:
        """The summary of a stored proposal."""
        hunks = proposal.changeset.hunks
        provenance = proposal.changeset.provenance
        return cls(
            id=proposal.id,
            title=provenance.title,
            task=provenance.task,
            status=proposal.status,
            how=provenance.how,
            created=proposal.created,
            paths=[edit.path for edit in proposal.changeset.files],
            hunks=len(hunks),
            pending=sum(h.state is HunkState.PENDING for h in hunks),
            accepted=sum(h.state.in_tree for h in hunks),
            failed_checks=[check.name for check in proposal.checks if check.passed is False],
            passed_checks=sum(check.passed is True for check in proposal.checks),
        )

    def cells(self) -> list[str]:
        """The fields of a table row."""
        what = f"{self.hunks} hunk{'s' if self.hunks != 1 else ''}"
        if self.pending not in (0, self.hunks):
            what += f", {self.pending} to decide"
        elif self.accepted not in (0, self.hunks):
            what += f", {self.accepted} accepted"
        paths = ", ".join(self.paths[:3]) + (" …" if len(self.paths) > 3 else "")
        passed = [f"✓ {self.passed_checks}"] if self.passed_checks else []
        failed = [f"✗ {', '.join(self.failed_checks)}"] if self.failed_checks else []
        return [self.id, self.task or "–", self.status, self.title, what, paths, "  ".join([*passed, *failed]) or "–"]


COLUMNS = ("id", "task", "status", "title", "hunks", "files", "checks")


def table_text(summaries: Sequence[ProposalSummary]) -> str:
    """Aligned columns for a terminal."""
    rows = [list(COLUMNS), *(summary.cells() for summary in summaries)]
    widths = [min(40, max(len(row[k]) for row in rows)) for k in range(len(COLUMNS))]
    return "\n".join("  ".join(c[:w].ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def table_markdown(summaries: Sequence[ProposalSummary]) -> str:
    """A Markdown table."""
    rows = [COLUMNS, ["---"] * len(COLUMNS), *(map(_plain, summary.cells()) for summary in summaries)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def table_html(summaries: Sequence[ProposalSummary]) -> str:
    """An HTML table."""
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in s.cells()) + "</tr>" for s in summaries)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def with_code(line: str) -> str:
    """A line as HTML: what stands between backticks is shown as code, everything is escaped."""
    return _CODE.sub(r"<code>\1</code>", html.escape(line))


def _standing(proposal: Proposal, hunk: Hunk) -> Hunk:
    """The hunk as it stands in the files: with the person's own text where that was accepted."""
    edited = proposal.edited.get(hunk.number)
    if hunk.state is not HunkState.EDITED or edited is None:
        return hunk
    return replace(hunk, new=edited)


def _hunk_view(proposal: Proposal, hunk: Hunk, lines: Sequence[DiffLine]) -> HunkView:
    return HunkView(
        ref=proposal.ref(hunk.number),
        number=hunk.number,
        path=hunk.path,
        kind=hunk.kind,
        header=hunk.header,
        state=hunk.state.value,
        old=_wire(hunk.old),
        new=_wire(hunk.new),
        cell_id=hunk.cell_id,
        edited=proposal.edited.get(hunk.number) if hunk.state is HunkState.EDITED else None,
        lines=[LineView(op=line.op, text=_wire(line.text)) for line in lines],
    )


def _wire(text: str) -> str:
    """Text that UTF-8 can carry: lone surrogates, which JSON files may hold, are shown as a replacement."""
    return text.encode("utf-8", "replace").decode()


def _terminal_has_color() -> bool:
    return "NO_COLOR" not in os.environ and sys.stdout is not None and sys.stdout.isatty()


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{ch}" if ch in "\\`*_[]<>|#" else " " if ch == "\n" else ch for ch in text)


def _longest_run(text: str) -> int:
    longest = run = 0
    for ch in text:
        run = run + 1 if ch == "`" else 0
        longest = max(longest, run)
    return longest
