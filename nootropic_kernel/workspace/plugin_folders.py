"""Plugins as files: which folders of a workspace are plugins, which the person trusts, what installed ones ship.

Nothing is imported here. A plugin may ship data beside its verbs, in a folder of the resource's name (`methods/`).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError

ENTRY_POINTS = "nootropic.plugins"
FOLDER = "plugins"
_MOST_BYTES = 5_000_000
_MOST_FILES = 500


class BadPlugin(NootropicError):
    """A plugin that cannot be described or loaded; it is skipped and the rest goes on."""


@dataclass(frozen=True)
class Folder:
    """A plugin folder of the workspace, read but not imported."""

    name: str
    path: str
    sha256: str
    trusted: bool
    why: str


def find_folders(root: Path, trusted: Mapping[str, str]) -> list[Folder]:
    """List the plugin folders of a workspace; ``trusted`` maps paths to the content the person trusts."""
    place = root / FOLDER
    if place.is_symlink() or not place.is_dir():
        return []
    found = []
    for folder in sorted(place.iterdir()):
        if folder.name.startswith((".", "_")) or folder.is_symlink() or not folder.is_dir():
            continue
        if _looks_like_one(folder):
            found.append(_look_at(folder, trusted))
    return found


def _looks_like_one(folder: Path) -> bool:
    """A project may well have a folder `plugins` for purposes of its own."""
    for name in ("plugin.py", "__init__.py"):
        if (folder / name).is_file():
            try:
                return b"describe" in (folder / name).read_bytes()
            except OSError:
                return False
    return False


def _look_at(folder: Path, trusted: Mapping[str, str]) -> Folder:
    path = str(folder.resolve())
    try:
        content = digest(read_content(folder))
    except BadPlugin as error:
        return Folder(folder.name, path, "", False, error.why)
    except OSError as error:
        return Folder(folder.name, path, "", False, f"It cannot be read: {error.strerror}.")
    agreed = trusted.get(path)
    if agreed == content:
        return Folder(folder.name, path, content, True, "")
    why = "You have not trusted it." if agreed is None else "It has changed since you trusted it."
    return Folder(folder.name, path, content, False, why)


def read_content(folder: Path) -> dict[str, bytes]:
    """Every file of a plugin folder by its relative path.

    :raises BadPlugin: when it holds links, or more than a plugin should.
    """
    content: dict[str, bytes] = {}
    size = 0
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in [*names, *files]:
            file = Path(place, name)
            if file.is_symlink():
                raise BadPlugin(
                    f"The plugin {folder.name} is skipped.", why=f"{name} is a link.", next="Copy the file."
                )
        for name in files:
            file = Path(place, name)
            if not file.is_file():
                continue
            size += file.stat().st_size
            if size > _MOST_BYTES or len(content) >= _MOST_FILES:
                raise BadPlugin(
                    f"The plugin {folder.name} is skipped.",
                    why=f"It has more than {_MOST_FILES} files or {_MOST_BYTES // 1_000_000} MB.",
                    next="Install it as a package instead.",
                )
            content[file.relative_to(folder).as_posix()] = file.read_bytes()
    return content


def digest(content: Mapping[str, bytes]) -> str:
    """One SHA-256 over names and contents."""
    total = hashlib.sha256()
    for name in sorted(content):
        data = content[name]
        total.update(f"{len(name)}:{name}:{len(data)}:".encode("utf-8", "surrogateescape"))
        total.update(data)
    return total.hexdigest()


def installed_paths(root: Path) -> list[str]:
    """The parts of ``sys.path`` that hold installed packages: never a folder of the workspace's own files."""
    here = os.path.realpath(os.getcwd())
    inside = os.path.realpath(root)
    kept = []
    for entry in sys.path:
        real = os.path.realpath(entry)
        is_site = os.path.basename(real) in ("site-packages", "dist-packages")
        foreign = real != here and os.path.commonpath([real, inside]) != inside
        if entry and os.path.isdir(real) and (is_site or foreign):
            kept.append(entry)
    return kept


def entry_points(paths: Sequence[str]) -> dict[str, Any]:
    """The entry points by which installed packages announce plugins."""
    from importlib.metadata import distributions

    return {
        point.name: point
        for distribution in distributions(path=list(paths))
        for point in distribution.entry_points
        if point.group == ENTRY_POINTS
    }


def shipped_data(root: Path, trusted: Mapping[str, str], kind: str) -> Iterator[Path]:
    """The folders of data of one kind that trusted plugins ship: the workspace's own first, then installed ones."""
    for folder in find_folders(root, trusted):
        if folder.trusted and (Path(folder.path) / kind).is_dir():
            yield Path(folder.path) / kind
    paths = installed_paths(root)
    for _, point in sorted(entry_points(paths).items()):
        spec = PathFinder.find_spec(point.value.partition(":")[0].split(".")[0], paths)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            if (Path(place) / kind).is_dir():
                yield Path(place) / kind
