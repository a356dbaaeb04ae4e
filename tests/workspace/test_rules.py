"""Which paths a change may touch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import check_path, is_executable_at_import, lexical_fault


@pytest.mark.parametrize(
    "path",
    [
        "../escape.txt", "a/../../b", "/etc/passwd", "a\\b", "C:/x", "", "a//b", "./a", "a/", "a\nb", "a\0b",
        ".git/config", ".GIT/hooks/pre-commit", "sub/.git/config", ".git./config", "git~1/config", ".gitmodules",
        ".nootropic/state.db", ".nootropic-cache/describe-registry.json", "nootropic.json", "Nootropic.json",
        ".env", ".env.local", "deploy/server.pem", "id_rsa", "a/credentials.json",
    ],
)  # fmt: skip
def test_refused_by_name(workspace: Workspace, path: str) -> None:
    with pytest.raises(PathRefused) as caught:
        check_path(workspace, path)
    assert caught.value.data["path"] == path


@pytest.mark.parametrize(
    "path", ["shelf/books.py", "new/deep/file.txt", ".github/x.md", ".env.example", "a b/ü.py", "..a"]
)
def test_allowed(workspace: Workspace, path: str) -> None:
    check_path(workspace, path)


def test_links_and_hard_links_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (workspace.root / "link").symlink_to(outside)
    (workspace.root / "file").symlink_to(outside / "file")
    os.link(outside / "file", workspace.root / "hard")
    for path in ("link/file", "link/new", "file", "hard"):
        with pytest.raises(PathRefused, match="link"):
            check_path(workspace, path)


def test_ignored_files_are_refused(workspace: Workspace) -> None:
    (workspace.root / ".gitignore").write_text("build/\n*.log\n")
    for path in ("build/x", "a.log"):
        with pytest.raises(PathRefused, match="ignores"):
            check_path(workspace, path)


def test_a_folder_is_no_file(workspace: Workspace) -> None:
    with pytest.raises(PathRefused, match="not a regular file"):
        check_path(workspace, "shelf")


@pytest.mark.parametrize(
    ("path", "runs"),
    [
        ("tests/conftest.py", True), ("a/evil.pth", True), ("pyproject.toml", True), (".github/workflows/ci.yml", True),
        ("CONFTEST.py", True), ("Makefile", True), ("sub/.vscode/tasks.json", True),
        ("shelf/books.py", False), ("notes.md", False), ("plugins/p/plugin.py", True),
    ],
)  # fmt: skip
def test_files_that_run_by_themselves(path: str, runs: bool) -> None:
    assert is_executable_at_import(path) is runs


@given(
    st.lists(st.sampled_from(["..", ".", "a", ".git", ".Git", "", "b c", "~", ".nootropic"]), min_size=1, max_size=5)
)
def test_no_spelling_reaches_outside_or_into_git(parts: list[str]) -> None:
    path = "/".join(parts)
    if not lexical_fault(path):
        inside = os.path.normpath(os.path.join("/root-of-it", path))
        assert inside.startswith("/root-of-it/")
        assert ".git" not in [part.casefold() for part in parts]
        assert parts[0] != ".nootropic"
