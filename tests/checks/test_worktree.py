"""The copy in which changes are tried never reaches outside itself."""

from __future__ import annotations

from pathlib import Path

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.worktree import worktree_with
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
