"""A commit of chosen contents through the repository's hooks and signing, which leaves the person's own lines alone."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path

from nootropic_kernel.changes.repository import EXECUTABLE, REGULAR, Entry, GitBusy, GitLayers
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import GitFailed

__all__ = ["EXECUTABLE", "REGULAR", "CommitRefused", "Entry", "GitBusy", "Repository", "new_mark"]

# Background work that Git would start by itself must not outlive the commit, nor hold its lock.
_QUIET = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsmonitor=false")
_ORPHAN_TIMEOUT_S = 60.0
# Words that the person's next commit shall begin with; any commit removes them.
_PREPARED = ("SQUASH_MSG", "MERGE_MSG")
# Numbers of turns come again in another worktree or after the state was removed; this trailer never does.
ID_TRAILER = "Nootropic-Id"


class CommitRefused(NootropicError):
    """Git did not make the commit: a hook or the signing refused, or the commit was not what was accepted.

    ``data["commit"]`` is there only when the commit is not what was accepted and yet had to stay on the branch.
    """


class Repository(GitLayers):
    """The layers of one repository, and commits on top of them."""

    def commit(
        self,
        entries: Mapping[str, Entry | None],
        message: str,
        parent: str | None,
        *,
        mark: str | None = None,
        own: Mapping[str, Set[bytes]] | None = None,
    ) -> str | None:
        """Commit these entries on top of ``parent``, through the repository's hooks and signing.

        The person's index is not used: HEAD's tree with the entries goes through an index of our own.

        Args:
            entries: by path; None removes it.
            message: its last paragraph are trailers.
            parent: the HEAD that the entries were made for.
            mark: what `find_commit` finds this commit by; a new one unless given.
            own: by path, lines of the person's own that a hook may not add.

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
        with self._guard() as descriptor, self._prepared_words_kept():
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
                    # Git takes no NUL in a message, and a title may hold any text.
                    input=f"{message.rstrip()}\n{ID_TRAILER}: {mark}\n".replace("\0", " ").encode(errors="replace"),
                    env=env,
                    ok=None,
                    pass_fds=(descriptor,),
                    outlived=True,
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
        self._check_commit(made, parent, entries, own or {})
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

    def wait_for_orphan(self) -> None:
        """Wait for a `git commit` that outlived the process which started it."""
        with self._guard():
            pass

    def _check_commit(
        self, made: str, parent: str | None, entries: Mapping[str, Entry | None], own: Mapping[str, Set[bytes]]
    ) -> None:
        """Take the commit back when it is not what was accepted; a hook may only have formatted that."""
        parents = self.git.text("rev-list", "--parents", "-n", "1", made).split()[1:]
        listed = self.git.run("diff-tree", "--no-commit-id", "--no-renames", "-r", "-z", "--name-only", "--root", made)
        names = {name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name}
        foreign = sorted(names - set(entries))
        in_place = parents == ([parent] if parent else [])
        if not in_place:
            why = "It was made on a commit that came in between"
            why += f", and takes {_some(foreign)} back." if foreign else "."
            what, after = "Somebody committed at the same moment.", "Nothing was changed; run this again."
        elif foreign:
            what, why = "A hook put other files into the commit.", f"A hook added {_some(foreign)} to it."
            after = "Nothing was changed. Make the hook leave files alone that the commit does not touch."
        elif missing := sorted(set(entries) - names):
            what, why = "A hook took what was accepted out of the commit.", f"It lacks {_some(missing)}."
            after = "Nothing was changed. Look at what the repository's hooks do."
        elif slipped := self._slipped(made, entries, own):
            what, why = "A hook put lines of your own into the commit.", f"They are in {_some(slipped)}."
            after = f"Nothing was changed. Commit or stash your changes of {_some(slipped)}, then run this again."
        else:
            return
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
        raise CommitRefused(what, why=why if in_place else "", next=after, paths=foreign)

    def _slipped(self, made: str, entries: Mapping[str, Entry | None], own: Mapping[str, Set[bytes]]) -> list[str]:
        """Paths that a hook changed in the commit so that lines of the person's own are in it."""
        held = self.entries(made, list(own)) if own else {}
        return [
            path
            for path, lines in own.items()
            if held[path] != entries.get(path) and not lines.isdisjoint((self.content(held[path]) or b"").split(b"\n"))
        ]

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
            # Git has ended. What its hooks left running holds the descriptor too, and is not what others wait for.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    @contextmanager
    def _prepared_words_kept(self) -> Iterator[None]:
        files = [Path(self.git.text("rev-parse", "--absolute-git-dir")) / name for name in _PREPARED]
        words = {file: file.read_bytes() for file in files if file.is_file()}
        try:
            yield
        finally:
            for file, text in words.items():
                if not file.exists():
                    file.write_bytes(text)


def new_mark() -> str:
    """A mark that no other commit has."""
    return secrets.token_hex(8)


def _some(paths: list[str]) -> str:
    return ", ".join(paths[:5])
