"""The demo's repository: made whatever the person's Git is set to; the reader's own is only read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bootstrap.demo_repository import (
    NOTEBOOK_NAME,
    NotARepository,
    copy_of,
    fresh_folder,
    git,
    latest_repository,
    make_sample,
)
from bootstrap.leftovers import MARK, end_all, started_here

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "notebooks" / "sample_project"


@pytest.fixture
def difficult_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's Git with no identity, signing without a key, and global hooks that refuse every commit."""
    hooks = tmp_path / "refusing hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\necho refused >&2\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    settings = tmp_path / "difficult.gitconfig"
    settings.write_text(
        "[commit]\n\tgpgSign = true\n[user]\n\tuseConfigOnly = true\n"
        f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n[init]\n\ttemplateDir = {hooks}\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    return settings


def test_a_sample_is_made_whatever_git_is_set_to(tmp_path: Path, difficult_git: Path) -> None:
    repository = make_sample(SAMPLE, tmp_path / "with spaces" / "repository")
    assert git(repository, "rev-list", "--count", "HEAD") == "1"
    assert git(repository, "status", "--porcelain") == ""
    (repository / "new.txt").write_text("x\n")
    git(repository, "add", "new.txt")
    git(repository, "commit", "--quiet", "--message", "Works without an identity")
    assert git(repository, "log", "-1", "--format=%an") == "Nootropic demo"


def test_the_identity_of_the_person_is_kept(tmp_path: Path) -> None:
    repository = make_sample(SAMPLE, tmp_path / "repository")
    assert git(repository, "log", "-1", "--format=%an") == "Ada Tester"


def test_the_executed_notebook_does_not_show_as_a_change(tmp_path: Path) -> None:
    repository = make_sample(SAMPLE, tmp_path / "repository")
    (repository / NOTEBOOK_NAME).write_text("{}")
    assert git(repository, "status", "--porcelain") == ""


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_readers_repository_is_copied_and_not_touched(repo: Path, tmp_path: Path, difficult_git: Path) -> None:
    (repo / "shelf" / "books.py").write_text("unsaved = 'not committed'\n")
    before = snapshot(repo)
    copy = copy_of(repo / "shelf", tmp_path / "demo copy")
    assert snapshot(repo) == before
    assert git(copy, "rev-parse", "HEAD") == git(repo, "rev-parse", "HEAD")
    assert "by_title" in (copy / "shelf" / "books.py").read_text()
    assert git(copy, "remote") == ""
    (copy / "more.txt").write_text("x\n")
    git(copy, "add", "more.txt")
    git(copy, "commit", "--quiet", "--message", "More")
    assert snapshot(repo) == before


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "plain"
    source.mkdir()
    with pytest.raises(NotARepository, match="not a Git repository"):
        copy_of(source, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_repository_without_a_commit_is_copied_as_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "young"
    source.mkdir()
    git(source, "init", "--quiet")
    (source / "main.py").write_text("print(1)\n")
    (source / "node_modules").mkdir()
    (source / "node_modules" / "big.js").write_text("x")
    copy = copy_of(source, tmp_path / "copy")
    assert git(copy, "ls-files") == "main.py" and git(copy, "log", "-1", "--format=%s") == "Copy of young"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotARepository, match="make demo REPO=path"):
        copy_of(tmp_path / "nowhere", tmp_path / "copy")


def test_every_demonstration_has_a_folder_of_its_own(tmp_path: Path) -> None:
    assert latest_repository(tmp_path / "demo") is None
    first, second = fresh_folder(tmp_path / "demo"), fresh_folder(tmp_path / "demo")
    assert first != second and latest_repository(tmp_path / "demo") is None
    make_sample(SAMPLE, second / "repository")
    assert latest_repository(tmp_path / "demo") == second / "repository"


def test_what_a_demonstration_left_running_is_ended_and_named(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    marked = subprocess.Popen(sleeper, env={**os.environ, MARK: "m1"}, start_new_session=True)
    by_folder = subprocess.Popen(sleeper, cwd=tmp_path, start_new_session=True)
    other = subprocess.Popen(sleeper, env={**os.environ, MARK: "m2"})
    try:
        deadline = time.monotonic() + 20
        while len(started_here("m1", tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        names = end_all("m1", tmp_path, patience_s=0.2)
        assert {int(name.split()[0]) for name in names} == {marked.pid, by_folder.pid}
        assert marked.poll() is not None and by_folder.poll() is not None
        assert other.poll() is None
        assert end_all("m1", tmp_path, patience_s=0.2) == []
    finally:
        for process in (marked, by_folder, other):
            process.kill()
            process.wait()
