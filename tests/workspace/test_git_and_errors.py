"""Git as the person would call it; errors that travel."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from nootropic_kernel.workspace.errors import NootropicError, PathRefused, UsageError
from nootropic_kernel.workspace.git import Git, GitFailed
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.locks import LockBusy, process_lock
from nootropic_kernel.workspace.resources import ResourceInvalid, load_yaml
from tests.conftest import git


def test_a_failed_command_carries_what_git_said(repo: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        Git(repo).run("checkout", "no-such-branch")
    assert "no-such-branch" in str(caught.value)
    assert caught.value.data["exit_code"] == 1


def test_an_outer_git_process_does_not_lead_us_astray(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere/.git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert Git(repo).branch() == "main"


def test_head_before_the_first_commit_and_when_detached(tmp_path: Path, repo: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert Git(empty).head() is None
    assert Git(empty).branch() == "main"
    git(repo, "checkout", "-q", "--detach")
    assert Git(repo).branch() is None
    assert Git(repo).head() == git(repo, "rev-parse", "HEAD")


def test_an_identity_is_lent_only_where_there_is_none(repo: Path, person_home: Path) -> None:
    assert Git(repo).identity_environment() == {}
    (person_home.parent / ".gitconfig").write_text("")
    lent = Git(repo).identity_environment()
    assert lent["GIT_AUTHOR_EMAIL"] == "nootropic@localhost"


def test_files_are_tracked_or_untracked_but_never_ignored(repo: Path) -> None:
    (repo / ".gitignore").write_text("*.log\n")
    (repo / "x.log").write_text("x")
    (repo / "ünï x.py").write_text("x")
    (repo / "README.md").unlink()
    assert Git(repo).files() == [".gitignore", "shelf/__init__.py", "shelf/books.py", "tests/test_books.py", "ünï x.py"]


@pytest.mark.parametrize(
    "error", [NootropicError("A", why="b", next="c", n=1), PathRefused("a/b", "why"), LockBusy(Path("x"), 1)]
)
def test_errors_pickle_and_serialise(error: NootropicError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.to_json() == error.to_json()
    assert str(again) == str(error)


def test_an_error_reads_as_sentences() -> None:
    assert str(UsageError("No such verb", why="It is spelt wrongly", next="Try `noo plan`")) == (
        "No such verb. It is spelt wrongly. Try `noo plan`"
    )


def test_a_lock_is_freed_by_death(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from nootropic_kernel.workspace.locks import process_lock\n"
        "with process_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockBusy, match="busy"), process_lock(lock, timeout_s=0.1):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with process_lock(lock, timeout_s=5):
        pass


def test_only_what_grants_nothing_can_be_overridden(workspace: Workspace) -> None:
    for kind in ("prompts", "models"):
        folder = workspace.root / "experiments" / kind
        folder.mkdir(parents=True)
        (folder / "own.yaml").write_text("mine: true\n")
    assert load_yaml("prompts", "own", workspace) == {"mine": True}
    with pytest.raises(ResourceInvalid, match="no models named 'own'"):
        load_yaml("models", "own", workspace)
    (workspace.root / "experiments" / "prompts" / "bad.yaml").write_text("a: [")
    with pytest.raises(ResourceInvalid, match="cannot be read"):
        load_yaml("prompts", "bad", workspace)
