"""Files in other encodings are text like any other: shown, cut, composed and merged byte for byte."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.accept import accept, edit, undo
from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, apply_hunks, build_changeset
from nootropic_kernel.changes.diff_view import hunk_lines, unified_diff
from nootropic_kernel.changes.encoding import Encoding, NotEncodable, detect
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.merge import MergeConflict, merge
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import commit_file, commits, head_file, propose, store_with_text
from tests.conftest import git

ENCODINGS = {
    "utf-8": Encoding(),
    "utf-8 with a mark": Encoding("utf-8", codecs.BOM_UTF8),
    "utf-16 little": Encoding("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16 big": Encoding("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-32 little": Encoding("utf-32-le", codecs.BOM_UTF32_LE),
    "utf-32 big": Encoding("utf-32-be", codecs.BOM_UTF32_BE),
    "windows": Encoding("cp1252"),
    "latin": Encoding("latin-1"),
    "named in a comment": Encoding("koi8-r"),
}
# The first line tells the encoding apart: what is pure ASCII is UTF-8, whatever was meant.
FIRST = {"windows": "“é”", "latin": "\x81é", "named in a comment": "# -*- coding: koi8-r -*- ж"}
# U+0A0A and U+0D0A hold the byte of a line end in UTF-16 without being one.
WORDS = st.sampled_from(["a", "b", "", "x = 1", "é", "def f():", "    return", "\t"])
WIDE = st.one_of(WORDS, st.sampled_from(["ਊ", "ഊ", "中", "𝄞", "\u2028", "\ufeff"]))
ENDS = st.sampled_from(["\n", "\n", "\r\n"])


def written(name: str, lines: list[str], ends: list[str], *, tail: str = "", mac: bool = False) -> bytes:
    encoding = ENCODINGS[name]
    ends = ["\r"] * len(ends) if mac else ends
    if name in FIRST:
        ends, lines = [ends[0], *ends], [FIRST[name], *lines]
    if name == "named in a comment":
        lines = [line.replace("é", "ж") for line in lines]
    text = "".join(line + end for line, end in zip(lines, ends, strict=False)) + tail
    return encoding.bom + encoding.encode(text)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    name = draw(st.sampled_from(sorted(ENCODINGS)))
    mac = draw(st.booleans()) and draw(st.booleans())
    words = WIDE if ENCODINGS[name].codec.startswith("utf") else WORDS
    texts = []
    for _ in range(2):
        lines = draw(st.lists(words, max_size=10))
        ends = draw(st.lists(ENDS, min_size=11, max_size=11))
        texts.append(written(name, lines, ends, tail=draw(st.sampled_from(["", "tail"])), mac=mac))
    return name, texts[0], texts[1]


def whole(changeset: ChangeSet) -> dict[int, str | None]:
    return {hunk.number: None for hunk in changeset.hunks}


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_the_encoding_is_told(name: str) -> None:
    data = written(name, ["é", "b"], ["\n"] * 3)
    found = detect(data)
    assert found == ENCODINGS[name] and found.bom + found.encode(found.decode(data)) == data


@settings(max_examples=150, deadline=None)
@given(pairs(), st.data())
def test_any_choice_of_hunks_is_a_file_in_the_same_encoding(
    pair: tuple[str, bytes, bytes], data: st.DataObject
) -> None:
    name, base, new = pair
    encoding = ENCODINGS[name]
    changeset = build_changeset([FileEdit("a.txt", base, new)])
    if not changeset.hunks:
        assert base == new
        return
    file = changeset.files[0]
    assert apply_hunks(file, whole(changeset)) == new and apply_hunks(file, {}) == base
    if detect(base) != detect(new):  # the one line that told the encodings apart is ASCII on one side
        return
    numbers = [hunk.number for hunk in changeset.hunks]
    chosen = data.draw(st.sets(st.sampled_from(numbers)))
    part = apply_hunks(file, dict.fromkeys(chosen))
    assert part is not None and part.startswith(encoding.bom)
    text = part.removeprefix(encoding.bom).decode(encoding.codec)
    for hunk in changeset.hunks:
        assert (hunk.new if hunk.number in chosen else hunk.old) in text
        assert hunk.kind == "text" and "\ufeff" not in hunk.header
    # One after the other is the same as at once.
    rest = build_changeset([FileEdit("a.txt", part, new)])
    assert (apply_hunks(rest.files[0], whole(rest)) if rest.files else part) == new


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_accept_own_text_drift_and_undo(workspace: Workspace, database: StateDatabase, name: str) -> None:
    encoding = ENCODINGS[name]
    store = store_with_text(workspace, database)
    special = "ж" if name == "named in a comment" else "é"
    lines = [f"line {k} {special}" for k in range(20)]
    base = written(name, lines, ["\r\n"] * 21)

    def with_lines(data: bytes, **changes: str) -> bytes:
        text = encoding.decode(data)
        for number, line in changes.items():
            text = text.replace(f"line {number[1:]} {special}\r\n", line)
        return encoding.bom + encoding.encode(text)

    commit_file(workspace, "f.txt", base)
    propose(store, FileEdit("f.txt", base, with_lines(base, _3="three\r\n", _9="nine\r\n", _15="")))
    hunks = store.get("P1").changeset.hunks
    assert [(hunk.kind, hunk.old, hunk.new) for hunk in hunks] == [
        ("text", f"line 3 {special}\r\n", "three\r\n"),
        ("text", f"line 9 {special}\r\n", "nine\r\n"),
        ("text", f"line 15 {special}\r\n", ""),
    ]
    shown = hunk_lines(store.get("P1").changeset.files[0], hunks[0])
    assert ("-", f"line 3 {special}") in [(line.op, line.text) for line in shown]
    assert f"-line 3 {special}" in unified_diff(store.get("P1").changeset)
    edit(workspace, database, "P1:2", f"mine {special}\n")
    drifted = with_lines(base, _12="drift\r\n")
    (workspace.root / "f.txt").write_bytes(drifted)
    git(workspace.root, "commit", "-qam", "Drift")
    accept(workspace, database, ["P1:1", "P1:2"])
    wanted = with_lines(drifted, _3="three\r\n", _9=f"mine {special}\r\n")
    assert (workspace.root / "f.txt").read_bytes() == head_file(workspace.root, "f.txt") == wanted
    undo(workspace, database, ["P1:1"])
    assert head_file(workspace.root, "f.txt") == with_lines(drifted, _9=f"mine {special}\r\n")
    undo(workspace, database, "A1")
    assert head_file(workspace.root, "f.txt") == drifted


def test_a_character_that_the_encoding_lacks_is_refused(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    base, new = "é one\n".encode("latin-1"), "é two\n".encode("latin-1")
    commit_file(workspace, "f.txt", base)
    propose(store, FileEdit("f.txt", base, new))
    before = commits(workspace.root)
    with pytest.raises(NotEncodable, match="'中' cannot be written in cp1252"):
        edit(workspace, database, "P1:1", "中\n")
    with pytest.raises(NotEncodable):
        accept(workspace, database, ["P1:1"], edited="中\n")
    assert store.get("P1").edited == {} and commits(workspace.root) == before
    assert (workspace.root / "f.txt").read_bytes() == base


@pytest.mark.parametrize(
    ("base", "new", "header"),
    [
        ("é\n".encode("latin-1"), "é\n".encode(), "the encoding changes from CP1252 to UTF-8"),
        (b"a\n", b"\xef\xbb\xbfa\n", "the encoding changes from UTF-8 to UTF-8 with a byte order mark"),
        ("a\n".encode("utf-16"), b"", "the file is emptied"),
        (b"", "a\n".encode("utf-16"), "the empty file gets a text"),
        (b"a\n", b"\0\xff", "binary file"),
    ],
)
def test_a_change_of_encoding_is_one_decision(base: bytes, new: bytes, header: str) -> None:
    changeset = build_changeset([FileEdit("a.txt", base, new)])
    assert [(hunk.kind, hunk.header) for hunk in changeset.hunks] == [("file", header)]
    assert apply_hunks(changeset.files[0], {1: None}) == new and apply_hunks(changeset.files[0], {}) == base


def test_plain_ascii_goes_with_any_encoding_that_has_it() -> None:
    changeset = build_changeset([FileEdit("a.txt", b"a\nb\n", "a\né “\n".encode("cp1252"))])
    assert [(hunk.kind, hunk.new) for hunk in changeset.hunks] == [("text", "é “\n")]


def test_files_of_old_macs_are_cut_at_their_own_line_ends() -> None:
    base = b"".join(b"line %d\r" % k for k in range(20))
    new = base.replace(b"line 3\r", b"three\r").replace(b"line 15\r", b"fifteen\r")
    changeset = build_changeset([FileEdit("a.txt", base, new)])
    assert [(hunk.old_start, hunk.new) for hunk in changeset.hunks] == [(4, "three\r"), (16, "fifteen\r")]
    assert apply_hunks(changeset.files[0], {2: "mine\n"}) == base.replace(b"line 15\r", b"mine\r")
    ours = base.replace(b"line 9\r", b"nine\r")
    assert merge("a.txt", base, ours, new) == new.replace(b"line 9\r", b"nine\r")


def test_wide_encodings_merge_by_lines_and_conflict_by_lines() -> None:
    def wide(text: str) -> bytes:
        return codecs.BOM_UTF16_BE + text.encode("utf-16-be")

    base, ours, theirs = "ਊ\n1\n2\n3\n4\n", "ਊ\n1\n2\n3\nours\n", "theirs\n1\n2\n3\n4\n"
    assert merge("a.txt", wide(base), wide(ours), wide(theirs)) == wide("theirs\n1\n2\n3\nours\n")
    for other in (wide("ਊ\n1\n2\n3\nother\n"), base.encode("utf-8")):
        with pytest.raises(MergeConflict):
            merge("a.txt", wide(base), wide(ours), other)


def test_drift_in_the_same_lines_is_refused_in_any_encoding(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    base = "é 1\né 2\n".encode("utf-16")
    commit_file(workspace, "f.txt", base)
    propose(store, FileEdit("f.txt", base, "é one\né 2\n".encode("utf-16")))
    commit_file(workspace, "f.txt", "é other\né 2\n".encode("utf-16"))
    with pytest.raises(ChangedSince):
        accept(workspace, database, ["P1"])
