"""The copy in which changes are tried never reaches outside itself."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks import tree_copy
from nootropic_kernel.checks.worktree import worktree_with
from nootropic_kernel.sandbox import run_confined
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git


def test_the_copy_holds_the_files_as_they_are_now_with_the_edits(repo: Path, workspace: Workspace) -> None:
    (repo / "README.md").write_text("# Mine\n")
    (repo / "new.txt").write_text("untracked\n")
    (repo / "tests" / "test_books.py").unlink()
    with worktree_with(workspace, [FileEdit("shelf/more.py", None, b"x = 1\n")]) as folder:
        assert (folder / "README.md").read_text() == "# Mine\n"
        assert (folder / "new.txt").read_text() == "untracked\n"
        assert (folder / "shelf" / "more.py").read_text() == "x = 1\n"
        assert not (folder / "tests" / "test_books.py").exists()
    assert not folder.exists()
    assert not (repo / "shelf" / "more.py").exists()


def test_nothing_is_written_through_links_that_were_replaced(repo: Path, workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data.csv").write_text("precious")
    (outside / "x.py").write_text("precious")
    (repo / "data.csv").symlink_to(outside / "data.csv")
    (repo / "lib").symlink_to(outside)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Links")
    (repo / "data.csv").unlink()
    (repo / "data.csv").write_text("sample")
    (repo / "lib").unlink()
    (repo / "lib").mkdir()
    (repo / "lib" / "x.py").write_text("y = 2\n")
    with worktree_with(workspace, []) as folder:
        assert (folder / "data.csv").read_text() == "sample"
        assert (folder / "lib" / "x.py").read_text() == "y = 2\n"
    assert (outside / "data.csv").read_text() == "precious"
    assert (outside / "x.py").read_text() == "precious"


def test_a_worktree_has_the_files_as_they_are_and_the_edits_and_goes(workspace: Workspace) -> None:
    workspace.ensure()
    root = workspace.root
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {root}/hook-ran\n")
    hook.chmod(0o755)
    (root / "README.md").write_text("changed\n")
    (root / "fresh.txt").write_text("untracked\n")
    (root / ".env").write_text("SECRET=1\n")
    (root / "tests" / "test_books.py").unlink()
    status = Git(root).run("status", "--porcelain")
    left = workspace.state_dir / "work" / "999999999-crashed"
    left.mkdir(parents=True)
    with worktree_with(
        workspace, [FileEdit("shelf/new.py", None, b"x = 1\n"), FileEdit("shelf/books.py", b"", None)]
    ) as folder:
        assert (folder / "README.md").read_text() == "changed\n" and (folder / "fresh.txt").exists()
        assert (folder / "shelf" / "new.py").read_bytes() == b"x = 1\n"
        gone = ["shelf/books.py", "tests/test_books.py", ".env"]
        assert not any((folder / path).exists() for path in gone)
    assert not folder.exists() and not left.exists() and not (root / "hook-ran").exists()
    assert Git(root).run("status", "--porcelain") == status
    listed = subprocess.run(["git", "worktree", "list"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert len(listed.splitlines()) == 1


def test_an_edit_behind_a_link_is_refused_in_a_worktree(workspace: Workspace) -> None:
    (workspace.root / "link").symlink_to("/tmp")
    Git(workspace.root).run("add", "link")
    Git(workspace.root).run("commit", "-qm", "Link")
    with pytest.raises(NootropicError):
        with worktree_with(workspace, [FileEdit("link/escape.txt", None, b"x")]):
            pass
    with pytest.raises(NootropicError):
        with worktree_with(workspace, [FileEdit("../escape.txt", None, b"x")]):
            pass
    assert not any((workspace.state_dir / "work").iterdir())


def worktrees(root: Path) -> list[str]:
    """What the person sees of worktrees."""
    return git(root, "worktree", "list", "--porcelain").split("\n\n")


def left(workspace: Workspace) -> list[Path]:
    """What is left in the state folder of copies."""
    return list((workspace.state_dir / "work").iterdir())


def test_the_copy_is_seen_by_nobody(repo: Path, workspace: Workspace) -> None:
    before = git(repo, "status", "--porcelain", "--ignored")
    files = Git(repo).files()
    with worktree_with(workspace, []) as folder:
        assert folder.is_relative_to(repo / ".nootropic") and (folder / ".git").is_file()
        assert git(repo, "status", "--porcelain") == "" and Git(repo).files() == files
        assert len(worktrees(repo)) == 2
    assert len(worktrees(repo)) == 1 and not (repo / ".git" / "worktrees").exists()
    assert git(repo, "status", "--porcelain", "--ignored").replace("!! .nootropic-cache/", "").strip() in (
        before, "!! .nootropic/"
    )  # fmt: skip


def test_a_worktree_of_the_persons_on_a_disk_that_is_away_stays(
    repo: Path, workspace: Workspace, tmp_path: Path
) -> None:
    """Regression: every try pruned all worktrees whose folders were not there at that moment."""
    git(repo, "worktree", "add", "-q", "-b", "own", str(tmp_path / "own"))
    (tmp_path / "own").rename(tmp_path / "away")
    with worktree_with(workspace, []):
        pass
    (tmp_path / "away").rename(tmp_path / "own")
    assert git(tmp_path / "own", "branch", "--show-current") == "own" and len(worktrees(repo)) == 2


def test_code_in_the_copy_cannot_reach_the_repository(repo: Path, workspace: Workspace) -> None:
    """Not by its files, nor by its `.git`, nor by what Git is made to do afterwards."""
    attack = """
