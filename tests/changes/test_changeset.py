"""Hunks of text files: any choice of them is one well-defined file."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.changeset import (
    DamagedEdit,
    FileEdit,
    HunkNotEditable,
    apply_hunks,
    build_changeset,
    outcome,
)
from nootropic_kernel.changes.diff_view import unified_diff
from nootropic_kernel.changes.line_diff import changed_blocks, equal_pairs, midpoint, split_lines

QUICK = settings(deadline=None, max_examples=60)
# Few distinct lines, so that repeats, moves and near misses are common; endings are mixed, the last may be missing.
LINE = st.sampled_from([b"a", b"b", b"", b"def f():", b"    return 1", b"\xc3\xa9", b"\xef\xbb\xbfx", b"\r", b"c\rd"])
TEXT = st.builds(
    lambda lines, ends, last: b"".join(a + b for a, b in zip(lines, ends, strict=False)) + last,
    st.lists(LINE, max_size=14),
    st.lists(st.sampled_from([b"\n", b"\n", b"\r\n"]), min_size=14, max_size=14),
    st.sampled_from([b"", b"", b"tail", b"a"]),
)
ANY_BYTES = st.one_of(TEXT, st.binary(max_size=40))


@QUICK
@given(ANY_BYTES)
def test_lines_join_to_the_same_bytes(data: bytes) -> None:
    assert b"".join(split_lines(data)) == data


@QUICK
@given(TEXT, TEXT)
def test_equal_lines_are_equal_and_in_order(old: bytes, new: bytes) -> None:
    a, b = split_lines(old), split_lines(new)
    pairs = equal_pairs(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(p[0] < q[0] and p[1] < q[1] for p, q in pairwise(pairs))


def common(old: str, new: str) -> int:
    """The length of a longest common subsequence."""
    row = [0] * (len(new) + 1)
    for a in old:
        last = row
        row = [0]
        for j, b in enumerate(new):
            row.append(last[j] + 1 if a == b else max(last[j + 1], row[j]))
    return row[-1]


@QUICK
@given(st.text("abc", min_size=1, max_size=12), st.text("abc", min_size=1, max_size=12))
def test_the_middle_lies_on_a_shortest_way(old: str, new: str) -> None:
    old, new = f"x{old}x", f"y{new}y"
    (x, y), _ = midpoint(old, new)
    assert (0, 0) != (x, y) != (len(old), len(new))
    assert common(old[:x], new[:y]) + common(old[x:], new[y:]) == common(old, new)


def test_lines_that_repeat_are_matched_too() -> None:
    """No line of these is unique, so that nothing but the order tells what stayed."""
    old = [f"{k * k % 50}\n" for k in range(2_000)]
    new = [*old[:700], "in\n", "in\n", *old[700:1500], *old[1503:]]
    assert [tuple(block) for block in changed_blocks(old, new)] == [(700, 700, 700, 702), (1500, 1503, 1502, 1502)]


def test_work_on_a_hopeless_diff_is_bounded() -> None:
    """Each of these would keep a matcher that looks at every pair of lines busy for minutes."""
    old = [f"{k * 7919 % 13}\n" for k in range(40_000)]
    new = [f"{k * 7907 % 13}\n" for k in range(40_000)]
    blocks = changed_blocks(old, new)
    assert blocks[0].old_from == 0 or old[: blocks[0].old_from] == new[: blocks[0].new_from]
    swapped = ["x\n", "y\n"] * 2_000, ["y\n", "x\n", "z\n"] * 1_300
    assert changed_blocks(*swapped)


@QUICK
@given(ANY_BYTES, ANY_BYTES)
def test_all_hunks_give_the_new_bytes_and_none_the_old(base: bytes, new: bytes) -> None:
    changeset = build_changeset([FileEdit("a.py", base, new)])
    assert bool(changeset.hunks) == (base != new)
    for edit in changeset.files:
        assert apply_hunks(edit, {hunk.number: None for hunk in changeset.hunks}) == new
        assert apply_hunks(edit, {}) == base


@QUICK
@given(TEXT, TEXT, st.data())
def test_a_subset_takes_each_hunk_from_its_side(base: bytes, new: bytes, data: st.DataObject) -> None:
    changeset = build_changeset([FileEdit("a.py", base, new)])
    chosen = data.draw(st.sets(st.sampled_from([h.number for h in changeset.hunks]))) if changeset.hunks else set()
    if any(hunk.kind == "file" for hunk in changeset.hunks):  # a byte order mark comes or goes: one decision
        assert len(changeset.hunks) == 1 and apply_hunks(changeset.files[0], dict.fromkeys(chosen)) in (base, new)
        return
    mark = b"\xef\xbb\xbf" if base.startswith(b"\xef\xbb\xbf") else b""
    expected, at = mark, 0
    old_lines = split_lines(base.removeprefix(mark))
    for hunk in changeset.hunks:
        start = hunk.old_start - 1 if hunk.old_lines else hunk.old_start
        expected += b"".join(old_lines[at:start]) + (hunk.new if hunk.number in chosen else hunk.old).encode()
        at = start + hunk.old_lines
    expected += b"".join(old_lines[at:])
    for edit in changeset.files:
        assert apply_hunks(edit, dict.fromkeys(chosen)) == expected


@QUICK
@given(TEXT, TEXT, st.data())
def test_the_rest_can_be_taken_later_in_any_order(base: bytes, new: bytes, data: st.DataObject) -> None:
    """Accepting a part and proposing the rest anew ends at the same bytes: hunks don't depend on one another."""
    changeset = build_changeset([FileEdit("a.py", base, new)])
    if not changeset.hunks:
        return
    chosen = data.draw(st.sets(st.sampled_from([h.number for h in changeset.hunks])))
    part = apply_hunks(changeset.files[0], dict.fromkeys(chosen))
    rest = build_changeset([FileEdit("a.py", part, new)])
    assert (apply_hunks(rest.files[0], {h.number: None for h in rest.hunks}) if rest.files else part) == new


