"""Where a workspace is on disk, and where its state, cache and the person's own folder are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.workspace import state_marks
from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.git import Git, GitMissing
from nootropic_kernel.workspace.homes import download_cache as download_cache
from nootropic_kernel.workspace.homes import person_home as person_home

STATE_FOLDER = ".nootropic"
CACHE_FOLDER = ".nootropic-cache"

# File systems whose locks or shared memory SQLite's write-ahead log cannot rely on (sqlite.org/wal.html, point 2).
_NO_WAL = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"})


@dataclass(frozen=True)
class Workspace:
    """A folder that Nootropic works in: a Git repository's top level, or a plain folder.

    ``root`` is absolute; ``state_dir`` holds what may be lost without losing code; ``notes`` tell the person what is
    unusual about this workspace (no repository, state kept elsewhere).
    """

    root: Path
    state_dir: Path
    cache_dir: Path
    has_git: bool
    notes: tuple[str, ...] = ()

    @classmethod
    def find(cls, start: Path | str | None = None) -> Workspace:
        """Find the workspace around ``start`` (default: the current folder). Creates nothing.

        :raises WorkspaceUnusable: when ``start`` is not a folder, or Git cannot use the repository around it.
        """
        folder = Path(start if start is not None else Path.cwd()).expanduser().resolve()
        if not folder.is_dir():
            raise WorkspaceUnusable(
                f"{str(folder)!r} is not a folder.", next="Name an existing folder.", path=str(folder)
            )
        top = _git_top_level(folder)
        root = top or folder.resolve()
        notes: list[str] = []
        if top is None:
            notes.append(
                "There is no Git repository here: changes are written, but not committed. `noo init --git` makes one."
            )
        state, cache = root / STATE_FOLDER, root / CACHE_FOLDER
        if reason := _cannot_hold_state(root):
            own = person_home() / "workspaces" / hashlib.sha256(str(root).encode()).hexdigest()[:16]
            state, cache = own / "state", own / "cache"
            notes.append(f"State is kept in {own}, because {reason}.")
        return cls(root, state, cache, top is not None, tuple(notes))

    def ensure(self) -> None:
        """Create the state and cache folders; each ignores itself in Git.

        :raises WorkspaceUnusable: when they cannot be created.
        """
        for folder in (self.state_dir, self.cache_dir):
            try:
                if folder.is_symlink():
                    continue  # never followed: who keeps something there looks for another place
                if folder.parent == self.root:
                    state_marks.make_own(folder)
                else:
                    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise WorkspaceUnusable(
                    f"The folder {str(folder)!r} cannot be created.",
                    why=error.strerror or str(error),
                    next="Make the folder writable, or set NOOTROPIC_HOME to a folder of your own.",
                    path=str(folder),
                ) from error

    def relative(self, path: Path | str) -> str:
        """``path`` as a POSIX path relative to the root (unchanged when it is relative already)."""
        given = Path(path)
        if not given.is_absolute():
            return given.as_posix()
        try:
            return given.relative_to(self.root).as_posix()
        except ValueError:
            return given.resolve().relative_to(self.root.resolve()).as_posix()


def _git_top_level(folder: Path) -> Path | None:
    """The repository around ``folder``, None where there is none.

    :raises WorkspaceUnusable: there is one, and Git cannot or will not read it. Taken for a plain folder, its ignore
        rules and its commits would silently not count.
    """
    try:
        done = Git(folder).result("rev-parse", "--show-toplevel", ok=None)
    except GitMissing as error:
        if any((place / ".git").exists() for place in (folder, *folder.parents)):
            raise WorkspaceUnusable(
                "There is a Git repository here, and Git is not installed.", next=error.next, path=str(folder)
            ) from error
        return None
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == 0:
        top = Path(os.fsdecode(done.stdout.rstrip(b"\n")))
        # A repository's own settings can name any folder as its work tree; only one around us is ours.
        return top if top.resolve() in (folder.resolve(), *folder.resolve().parents) else None
    if "safe.bareRepository" in said:  # a folder that is laid out like one: what counts is the clone around it
        return _git_top_level(folder.parent)
    if "not a git repository" in said and not _unreadable(folder):
        return None
    raise WorkspaceUnusable(
        f"Git cannot use the repository around {str(folder)!r}.",
        why=said,
        next="Do what Git says (or remove a `.git` that is none), then run this again; nothing was touched.",
        path=str(folder),
    )


def _unreadable(folder: Path) -> bool:
    """Whether a `.git` lies around that is damaged, points to a place which is gone, or may not be read."""
    for place in (folder, *folder.parents):
        mark = place / ".git"
        try:
            if mark.is_file() or (mark.is_dir() and any(mark.iterdir())):
                return True
        except PermissionError:
            return True
        if place.is_mount():
            return False
    return False


def _git(folder: Path, *arguments: str) -> str:
    """What Git prints; empty where there is no repository or no Git."""
    try:
        done = Git(folder).result(*arguments, ok=None)
    except GitMissing:
        return ""
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n") if done.returncode == 0 else ""


def _cannot_hold_state(root: Path) -> str:
    state = root / STATE_FOLDER
    target = state if state.exists() else root
    if state.is_symlink():
        return f"{STATE_FOLDER} is a link, which a repository could point anywhere"
    if state.exists() and (not state_marks.is_own(state) or _git(root, "ls-files", "--", f":(icase){STATE_FOLDER}")):
        return f"the {STATE_FOLDER} folder here was not made by you (`noo init --adopt` believes one that was)"
    # Root passes every permission check, also on a file system that is mounted read-only.
    if not os.access(target, os.W_OK | os.X_OK) or os.statvfs(target).f_flag & os.ST_RDONLY:
        return f"{target} is read-only"
    kind = _file_system(root)
    if kind in _NO_WAL:
        return f"the file system ({kind}) cannot carry a database that several processes share"
    return ""


def _file_system(path: Path) -> str:
    best, kind = -1, ""
    try:
        mounts = Path("/proc/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in mounts:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        if (path == Path(point) or Path(point) in path.parents) and len(point) >= best:
            best, kind = len(point), fields[2]
    return kind