import os, pathlib, subprocess
target = pathlib.Path(open(".git").read().split(" ", 1)[1].strip()).parents[1]
tries = [
    lambda: (target / "hooks" / "pre-commit").write_text("#!/bin/sh"),
    lambda: (target / "config").open("a").write("[core]\\n\\thooksPath = /tmp"),
    lambda: (target / "refs" / "heads" / "evil").write_text("0" * 40),
    lambda: subprocess.run(["git", "config", "alias.x", "!sh"], check=True, capture_output=True),
    lambda: subprocess.run(["git", "commit", "--allow-empty", "-m", "x"], check=True, capture_output=True),
    lambda: (target.parent / "README.md").write_text("mine"),
]
for attempt in tries:
    try:
        attempt()
    except (OSError, subprocess.SubprocessError):
        pass
open("README.md", "w").write("changed in the copy")
os.unlink(".git"); os.makedirs(".git/hooks")
open(".git/config", "w").write("[core]\\n\\trepositoryformatversion = 0\\n\\tfsmonitor = touch ../ran\\n")
open(".git/HEAD", "w").write("ref: refs/heads/main")
print("tried")
""".replace("\\\\", "\\")
    kept = {path: path.read_bytes() for path in (repo / ".git").rglob("*") if path.is_file()}
    readme = (repo / "README.md").read_bytes()
    with worktree_with(workspace, []) as folder:
        done = run_confined(("python", "-c", attack), folder)
    assert done.output.split() == ["tried"], done
    now = {path: path.read_bytes() for path in (repo / ".git").rglob("*") if path.is_file()}
    assert now == kept and (repo / "README.md").read_bytes() == readme
    assert left(workspace) == [] and len(worktrees(repo)) == 1


def test_files_are_copies_and_never_links_to_the_originals(repo: Path, workspace: Workspace) -> None:
    (repo / "run.sh").write_text("#!/bin/sh\n")
    (repo / "run.sh").chmod(0o755)
    with worktree_with(workspace, []) as folder:
        for path in Git(repo).files():
            ours, theirs = os.lstat(folder / path), os.lstat(repo / path)
            assert ours.st_ino != theirs.st_ino and ours.st_nlink == 1
            assert (ours.st_mode & 0o111) == (theirs.st_mode & 0o111)
            assert (folder / path).read_bytes() == (repo / path).read_bytes()


def test_two_at_once_do_not_take_each_others_away(repo: Path, workspace: Workspace) -> None:
    faults: list[str] = []

    def use() -> None:
        for _ in range(4):
            with worktree_with(workspace, []) as folder:
                time.sleep(0.02)
                if not (folder / "README.md").exists():
                    faults.append(str(folder))

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert faults == [] and left(workspace) == [] and len(worktrees(repo)) == 1


def test_what_makes_itself_unremovable_is_removed(repo: Path, workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    with worktree_with(workspace, []) as folder:
        deep = folder / "a" / "b"
        deep.mkdir(parents=True)
        (deep / "file").write_text("x")
        (folder / "link").symlink_to(outside)
        (deep / "file").chmod(0)
        deep.chmod(0)
        (folder / "a").chmod(0o500)
        folder.chmod(0o500)
    assert left(workspace) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755, "nothing is changed behind a link"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_it_goes_whatever_ends_the_block(workspace: Workspace, error: type[BaseException]) -> None:
    with pytest.raises(error):
        with worktree_with(workspace, []):
            raise error
    assert left(workspace) == [] and len(worktrees(workspace.root)) == 1


USER = """
import sys
from nootropic_kernel.checks.worktree import worktree_with
from nootropic_kernel.workspace.location import Workspace
workspace = Workspace.find(sys.argv[1])
print("ready", flush=True)
while True:
    with worktree_with(workspace, []):
        pass
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_next_one_cleans_up(repo: Path, workspace: Workspace) -> None:
    rng = random.Random(os.environ.get("NOOTROPIC_SEED", "worktree"))
    found = 0
    for _ in range(12):
        user = subprocess.Popen([sys.executable, "-c", USER, str(repo)], stdout=subprocess.PIPE)
        assert user.stdout is not None and user.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0, 0.25))
        user.send_signal(signal.SIGKILL)
        user.wait()
        user.stdout.close()
        found += len(left(workspace)) if (workspace.state_dir / "work").exists() else 0
        # A Git that the killed one had just started may hold the folder for a moment longer.
        deadline = time.monotonic() + 60
        while True:
            with worktree_with(workspace, []) as folder:
                alone = left(workspace) == [folder] and len(worktrees(repo)) == 2
            if alone or time.monotonic() > deadline:
                break
        assert alone and left(workspace) == [] and len(worktrees(repo)) == 1
        git(repo, "fsck")
    assert found, "no kill fell between making and removing"


