"""Copying a person's files into an empty folder: fast, within bounds, and never through a link."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import is_secret, lexical_fault

# Files that Git does not track are data or builds when they are this large; tests that need them are rare.
UNTRACKED_MB = 50
_NAMED = 5


class TreeCopy:
    """The files of a workspace as they are now: tracked ones, and others that are not ignored, not secret, not huge.

    Args:
        workspace: whose files.
        git: its repository, where it has one.
        folder: the empty folder to fill.

    ``left_out`` names what was not copied and why.
    """

    def __init__(self, workspace: Workspace, git: Git, folder: Path) -> None:
        self._root = workspace.root
        self._real = Path(os.path.realpath(workspace.root))
        self._git = git if workspace.has_git else None
        self._folder = folder
        self._parents: dict[PurePosixPath, bool] = {PurePosixPath("."): True}
        self._omitted: list[str] = []

    @property
    def left_out(self) -> list[str]:
        """What was not copied, the first few by name."""
        more = len(self._omitted) - _NAMED
        return self._omitted[:_NAMED] + ([f"{more} more"] if more > 0 else [])

    def fill(self) -> None:
        """Copy the files."""
        if self._git is None:
            for path in _walk(self._root):
                self._copy(path, tracked=False)
            return
        for path in self._listed("--cached"):
            self._copy(path, tracked=True)
        for path in self._listed("--others", "--exclude-standard"):
            self._copy(path, tracked=False)

    def _listed(self, *which: str) -> list[str]:
        assert self._git is not None
        names = dict.fromkeys(self._git.run("ls-files", "-z", *which).split(b"\0"))
        return [name.decode("utf-8", "surrogateescape") for name in names if name]

    def _copy(self, path: str, *, tracked: bool) -> None:
        if path.endswith("/"):
            self._omitted.append(f"{path} (a repository of its own)")
            return
        if lexical_fault(path) or is_secret(path):
            return
        source, target = self._root / path, self._folder / path
        try:
            status = os.lstat(source)
        except OSError:
            return  # deleted, or left out by a sparse checkout
        if stat.S_ISDIR(status.st_mode):
            self._omitted.append(f"{path} (a submodule, or a folder in a file's place)")
        elif not tracked and status.st_size > UNTRACKED_MB << 20:
            self._omitted.append(f"{path} (not tracked, {status.st_size >> 20} MB)")
        elif self._parent_made(PurePosixPath(path).parent):
            if stat.S_ISLNK(status.st_mode):
                os.symlink(os.readlink(source), target)
            elif stat.S_ISREG(status.st_mode):
                _copy_file(source, target, status)

    def _parent_made(self, parent: PurePosixPath) -> bool:
        """Make the folder of a file; False where the original lies behind a link, which leads to other files."""
        if parent not in self._parents:
            real = Path(os.path.realpath(self._root / parent)) == self._real / parent
            if real:
                (self._folder / parent).mkdir(parents=True, exist_ok=True)
            self._parents[parent] = real
        return self._parents[parent]


def _copy_file(source: Path, target: Path, status: os.stat_result) -> None:
    try:
        reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return  # unreadable or replaced meanwhile; a test that needs it will say so
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writing = os.open(target, flags, stat.S_IMODE(status.st_mode) & 0o777 | 0o600)
        try:
            # Shares the blocks where the file system can (reflinks), and never the file.
            while os.copy_file_range(reading, writing, 1 << 30):
                pass
        except OSError:
            with open(reading, "rb", closefd=False) as old, open(writing, "wb", closefd=False) as new:
                old.seek(0)
                new.truncate(0)
                shutil.copyfileobj(old, new)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _walk(root: Path) -> list[str]:
    skipped = {"node_modules", "__pycache__", ".venv", "venv"}
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in skipped and not name.startswith(".nootropic")]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in files]
    return found
