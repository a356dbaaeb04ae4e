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
# The hunks that a verb can do something about; a verb that is not named here takes any.
_STATES = {
    "accept": ("pending",),
    "reject": ("pending",),
    "edit": ("pending", "rejected"),
    "undo": ("accepted", "edited"),
    "redo": ("undone",),
}
_REVERSED = "EXISTS (SELECT 1 FROM turns later WHERE later.reverses = turns.number AND later.state = 'done')"
_TURNS = {"undo": f"kind != 'undo' AND NOT {_REVERSED}", "redo": f"kind = 'undo' AND NOT {_REVERSED}"}


@dataclass(frozen=True)
class Candidate:
    """One completion: the whole word, and what it is."""

    text: str
    about: str = ""


def complete(
    workspace: Workspace,
    words: Sequence[str],
    current: str,
    *,
    extra: Sequence[Candidate] = (),
    names: Sequence[str] = (),
) -> list[Candidate]:
    """Return what the word ``current`` may become, after the ``words`` before it.

    :param extra: options that the face itself takes.
    :param names: the live variables, where there are some.
    """
    registry = load_registry(workspace)
    if not words:
        found = [Candidate(entry.verb, entry.summary) for entry in registry.verbs().values()]
        return _fitting([*found, Candidate("--help", "Show help."), *extra], current)
    entry = registry.verbs().get(words[0])
    if entry is None:
        return []
    return _Completion(workspace, registry, entry, names).complete(list(words[1:]), current, list(extra))


def _fitting(candidates: Sequence[Candidate], current: str) -> list[Candidate]:
    return [candidate for candidate in candidates if candidate.text.startswith(current)][:_MOST]


class _Completion:
    def __init__(self, workspace: Workspace, registry: Registry, entry: Entry, names: Sequence[str] = ()) -> None:
        self.workspace = workspace
        self.names = names
        self.registry = registry
        self.verb = entry.verb
        self.words: Sequence[str] = ()
        self.known = parameters(entry.params)
        self.by_flag = {p.flag: p for p in self.known}

    def complete(self, words: list[str], current: str, extra: list[Candidate]) -> list[Candidate]:
        self.words = words
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
            elif plain and plain[0].kind not in ("array", "mapping") and not plain[0].prose:
                plain.pop(0)
        return plain[0] if plain else None

    def values(self, p: Parameter, current: str, taken: Sequence[str] = ()) -> list[Candidate]:
        if p.mentions and current.startswith("@"):
            from nootropic_kernel.capabilities.mention_completion import mentioned

            return mentioned(self.workspace, current, self.names)
        if p.choices:
            return _fitting([Candidate(choice) for choice in p.choices], current)
        if p.complete in ("path", "file", "folder"):
            return paths(self.workspace.root, current, folders_only=p.complete == "folder")
        if p.complete == "verb":
            return _fitting([Candidate(e.verb, e.summary) for e in self.registry.verbs().values()], current)
        if p.complete == "plugin":
            named = [u["name"] for u in self.registry.untrusted] + [q["name"] for q in self.registry.providers[1:]]
            return _fitting([Candidate(name) for name in named], current)
        kinds: dict[str, Callable[[], Iterator[Candidate]]] = {
            "task": lambda: tasks(self.workspace),
            "proposal": lambda: proposals(self.workspace, current, _STATES.get(self.verb)),
            "turn": lambda: turns(self.workspace, self.verb),
            "changed": lambda: changed(self.workspace, self.words),
            "recipe": lambda: recipes(self.workspace),
            "backend": lambda: backends(self.workspace),
            "prompt": lambda: prompts(self.workspace),
            "prompt-version": lambda: versions(self.workspace, self.words),
            "chat": lambda: chats(self.workspace),
        }
        found = [each for kind in re.split(r"[\s,|]+", p.complete) if kind in kinds for each in kinds[kind]()]
        return _fitting([candidate for candidate in found if candidate.text not in taken], current)


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
            return connection.execute(f"{statement} LIMIT {_MOST}", values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return []