@QUICK
@given(TEXT, TEXT)
def test_blocks_cover_every_difference(old: bytes, new: bytes) -> None:
    a, b = split_lines(old), split_lines(new)
    at_old = at_new = 0
    for block in [*changed_blocks(a, b), None]:
        end = (len(a), len(b)) if block is None else (block.old_from, block.new_from)
        assert a[at_old : end[0]] == b[at_new : end[1]]
        if block is not None:
            at_old, at_new = block.old_to, block.new_to


@settings(max_examples=25, deadline=None)
@given(base=TEXT, new=TEXT)
def test_git_applies_our_diff(tmp_path_factory: pytest.TempPathFactory, base: bytes, new: bytes) -> None:
    folder = tmp_path_factory.mktemp("apply")
    changeset = build_changeset([FileEdit("a file.py", base, new)])
    if not changeset.hunks:
        return
    (folder / "a file.py").write_bytes(base)
    diff = unified_diff(changeset).encode()
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "--unidiff-zero", "-"],
        cwd=folder,
        input=diff,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (done.stderr, diff)
    assert (folder / "a file.py").read_bytes() == new


@pytest.mark.parametrize(
    ("base", "new"),
    [
        (None, b"print(1)\n"),
        (None, b""),
        (None, b"\x00\xff"),
        (b"x = 1\n", None),
        (b"", None),
        (b"x\n", b""),
        (b"", b"x"),
        (b"\xff\xfe\x00", b"\xff\xfe\x01"),
        ("caf\xe9\n".encode("latin-1"), "cafe\n".encode("latin-1")),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n"),
        (b"a", b"b"),
        (b"a", b"a\n"),
    ],
)
def test_every_kind_of_file_goes_both_ways(base: bytes | None, new: bytes | None) -> None:
    changeset = build_changeset([FileEdit("a.txt", base, new)])
    assert len(changeset.hunks) == 1
    assert apply_hunks(changeset.files[0], {1: None}) == new
    assert apply_hunks(changeset.files[0], {}) == base


