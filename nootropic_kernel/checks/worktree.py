"""A copy of the repository in which a change can be tried: a Git worktree under the state folder, always cleaned."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from uuid import uuid4

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.workspace.git import Git, GitFailed
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import is_secret, lexical_fault

# Hooks of the repository would run code that nobody approved.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


@contextmanager
def worktree_with(
    workspace: Workspace, edits: Sequence[FileEdit], tell: Callable[[str], None] = lambda text: None
) -> Iterator[Path]:
    """A folder with the files as they are now and the edits applied; gone at the end of the block.

    Folders that a crash left behind are removed first.
    """
    workspace.ensure()
    home = workspace.state_dir / "work"
    home.mkdir(exist_ok=True)
    git = Git(workspace.root)
    _sweep(git, home, workspace.has_git)
    folder = home / f"{os.getpid()}-{uuid4().hex[:8]}"
    try:
        _fill(workspace, git, folder)
        for edit in edits:
            _apply(folder, edit)
        yield folder
    finally:
        _remove(git, folder, workspace.has_git)


def _fill(workspace: Workspace, git: Git, folder: Path) -> None:
    if not workspace.has_git or git.head() is None:
        folder.mkdir()
        present = git.files() if workspace.has_git else _walk(workspace.root)
    else:
        git.run(*_NO_HOOKS, "worktree", "add", "--detach", "--quiet", str(folder), "HEAD")
        changed = git.run("diff", "--name-only", "-z", "HEAD", "--", ".")
        untracked = git.run("ls-files", "-z", "--others", "--exclude-standard")
        listed = changed.split(b"\0") + untracked.split(b"\0")
        present = [name.decode("utf-8", "surrogateescape") for name in listed if name]
    for path in present:
        if lexical_fault(path) or is_secret(path):
            continue
        source, copy = workspace.root / path, folder / path
        try:
            regular = stat.S_ISREG(os.lstat(source).st_mode)
        except OSError:
            if not _behind_link(folder, path) and not copy.is_dir():
                copy.unlink(missing_ok=True)
            continue
        if regular:
            _clear_way(folder, path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)


def _behind_link(folder: Path, path: str) -> bool:
    return any((folder / parent).is_symlink() for parent in PurePosixPath(path).parents)


def _clear_way(folder: Path, path: str) -> None:
    """Take away checked-out links (and files where folders go) on the way: nothing may be written through them."""
    place = folder
    for part in PurePosixPath(path).parts:
        place = place / part
        if place.is_symlink() or (place != folder / path and place.is_file()):
            place.unlink()
        elif place == folder / path and place.is_dir():
            shutil.rmtree(place)


def _apply(folder: Path, edit: FileEdit) -> None:
    for path in edit.paths:
        if lexical_fault(path):
            raise GitFailed(("apply",), 1, f"{path} cannot be tried: {lexical_fault(path)}")
    for path in edit.paths:
        place = folder / path
        if Path(os.path.realpath(place.parent)) != Path(os.path.realpath(folder)) / Path(path).parent:
            raise GitFailed(("apply",), 1, f"{path} lies behind a link")
    if edit.renamed_from is not None:
        (folder / edit.renamed_from).unlink(missing_ok=True)
    place = folder / edit.path
    if place.is_symlink() or edit.new is None:
        place.unlink(missing_ok=True)
    if edit.new is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(edit.new)
        if edit.mode is not None:
            place.chmod(edit.mode & 0o777)


def _sweep(git: Git, home: Path, has_git: bool) -> None:
    for left in home.iterdir():
        owner = left.name.split("-")[0]
        if not (owner.isdigit() and _alive(int(owner))):
            _remove(git, left, has_git)


def _remove(git: Git, folder: Path, has_git: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if has_git:
        git.result("worktree", "prune", ok=None)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _walk(root: Path) -> list[str]:
    skipped = {"node_modules", "__pycache__", ".venv", "venv"}
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in skipped and not name.startswith(".nootropic")]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in files]
    return found
