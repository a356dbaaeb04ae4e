"""What Git holds of a path (HEAD, index), and a commit of chosen contents that leaves the person's own lines alone."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git, GitFailed

_IN_PROGRESS = {
    "MERGE_HEAD": "a merge", "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase", "rebase-apply": "a rebase or `git am`",
}  # fmt: skip
# Background work that Git would start by itself must not outlive the commit, nor hold its lock.
_QUIET = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsmonitor=false")
_ORPHAN_TIMEOUT_S = 60.0
REGULAR, EXECUTABLE = "100644", "100755"
# Numbers of turns come again in another worktree or after the state was removed; this trailer never does.
ID_TRAILER = "Nootropic-Id"


class GitBusy(NootropicError):
    """Git is in the middle of something that a commit would conclude."""


class CommitRefused(NootropicError):
    """Git did not make the commit: a hook or the signing refused, or the commit was not what was accepted.

    ``data["commit"]`` is there only when the commit is not what was accepted and yet had to stay on the branch.
    """


@dataclass(frozen=True)
class Entry:
    """A blob and its mode, as trees and the index hold them."""

    oid: str
    mode: str = REGULAR


class Repository:
    """The layers of one repository under a workspace's root."""

    def __init__(self, root: Path, state_dir: Path) -> None:
        self.git = Git(root)
        self.state_dir = state_dir
        self._sha = hashlib.sha256 if self._object_format() == "sha256" else hashlib.sha1
        self._unconverted: frozenset[str] = frozenset()

    def check_ready(self) -> None:
        """Raise GitBusy while a merge, rebase or the like is in progress, or another Git holds the index."""
        folder = Path(self.git.text("rev-parse", "--absolute-git-dir"))
        for name, what in _IN_PROGRESS.items():
            if (folder / name).exists():
                raise GitBusy(
                    f"{what.capitalize()} is in progress in this repository.",
                    why="A commit now would conclude it.",
                    next="Finish or abort it, then run this again.",
                )
        lock = self._index_path().with_name("index.lock")
        for _ in range(30):  # an editor's own `git status` holds it for a moment
            if not lock.exists():
                return
            time.sleep(0.1)
        if lock.exists():
            raise GitBusy(
                "Another Git process is using the index.",
                why="There is an index.lock in the Git folder.",
                next="Wait for it to end (or remove the file if none runs), then run this again.",
            )

    def in_head(self, path: str) -> Entry | None:
        """The path in HEAD."""
        return None if self.git.head() is None else self.entries("HEAD", [path])[path]

    def in_index(self, path: str) -> Entry | None:
        """The path in the person's index."""
        return self.staged([path])[path]

    def entries(self, commit: str, paths: Sequence[str]) -> dict[str, Entry | None]:
        """The paths in a commit."""
        found: dict[str, Entry | None] = dict.fromkeys(paths)
        for some in batched(paths):
            listed = self.git.run("--literal-pathspecs", "ls-tree", "-z", commit, "--", *some)
            for line in filter(None, listed.split(b"\0")):
                about, _, name = line.partition(b"\t")
                mode, kind, oid = about.decode().split()
                found[name.decode("utf-8", "surrogateescape")] = Entry(oid, mode if kind == "blob" else "other")
        return found

    def staged(self, paths: Sequence[str]) -> dict[str, Entry | None]:
        """The paths in the person's index.

        Raises:
            GitBusy: one is unmerged.
        """
        found: dict[str, Entry | None] = dict.fromkeys(paths)
        for some in batched(paths):
            listed = self.git.run("--literal-pathspecs", "ls-files", "-s", "-z", "--", *some)
            for line in filter(None, listed.split(b"\0")):
                about, _, name = line.partition(b"\t")
                path = name.decode("utf-8", "surrogateescape")
                mode, oid, stage = about.decode().split()
                if stage != "0":
                    raise GitBusy(f"{path} is unmerged.", next="Resolve it and `git add` it, then run this again.")
                if path in found:  # a folder of that name lists what is in it
                    found[path] = Entry(oid, mode)
        return found

    def content(self, entry: Entry | None) -> bytes | None:
        """The blob's bytes."""
        return None if entry is None else self.git.run("cat-file", "blob", entry.oid)

    def clean(self, path: str, data: bytes | None) -> bytes | None:
        """The bytes as Git would store them: line endings and filters of the repository applied."""
        if data is None or path in self._unconverted:
            return data
        if self._hash(path, data) == self.oid_of(data):
            return data
        return self.git.run("cat-file", "blob", self._hash(path, data, write=True))

    def note_unconverted(self, paths: Sequence[str]) -> None:
        """Find out at once which paths no filter or line-ending rule touches, so that `clean` need not ask Git."""
        rules = ("text", "crlf", "eol", "filter", "ident", "working-tree-encoding")
        done = self.git.result("config", "--get", "core.autocrlf", ok=None)
        if done.stdout.decode().strip().lower() not in ("", "false", "no", "off", "0"):
            return
        names = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
        told = self.git.run("check-attr", "-z", "--stdin", *rules, input=names).split(b"\0")
        touched = {
            told[k].decode("utf-8", "surrogateescape")
            for k in range(0, len(told) - 2, 3)
            if told[k + 2] not in (b"unspecified", b"unset")
        }
        self._unconverted = frozenset(paths) - touched

    def oid_of(self, data: bytes) -> str:
        """The id of a blob with these bytes."""
        return self._sha(b"blob %d\0" % len(data) + data).hexdigest()

    def store(self, data: bytes) -> str:
        """Keep bytes as a blob, exactly as they are, and return its id."""
        return self.git.text("hash-object", "-w", "--stdin", input=data)

    def differs_from_head(self, path: str, now: bytes | None) -> bool:
        """Whether the file has lines that are not committed."""
        return self.clean(path, now) != self.content(self.in_head(path))

    def commit(
        self, entries: Mapping[str, Entry | None], message: str, parent: str | None, *, mark: str | None = None
    ) -> str | None:
        """Commit these entries on top of ``parent``, through the repository's hooks and signing.

        The person's index is not used: HEAD's tree with the entries goes through an index of our own.

        Args:
            entries: by path; None removes it.
            message: its last paragraph are trailers.
            parent: the HEAD that the entries were made for.
            mark: what `find_commit` finds this commit by; a new one unless given.

        Returns:
            The commit, or None when HEAD holds the entries already.

        Raises:
            CommitRefused: a hook or the signing refused, or something else than the entries was committed.
        """
        if not entries:
            return None
        index = self.state_dir / "commit.index"
        env = {"GIT_INDEX_FILE": str(index), "GIT_EDITOR": "true", **self.git.identity_environment()}
        mark = mark or new_mark()
        with self._guard() as descriptor:
            try:
                self._fill_index(index, env, entries, parent)
                tree = self.git.text("write-tree", env=env)
                if parent is not None and tree == self.git.text("rev-parse", f"{parent}^{{tree}}"):
                    return None
                done = self.git.result(
                    *_QUIET,
                    "commit",
                    "--cleanup=whitespace",
                    "-F",
                    "-",
                    input=f"{message.rstrip()}\n{ID_TRAILER}: {mark}\n".encode(),
                    env=env,
                    ok=None,
                    pass_fds=(descriptor,),
                )
            finally:
                for leftover in (index, index.with_name("commit.index.lock")):
                    leftover.unlink(missing_ok=True)
        said = (done.stderr + done.stdout).decode("utf-8", "replace").strip()
        if done.returncode != 0:
            raise CommitRefused(
                "Git refused the commit.",
                why=said[-4000:] or f"`git commit` ended with {done.returncode}.",
                next="Nothing was changed. Mend what the hook or Git names, then accept again.",
                output=said,
            )
        made = self._made(done.stdout, mark, parent)
        self._check_commit(made, parent, entries)
        return made

    def find_commit(self, mark: str, parent: str | None) -> str | None:
        """The commit that was made with this mark: right after ``parent``, or on HEAD when it was rebased since."""
        wanted = [parent] if parent else []
        here = self._marked(mark, parent, "HEAD")
        right = [commit for commit, parents in here if parents == wanted] or [
            commit for commit, parents in self._marked(mark, parent, "--branches") if parents == wanted
        ]
        return next(iter(right + [commit for commit, _ in here]), None)

    def _marked(self, mark: str, parent: str | None, where: str) -> list[tuple[str, list[str]]]:
        """All commits with this mark that ``parent`` does not know, oldest first, and their parents."""
        since = [f"^{parent}"] if parent else []
        grep = ("--fixed-strings", f"--grep={ID_TRAILER}: {mark}")
        listed = self.git.result("rev-list", "--parents", "--reverse", *grep, where, *since, ok=None)
        return [(line.split()[0], line.split()[1:]) for line in listed.stdout.decode().splitlines()]

    def _made(self, said: bytes, mark: str, parent: str | None) -> str:
        """The commit that `git commit` just made: not simply HEAD, for somebody may have committed since.

        A hook may have amended it, or have taken the mark out of its message; then Git's own words tell it.
        """
        if made := self.find_commit(mark, parent):
            return made
        told = re.match(rb"\[[^\n]*? ([0-9a-f]{4,64})\] ", said)
        if told and self.git.result("merge-base", "--is-ancestor", told[1].decode(), "HEAD", ok=None).returncode == 0:
            return self.git.text("rev-parse", "--verify", f"{told[1].decode()}^{{commit}}")
        raise CommitRefused(
            "The commit was made and is gone from the branch again.",
            why="Somebody, or a hook, moved HEAD at the same moment.",
            next="Look at `git reflog`, then run this again.",
        )

    def stage(self, entries: Mapping[str, Entry | None]) -> None:
        """Put entries into the person's index, other paths left as they are."""
        if entries:
            self.git.run("update-index", "-z", "--index-info", input=self._index_info(entries))

    def wait_for_orphan(self) -> None:
        """Wait for a `git commit` that outlived the process which started it."""
        with self._guard():
            pass

    def _check_commit(self, made: str, parent: str | None, entries: Mapping[str, Entry | None]) -> None:
        parents = self.git.text("rev-list", "--parents", "-n", "1", made).split()[1:]
        listed = self.git.run("diff-tree", "--no-commit-id", "--no-renames", "-r", "-z", "--name-only", "--root", made)
        names = {name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name}
        foreign = sorted(names - set(entries))
        in_place = parents == ([parent] if parent else [])
        if in_place and not foreign:
            return
        some = ", ".join(foreign[:5])
        why = f"A hook added {some} to it." if in_place else "It was made on a commit that came in between"
        if not in_place:
            why += f", and takes {some} back." if foreign else "."
        # The commit is a moment old and ours; take it back unless HEAD moved on (Git compares and sets at once).
        try:
            if parents:
                self.git.run("update-ref", "-m", "nootropic: take back", "HEAD", parents[0], made)
            else:
                self.git.run("update-ref", "-d", "HEAD", made)
        except GitFailed as error:
            raise CommitRefused(
                f"The commit {made[:12]} is not just what was accepted, and could not be taken back.",
                why=f"{why} {error.why}",
                next=f"Look at it with `git show {made[:12]}`; `undo` takes back what was accepted.",
                commit=made,
            ) from error
        if in_place:
            raise CommitRefused(
                "A hook put other files into the commit.",
                why=f"It added {some}.",
                next="Nothing was changed. Make the hook leave files alone that the commit does not touch.",
                paths=foreign,
            )
        raise CommitRefused("Somebody committed at the same moment.", next="Nothing was changed; run this again.")

    def _fill_index(
        self, index: Path, env: Mapping[str, str], entries: Mapping[str, Entry | None], parent: str | None
    ) -> None:
        index.unlink(missing_ok=True)
        if parent is None:
            self.git.run("read-tree", "--empty", env=env)
        else:
            own = self._index_path()
            if own.exists():  # a copy keeps what Git knows of unchanged files, which spares reading them all
                shutil.copyfile(own, index)
            self.git.run("read-tree", "--reset", parent, env=env)
        self.git.run("update-index", "-z", "--index-info", input=self._index_info(entries), env=env)
        self.git.result("update-index", "-q", "--refresh", env=env, ok=None)

    def _index_info(self, entries: Mapping[str, Entry | None]) -> bytes:
        zero = "0" * (64 if self._sha is hashlib.sha256 else 40)
        lines = [
            (f"0 {zero}\t" if entry is None else f"{entry.mode} {entry.oid}\t").encode()
            + path.encode("utf-8", "surrogateescape")
            + b"\0"
            for path, entry in entries.items()
        ]
        return b"".join(lines)

    def _hash(self, path: str, data: bytes, *, write: bool = False) -> str:
        return self.git.text("hash-object", *(["-w"] if write else []), "--path", path, "--stdin", input=data)

    def _index_path(self) -> Path:
        return self.git.root / self.git.text("rev-parse", "--git-path", "index")

    def _object_format(self) -> str:
        done = self.git.result("rev-parse", "--show-object-format", ok=None)
        return done.stdout.decode().strip() if done.returncode == 0 else "sha1"

    @contextmanager
    def _guard(self) -> Iterator[int]:
        """A lock that `git commit` inherits: it lasts until Git has ended, even when we are killed."""
        import fcntl

        descriptor = os.open(self.state_dir / "commit.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + _ORPHAN_TIMEOUT_S
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise GitBusy(
                            "A `git commit` of an earlier accept still runs, or a hook that it started.",
                            why=f"It did not end within {_ORPHAN_TIMEOUT_S:g} s.",
                            next="Wait for it or end it, then run this again.",
                        ) from None
                    time.sleep(0.05)
            yield descriptor
        finally:
            os.close(descriptor)


def new_mark() -> str:
    """A mark that no other commit has."""
    return secrets.token_hex(8)


def batched(paths: Sequence[str], size: int = 200) -> Iterator[Sequence[str]]:
    """The paths in parts that a command line can hold."""
    for at in range(0, len(paths), size):
        yield paths[at : at + size]
