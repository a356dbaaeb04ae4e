"""Unified diffs from a model: the lines decide where a hunk goes, its line numbers are not believed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.marked_lines import replacement
from nootropic_kernel.changes.formats.operations import Claim, Create, Delete, Move, Operation, Replace, SetMode

_OLD = re.compile(r"^--- (?P<path>.+?)\s*$")
_NEW = re.compile(r"^\+\+\+ (?P<path>.+?)\s*$")
_GIT = re.compile(r"^diff --git (?P<paths>.+)$")
_HUNK = re.compile(r"^@@(?:\s*-\d+(?:,(?P<old>\d+))?\s+\+\d+(?:,(?P<new>\d+))?\s*)?(?P<numbered>@@)?")
_EXTENDED = re.compile(
    r"^(?P<what>old mode|new mode|deleted file mode|new file mode|rename from|rename to|copy from|copy to"
    r"|similarity index|dissimilarity index|index|Binary files|GIT binary patch)\s*(?P<value>.*)$"
)
_STAMP = re.compile(r"\t.*$|\s+\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*$")
_ESCAPE = re.compile(r'\\([0-7]{3}|[abfnrtv"\\])')
_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, '"': 34, "\\": 92}


@dataclass
class _Hunk:
    """The lines of a hunk with their marks; ``short`` is how many its header announced beyond those that came."""

    old: int | None
    new: int | None
    lines: list[str] = field(default_factory=list)
    unended: list[str] = field(default_factory=list)

    def missing(self) -> bool:
        """Whether fewer lines came than the header announced."""
        old = sum(line[:1] in " -" for line in self.lines)
        new = sum(line[:1] in " +" for line in self.lines)
        return self.old is not None and self.new is not None and old < self.old and new < self.new


@dataclass
class _FileDiff:
    start: int
    old: str | None = None
    new: str | None = None
    git: str = ""
    extended: dict[str, str] = field(default_factory=dict)
    hunks: list[_Hunk] = field(default_factory=list)
    end: int = 0


def read(lines: Sequence[str], files: Mapping[str, bytes]) -> list[Claim]:
    """The file diffs of an answer that have a header. Raises NoUsableEdit (`cut`)."""
    claims: list[Claim] = []
    number = 0
    while number < len(lines):
        if not _begins(lines, number):
            number += 1
            continue
        diff = _read_one(lines, number)
        fenced = any(line.startswith(("```", "~~~")) for line in lines[diff.end : diff.end + 3])
        last = diff.hunks[-1] if diff.hunks else None
        bare_end = last is not None and not fenced and not any(line.strip() for line in lines[diff.end :])
        # Nothing but its counts tells that a bare diff at the end of an answer is whole.
        if bare_end and last and (last.missing() or (lines[-1] != "" and last.lines[-1:] and last.lines[-1][0] == "+")):
            raise NoUsableEdit("cut", "the diff may end before its last line: it is in no closed code block")
        try:
            claims.append(Claim(diff.start, diff.end, tuple(_operations(diff))))
        except NoUsableEdit as problem:
            claims.append(Claim(diff.start, diff.end, problem=problem))
        number = max(diff.end, number + 1)
    return claims


def read_headless(lines: Sequence[str], path: str | None) -> list[Operation]:
    """The hunks of a `diff` code block that has no file header; one without `@@` is a single hunk."""
    diff = _FileDiff(0, path, path)
    body = list(lines)
    while body and not body[-1].strip():
        body.pop()
    if not any(_HUNK.match(line) for line in body):
        body = ["@@ @@", *body]
    number = next(n for n, line in enumerate(body) if _HUNK.match(line))
    if any(line.strip() for line in body[:number]):
        raise NoUsableEdit("broken", "a diff has lines before its first hunk that are no header")
    end = _read_hunks(body, number, diff)
    if end < len(body):
        raise NoUsableEdit("broken", f"a line of the diff has no mark: {body[end][:80]!r}")
    if not any(line[:1] in "+-" for hunk in diff.hunks for line in hunk.lines):
        raise NoUsableEdit("no_change", "the diff changes no line")
    return [_replacement(hunk, path) for hunk in diff.hunks]


def _begins(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    if _GIT.match(line):
        return True
    following = lines[number + 1] if number + 1 < len(lines) else ""
    return bool(_OLD.match(line) and _NEW.match(following))


def _read_one(lines: Sequence[str], start: int) -> _FileDiff:
    diff = _FileDiff(start)
    number = start
    if found := _GIT.match(lines[number]):
        diff.git = found["paths"]
        number += 1
    while number < len(lines):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if (found := _EXTENDED.match(line)) and diff.git:
            diff.extended[found["what"]] = found["value"].strip()
            number += 1
            continue
        if (old := _OLD.match(line)) and (new := _NEW.match(following)):
            diff.old, diff.new = _path(old["path"]), _path(new["path"])
            number += 2
        break
    if diff.new is not None:
        number = _read_hunks(lines, number, diff)
    diff.end = number
    return diff


def _read_hunks(lines: Sequence[str], number: int, diff: _FileDiff) -> int:
    """Read hunks from ``number`` on; returns the line after the last one."""
    hunk: _Hunk | None = None
    while number < len(lines):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else ""
        head = _HUNK.match(line)
        if head is not None:
            counted = head["numbered"] is not None and "-" in head[0]
            hunk = _Hunk(int(head["old"] or 1) if counted else None, int(head["new"] or 1) if counted else None)
            diff.hunks.append(hunk)
        elif hunk is None:
            if line.strip():
                break
        elif _begins(lines, number) and not _expects(hunk, line):
            break
        elif line[:1] in {" ", "+", "-"}:
            hunk.lines.append(line)
        elif line.startswith("\\"):
            hunk.unended.append(hunk.lines[-1][:1] if hunk.lines else "")
        elif line == "\t" or (line == "" and following[:1] in {" ", "+", "-", "@", "\t"} and following):
            # an editor took the space off an empty context line; before another hunk it is only a gap
            if not (following.startswith("@@") and not hunk.missing()):
                hunk.lines.append(" " + line)
        else:
            break
        number += 1
    return number


def _expects(hunk: _Hunk, line: str) -> bool:
    """Whether a line like `--- x` is a removed line `-- x` that the hunk's header still counts."""
    return hunk.missing() and line.startswith("--- ")


