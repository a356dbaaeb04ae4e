"""What there is in a workspace that a typed word may name: paths, ids, recipes, backends, prompts. Reads only."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings

MOST = 200
_REVERSED = "EXISTS (SELECT 1 FROM turns later WHERE later.reverses = turns.number AND later.state = 'done')"
_TURNS = {"undo": f"kind != 'undo' AND NOT {_REVERSED}", "redo": f"kind = 'undo' AND NOT {_REVERSED}"}


@dataclass(frozen=True)
class Candidate:
    """One completion: the whole word, and what it is."""

    text: str
    about: str = ""


def paths(root: Path, current: str, *, folders_only: bool = False) -> list[Candidate]:
    """Files and folders under the root that go on from ``current``."""
    folder, _, _ = current.rpartition("/")
    found = []
    try:
        with os.scandir(root / folder if folder else root) as entries:
            for entry in entries:
                text = f"{folder}/{entry.name}" if folder else entry.name
                hidden = entry.name.startswith(".") and not current.rpartition("/")[2].startswith(".")
                if hidden or not text.startswith(current) or entry.name in (".git", "__pycache__"):
                    continue
                if entry.is_dir():
                    found.append(Candidate(text + "/"))
                elif not folders_only:
                    found.append(Candidate(text))
    except OSError:
        return []
    return sorted(found, key=lambda candidate: candidate.text)[:MOST]


def tasks(workspace: Workspace) -> Iterator[Candidate]:
    """Task ids, from the plan in project-spec.md as it stands on disk."""
    try:
        text = (workspace.root / "project-spec.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    found = dict.fromkeys(re.findall(r"\bT\d+\b", text))
    yield from (Candidate(name, "task") for name in sorted(found, key=lambda name: int(name[1:])))


def proposals(workspace: Workspace, current: str, states: Sequence[str] | None = None) -> Iterator[Candidate]:
    """Proposal ids, newest first; after ``P1:`` its hunks, after ``P1/`` its files; only what is in these states."""
    wanted = "" if states is None else f" AND state IN ({', '.join('?' * len(states))})"
    named = re.match(r"P(\d+)([:/]|$)", current)
    number, sign = (int(named[1]), named[2]) if named else (0, "")
    rest = current[named.end() :] if named else ""
    if sign == ":":
        # Those that go on from what is typed are sought here: there may be more than can be listed.
        statement = (
            "SELECT number, state, json_extract(hunk, '$.path'), json_extract(hunk, '$.header') FROM proposal_hunks"
            f" WHERE proposal = ? AND CAST(number AS TEXT) LIKE ?{wanted} ORDER BY number"
        )
        for hunk, state, path, header in _query(workspace, statement, number, f"{rest}%", *states or ()):
            yield Candidate(f"P{number}:{hunk}", f"{state} · {path} · {header}")
        return
    if sign == "/":
        statement = (
            "SELECT json_extract(hunk, '$.path') AS path, COUNT(*) FROM proposal_hunks"
            f" WHERE proposal = ?{wanted} GROUP BY path ORDER BY MIN(number)"
        )
        for path, count in _query(workspace, statement, number, *states or ()):
            yield Candidate(f"P{number}/{path}", f"{count} hunk{'' if count == 1 else 's'}")
        return
    statement = (
        "SELECT number, json_extract(provenance, '$.title') FROM proposals WHERE EXISTS (SELECT 1 FROM proposal_hunks"
        f" hunks WHERE hunks.proposal = proposals.number{wanted}) ORDER BY number DESC"
    )
    for proposal, title in _query(workspace, statement, *states or ()):
        yield Candidate(f"P{proposal}", str(title or "proposal"))
        if proposal == number:
            yield Candidate(f"P{proposal}:", "one of its hunks")
            yield Candidate(f"P{proposal}/", "one of its files")


def turns(workspace: Workspace, verb: str = "") -> Iterator[Candidate]:
    """Ids of accepts, undos and redos, newest first: for ``undo`` those that stand, for ``redo`` undos that do."""
    statement = (
        "SELECT number, kind, (SELECT COUNT(*) FROM turn_hunks WHERE turn = turns.number) FROM turns"
        f" WHERE state = 'done' AND {_TURNS.get(verb, '1')} ORDER BY number DESC"
    )
    for number, kind, hunks in _query(workspace, statement):
        yield Candidate(f"A{number}", f"{kind}, {hunks} hunk{'' if hunks == 1 else 's'}")


def changed(workspace: Workspace, words: Sequence[str]) -> Iterator[Candidate]:
    """Files of the proposal that the words name; of all that wait for a decision where they name none."""
    number = next((int(word[1:]) for word in words if re.fullmatch(r"P\d+", word)), None)
    statement = (
        "SELECT DISTINCT json_extract(hunk, '$.path') FROM proposal_hunks"
        " WHERE proposal = ? OR (? IS NULL AND state = 'pending') ORDER BY proposal, number"
    )
    yield from (Candidate(str(path)) for (path,) in _query(workspace, statement, number, number))


def recipes(workspace: Workspace) -> Iterator[Candidate]:
    """Recipe names, without importing the recipes."""
    from nootropic_kernel.checks.recipes.registry import _MODULES

    yield from (Candidate(name, "recipe") for name in _MODULES)


def backends(workspace: Workspace) -> Iterator[Candidate]:
    """Names of the model backends in the person's settings."""
    yield from (Candidate(name, "backend") for name in load_settings(workspace).backends)


def prompts(workspace: Workspace) -> Iterator[Candidate]:
    """Names of prompts."""
    from nootropic_kernel.models.prompts import prompt_versions

    for name, known in prompt_versions(workspace).items():
        yield Candidate(name, f"prompt, {', '.join(known)}")


def versions(workspace: Workspace, words: Sequence[str]) -> Iterator[Candidate]:
    """Versions of the prompt that the words name, newest first, then its aliases in MLflow as ``@alias``."""
    from nootropic_kernel.agents.pipeline_stores import PipelineStores
    from nootropic_kernel.models.prompts import prompt_versions

    known = prompt_versions(workspace)
    named = next((word for word in words[1:] if not word.startswith("-")), "")
    yield from (Candidate(version, "version") for version in reversed(known.get(named, ())))
    for alias, number in PipelineStores(workspace).prompt_aliases(named):
        yield Candidate(f"@{alias}", f"MLflow {number}")


def chats(workspace: Workspace) -> Iterator[Candidate]:
    """Ids of chats, the one that was last spoken in first."""
    statement = (
        "SELECT chats.number, (SELECT question FROM chat_turns WHERE chat = chats.number AND seq = 0) FROM chats"
        " ORDER BY (SELECT MAX(at) FROM chat_turns WHERE chat = chats.number) DESC, chats.number DESC"
    )
    for number, title in _query(workspace, statement):
        yield Candidate(f"C{number}", " ".join(str(title or "").split())[:60])


def _query(workspace: Workspace, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Read a few rows, creating nothing: no database or no such table, no rows."""
    database = workspace.state_dir / "state.db"
    if not database.is_file():
        return []
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=0.2)
        try:
            return connection.execute(f"{statement} LIMIT {MOST}", values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return []
