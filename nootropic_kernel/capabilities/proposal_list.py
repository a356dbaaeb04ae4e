"""Proposals in one line each, and the alternatives for one task side by side."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pydantic import BaseModel

from nootropic_kernel.capabilities.proposal_document import CHECK_MARKS
from nootropic_kernel.capabilities.proposal_drawing import plain
from nootropic_kernel.changes.changeset import FileEdit, HunkState
from nootropic_kernel.changes.overview import ProposalHead
from nootropic_kernel.changes.proposal import Proposal
from nootropic_kernel.workspace.plain_text import fitted, visible, width

COLUMNS = ("id", "task", "status", "title", "hunks", "files", "checks")
# So many alternatives stand side by side, the latest ones.
MOST_COMPARED = 4
_WIDEST = 40
_ONE_LINE = str.maketrans("\n\t", "  ")


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
    def of(cls, head: ProposalHead) -> ProposalSummary:
        """The summary of a stored proposal."""
        return cls(
            id=head.id,
            title=visible(head.title),
            task=head.task,
            status=head.status,
            how=head.how,
            created=head.created,
            paths=list(head.paths),
            hunks=len(head.states),
            pending=head.pending,
            accepted=head.accepted,
            failed_checks=[check.name for check in head.checks if check.passed is False],
            passed_checks=sum(check.passed is True for check in head.checks),
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


class Table(BaseModel):
    """Rows under a header, in every form."""

    header: list[str]
    rows: list[list[str]]

    @classmethod
    def of(cls, summaries: Sequence[ProposalSummary]) -> Table:
        """The list of proposals."""
        return cls(header=list(COLUMNS), rows=[summary.cells() for summary in summaries])

    def text(self) -> str:
        """Aligned columns for a terminal."""
        rows = [[visible(cell).translate(_ONE_LINE) for cell in row] for row in (self.header, *self.rows)]
        widths = [min(_WIDEST, max(width(row[k]) for row in rows)) for k in range(len(self.header))]
        return "\n".join("  ".join(fitted(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def markdown(self) -> str:
        """A Markdown table."""
        rows = [self.header, ["---"] * len(self.header), *([plain(c) for c in row] for row in self.rows)]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def html(self) -> str:
        """An HTML table."""
        head = "".join(f'<th scope="col" style="text-align:left">{html.escape(column)}</th>' for column in self.header)
        rows = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{html.escape(visible(c))}</td>' for c in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def compared(proposals: Sequence[Proposal]) -> Table:
    """Alternatives for one task side by side: status, checks, and what each makes of each file."""
    rows = [
        [
            "how",
            *(" ".join(filter(None, (p.changeset.provenance.how, p.changeset.provenance.model))) for p in proposals),
        ],
        ["status", *(_status(p) for p in proposals)],
    ]
    for name in dict.fromkeys(check.name for p in proposals for check in p.checks):
        rows.append([name, *(_check(p, name) for p in proposals)])
    for path in dict.fromkeys(edit.path for p in proposals for edit in p.changeset.files):
        contents: list[bytes | None] = []
        cells = []
        for proposal in proposals:
            edit = next((edit for edit in proposal.changeset.files if edit.path == path), None)
            if edit is None:
                cells.append("–")
            elif edit.new in contents:
                same = proposals[contents.index(edit.new)]
                cells.append(f"as in {same.id}")
            else:
                cells.append(_file(proposal, edit))
            contents.append(b"" if edit is None else edit.new)
        rows.append([path, *cells])
    return Table(header=["", *(p.id for p in proposals)], rows=rows)


def _status(proposal: Proposal) -> str:
    pending = sum(hunk.state is HunkState.PENDING for hunk in proposal.changeset.hunks)
    return f"{proposal.status}, {pending} to decide" if pending else proposal.status


def _check(proposal: Proposal, name: str) -> str:
    said = next((check for check in proposal.checks if check.name == name), None)
    if said is None:
        return "–"
    first, _, _ = said.detail.partition("\n")
    return f"{CHECK_MARKS[said.passed]} {first}".rstrip()


def _file(proposal: Proposal, edit: FileEdit) -> str:
    hunks = proposal.changeset.hunks_of(edit.path)
    count = f"{len(hunks)} hunk{'s' if len(hunks) != 1 else ''}"
    special = [hunk.header for hunk in hunks if hunk.kind == "file"]
    added, removed = sum(hunk.new_lines for hunk in hunks), sum(hunk.old_lines for hunk in hunks)
    return ", ".join([count, *special, *([f"+{added} −{removed} lines"] if added or removed else [])])