def test_crlf_and_the_missing_final_newline_are_kept_by_a_partial_choice() -> None:
    """Two of the peers' seven faults: CRLF became LF, and a final newline was added."""
    base = b"one\r\n" + b"k1\r\nk2\r\nk3\r\nk4\r\n" + b"two\r\nend"
    new = b"ONE\r\n" + b"k1\r\nk2\r\nk3\r\nk4\r\n" + b"TWO\r\nend"
    edit = build_changeset([FileEdit("a.py", base, new)]).files[0]
    assert apply_hunks(edit, {1: None}) == b"ONE\r\nk1\r\nk2\r\nk3\r\nk4\r\ntwo\r\nend"
    assert apply_hunks(edit, {2: "Two"}) == b"one\r\nk1\r\nk2\r\nk3\r\nk4\r\nTwo\r\nend"
    assert apply_hunks(edit, {2: "T\nwo\n"}) == b"one\r\nk1\r\nk2\r\nk3\r\nk4\r\nT\r\nwo\r\nend"


def test_an_edited_last_hunk_may_lack_the_final_newline_only_where_the_new_file_does() -> None:
    with_newline = build_changeset([FileEdit("a.py", b"a\n", b"b\n")]).files[0]
    assert apply_hunks(with_newline, {1: "c"}) == b"c\n"
    without = build_changeset([FileEdit("a.py", b"a\n", b"b")]).files[0]
    assert apply_hunks(without, {1: "c"}) == b"c"


def test_whole_content_can_be_deleted() -> None:
    """A peer could not: it took the empty new content for a missing one."""
    edit = build_changeset([FileEdit("a.py", b"x = 1\ny = 2\n", b"")]).files[0]
    assert apply_hunks(edit, {1: None}) == b""


def test_rename_mode_and_lines_are_decided_apart() -> None:
    edit = FileEdit("new.sh", b"a\n", b"b\n", renamed_from="old.sh", mode=0o755)
    changeset = build_changeset([edit])
    assert [hunk.header.split()[0] for hunk in changeset.hunks] == ["renamed", "mode", "@@"]
    everything = outcome(edit, {1: None, 2: None, 3: None})
    assert (everything.path, everything.content, everything.mode, everything.removes) == (
        "new.sh",
        b"b\n",
        0o755,
        "old.sh",
    )
    lines_only = outcome(edit, {3: None})
    assert (lines_only.path, lines_only.content, lines_only.mode, lines_only.removes) == ("old.sh", b"b\n", None, None)
    with pytest.raises(HunkNotEditable):
        outcome(edit, {1: "text"})


def test_numbers_run_over_all_files_that_change() -> None:
    changeset = build_changeset(
        [FileEdit("a", b"1\n", b"2\n"), FileEdit("same", b"x", b"x"), FileEdit("b", None, b"n")]
    )
    assert [(h.number, h.path) for h in changeset.hunks] == [(1, "a"), (2, "b")]
    assert changeset.outcome(changeset.files[1], {2: None}).content == b"n"
    assert changeset.outcome(changeset.files[1], {1: None}).content is None


def test_one_file_edited_twice_is_refused() -> None:
    with pytest.raises(DamagedEdit):
        build_changeset([FileEdit("a", b"1", b"2"), FileEdit("a", b"1", b"3")])


def test_two_functions_three_lines_apart_are_two_decisions() -> None:
    base = b"def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    new = base.replace(b"return 1", b"return 10").replace(b"return 2", b"return 20")
    changeset = build_changeset([FileEdit("a.py", base, new)])
    assert [hunk.header for hunk in changeset.hunks] == ["@@ -2,1 +2,1 @@ def f():", "@@ -6,1 +6,1 @@ def g():"]


def test_five_hundred_hunks_of_a_long_file() -> None:
    lines = [f"line {k % 7}\n" for k in range(10_000)]
    changed = [f"changed {k}\n" if k % 20 == 0 else line for k, line in enumerate(lines)]
    changeset = build_changeset([FileEdit("a.txt", "".join(lines).encode(), "".join(changed).encode())])
    assert len(changeset.hunks) == 500


def test_paths_with_odd_names_stay_readable(tmp_path: Path) -> None:
    changeset = build_changeset([FileEdit("dir/na me é.py", b"1\n", b"2\n")])
    assert "dir/na me é.py" in unified_diff(changeset)
