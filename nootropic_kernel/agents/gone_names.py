"""Names in documents that the code does not have (any more): told when such a text is accepted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import Turn
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
    places = (root / top / Path(*parts) for top in ("", "src"))
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
    return next((file for file in files if file.is_file() and not file.is_symlink()), None)
