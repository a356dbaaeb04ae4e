"""The scan of a change, and the worktrees in which changes are tried."""

from __future__ import annotations

import importlib.util
import subprocess

import pytest

from nootropic_kernel.changes.changeset import FileEdit, build_changeset
from nootropic_kernel.checks.scan import REDACTED, redact, scan
from nootropic_kernel.checks.tests_run import test_command as command_of_tests
from nootropic_kernel.checks.tests_run import verdict, why_not_run
from nootropic_kernel.checks.worktree import worktree_with
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace

SECRETS = [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
    "ghp_" + "a" * 36,
    "sk-ant-" + "a1" * 20,
    "hf_" + "a" * 34,
    "url = 'postgres://me:hunter22@db.example.org/x'",
    'api_key = "abcd1234abcd1234abcd"',
]
HARMLESS = [
    "password = os.environ['PASSWORD']",
    'api_key = "{your_api_key_goes_here}"',
    "https://example.org/a:b@c",
    "token = tokenizer.next()",
    "task-sk-based",
]


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_found_and_kept_from_models(line: str) -> None:
    results = {
        check.name: check for check in scan(build_changeset([FileEdit("a.txt", b"x\n", f"x\n{line}\n".encode())]))
    }
    assert results["secrets"].passed is False and "a.txt:2" in results["secrets"].detail
    assert line not in results["secrets"].detail
    assert REDACTED in redact(line)


@pytest.mark.parametrize("line", HARMLESS)
def test_harmless_lines_are_not(line: str) -> None:
    assert redact(line) == line


def test_a_secret_that_was_there_before_is_not_this_changes_doing() -> None:
    old = f"{SECRETS[0]}\n".encode()
    checks = scan(build_changeset([FileEdit("a.txt", old, old + b"more\n")]))
    assert all(check.passed for check in checks)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.py", b"def ("),
        ("a.json", b"{"),
        ("a.yaml", b"a: [1"),
        ("a.toml", b"a ="),
        ("a.ipynb", b"{}"),
        ("a.py", b"\0"),
    ],
)
def test_what_does_not_parse_is_named(path: str, data: bytes) -> None:
    (parses, *_) = scan(build_changeset([FileEdit(path, None, data)]))
    assert (parses.name, parses.passed) == ("parses", False) and path in parses.detail


def test_the_code_of_a_test_run_is_read_with_who_vouches() -> None:
    assert verdict(0, "3 passed", "", "bubblewrap: all", ()).passed is True
    assert verdict(1, "1 failed, 2 passed", "", "l", ()).passed is False
    assert verdict(5, "", "", "l", ()).passed is None
    assert verdict(124, "", "", "l", ()).passed is False
    missing = verdict(4, "", "ModuleNotFoundError: No module named 'numpy'", "l", ())
    assert missing.passed is None and "numpy" in missing.detail
    assert "tested process itself" in verdict(0, "", "", "l", ()).vouched_by


def test_no_tests_and_no_pytest_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no tests here" in why_not_run(["a.py"]) and command_of_tests(["a.py"]) is None
    assert why_not_run(["a.py", "tests/test_a.py"]) == "" and command_of_tests(["tests/test_a.py"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pytest is not installed" in why_not_run(["test_a.py"]) and command_of_tests(["test_a.py"]) is None


def test_a_worktree_has_the_files_as_they_are_and_the_edits_and_goes(workspace: Workspace) -> None:
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
