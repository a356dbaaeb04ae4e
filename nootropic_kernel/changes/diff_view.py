"""How changes are shown: as a unified diff, and as marked lines for a view of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from nootropic_kernel.changes.line_diff import Block, changed_blocks, split_lines
from nootropic_kernel.changes.text_pair import read_pair

if TYPE_CHECKING:
    from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Hunk

CONTEXT = 3
LONGEST_LINE = 2_000
MOST_LINES = 600
_HALF = MOST_LINES // 2 - CONTEXT
NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True)
class DiffLine:
    """One line of a diff: kept, taken out, or put in."""

    op: Literal[" ", "-", "+"]
    text: str


def unified_diff(changeset: ChangeSet) -> str:
    """The whole change as a diff that `git apply` takes; notebooks are shown cell by cell, for people."""
    return "".join(file_diff(changeset, edit) for edit in changeset.files)


def hunk_lines(edit: FileEdit, hunk: Hunk, *, context: int = CONTEXT) -> list[DiffLine]:
    """The lines of one hunk with some lines around it; long lines and long hunks are cut, and say so."""
    old, new = hunk.old.encode("utf-8", "surrogatepass"), hunk.new.encode("utf-8", "surrogatepass")
    if hunk.kind == "file" and (not (old or new) or hunk.header.startswith("mode ")):
        return [DiffLine(" ", hunk.header)]
    if hunk.kind == "file" and (hunk.header.startswith("renamed") or old == new):  # two binaries may be of one size
        return [DiffLine("-", _text(old)), DiffLine("+", _text(new))]
    before, after = split_lines(old), split_lines(new)
    blocks = changed_blocks(before, after, join=0)
    # Of a hunk of a million lines only those that are shown are made.
    lines = list(islice(_marked(before, after, blocks, note_missing_end=hunk.kind != "cell"), MOST_LINES + 1))
    told = sum(line.text != NO_NEWLINE for line in lines)
    unmade = max(0, len(before) + sum(block.new_to - block.new_from for block in blocks) - told)
    pair = read_pair(edit.base or b"", edit.new or b"") if hunk.kind == "text" else None
    if pair is not None:
        base = pair.old
        start = hunk.old_start - 1 if hunk.old_lines else hunk.old_start
        above = [DiffLine(" ", _bare(line)) for line in base[max(0, start - context) : start]]
        end = start + hunk.old_lines
        lines = above + lines + [DiffLine(" ", _bare(line)) for line in base[end : end + context] if not unmade]
    if more := unmade + max(0, len(lines) - MOST_LINES):
        lines = [*lines[:MOST_LINES], DiffLine(" ", f"… {more} more lines")]
    return [_cut(line) for line in lines]


def diff_counts(hunk: Hunk) -> tuple[int, int]:
    """How many lines a hunk puts in and takes out."""
    if hunk.kind == "file" and (hunk.header.startswith(("mode ", "renamed")) or hunk.old == hunk.new):
        return 0, 0
    old, new = (split_lines(side.encode("utf-8", "surrogatepass")) for side in (hunk.old, hunk.new))
    if not old or not new:
        return len(new), len(old)
    blocks = changed_blocks(old, new, join=0)
    return sum(b.new_to - b.new_from for b in blocks), sum(b.old_to - b.old_from for b in blocks)


def file_diff(changeset: ChangeSet, edit: FileEdit) -> str:
    hunks = changeset.hunks_of(edit.path)
    before, after = _quoted(f"a/{edit.renamed_from or edit.path}"), _quoted(f"b/{edit.path}")
    out = [f"diff --git {before} {after}\n"]
    if edit.base is None:
        out.append(f"new file mode {0o100000 | (edit.mode or 0o644):o}\n")
    elif edit.new is None:
        out.append("deleted file mode 100644\n")
    elif edit.mode is not None:
        old_mode = 0o100644 if edit.mode & 0o100 else 0o100755
        out.append(f"old mode {old_mode:o}\nnew mode {0o100000 | edit.mode:o}\n")
    if edit.renamed_from is not None:
        out.append(f"rename from {_quoted(edit.renamed_from)}\nrename to {_quoted(edit.path)}\n")
    if (edit.base or b"") == (edit.new or b""):
        return "".join(out)
    sides = _diffed_lines(edit.base or b"", edit.new or b"")
    if sides is None:
        return "".join([*out, f"Binary files {before} and {after} differ\n"])
    left = "/dev/null" if edit.base is None else before + _after_space(before)
    right = "/dev/null" if edit.new is None else after + _after_space(after)
    out.append(f"--- {left}\n+++ {right}\n")
    if any(hunk.kind == "cell" for hunk in hunks):
        for hunk in hunks:
            if hunk.kind == "cell":
                out.append(f"@@ {hunk.header} @@\n")
                out.extend(f"{line.op}{line.text}\n" for line in hunk_lines(edit, hunk))
        return "".join(out)
    return "".join([*out, *_unified(*sides)])


def _diffed_lines(base: bytes, new: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """The lines as UTF-8: Git takes a diff of UTF-8 files, byte order mark and all; others are shown for people."""
    try:
        if b"\0" in base + new:
            raise UnicodeDecodeError("utf-8", b"\0", 0, 1, "not text")
        base.decode()
        new.decode()
        return split_lines(base), split_lines(new)
    except UnicodeDecodeError:
        pair = read_pair(base, new)
        return None if pair is None else ([line.encode() for line in pair.old], [line.encode() for line in pair.new])


def _unified(old: list[bytes], new: list[bytes]) -> Iterable[str]:
    for group in _grouped(changed_blocks(old, new, join=0)):
        first, last = group[0], group[-1]
        above = min(CONTEXT, first.old_from)
        below = min(CONTEXT, len(old) - last.old_to)
        start, end = first.old_from - above, last.old_to + below
        new_start, new_end = first.new_from - above, last.new_to + below
        yield f"@@ -{_range(start, end - start)} +{_range(new_start, new_end - new_start)} @@\n"
        at = start
        for block in group:
            yield from (_raw(" ", line) for line in old[at : block.old_from])
            yield from (_raw("-", line) for line in old[block.old_from : block.old_to])
            yield from (_raw("+", line) for line in new[block.new_from : block.new_to])
            at = block.old_to
        yield from (_raw(" ", line) for line in old[at:end])


def _grouped(blocks: list[Block]) -> Iterable[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        if group and block.old_from - group[-1].old_to > 2 * CONTEXT:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _marked(old: list[bytes], new: list[bytes], blocks: list[Block], *, note_missing_end: bool) -> Iterable[DiffLine]:
    at = 0
    endings = {line.endswith(b"\r\n") for line in chain(old, new) if line.endswith(b"\n")}

    def lines(op: Literal[" ", "-", "+"], part: list[bytes]) -> Iterable[DiffLine]:
        for line in part:
            # Where both endings occur, they are what the reader must see.
            mark = "␍" if len(endings) > 1 and line.endswith(b"\r\n") else ""
            yield DiffLine(op, _text(line) + mark)
            if note_missing_end and not line.endswith(b"\n") and op != " ":
                yield DiffLine(" ", NO_NEWLINE)

    for block in blocks:
        yield from lines(" ", old[at : block.old_from])
        out, put = old[block.old_from : block.old_to], new[block.new_from : block.new_to]
        # Of a long exchange the beginnings of both sides are shown.
        yield from lines("-", out[: max(_HALF, MOST_LINES - len(put))])
        yield from lines("+", put[: max(_HALF, MOST_LINES - len(out))])
        at = block.old_to
    yield from lines(" ", old[at:])


def _raw(op: str, line: bytes) -> str:
    text = line.decode("utf-8", "surrogatepass")
    return f"{op}{text}" if text.endswith("\n") else f"{op}{text}\n{NO_NEWLINE}\n"


def _text(line: bytes) -> str:
    return _bare(line.decode("utf-8", "surrogatepass"))


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def _cut(line: DiffLine) -> DiffLine:
    if len(line.text) <= LONGEST_LINE:
        return line
    return DiffLine(line.op, f"{line.text[:LONGEST_LINE]} … ({len(line.text) - LONGEST_LINE} more characters)")


def _range(start: int, count: int) -> str:
    return f"{start + 1 if count else start},{count}"


def _after_space(name: str) -> str:
    return "\t" if " " in name and not name.startswith('"') else ""


def _quoted(name: str) -> str:
    if not any(ch in '"\\' or ord(ch) < 32 or ord(ch) == 127 for ch in name):
        return name
    escapes = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    octal = {ch: f"\\{ord(ch):03o}" for ch in name if ord(ch) < 32 or ord(ch) == 127}
    return '"' + "".join(escapes.get(ch) or octal.get(ch, ch) for ch in name) + '"'
