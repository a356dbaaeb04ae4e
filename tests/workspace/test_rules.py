"""Which paths a change may touch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.git import GitFailed
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import check_path, is_executable_at_import, lexical_fault
from tests.conftest import git


@pytest.mark.parametrize(
    "path",
    [
        "../escape.txt", "a/../../b", "/etc/passwd", "a\\b", "C:/x", "", "a//b", "./a", "a/", "a\nb", "a\0b",
        ".git/config", ".GIT/hooks/pre-commit", "sub/.git/config", ".git./config", "git~1/config", ".gitmodules",
        ".nootropic/state.db", ".nootropic-cache/describe-registry.json", "nootropic.json", "Nootropic.json",
        ".env", ".env.local", "deploy/server.pem", "id_rsa", "a/credentials.json", ".ssh/config", ".aws/x",
        # what file systems of other kinds take for the same name
        ".git /config", ".git./hooks/x", ".g\u200cit/config", "\ufeff.git/x", ".GI\u200dT/x", "a/.gIt . /x",
        ".git::$INDEX_ALLOCATION/config", ".git:x/config", "GIT~1/config", "git~2/x", "a/GI7EBA~1", ".gitmodules ",
        ".git\u200emodules", "nootro~1/state.db", ".nootropic. /x", "nootropic.json::$DATA", "NOOTROPIC.JSON ",
        ".nootropic-A1-0.draft", "a/.Nootropic-A2-0.draft", ".. /x", "a/.. ./x", "... ", ".env ", ".e\u200env",
        "id_rsa::$DATA", "safe\u202eyp.txt", "half\ud800", "\udfff/x", "x" * 256, f"a/{'é' * 128}/b",
    ],
)  # fmt: skip
def test_refused_by_name(workspace: Workspace, path: str) -> None:
    with pytest.raises(PathRefused) as caught:
        check_path(workspace, path)
    assert caught.value.data["path"] == path


@pytest.mark.parametrize(
    "path",
    [
        "shelf/books.py",
        "new/deep/file.txt",
        ".github/x.md",
        ".env.example",
        "a b/ü.py",
        "..a",
        "ab:c.txt",
        ".gitx/a",
        "git~x",
        "a/nootropic.json",
        "family \U0001f468\u200d\U0001f469.txt",
        "caf\udce9.py",
        "x" * 255,
    ],
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
        # imports and packaging
        ("sitecustomize/__init__.py", True), ("x.egg-info/entry_points.txt", True), ("setup.cfg", True),
        ("random.py", True), ("json/__init__.py", True), ("shelf/random.py", False), ("test/__init__.py", False),
        ("docs/conf.py", True), ("pip.conf", True), (".coveragerc", True), ("shelf/__main__.py", False),
        # what starts with IPython, Jupyter, a shell, an editor or a container
        (".ipython/profile_default/startup/a.py", True), ("profile_x/startup/a.py", True), ("kernel.json", True),
        ("jupyter_notebook_config.py", True), (".envrc", True), (".vscode/tasks.json", True),
        ("x.code-workspace", True), ("Dockerfile.dev", True), (".devcontainer/x.json", True), (".Rprofile", True),
        # builds, hooks and continuous integration
        ("vite.config.ts", True), ("package.json", True), ("Jenkinsfile", True), (".gitlab-ci.yml", True),
        (".pre-commit-config.yaml", True), (".githooks/x", True), ("a/.gitattributes", True), ("noxfile.py", True),
        # instructions to agents
        ("AGENTS.md", True), ("sub/CLAUDE.md", True), (".cursorrules", True), (".cursor/rules/a.mdc", True),
        (".github/copilot-instructions.md", True), ("experiments/prompts/code_edit.yaml", True), (".mcp.json", True),
        ("docs/agents.rst", False), ("experiments/models/x.yaml", False), ("src/config.ts", False),
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


def test_a_repository_inside_is_left_alone(workspace: Workspace) -> None:
    for name, arguments in (("inner", ["init", "-q"]), ("bare", ["init", "-q", "--bare"])):
        git(workspace.root, *arguments, name)
        for path in (f"{name}/a.txt", f"{name}/deep/b.txt", f"{name}/hooks/post-update"):
            with pytest.raises(PathRefused, match="repository of its own"):
                check_path(workspace, path)
    (workspace.root / "notes").mkdir()
    (workspace.root / "notes" / "HEAD").write_text("a file of that name makes no repository")
    check_path(workspace, "notes/a.txt")


def test_what_git_cannot_tell_is_no_yes(workspace: Workspace) -> None:
    """Regression: where Git could not say whether a path is ignored, it was taken as not ignored."""
    (workspace.root / ".git" / "index").write_bytes(b"garbage")
    with pytest.raises(GitFailed):
        check_path(workspace, "a.txt")


@given(st.data())
def test_no_disguise_of_git_is_let_through(data: st.DataObject) -> None:
    name = "".join(
        data.draw(st.sampled_from(["", "\u200c", "\u200f", "\u206a", "\ufeff"]))
        + data.draw(st.sampled_from([c, c.upper()]))
        for c in data.draw(st.sampled_from([".git", ".gitmodules", ".nootropic", ".nootropic-cache"]))
    )
    name += data.draw(st.sampled_from(["", ".", " ", " . .", "::$INDEX_ALLOCATION", ":a:$DATA", "\u200d"]))
    assert lexical_fault(name) and lexical_fault(f"{name}/hooks/pre-commit")
