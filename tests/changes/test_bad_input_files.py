"""Files that are too large, locked, or swapped while they are written, and disks that are full: all or nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import FileEdit, build_changeset
from nootropic_kernel.changes.files import (
    MAX_FILE_BYTES,
    FileMoved,
    FileState,
    FileTooLarge,
    NotWritable,
    read_file,
    replace_file,
)
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError, PathRefused
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commit_file, propose, store_with_text
from tests.conftest import git

pytestmark = pytest.mark.slow


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Regression: it was read whole, and 200 MB took two gigabytes of memory to review."""
    (tmp_path / "huge.bin").touch()
    os.truncate(tmp_path / "huge.bin", 2**40)
    with pytest.raises(FileTooLarge, match=r"huge\.bin is too large \(1099512 MB\).*at most 50 MB"):
        read_file(tmp_path, "huge.bin")
    with pytest.raises(FileTooLarge, match=r"a\.txt"):
        build_changeset([FileEdit("a.txt", b"a\n", b"\n" * (MAX_FILE_BYTES + 1))])


def test_what_became_large_since_is_refused(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    os.truncate(workspace.root / "a.txt", 2**40)
    with pytest.raises(FileTooLarge):
        accept(workspace, database, ["P1"])
    assert turns(database) == []


def test_attributes_of_a_file_stay(tmp_path: Path) -> None:
    """Regression: the file that took its place had none, so access lists were lost."""
    (tmp_path / "a.txt").write_bytes(b"a\n")
    os.setxattr(tmp_path / "a.txt", "user.origin", b"here")
    before = read_file(tmp_path, "a.txt")
    replace_file(tmp_path, "a.txt", before, FileState(b"b\n", 0o600), draft=".draft")
    assert os.getxattr(tmp_path / "a.txt", "user.origin") == b"here"
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("before", "proposed", "after"),
    [
        (0o600, 0o755, 0o700),
        (0o644, 0o4777, 0o755),
        (0o755, 0o644, 0o644),
        (0o640, 0o755, 0o750),
        (None, 0o6777, 0o755),
    ],
)
def test_a_proposal_decides_on_execution_only(
    workspace: Workspace, database: StateDatabase, before: int | None, proposed: int, after: int
) -> None:
    """Regression: it opened private files to everybody, and could set the setuid bit."""
    store = store_with_text(workspace, database)
    if before is not None:
        commit_file(workspace, "run.sh", b"x\n", mode=before)
    propose(store, FileEdit("run.sh", None if before is None else b"x\n", b"x\n", mode=proposed))
    accept(workspace, database, ["P1"])
    assert stat.S_IMODE((workspace.root / "run.sh").stat().st_mode) == after
    assert git(workspace.root, "status", "--porcelain") == ""
    undo(workspace, database)
    if before is not None:
        assert stat.S_IMODE((workspace.root / "run.sh").stat().st_mode) == before


