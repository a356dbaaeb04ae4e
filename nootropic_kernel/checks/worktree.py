"""A copy of the repository in which a change can be tried: a Git worktree under the state folder, always cleaned.

The worktree is registered without a checkout and filled from the person's folder: that is what the change was made
for, unsaved to Git or not; and no filter of the repository's settings runs, as a checkout's would. Nothing is linked,
so what runs in the copy cannot reach the original. Git is never called inside the copy, whose `.git` file the code that
ran there may have replaced.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.tree_copy import TreeCopy
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git, GitFailed
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.locks import process_lock
from nootropic_kernel.workspace.rules import lexical_fault

# Hooks of the repository would run code that nobody approved.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
# What was killed with its owner may write for a moment longer.
_TRIES = 5


class WorktreeLeft(NootropicError):
    """A copy that cannot be removed."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"The copy {str(folder)!r} in which a change was tried cannot be removed.",
            why=why,
            next="Remove it yourself; nothing in it is needed.",
            path=str(folder),
        )


@contextmanager
def worktree_with(
    workspace: Workspace, edits: Sequence[FileEdit], tell: Callable[[str], None] = lambda text: None
) -> Iterator[Path]:
    """A folder with the files as they are now and the edits applied; gone at the end of the block.

    Folders that a crash left behind are removed first. Each folder is locked as long as its owner lives, so that one
    that nobody holds is known to be left behind, whatever process numbers say.

    Args:
        workspace: whose files.
        edits: what to change in the copy.
        tell: is told what was left out of the copy.

    Raises:
        GitFailed: an edit cannot be applied inside the copy.
        WorktreeLeft: the copy cannot be removed.
    """
    workspace.ensure()
    home = workspace.state_dir / "work"
    home.mkdir(exist_ok=True)
    git = Git(workspace.root)
    folder = home / uuid4().hex[:12]
    held = -1
    try:
        with process_lock(workspace.state_dir / "work.lock", timeout_s=120.0):
            for left in home.iterdir():
                _sweep(git, left, workspace.has_git)
            folder.mkdir(mode=0o700)
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if workspace.has_git:
            # Before the first commit, or where `.git` is read-only, a plain folder has to do.
            git.result(*_NO_HOOKS, "worktree", "add", "--no-checkout", "--detach", "-q", str(folder), "HEAD", ok=None)
        copy = TreeCopy(workspace, git, folder)
        copy.fill()
        if copy.left_out:
            tell(f"Left out of the copy: {', '.join(copy.left_out)}.")
        for edit in edits:
            _apply(folder, edit)
        yield folder
    finally:
        try:
            _remove(git, folder, workspace.has_git)
        finally:
            if held >= 0:
                os.close(held)


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


def _sweep(git: Git, left: Path, has_git: bool) -> None:
    try:
        held = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return  # gone by now; or not a folder of ours
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(git, left, has_git)
    except (BlockingIOError, WorktreeLeft):
        pass  # its owner lives; or was told, when it could not remove it
    finally:
        os.close(held)


def _remove(git: Git, folder: Path, has_git: bool) -> None:
    """Remove a copy and Git's record of it; a worktree of the person's, on a disk that is away, keeps its own."""
    if has_git:
        _forget(git, folder)
    why = ""
    for attempt in range(_TRIES):
        _make_writable(folder)
        try:
            if folder.is_dir():
                shutil.rmtree(folder)
            else:
                folder.unlink(missing_ok=True)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            why = f"{error.filename or folder}: {error.strerror or error}"
            time.sleep(0.05 * 2**attempt)
    raise WorktreeLeft(folder, why)


def _forget(git: Git, folder: Path) -> None:
    said = git.result("rev-parse", "--git-common-dir", ok=None).stdout.decode("utf-8", "surrogateescape").rstrip("\n")
    record = git.root / said / "worktrees" / folder.name
    if not said or not record.is_dir():
        return
    try:
        place = Path((record / "gitdir").read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n"))
        if place.parent.resolve() != folder.resolve():
            return  # the person's, by the same name
    except FileNotFoundError:
        pass  # cut off while Git made it
    shutil.rmtree(record, ignore_errors=True)
    try:
        record.parent.rmdir()
    except OSError:
        pass  # there are others


def _make_writable(folder: Path) -> None:
    """Code that ran in the copy may have taken its folders' permissions away."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            if not stat.S_ISDIR(os.lstat(place).st_mode):
                continue
            os.chmod(place, 0o700)
            waiting += [Path(entry.path) for entry in os.scandir(place) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # what this leaves as it was, removing will name