def test_what_is_unusual_is_left_out_and_said(repo: Path, workspace: Workspace, tmp_path: Path) -> None:
    with (repo / "huge.bin").open("wb") as file:
        file.truncate((tree_copy.UNTRACKED_MB + 1) << 20)
    inner = repo / "vendor"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "x.py").write_text("x")
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    git(library, "commit", "-q", "--allow-empty", "-m", "Empty")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "sub")
    git(repo, "commit", "-qm", "Submodule")
    strange = os.fsdecode(b"caf\xe9.txt")
    try:
        (repo / strange).write_text("x")
    except OSError as error:
        assert error.errno == errno.EILSEQ  # a file system that wants UTF-8
        strange = "README.md"
    os.mkfifo(repo / "pipe")
    (repo / ".gitignore").write_text("ignored/\n")
    (repo / "ignored").mkdir()
    (repo / "ignored" / "big").write_text("x")
    said: list[str] = []
    with worktree_with(workspace, [], said.append) as folder:
        assert (folder / strange).read_text()
        for path in ("huge.bin", "vendor/x.py", "ignored", "pipe"):
            assert not (folder / path).exists()
    assert len(said) == 1 and all(name in said[0] for name in ("huge.bin", "vendor/", "sub"))


def test_a_sparse_checkout_a_detached_head_and_a_pointer(repo: Path, workspace: Workspace) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    (repo / "data").mkdir()
    (repo / "data" / "model.bin").write_text(pointer)
    (repo / ".gitattributes").write_text("data/*.bin filter=lfs\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Pointer")
    git(repo, "checkout", "-q", "--detach")
    git(repo, "sparse-checkout", "set", "data")
    git(repo, "config", "filter.lfs.smudge", "false")
    git(repo, "config", "filter.lfs.required", "true")
    with worktree_with(workspace, []) as folder:
        assert (folder / "data" / "model.bin").read_text() == pointer
        assert not (folder / "shelf").exists() and (folder / ".git").exists()
    assert left(workspace) == []


def test_without_a_commit_and_without_git(tmp_path: Path, person_home: Path) -> None:
    for name in ("empty", "plain"):
        root = tmp_path / name
        root.mkdir()
        if name == "empty":
            git(root, "init", "-q")
        (root / "a.py").write_text("x = 1\n")
        workspace = Workspace.find(root)
        with worktree_with(workspace, [FileEdit("b.py", None, b"y = 2\n")]) as folder:
            assert sorted(path.name for path in folder.iterdir()) == ["a.py", "b.py"]
        assert left(workspace) == []


def test_a_folder_that_became_a_link_leads_to_no_other_files(repo: Path, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "books.py").write_text("secret")
    (repo / "shelf").rename(repo / "was-shelf")
    (repo / "shelf").symlink_to(tmp_path / "private")
    with worktree_with(workspace, []) as folder:
        assert not any("secret" in path.read_text() for path in folder.rglob("books.py") if path.is_file())