def test_a_renamed_file_keeps_its_permissions(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    commit_file(workspace, "mine.txt", b"x\n", mode=0o600)
    propose(store, FileEdit("ours.txt", b"x\n", b"x\n", renamed_from="mine.txt"))
    accept(workspace, database, ["P1"])
    assert stat.S_IMODE((workspace.root / "ours.txt").stat().st_mode) == 0o600
    undo(workspace, database)
    assert stat.S_IMODE((workspace.root / "mine.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize(("umask", "plain", "executable"), [(0o077, 0o600, 0o700), (0o002, 0o664, 0o775)])
def test_a_new_file_gets_what_the_umask_leaves(
    workspace: Workspace, database: StateDatabase, umask: int, plain: int, executable: int
) -> None:
    """Regression: with a umask of 077 a new file could be read by everybody."""
    store = store_with_text(workspace, database)
    propose(store, FileEdit("new.txt", None, b"x\n"), FileEdit("new.sh", None, b"x\n", mode=0o755))
    earlier = os.umask(umask)
    try:
        accept(workspace, database, ["P1"])
    finally:
        os.umask(earlier)
    modes = [stat.S_IMODE((workspace.root / name).stat().st_mode) for name in ("new.txt", "new.sh")]
    assert modes == [plain, executable] and git(workspace.root, "status", "--porcelain") == ""
    undo(workspace, database)
    redo(workspace, database)
    assert [stat.S_IMODE((workspace.root / name).stat().st_mode) for name in ("new.txt", "new.sh")] == modes


PAUSE_S = 0.001  # in each state, so that the writer meets both


class Swapper:
    """Swaps a folder for a link to somewhere outside and back, as fast as it can."""

    def __init__(self, folder: Path, outside: Path) -> None:
        self.folder, self.aside, self.outside = folder, folder.with_name("aside"), outside
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.swaps = 0

    def run(self) -> None:
        while not self.stop.is_set():
            os.rename(self.folder, self.aside)
            with suppress(FileExistsError):  # whoever writes made the folder anew
                os.symlink(self.outside, self.folder)
            time.sleep(PAUSE_S)
            while self.aside.exists():
                with suppress(OSError):
                    if self.folder.is_symlink():
                        os.unlink(self.folder)
                    else:
                        shutil.rmtree(self.folder, ignore_errors=True)
                    os.rename(self.aside, self.folder)
            self.swaps += 1
            time.sleep(PAUSE_S)

    def __enter__(self) -> Swapper:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def test_a_folder_that_is_swapped_for_a_link_while_it_is_written_to(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "d", outside):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_bytes(b"0\n")
    refused = written = 0
    with Swapper(root / "d", outside) as swapper:
        for k in range(50_000):
            try:
                now = read_file(root, "d/a.txt")
                if now is not None:
                    replace_file(root, "d/a.txt", now, FileState(b"%d\n" % k), draft=".draft")
                    written += 1
                replace_file(root, "d/new.txt", None, FileState(b"new\n"), draft=".new")
                replace_file(root, "d/new.txt", FileState(b"new\n"), None, draft=".new")
            except (PathRefused, FileMoved, NotWritable):
                refused += 1
            if refused > 50 and written > 50 and swapper.swaps > 50:
                break
        assert swapper.thread.is_alive()
    assert refused and written, (refused, written, swapper.swaps)
    assert os.listdir(outside) == ["a.txt"] and (outside / "a.txt").read_bytes() == b"0\n"


@pytest.mark.slow
def test_a_folder_that_is_swapped_for_a_link_while_a_turn_is_made(
    workspace: Workspace, database: StateDatabase, tmp_path: Path
) -> None:
    store = store_with_text(workspace, database)
    commit_file(workspace, "d/a.txt", TEXT)
    outside = tmp_path / "outside"
    shutil.copytree(workspace.root / "d", outside)
    propose(store, FileEdit("d/a.txt", TEXT, changed(5)), FileEdit("d/new.txt", None, b"new\n"))
    said = set()
    with Swapper(workspace.root / "d", outside) as swapper:
        for k in range(200):
            if k > 20 and "PathRefused" in said:
                break
            for decide in (lambda: accept(workspace, database, ["P1"]), lambda: undo(workspace, database)):
                try:
                    decide()
                except NootropicError as error:
                    said.add(error.code)
        assert swapper.thread.is_alive()
    assert os.listdir(outside) == ["a.txt"] and (outside / "a.txt").read_bytes() == TEXT
    assert "PathRefused" in said, said


# In a mount of its own: fills the disk up to a rest, decides, makes room again, and tells whether all agree.
FULL = """
import json, os, subprocess, sys
from pathlib import Path
from nootropic_kernel.changes.accept import accept
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import recover, turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

mount = Path(sys.argv[1])
root = mount / "project"
root.mkdir()
def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()
git("init", "-q")
held = {"a.txt": b"a\\n", "big.bin.txt": b"big\\n"}
for path, data in held.items():
    (root / path).write_bytes(data)
git("add", ".")
git("commit", "-qm", "Start")
workspace = Workspace.find(root)
for turn, rest in enumerate(json.loads(sys.argv[2])):
    database = StateDatabase.open(workspace)
    store = ProposalStore(database, workspace)
    wanted = {"a.txt": b"a %d\\n" % turn, "big.bin.txt": os.urandom(30_000).hex().encode() + b"\\n"}
    edits = [FileEdit(path, held[path], new) for path, new in wanted.items()]
    name = store.propose(build_changeset(edits, Provenance(task=f"T{turn}", title="Change"))).id
    free = os.statvfs(mount).f_bavail * os.statvfs(mount).f_frsize
    with open(mount / "filler", "wb") as filler:
        filler.write(b"x" * max(0, free - rest))
    said = "accepted"
    try:
        accept(workspace, database, [name])
    except NootropicError as error:
        said = error.code
    finally:
        database.close()
        (mount / "filler").unlink()
    database = StateDatabase.open(workspace)
    recover(workspace, database)
    now = {path: (root / path).read_bytes() for path in held}
    stands = now == wanted
    states = {hunk.state.in_tree for hunk in ProposalStore(database, workspace).get(name).changeset.hunks}
    trailers = [line for line in git("log", "--format=%(trailers:key=Nootropic-Turn,valueonly)").splitlines() if line]
    agree = (stands or now == held) and states == {stands} and git("status", "--porcelain") == ""
    agree = agree and trailers[::-1] == [each.id for each in turns(database)] and git("fsck", "--no-dangling") == ""
    agree = agree and not list(root.rglob(".nootropic-A*"))
    database.close()
    print(json.dumps([rest, said, stands, agree]), flush=True)
    held = now
"""


@pytest.mark.slow
def test_a_disk_that_is_full_at_any_moment(tmp_path: Path, working_sandbox: None) -> None:
    """The files, Git's objects and the database share a disk with little room left: accepted whole, or not at all."""
    rests = [*range(0, 480_000, 24_000), 10_000_000]
    (tmp_path / "mount").mkdir()
    done = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", "--size", "24000000", "--tmpfs", str(tmp_path / "mount"),
         sys.executable, "-c", FULL, str(tmp_path / "mount"), json.dumps(rests)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(rests), done
    assert all(agree for _, _, _, agree in told), told
    assert told[-1][1:3] == ["accepted", True]
    assert {said for _, said, _, _ in told} - {"accepted"}, told


@pytest.mark.slow
@pytest.mark.parametrize("place", ["d", ".git", ".git/refs/heads", ".git/objects"])
def test_a_folder_that_may_not_be_written_to(place: str, tmp_path: Path, working_sandbox: None) -> None:
    """Read-only in the middle of an accept, which holds for root too."""
    root = tmp_path / "project"
    (root / "d").mkdir(parents=True)
    (root / "a.txt").write_bytes(TEXT)
    (root / "d" / "b.txt").write_bytes(TEXT)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Start")
    workspace = Workspace.find(root)
    database = StateDatabase.open(workspace)
    store = ProposalStore(database, workspace)
    propose(store, FileEdit("a.txt", TEXT, changed(5)), FileEdit("d/b.txt", TEXT, changed(6)))
    database.close()
    code = (
        "import sys\nfrom nootropic_kernel.changes.accept import accept\n"
        "from nootropic_kernel.workspace.database import StateDatabase\n"
        "from nootropic_kernel.workspace.errors import NootropicError\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "workspace = Workspace.find(sys.argv[1])\n"
        "try:\n    accept(workspace, StateDatabase.open(workspace), ['P1'])\n"
        "except NootropicError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(root / place), str(root / place),
         sys.executable, "-c", code, str(root)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "Read-only file system" in done.stdout, done
    assert (root / "a.txt").read_bytes() == (root / "d" / "b.txt").read_bytes() == TEXT
    assert git(root, "status", "--porcelain") == "" and git(root, "log", "--format=%s") == "Start"
    database = StateDatabase.open(workspace)
    assert turns(database) == []
    assert accept(workspace, database, ["P1"]).commit == git(root, "rev-parse", "HEAD")
    database.close()
