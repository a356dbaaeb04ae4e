"""Where a workspace is found, and where its state goes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nootropic_kernel.workspace import state_marks
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git


def test_a_subfolder_belongs_to_its_repository(repo: Path) -> None:
    found = Workspace.find(repo / "shelf")
    assert found.root == repo.resolve()
    assert found.has_git
    assert found.notes == ()


def test_finding_creates_nothing(repo: Path) -> None:
    before = sorted(os.listdir(repo))
    Workspace.find(repo)
    assert sorted(os.listdir(repo)) == before


def test_a_folder_without_a_repository_says_so(tmp_path: Path) -> None:
    found = Workspace.find(tmp_path)
    assert not found.has_git
    assert "no Git repository" in found.notes[0]


def test_state_ignores_itself(workspace: Workspace) -> None:
    StateDatabase.open(workspace).close()
    assert (workspace.state_dir / "state.db").exists()
    assert git(workspace.root, "status", "--porcelain") == ""


def test_a_linked_state_folder_is_not_followed(repo: Path, tmp_path: Path, person_home: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repo / ".nootropic").symlink_to(elsewhere)
    found = Workspace.find(repo)
    assert person_home in found.state_dir.parents
    StateDatabase.open(found).close()
    assert list(elsewhere.iterdir()) == []


def test_a_read_only_folder_keeps_its_state_with_the_person(person_home: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        root, own = Path(folder, "project"), Path(folder, "own")
        root.mkdir()
        own.mkdir()
        own.chmod(0o777)
        root.chmod(0o555)
        Path(folder).chmod(0o755)
        found, opened = as_a_person_without_root_rights(lambda: state_of(root, own))
    assert found.startswith(str(own))
    assert "is read-only" in opened


def test_a_link_in_the_state_folder_is_not_written_through(repo: Path, tmp_path: Path) -> None:
    (repo / ".nootropic").mkdir()
    (repo / ".nootropic" / ".gitignore").symlink_to(tmp_path / "planted")
    StateDatabase.open(Workspace.find(repo)).close()
    assert not (tmp_path / "planted").exists()


def test_a_state_folder_that_the_repository_brings_is_not_believed(repo: Path, person_home: Path) -> None:
    (repo / ".nootropic").mkdir()
    (repo / ".nootropic" / "state.db").write_text("forged")
    git(repo, "add", "-f", ".nootropic/state.db")
    git(repo, "commit", "-qm", "Bring a state")
    found = Workspace.find(repo)
    assert person_home in found.state_dir.parents
    assert "not made by you" in found.notes[-1]


def test_a_state_folder_from_an_archive_is_believed_only_when_adopted(repo: Path, person_home: Path) -> None:
    first = Workspace.find(repo)
    StateDatabase.open(first).close()
    assert Workspace.find(repo).state_dir == first.state_dir
    shutil.rmtree(person_home / "states")  # what another person's home looks like
    assert person_home in Workspace.find(repo).state_dir.parents
    state_marks.adopt(first.state_dir)
    assert Workspace.find(repo).state_dir == first.state_dir


def test_many_processes_make_one_state_folder(repo: Path) -> None:
    code = (
        "import sys; from nootropic_kernel.workspace.location import Workspace\n"
        "w = Workspace.find(sys.argv[1]); w.ensure(); print(Workspace.find(sys.argv[1]).state_dir)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(repo)], stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    assert {process.communicate()[0].strip() for process in started} == {str(repo / ".nootropic")}
    assert [name for name in os.listdir(repo) if name.startswith(".nootropic-") and name != ".nootropic-cache"] == []


def test_a_bare_repository_inside_a_clone_runs_nothing(repo: Path, tmp_path: Path) -> None:
    trap = repo / "docs"
    git(tmp_path, "init", "-q", "--bare", str(trap))
    (trap / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = {tmp_path}\n"
        f'\tfsmonitor = "touch {tmp_path}/ran; false"\n'
    )
    found = Workspace.find(trap)
    assert found.root in (repo.resolve(), trap.resolve())
    Git(found.root).result("status", ok=None)
    Git(trap).result("status", ok=None)
    assert not (tmp_path / "ran").exists()


def state_of(root: Path, own: Path) -> tuple[str, str]:
    os.environ["NOOTROPIC_HOME"] = str(own)
    workspace = Workspace.find(root)
    StateDatabase.open(workspace).close()
    return str(workspace.state_dir), workspace.notes[-1]


def as_a_person_without_root_rights(do: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Root may write to read-only folders, so a forked child gives its rights away first."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(writer, "\0".join(do()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        first, _, second = stream.read().partition("\0")
    os.waitpid(child, 0)
    return first, second


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceUnusable, match="not a folder"):
        Workspace.find(tmp_path / "nowhere")


def test_a_newer_database_is_refused(workspace: Workspace) -> None:
    database = StateDatabase.open(workspace)
    database.read().execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(WorkspaceUnusable, match="version 99"):
        StateDatabase.open(workspace)
