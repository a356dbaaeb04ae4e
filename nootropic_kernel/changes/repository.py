"""What Git holds of a path: in HEAD and in the person's index, and as bytes with the repository's filters applied."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git

_IN_PROGRESS = {
    "MERGE_HEAD": "a merge", "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert",
    "sequencer": "a series of cherry-picks or reverts",
    "rebase-merge": "a rebase", "rebase-apply": "a rebase or `git am`",
}  # fmt: skip
REGULAR, EXECUTABLE = "100644", "100755"


class GitBusy(NootropicError):
    """Git is in the middle of something that a commit would conclude."""


@dataclass(frozen=True)
class Entry:
    """A blob and its mode, as trees and the index hold them."""

    oid: str
    mode: str = REGULAR


class GitLayers:
    """HEAD and the person's index of one repository under a workspace's root."""

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
                if kind != "tree":  # a folder of that name is no file
                    found[name.decode("utf-8", "surrogateescape")] = Entry(oid, mode if kind == "blob" else kind)
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
        # Written at once: only then does Git refuse bytes that are not in the encoding that .gitattributes names.
        oid = self.git.text("hash-object", "-w", "--path", path, "--stdin", input=data)
        return data if oid == self.oid_of(data) else self.git.run("cat-file", "blob", oid)

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

    def store_all(self, blobs: Mapping[str, bytes]) -> None:
        """Keep bytes as blobs, by the ids that `oid_of` gives; many with one call of Git."""
        if len(blobs) < 3:
            for data in blobs.values():
                self.store(data)
            return
        with tempfile.TemporaryDirectory(prefix="nootropic-blobs-") as folder:
            for oid, data in blobs.items():
                Path(folder, oid).write_bytes(data)
            names = "".join(f"{folder}/{oid}\n" for oid in blobs)
            self.git.run("hash-object", "-w", "--no-filters", "--stdin-paths", input=names.encode())

    def differs_from_head(self, path: str, now: bytes | None) -> bool:
        """Whether the file has lines that are not committed."""
        return self.clean(path, now) != self.content(self.in_head(path))

    def stage(self, entries: Mapping[str, Entry | None]) -> None:
        """Put entries into the person's index, other paths and the person's marks on these left as they are."""
        if not entries:
            return
        marked = self._marks(list(entries))
        self.git.run("update-index", "-z", "--index-info", input=self._index_info(entries))
        for mark, paths in marked.items():
            kept = [os.fsencode(path) for path in paths if entries[path] is not None]
            if kept:
                self.git.run("update-index", mark, "-z", "--stdin", input=b"\0".join(kept) + b"\0")
        # Entries given by id lack what Git knows of their files, and `git apply --index` takes that for a change.
        held = b"".join(os.fsencode(path) + b"\0" for path, entry in entries.items() if entry is not None)
        if held:
            options = ("--refresh", "--pathspec-from-file=-", "--pathspec-file-nul")
            self.git.result("--literal-pathspecs", "add", *options, input=held, ok=None)

    def outside_the_checkout(self, paths: Sequence[str]) -> list[str]:
        """Paths that the index holds and a sparse checkout leaves out of the folder."""
        return [path for path in self._marks(paths)["--skip-worktree"] if not (self.git.root / path).exists()]

    def in_the_way(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """What a commit holds as a file or a repository where these paths need a folder, by path."""
        parents = {path: [p.as_posix() for p in PurePosixPath(path).parents][:-1] for path in paths}
        wanted = sorted({parent for some in parents.values() for parent in some})
        held = {path for path, entry in self.entries(commit, wanted).items() if entry is not None}
        return {path: parent for path, some in parents.items() for parent in some if parent in held}

    def missing(self, oids: Iterable[str]) -> set[str]:
        """Those objects that the repository does not hold (any more)."""
        wanted = sorted(set(oids))
        if not wanted:
            return set()
        told = self.git.text("cat-file", "--batch-check", input="".join(f"{oid}\n" for oid in wanted).encode())
        return {line.split()[0] for line in told.splitlines() if line.endswith(" missing")}

    def _marks(self, paths: Sequence[str]) -> dict[str, list[str]]:
        """Paths that the person told Git not to look at, by the option that says so."""
        marked: dict[str, list[str]] = {"--assume-unchanged": [], "--skip-worktree": []}
        wanted = set(paths)  # a folder of such a name lists what is in it
        for some in batched(paths):
            for line in filter(
                None, self.git.run("--literal-pathspecs", "ls-files", "-v", "-z", "--", *some).split(b"\0")
            ):
                tag, path = line[:1].decode(), os.fsdecode(line[2:])
                if path in wanted and tag.islower():
                    marked["--assume-unchanged"].append(path)
                if path in wanted and tag.upper() == "S":
                    marked["--skip-worktree"].append(path)
        return marked

    def _index_info(self, entries: Mapping[str, Entry | None]) -> bytes:
        zero = "0" * (64 if self._sha is hashlib.sha256 else 40)
        lines = [
            (f"0 {zero}\t" if entry is None else f"{entry.mode} {entry.oid}\t").encode()
            + path.encode("utf-8", "surrogateescape")
            + b"\0"
            for path, entry in entries.items()
        ]
        return b"".join(lines)

    def _index_path(self) -> Path:
        return self.git.root / self.git.text("rev-parse", "--git-path", "index")

    def _object_format(self) -> str:
        done = self.git.result("rev-parse", "--show-object-format", ok=None)
        return done.stdout.decode().strip() if done.returncode == 0 else "sha1"


def batched(paths: Sequence[str], size: int = 200) -> Iterator[Sequence[str]]:
    """The paths in parts that a command line can hold."""
    for at in range(0, len(paths), size):
        yield paths[at : at + size]