def _operations(diff: _FileDiff) -> list[Operation]:
    told = diff.extended
    if "Binary files" in told or "GIT binary patch" in told:
        raise NoUsableEdit("not_text", "the diff is of a binary file")
    if "copy from" in told or "copy to" in told:
        raise NoUsableEdit("broken", "copies of files are not understood; give the new file as a whole")
    old, new = _paths(diff)
    marked = [line for hunk in diff.hunks for line in hunk.lines]
    if new is None:
        assert old is not None
        search = "".join(f"{line[1:]}\n" for line in marked if line[:1] in " -")
        return [Delete(old, search)]
    if old is None:
        if any(line[:1] in " -" and line[1:].strip() for line in marked):
            raise NoUsableEdit("broken", f"the diff of the new file {new} has lines that are not added", path=new)
        text = "".join(f"{line[1:]}\n" for line in marked if line.startswith("+"))
        if any("+" in hunk.unended for hunk in diff.hunks):
            text = text.removesuffix("\n")
        operations: list[Operation] = [Create(new, text)]
        return [*operations, SetMode(new, 0o755)] if told.get("new file mode") == "100755" else operations
    operations = [_replacement(hunk, old) for hunk in diff.hunks if any(line[:1] in "+-" for line in hunk.lines)]
    if "new mode" in told:
        mode = {"100644": 0o644, "100755": 0o755}.get(told["new mode"])
        if mode is None:
            raise NoUsableEdit("broken", f"the diff makes {new} something else than a file", path=new)
        operations.append(SetMode(old, mode))
    if old != new:
        operations.append(Move(old, new))
    if not operations:
        raise NoUsableEdit("no_edit", f"the diff of {new} has no hunk that changes a line", path=new)
    if told.get("new file mode", "100644") not in {"100644", "100755"}:
        raise NoUsableEdit("broken", f"the diff makes {new} something else than a file", path=new)
    return operations


def _paths(diff: _FileDiff) -> tuple[str | None, str | None]:
    """The paths before and after; None where there is no file."""
    told = diff.extended
    if diff.old is not None and diff.new is not None:
        old, new = diff.old, diff.new
    else:
        pair = _git_paths(diff.git)
        if pair is None or not told:
            raise NoUsableEdit("broken", f"the diff header is not understood: diff --git {diff.git[:120]}")
        old, new = pair
    if "rename from" in told and "rename to" in told:
        return _path(told["rename from"]), _path(told["rename to"])
    if new == "/dev/null" or "deleted file mode" in told:
        return _stripped(old, new)[0], None
    if old == "/dev/null" or "new file mode" in told:
        if told.get("new file mode", "100644") not in {"100644", "100755"}:
            raise NoUsableEdit("broken", f"the diff makes {new} something else than a file", path=new)
        return None, _stripped(old, new)[1]
    return _stripped(old, new)


def _stripped(old: str, new: str) -> tuple[str, str]:
    """The paths without Git's prefixes, where both sides (or the one there is) carry them."""
    pairs = (("a/", "b/"), ("i/", "w/"), ("c/", "i/"), ("c/", "w/"), ("b/", "b/"), ("a/", "a/"))
    for first, second in pairs:
        if (old.startswith(first) or old == "/dev/null") and (new.startswith(second) or new == "/dev/null"):
            if old == new and first == second:
                break  # `b/x` on both sides is a folder of that name
            return old.removeprefix(first), new.removeprefix(second)
    return old, new


def _git_paths(text: str) -> tuple[str, str] | None:
    quoted = re.fullmatch(r'(".*"|\S+) (".*"|\S+)', text)
    if quoted is not None:
        return _path(quoted[1]), _path(quoted[2])
    half = len(text) // 2  # two equal paths with spaces: a/x y b/x y
    old, new = text[:half], text[half + 1 :]
    return (old, new) if text[half : half + 1] == " " and old[2:] == new[2:] else None


def _path(text: str) -> str:
    text = text.strip()
    if not text.startswith('"'):
        return _STAMP.sub("", text)
    body = text[1 : text.rindex('"')] if text.count('"') > 1 else text[1:]
    data = bytearray()
    at = 0
    for found in _ESCAPE.finditer(body):
        data += body[at : found.start()].encode()
        data.append(int(found[1], 8) & 255 if found[1].isdigit() else _ESCAPES[found[1]])
        at = found.end()
    return (bytes(data) + body[at:].encode()).decode("utf-8", "replace")


def _replacement(hunk: _Hunk, path: str | None) -> Replace:
    edit = replacement(hunk.lines, path, final_newline=_final_newline(hunk))
    if not edit.search.strip() and hunk.old not in (0, None):
        raise NoUsableEdit("no_match", "a hunk only adds lines and does not say where", path=path or "")
    return edit


def _final_newline(hunk: _Hunk) -> bool | None:
    """What `\\ No newline at end of file` says, where it is about one side only."""
    sides = set(hunk.unended)
    return True if sides == {"-"} else False if sides == {"+"} else None
