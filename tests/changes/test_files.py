"""Files are replaced at one stroke, and no link is ever followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nootropic_kernel.changes.files import FileMoved, FileState, NotWritable, read_file, remove_draft, replace_file
from nootropic_kernel.workspace.errors import PathRefused

OLD, NEW = FileState(b"old\n", 0o640), FileState(b"new\n", 0o755)


def make(root: Path, path: str, state: FileState = OLD) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(state.content)
    file.chmod(state.mode)
    return file


def replaced(root: Path, path: str, before: FileState | None, after: FileState | None) -> None:
    replace_file(root, path, before, after, draft=".draft")


def test_there_and_back(tmp_path: Path) -> None:
    for before, after in ((None, OLD), (OLD, NEW), (NEW, NEW), (NEW, None), (None, None)):
        assert read_file(tmp_path, "a/b/c.txt") == before
        replaced(tmp_path, "a/b/c.txt", before, after)
    assert list(tmp_path.iterdir()) == [], "folders that are empty now are gone, as in Git"


def test_something_else_is_there(tmp_path: Path) -> None:
    file = make(tmp_path, "a/b.txt")
    for before, after in ((NEW, OLD), (None, NEW), (NEW, None), (FileState(b"old\n", 0o644), NEW)):
        with pytest.raises(FileMoved, match=r"a/b\.txt changed"):
            replaced(tmp_path, "a/b.txt", before, after)
    with pytest.raises(FileMoved):
        replaced(tmp_path, "none/b.txt", OLD, None)
    assert file.read_bytes() == OLD.content
    assert os.listdir(file.parent) == ["b.txt"], "no draft is left"


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    make(outside, "x.txt")
    make(root, "real/x.txt")
    (root / "folder").symlink_to(outside)
    (root / "file.txt").symlink_to(outside / "x.txt")
    (root / "dangling").symlink_to(outside / "none")
    for path in ("folder/x.txt", "file.txt", "dangling", "real/x.txt/y"):
        with pytest.raises(PathRefused):
            replaced(root, path, OLD, NEW)
        if path != "real/x.txt/y":
            with pytest.raises(PathRefused):
                read_file(root, path)
    assert read_file(root, "real/x.txt/y") is None, "below a file there is no file"
    assert (outside / "x.txt").read_bytes() == OLD.content and os.listdir(outside) == ["x.txt"]


def test_no_path_leads_out(tmp_path: Path) -> None:
    """A path from a record that somebody else wrote could otherwise name any file of the person's."""
    root, victim = tmp_path / "root", make(tmp_path, "victim/x.txt")
    make(root, "a/x.txt")
    for path in ("../victim/x.txt", "a/../../victim/x.txt", "a/..", "..", str(victim), "", ".", "/", "a\0b"):
        with pytest.raises(PathRefused):
            read_file(root, path)
        for before, after in ((OLD, NEW), (OLD, None), (None, NEW)):
            with pytest.raises(PathRefused):
                replaced(root, path, before, after)
        remove_draft(root, path, "x.txt")
    assert read_file(tmp_path, "victim/x.txt") == OLD and os.listdir(victim.parent) == ["x.txt"]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PathRefused):
        read_file(tmp_path, "pipe")


def test_a_folder_is_no_file_and_no_file_is_written_over_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert read_file(tmp_path, "folder") is None
    for before, after, error in ((None, NEW, PathRefused), (OLD, NEW, FileMoved), (OLD, None, FileMoved)):
        with pytest.raises(error):
            replaced(tmp_path, "folder", before, after)
    assert os.listdir(tmp_path) == ["folder"]


def test_a_write_that_fails_is_named(tmp_path: Path) -> None:
    make(tmp_path, "short.txt")
    with pytest.raises(NotWritable, match=r"short\.txt cannot be written"):
        replace_file(tmp_path, "short.txt", OLD, NEW, draft="x" * 300)
    assert read_file(tmp_path, "short.txt") == OLD


def test_a_draft_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    make(tmp_path, "a/.draft")
    make(tmp_path, "a/b.txt")
    replaced(tmp_path, "a/b.txt", OLD, NEW)
    assert os.listdir(tmp_path / "a") == ["b.txt"]
    make(tmp_path, "a/.draft")
    remove_draft(tmp_path, "a/b.txt", ".draft")
    remove_draft(tmp_path, "gone/b.txt", ".draft")
    assert os.listdir(tmp_path / "a") == ["b.txt"]
    assert stat.S_IMODE((tmp_path / "a" / "b.txt").stat().st_mode) == 0o755
