"""Paths as the browser names them (below the server's folder) and as a workspace does (below its root)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from nootropic_lab.errors import FolderRefused


def folder_below(root: Path, path: str) -> Path:
    """The folder that a request names.

    :param root: the folder that the server serves.
    :param path: as the browser names it, relative to ``root``.
    :raises FolderRefused: when it is not an existing folder below ``root``, also by way of a link.
    """
    if "\0" in path or "\\" in path:
        raise FolderRefused(path, "It holds a character that no folder's name has here.")
    parts = PurePosixPath(path.strip("/")).parts
    if ".." in parts:
        raise FolderRefused(path, "It holds `..`.")
    top = root.resolve()
    try:
        folder = top.joinpath(*parts).resolve()
        outside, missing = not folder.is_relative_to(top), not folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # the last for text that no file system can write
        raise FolderRefused(path, str(error)) from error
    if outside:
        raise FolderRefused(path, "It lies outside of the folder that this server serves.")
    if missing:
        raise FolderRefused(path, "There is no such folder.")
    return folder


def in_workspace(server: Path, workspace: Path, paths: Iterable[str]) -> frozenset[str]:
    """Paths below the server's folder, as the workspace names them; those outside of it are left out."""
    return frozenset(_moved(server, workspace, paths))


def on_server(workspace: Path, server: Path, paths: Iterable[str]) -> list[str]:
    """Paths below the workspace's root, as the browser names them; those not served are left out."""
    return _moved(workspace, server, paths)


def _moved(old: Path, new: Path, paths: Iterable[str]) -> list[str]:
    old, new = old.resolve(), new.resolve()
    moved = (Path(os.path.normpath(old / path.lstrip("/"))) for path in paths if "\0" not in path)
    return [path.relative_to(new).as_posix() for path in moved if path.is_relative_to(new)]
