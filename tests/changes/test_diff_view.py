"""How changes are shown: exact, and as Git takes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nootropic_kernel.changes.changeset import FileEdit, build_changeset
from nootropic_kernel.changes.diff_view import (
    LONGEST_LINE,
    MOST_LINES,
    hunk_lines,
    unified_diff,
)


def shown(edit: FileEdit) -> list[list[tuple[str, str]]]:
    changeset = build_changeset([edit])
    return [[(line.op, line.text) for line in hunk_lines(changeset.files[0], hunk)] for hunk in changeset.hunks]


def test_lines_around_a_hunk_and_what_cannot_be_seen() -> None:
    assert shown(FileEdit("a", b"1\n2\n3\n4\n5\n6\n", b"1\n2\n3\n4\nfive\n6\n")) == [
        [(" ", "2"), (" ", "3"), (" ", "4"), ("-", "5"), ("+", "five"), (" ", "6")]
    ]
    assert shown(FileEdit("a", b"a\n", b"a")) == [[("-", "a"), ("+", "a"), (" ", "\\ No newline at end of file")]]
    assert shown(FileEdit("a", b"a\r\n", b"a\n")) == [[("-", "a␍"), ("+", "a")]]
    assert shown(FileEdit("a", b"\0", b"\1\0")) == [
        [("-", "(1 bytes that are not text)"), ("+", "(2 bytes that are not text)")]
    ]
    assert shown(FileEdit("a", b"\0\1", b"\1\0")) == [
        [("-", "(2 bytes that are not text)"), ("+", "(2 bytes that are not text)")]
    ]
    assert shown(FileEdit("b", b"x", b"x", renamed_from="a", mode=0o755)) == [
        [("-", "a"), ("+", "b")],
        [(" ", "mode becomes 755")],
    ]
    assert shown(FileEdit("a", None, b"")) == [[(" ", "new empty file")]]


def test_long_lines_and_long_hunks_are_cut_and_say_so() -> None:
    (lines,) = shown(FileEdit("a", None, b"x" * 10_000 + b"\n" + b"y\n" * 5_000))
    assert len(lines) == MOST_LINES + 1 and lines[-1][1].startswith("… ")
    assert len(lines[0][1]) < LONGEST_LINE + 50 and "more characters" in lines[0][1]


@pytest.mark.parametrize(
    "edit",
    [
        FileEdit("dir/new.py", None, b"a\nb"),
        FileEdit("old.py", b"a\n", None),
        FileEdit("tool.sh", None, b"#!/bin/sh\n", mode=0o755),
        FileEdit("other.py", b"a\nb\nc\n", b"a\nB\nc\n", renamed_from="old.py"),
        FileEdit('quo"te\t.py', None, b"x\n"),
        FileEdit("empty.py", None, b""),
        FileEdit("mode.sh", b"x\n", b"x\n", mode=0o755),
    ],
)
def test_git_applies_every_kind_of_file(tmp_path: Path, edit: FileEdit) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    if edit.base is not None:
        (tmp_path / (edit.renamed_from or edit.path)).write_bytes(edit.base)
    diff = unified_diff(build_changeset([edit])).encode()
    done = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, capture_output=True, check=False)
    assert done.returncode == 0, (done.stderr, diff)
    file = tmp_path / edit.path
    assert (file.read_bytes() if file.exists() else None) == edit.new
    if edit.mode:
        assert file.stat().st_mode & 0o777 == edit.mode


def test_binary_files_are_named_only() -> None:
    assert "Binary files a/x and b/x differ" in unified_diff(build_changeset([FileEdit("x", b"\0", b"\1\0")]))


def test_of_a_long_exchange_the_beginnings_of_both_sides_are_shown() -> None:
    old = "".join(f"old {k}\n" for k in range(5000)).encode()
    new = "".join(f"new {k}\n" for k in range(4000)).encode()
    for base, put, gone in ((old, new, 9000), (b"a\nb\n" + old + b"c\n", b"a\nb\n" + new + b"c\n", 9000)):
        changes = build_changeset([FileEdit("x.txt", base, put)])
        lines = hunk_lines(changes.files[0], changes.hunks[0])
        shown = [line for line in lines if line.op != " "]
        assert len(lines) <= MOST_LINES + 1
        assert [line.text for line in shown if line.op == "-"][:2] == ["old 0", "old 1"]
        assert [line.text for line in shown if line.op == "+"][:2] == ["new 0", "new 1"]
        assert abs(sum(line.op == "-" for line in shown) - sum(line.op == "+" for line in shown)) <= 1
        assert lines[-1].text == f"… {gone - len(shown)} more lines"
