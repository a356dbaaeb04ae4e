"""A table of all proposals, read without their contents."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.proposal import CheckResult, ProposalDamaged, Status, damage, status_of


@dataclass(frozen=True)
class ProposalHead:
    """What is known of a proposal without reading its files; ``states`` are those of its hunks, in their order.

    ``tasks`` are done by the whole of it, beside the ``task`` that it was made for. ``left_out`` are the files whose
    hunks were all rejected or undone.
    """

    id: str
    title: str
    task: str | None
    how: str
    model: str | None
    created: float
    status: Status
    paths: tuple[str, ...]
    states: tuple[HunkState, ...]
    checks: tuple[CheckResult, ...] = ()
    left_out: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    @property
    def pending(self) -> int:
        """How many hunks are still to decide."""
        return sum(state is HunkState.PENDING for state in self.states)

    @property
    def accepted(self) -> int:
        """How many hunks stand in the files."""
        return sum(state.in_tree for state in self.states)


@dataclass(frozen=True)
class Overview:
    """All proposals, oldest first, and those of which something is missing."""

    proposals: tuple[ProposalHead, ...]
    damaged: tuple[ProposalDamaged, ...]


def overview(connection: sqlite3.Connection, task: str | None) -> Overview:
    """Read the overview; contents that were altered, not removed, are found when a proposal is opened."""
    states: dict[int, list[tuple[int, str]]] = {}
    standing: dict[int, dict[str, bool]] = {}
    hunks = connection.execute(
        # Only where something was left out does it matter what: most hunks need not be looked into.
        "SELECT proposal, number, state, CASE WHEN proposal IN"
        " (SELECT proposal FROM proposal_hunks WHERE state IN ('rejected', 'undone')) AND json_valid(hunk)"
        " THEN json_extract(hunk, '$.path') END AS path FROM proposal_hunks ORDER BY proposal, number"
    )
    for row in hunks:
        states.setdefault(row["proposal"], []).append((row["number"], row["state"]))
        if isinstance(path := row["path"], str):
            files_of = standing.setdefault(row["proposal"], {})
            files_of[path] = files_of.get(path, False) or row["state"] not in ("rejected", "undone")
    kept = {row["sha256"] for row in connection.execute("SELECT sha256 FROM blobs")}
    heads: list[ProposalHead] = []
    damaged: list[ProposalDamaged] = []
    rows = connection.execute(
        "SELECT * FROM proposals WHERE ? IS NULL OR task = ? ORDER BY number", (task, task)
    ).fetchall()
    for row in rows:
        name = f"P{row['number']}"
        own = states.get(row["number"], [])
        try:
            files, told = json.loads(row["files"]), json.loads(row["provenance"])
            checks = tuple(CheckResult(**check) for check in json.loads(row["checks"]))
            known = tuple(HunkState(state) for _, state in own)
            left_out = tuple(path for path, stands in standing.get(row["number"], {}).items() if not stands)
            missing = [digest for digest in _digests(files) if digest not in kept]
            head = ProposalHead(
                name, told["title"], row["task"], told["how"], told["model"], row["created"], status_of(known),
                tuple(file["path"] for file in files), known, checks, left_out,
                tuple(told.get("tasks", ())),
            )  # fmt: skip
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            damaged.append(damage(name, f"Its record cannot be read ({type(error).__name__})."))
            continue
        if missing:
            damaged.append(damage(name, "A file's content is missing or was altered."))
        elif not own or [number for number, _ in own] != list(range(1, len(own) + 1)):
            damaged.append(damage(name, "Hunks of it are missing."))
        else:
            heads.append(head)
    return Overview(tuple(heads), tuple(damaged))


def _digests(files: list[dict[str, Any]]) -> Iterator[str]:
    for file in files:
        yield from (file[side] for side in ("base", "new") if file[side] is not None)
