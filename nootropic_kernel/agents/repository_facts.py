"""Reads what planning needs to know from a workspace's files; runs none of them and follows no link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from nootropic_kernel.planning.repository.facts import RepositoryFacts, is_source, read_facts
from nootropic_kernel.planning.repository.tooling import is_manifest
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace

_PYTHON = (".py", ".ipynb")
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "env", "site-packages", "build", "dist"})
MAX_FILES = 4_000
MAX_BYTES = 2_000_000
MAX_PATHS = 100_000


def repository_facts(workspace: Workspace) -> RepositoryFacts:
    """The facts of the workspace as its files are now, saved but not necessarily committed.

    Large repositories are read in part: the first 4,000 source files and notebooks, Python before other languages, in
    the order of their names, and none above 2 MB.
    """
    paths = _paths(workspace)
    files: dict[str, bytes] = {}
    for path in sorted(paths, key=lambda path: not path.endswith(_PYTHON)):  # other languages get what is left
        code = is_source(path) or path.endswith(_PYTHON)
        wanted = is_manifest(path) or (code and len(files) < MAX_FILES)
        if wanted and (data := _read(workspace, path)) is not None:
            files[path] = data
    return read_facts(files, paths)


def python_files(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """The Python files and notebooks of the workspace, as many as are read for planning."""
    found = (path for path in _paths(workspace) if path.endswith(_PYTHON))
    for path in islice(found, MAX_FILES):
        if (data := _read(workspace, path)) is not None:
            yield path, data


def _paths(workspace: Workspace) -> list[str]:
    paths = Git(workspace.root).files() if workspace.has_git else sorted(_walk(workspace))
    return [path for path in paths if not _is_left_out(path)][:MAX_PATHS]


def _read(workspace: Workspace, path: str) -> bytes | None:
    place = workspace.root / path
    try:
        if place.is_symlink() or place.stat().st_size > MAX_BYTES:
            return None
        return place.read_bytes()
    except OSError:
        return None


def _walk(workspace: Workspace) -> Iterator[str]:
    found = 0
    for folder, folders, names in os.walk(workspace.root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in names:
            found += 1
            if found > MAX_PATHS:
                return
            yield os.path.relpath(os.path.join(folder, name), workspace.root).replace(os.sep, "/")


def _is_left_out(path: str) -> bool:
    """Our own state, Jupyter's copies, and names that are no text."""
    own = path.split("/")[0] in (".nootropic", ".nootropic-cache") or ".ipynb_checkpoints" in path
    return own or not path.isprintable()
