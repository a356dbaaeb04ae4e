"""Names used in vain: what an accepted document names and the code lacks; what a change took and code still uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nootropic_kernel.agents.repository_facts import python_files
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import Turn, TurnDamaged, record_of
from nootropic_kernel.checks.leftovers import Lost, leftovers, lost_of, module_name
from nootropic_kernel.planning.reading.wording import listing
from nootropic_kernel.planning.repository.facts import is_document
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

_DOTTED = re.compile(r"(?<![\w./-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?![\w/-])")
# `shop.json` beside a package `shop` is a file.
_ENDINGS = frozenset(
    {"py", "ipynb", "md", "rst", "txt", "json", "toml", "yaml", "yml", "csv", "ini", "cfg", "db", "sqlite", "html",
     "css", "js", "ts", "log", "com", "org", "io"}
)  # fmt: skip
_MOST = 5


def gone_names(workspace: Workspace, database: StateDatabase, turn: Turn) -> list[str]:
    """What the documents of an accepted change name in vain, a sentence a document."""
    added: dict[str, list[str]] = {}
    store = ProposalStore(database, workspace)
    for ref in turn.hunks:
        name, _, number = ref.partition(":")
        proposal = store.get(name)
        hunk = proposal.changeset.hunk(int(number))
        if hunk is not None and is_document(hunk.path):
            text = proposal.edited.get(hunk.number, hunk.new)
            known = set(_DOTTED.findall(hunk.old))
            added.setdefault(hunk.path, []).extend(name for name in _DOTTED.findall(text) if name not in known)
    return [
        f"{path} names {listing(gone, _MOST)}, which the code does not have (any more)."
        for path, names in added.items()
        if (gone := list(_gone(workspace.root, dict.fromkeys(names))))
    ]


def left_behind(workspace: Workspace, database: StateDatabase, turn: Turn) -> list[str]:
    """Where other files still use what an accepted change took out of a module, a sentence a name."""
    try:
        record, _ = record_of(database, turn)
    except TurnDamaged:
        return []
    lost: dict[str, Lost] = {}
    for path in record.paths:
        if path.before is not None and path.after is not None:
            found = lost_of(path.path, path.before.content, path.after.content)
            if found is not None and _only_one(workspace.root, module_name(path.path)):
                lost[module_name(path.path)] = found
    if not lost:
        return []
    places: dict[tuple[str, str, str], list[str]] = {}
    for each in leftovers(lost, python_files(workspace)):
        if each.keyword or _module(workspace.root, [*module_name(each.module_path).split("."), each.name]) is None:
            places.setdefault((each.module_path, each.name, each.keyword), []).append(f"{each.path} ({each.place})")
    return [_told(*gone, where) for gone, where in places.items()]


def _told(path: str, name: str, keyword: str, where: list[str]) -> str:
    what = f"{name} in {path} takes no {keyword} any more" if keyword else f"{path} has no {name} any more"
    verb = "uses" if len(where) == 1 else "use"
    return f"{what}, and {listing(where, _MOST)} still {verb} it."


def _only_one(root: Path, name: str) -> bool:
    """Whether one file only may be meant by a module's name."""
    return len(list(_modules(root, name.split(".")))) == 1


def _gone(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Of dotted names those of a module that is here and does not have the word after its own name."""
    for name in names:
        parts = name.split(".")
        if parts[-1] in _ENDINGS or _module(root, parts) is not None:
            continue
        for end in range(len(parts) - 1, 0, -1):
            if (module := _module(root, parts[:end])) is not None:
                if not re.search(rf"\b{parts[end]}\b", module.read_text("utf-8", "replace")):
                    yield name
                break


def _module(root: Path, parts: list[str]) -> Path | None:
    return next(_modules(root, parts), None)


def _modules(root: Path, parts: list[str]) -> Iterator[Path]:
    places = (root / top / Path(*parts) for top in ("", "src"))
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
    return (file for file in files if file.is_file() and not file.is_symlink())
