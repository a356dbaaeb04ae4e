"""What may come next while a person types a command: verbs, options, values, paths, ids. Reads only."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.capabilities.arguments import Parameter, parameters
from nootropic_kernel.capabilities.registry import Entry, Registry, load_registry
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings

_MOST = 200


@dataclass(frozen=True)
class Candidate:
    """One completion: the whole word, and what it is."""

    text: str
    about: str = ""


def complete(
    workspace: Workspace, words: Sequence[str], current: str, *, extra: Sequence[Candidate] = ()
) -> list[Candidate]:
    """Return what the word ``current`` may become, after the ``words`` before it.

    :param extra: options that the face itself takes.
    """
    registry = load_registry(workspace)
    if not words:
        found = [Candidate(entry.verb, entry.summary) for entry in registry.verbs().values()]
        return _fitting([*found, Candidate("--help", "Show help."), *extra], current)
    entry = registry.verbs().get(words[0])
    if entry is None:
        return []
    return _Completion(workspace, registry, entry).complete(list(words[1:]), current, list(extra))


def _fitting(candidates: Sequence[Candidate], current: str) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.text.startswith(current)][:_MOST]


class _Completion:
    def __init__(self, workspace: Workspace, registry: Registry, entry: Entry) -> None:
        self.workspace = workspace
        self.registry = registry
        self.known = parameters(entry.params)
        self.by_flag = {p.flag: p for p in self.known}

    def complete(self, words: list[str], current: str, extra: list[Candidate]) -> list[Candidate]:
        flag, equals, value = current.partition("=")
        if equals and flag in self.by_flag:
            return [Candidate(f"{flag}={found.text}", found.about) for found in self.values(self.by_flag[flag], value)]
        if current.startswith("-"):
            return _fitting([*self.options(words), Candidate("--help", "Show help."), *extra], current)
        before = self.by_flag.get(words[-1]) if words else None
        if before is not None and before.kind != "boolean":
            return self.values(before, current)
        slot = self.slot(words)
        found = self.values(slot, current, taken=words) if slot is not None else []
        if not found and not current:
            found = self.options(words)
        return found

    def options(self, words: Sequence[str]) -> list[Candidate]:
        found = []
        for p in self.known:
            if p.position is not None:
                continue
            given = any(word.split("=")[0] in (p.flag, f"--no-{p.flag[2:]}") for word in words)
            if given and p.kind not in ("array", "mapping"):
                continue
            text = f"--no-{p.flag[2:]}" if p.kind == "boolean" and p.default is True else p.flag
            found.append(Candidate(text, p.description))
        return found

    def slot(self, words: Sequence[str]) -> Parameter | None:
        """The positional that the next plain word would fill."""
        plain = [p for p in self.known if p.position is not None]
        skip = False
        for word in words:
            if skip:
                skip = False
            elif word.startswith("--"):
                option = self.by_flag.get(word)
                skip = option is not None and option.kind != "boolean"
            elif plain and plain[0].kind not in ("array", "mapping") and not plain[0].words:
                plain.pop(0)
        return plain[0] if plain else None

    def values(self, p: Parameter, current: str, taken: Sequence[str] = ()) -> list[Candidate]:
        if p.choices:
            return _fitting([Candidate(choice) for choice in p.choices], current)
        if p.complete in ("path", "file", "folder"):
            return paths(self.workspace.root, current, folders_only=p.complete == "folder")
        if p.complete == "verb":
            return _fitting([Candidate(e.verb, e.summary) for e in self.registry.verbs().values()], current)
        if p.complete == "plugin":
            named = [u["name"] for u in self.registry.untrusted] + [q["name"] for q in self.registry.providers[1:]]
            return _fitting([Candidate(name) for name in named], current)
        kinds: dict[str, Callable[[Workspace], Iterator[Candidate]]] = {
            "task": tasks,
            "proposal": proposals,
            "turn": turns,
            "recipe": recipes,
            "backend": backends,
        }
        found: list[Candidate] = []
        for kind in re.split(r"[\s,|]+", p.complete):
            if kind in kinds:
                found += kinds[kind](self.workspace)
        fresh = [candidate for candidate in found if candidate.text not in taken]
        # The hunks of a proposal come once its name is typed; all at once they would hide the proposals.
        return _fitting([candidate for candidate in fresh if ":" in current or ":" not in candidate.text], current)


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
    return sorted(found, key=lambda candidate: candidate.text)[:_MOST]


def tasks(workspace: Workspace) -> Iterator[Candidate]:
    """Task ids, from the plan in project-spec.md as it stands on disk."""
    try:
        text = (workspace.root / "project-spec.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    found = dict.fromkeys(re.findall(r"\bT\d+\b", text))
    yield from (Candidate(name, "task") for name in sorted(found, key=lambda name: int(name[1:])))


def proposals(workspace: Workspace) -> Iterator[Candidate]:
    """Proposal ids, newest first, and then the hunks of each."""
    rows = _query(workspace, "SELECT number, json_extract(provenance, '$.title') FROM proposals ORDER BY number DESC")
    for number, title in rows:
        yield Candidate(f"P{number}", str(title or "proposal"))
    hunks = "SELECT proposal, number, state FROM proposal_hunks ORDER BY proposal DESC, number"
    for proposal, number, state in _query(workspace, hunks):
        yield Candidate(f"P{proposal}:{number}", str(state))


def turns(workspace: Workspace) -> Iterator[Candidate]:
    """Ids of accepts, undos and redos, newest first."""
    for number, kind in _query(workspace, "SELECT number, kind FROM turns WHERE state = 'done' ORDER BY number DESC"):
        yield Candidate(f"A{number}", str(kind))


def recipes(workspace: Workspace) -> Iterator[Candidate]:
    """Recipe names, without importing the recipes."""
    from nootropic_kernel.checks.recipes.registry import _MODULES

    yield from (Candidate(name, "recipe") for name in _MODULES)


def backends(workspace: Workspace) -> Iterator[Candidate]:
    """Names of the model backends in the person's settings."""
    yield from (Candidate(name, "backend") for name in load_settings(workspace).backends)


def _query(workspace: Workspace, statement: str) -> list[tuple[object, ...]]:
    """Read a few rows, creating nothing: no database or no such table, no rows."""
    file = workspace.state_dir / "state.db"
    if not file.is_file():
        return []
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=0.2)
        try:
            return connection.execute(f"{statement} LIMIT {_MOST}").fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return []
