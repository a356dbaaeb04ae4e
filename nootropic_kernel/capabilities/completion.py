"""What may come next while a person types a command: verbs, options, values, paths, ids. Reads only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from nootropic_kernel.capabilities import candidates
from nootropic_kernel.capabilities.candidates import Candidate
from nootropic_kernel.capabilities.mention_completion import mentioned
from nootropic_kernel.capabilities.parameters import Parameter, parameters
from nootropic_kernel.capabilities.registry import Entry, Registry, load_registry
from nootropic_kernel.workspace.location import Workspace

# The hunks that a verb can do something about; a verb that is not named here takes any.
_STATES = {
    "accept": ("pending",),
    "reject": ("pending",),
    "edit": ("pending", "rejected"),
    "undo": ("accepted", "edited"),
    "redo": ("undone",),
}


def complete(
    workspace: Workspace,
    words: Sequence[str],
    current: str,
    *,
    extra: Sequence[Candidate] = (),
    names: Sequence[str] = (),
    unlisted: bool = True,
) -> list[Candidate]:
    """Return what the word ``current`` may become, after the ``words`` before it.

    :param extra: options that the face itself takes.
    :param names: the live variables, where there are some.
    :param unlisted: whether verbs that programs call are among the candidates.
    """
    registry = load_registry(workspace)
    if not words:
        verbs = registry.verbs().values()
        found = [Candidate(entry.verb, entry.summary) for entry in verbs if unlisted or entry.listed]
        return _fitting([*found, Candidate("--help", "Show help."), *extra], current)
    entry = registry.verbs().get(words[0])
    if entry is None:
        return []
    return _Completion(workspace, registry, entry, names).complete(list(words[1:]), current, list(extra))


def _fitting(found: Sequence[Candidate], current: str) -> list[Candidate]:
    return [each for each in found if each.text.startswith(current)][: candidates.MOST]


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
            return mentioned(self.workspace, current, self.names)
        if p.choices:
            return _fitting([Candidate(choice) for choice in p.choices], current)
        if p.complete in ("path", "file", "folder"):
            return candidates.paths(self.workspace.root, current, folders_only=p.complete == "folder")
        if p.complete == "verb":
            return _fitting([Candidate(e.verb, e.summary) for e in self.registry.verbs().values()], current)
        if p.complete == "plugin":
            named = [u["name"] for u in self.registry.untrusted] + [q["name"] for q in self.registry.providers[1:]]
            return _fitting([Candidate(name) for name in named], current)
        kinds: dict[str, Callable[[], Iterator[Candidate]]] = {
            "task": lambda: candidates.tasks(self.workspace),
            "proposal": lambda: candidates.proposals(self.workspace, current, _STATES.get(self.verb)),
            "turn": lambda: candidates.turns(self.workspace, self.verb),
            "changed": lambda: candidates.changed(self.workspace, self.words),
            "recipe": lambda: candidates.recipes(self.workspace),
            "backend": lambda: candidates.backends(self.workspace),
            "prompt": lambda: candidates.prompts(self.workspace),
            "prompt-version": lambda: candidates.versions(self.workspace, self.words),
            "chat": lambda: candidates.chats(self.workspace),
        }
        found = [each for kind in re.split(r"[\s,|]+", p.complete) if kind in kinds for each in kinds[kind]()]
        return _fitting([each for each in found if each.text not in taken], current)
