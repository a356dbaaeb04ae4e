"""How changes are shown: as a unified diff, as marked lines for a view of its own, in a terminal, and as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from nootropic_kernel.changes.line_diff import Block, changed_blocks, split_lines
from nootropic_kernel.changes.text_pair import read_pair

if TYPE_CHECKING:
    from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Hunk

CONTEXT = 3
LONGEST_LINE = 2_000
MOST_LINES = 600
_NO_NEWLINE = "\\ No newline at end of file"
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class DiffLine:
    """One line of a diff: kept, taken out, or put in."""

    op: Literal[" ", "-", "+"]
    text: str


@dataclass(frozen=True)
class Span:
    """A piece of a line, and whether it is what differs."""

    text: str
    changed: bool


def unified_diff(changeset: ChangeSet) -> str:
    """The whole change as a diff that `git apply` takes; notebooks are shown cell by cell, for people."""
    return "".join(_file_diff(changeset, edit) for edit in changeset.files)


def hunk_lines(edit: FileEdit, hunk: Hunk, *, context: int = CONTEXT) -> list[DiffLine]:
    """The lines of one hunk with some lines around it; long lines and long hunks are cut, and say so."""
    old, new = hunk.old.encode("utf-8", "surrogatepass"), hunk.new.encode("utf-8", "surrogatepass")
    if hunk.kind == "file" and not (old or new):
        return [DiffLine(" ", hunk.header)]
    if hunk.kind == "file" and edit.renamed_from is not None and hunk.header.startswith("renamed"):
        return [DiffLine("-", hunk.old), DiffLine("+", hunk.new)]
    lines = list(_marked(split_lines(old), split_lines(new), note_missing_end=hunk.kind != "cell"))
    pair = read_pair(edit.base or b"", edit.new or b"") if hunk.kind == "text" else None
    if pair is not None:
        base = pair.old
        start = hunk.old_start - 1 if hunk.old_lines else hunk.old_start
        above = [DiffLine(" ", _bare(line)) for line in base[max(0, start - context) : start]]
        end = start + hunk.old_lines
        lines = above + lines + [DiffLine(" ", _bare(line)) for line in base[end : end + context]]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], DiffLine(" ", f"… {len(lines) - MOST_LINES} more lines")]
    return [_cut(line) for line in lines]


def word_spans(old: str, new: str) -> tuple[list[Span], list[Span]]:
    """Two versions of a line as pieces, with those marked that differ."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    # Lines that share next to nothing read better unmarked.
    if matcher.real_quick_ratio() < 0.3 or matcher.ratio() < 0.3:
        return [Span(old, False)], [Span(new, False)]
    left: list[Span] = []
    right: list[Span] = []
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        if a1 < a2:
            left.append(Span("".join(a[a1:a2]), tag != "equal"))
        if b1 < b2:
            right.append(Span("".join(b[b1:b2]), tag != "equal"))
    return left, right


def with_words(lines: Sequence[DiffLine]) -> list[tuple[DiffLine, list[Span]]]:
    """Each line with its pieces: lines taken out are compared with the lines put in right after them."""
    spans: list[list[Span]] = [[Span(line.text, False)] for line in lines]
    at = 0
    while at < len(lines):
        removed = _run(lines, at, "-")
        added = _run(lines, at + removed, "+")
        for k in range(min(removed, added)):
            old, new = lines[at + k].text, lines[at + removed + k].text
            if len(old) + len(new) < LONGEST_LINE:
                spans[at + k], spans[at + removed + k] = word_spans(old, new)
        at += max(1, removed + added)
    return list(zip(lines, spans, strict=True))


def terminal(lines: Sequence[DiffLine], *, color: bool) -> str:
    """The lines for a terminal."""
    if not color:
        return "\n".join(_printable(f"{line.op}{line.text}") for line in lines)
    paint = {"-": "\x1b[31m", "+": "\x1b[32m", " ": ""}
    shown = []
    for line, spans in with_words(lines):
        marked = "".join(
            f"\x1b[7m{_printable(span.text)}\x1b[27m" if span.changed else _printable(span.text) for span in spans
        )
        shown.append(f"{paint[line.op]}{line.op}{marked}\x1b[0m" if paint[line.op] else f" {marked}")
    return "\n".join(shown)


def as_html(lines: Sequence[DiffLine]) -> str:
    """The lines as HTML; every text is escaped, and colours carry no meaning alone: the marks stay."""
    style = {"-": "background:rgba(248,81,73,.15)", "+": "background:rgba(63,185,80,.15)", " ": ""}
    tag = {"-": "del", "+": "ins", " ": "span"}
    rows = []
    for line, spans in with_words(lines):
        inner = "".join(
            f'<{tag[line.op]} style="text-decoration:none;font-weight:bold;background:{_strong(line.op)}">'
            f"{html.escape(span.text)}</{tag[line.op]}>"
            if span.changed
            else html.escape(span.text)
            for span in spans
        )
        rows.append(f'<div style="{style[line.op]}">{line.op}{inner}</div>')
    return '<pre style="margin:0;line-height:1.35;overflow-x:auto;white-space:pre">' + "".join(rows) + "</pre>"


def _strong(op: str) -> str:
    return "rgba(248,81,73,.35)" if op == "-" else "rgba(63,185,80,.35)"


def _file_diff(changeset: ChangeSet, edit: FileEdit) -> str:
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


def _marked(old: list[bytes], new: list[bytes], *, note_missing_end: bool) -> Iterable[DiffLine]:
    at = 0
    endings = {line.endswith(b"\r\n") for line in [*old, *new] if line.endswith(b"\n")}

    def lines(op: Literal[" ", "-", "+"], part: list[bytes]) -> Iterable[DiffLine]:
        for line in part:
            # Where both endings occur, they are what the reader must see.
            mark = "␍" if len(endings) > 1 and line.endswith(b"\r\n") else ""
            yield DiffLine(op, _text(line) + mark)
            if note_missing_end and not line.endswith(b"\n") and op != " ":
                yield DiffLine(" ", _NO_NEWLINE)

    for block in changed_blocks(old, new, join=0):
        yield from lines(" ", old[at : block.old_from])
        yield from lines("-", old[block.old_from : block.old_to])
        yield from lines("+", new[block.new_from : block.new_to])
        at = block.old_to
    yield from lines(" ", old[at:])


def _raw(op: str, line: bytes) -> str:
    text = line.decode("utf-8", "surrogatepass")
    return f"{op}{text}" if text.endswith("\n") else f"{op}{text}\n{_NO_NEWLINE}\n"


def _text(line: bytes) -> str:
    return _bare(line.decode("utf-8", "surrogatepass"))


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def _cut(line: DiffLine) -> DiffLine:
    if len(line.text) <= LONGEST_LINE:
        return line
    return DiffLine(line.op, f"{line.text[:LONGEST_LINE]} … ({len(line.text) - LONGEST_LINE} more characters)")


def _printable(text: str) -> str:
    """A file's text cannot steer the reader's terminal."""
    return "".join(ch if ch == "\t" or (ord(ch) >= 32 and not 127 <= ord(ch) < 160) else "�" for ch in text)


def _run(lines: Sequence[DiffLine], at: int, op: str) -> int:
    count = 0
    while at + count < len(lines) and lines[at + count].op == op:
        count += 1
    return count


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
