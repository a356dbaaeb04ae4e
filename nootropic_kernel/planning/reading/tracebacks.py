"""Tracebacks that a person pastes into a brief: where in this repository it happens, and what the error says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nootropic_kernel.planning.repository.facts import RepositoryFacts

# A frame as the usual languages print it: `path` and, where it is told, the function `name`.
_FRAMES = (
    re.compile(r"^\s*File \"(?P<path>[^\"\n]+)\", line \d+(?:, in (?P<name>[\w.<>]+))?"),
    re.compile(
        r"^\s*at (?:(?:async )?(?P<name>[\w.$<>\[\] ]+) )?\(?(?:file://)?(?P<path>[^\s():]+\.\w+):\d+(?::\d+)?\)?"
    ),
    re.compile(r"^\s+at (?P<name>[\w.$<>]+)\((?P<path>[\w$]+\.(?:java|kt|scala)):\d+\)"),
    re.compile(r"^\s*(?P<path>[\w./-]+\.\w+):\d+:(?: ?in [`']?(?P<name>[\w.]+)| \w+(?:Error|Exception)\b)"),
    re.compile(r"^thread '.*' panicked at (?:.*, )?(?P<path>[\w./-]+\.rs):\d+"),
    re.compile(r"^\s+(?P<path>/[\w./-]+\.go):\d+"),
)
_HEADS = re.compile(
    r"^\s*(?:Traceback \(most recent call last\):|During handling of the above .*|The above exception .*)$"
)
_ERROR = re.compile(
    r"^\s*(?:E\s+|Uncaught |Caused by: )?[A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt)\b(?::.*)?$"
)
_FENCE = re.compile(r"^\s*```\w*\s*$")
_MARKS = re.compile(r"^[\s~^]*[~^][\s~^]*$")


_ELSEWHERE = ("site-packages/", "/lib/python", "node_modules/", "/.cargo/", "<frozen", "node:")


@dataclass(frozen=True)
class Traceback:
    """What was pasted: its place in the brief, the files of this repository (the innermost first), names, the error."""

    start: int = 0
    end: int = 0
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    error: str = ""

    def taken_out(self, brief: str) -> str:
        """The brief, as long as it was, with blanks where the traceback stood."""
        blank = "".join("\n" if sign == "\n" else " " for sign in brief[self.start : self.end])
        return brief[: self.start] + blank + brief[self.end :]

    def error_alone(self, brief: str) -> str:
        """As before, with the error left in: what a brief that is nothing but a traceback is about."""
        at = brief.find(self.error, self.start, self.end) if self.error else self.start
        end = at + len(self.error) if self.error else self.end
        before, after = replace(self, end=at), replace(self, start=end)
        return after.taken_out(before.taken_out(brief))


def find_traceback(brief: str, facts: RepositoryFacts) -> Traceback | None:
    """The traceback in a brief; None where there is none.

    :param facts: its files are those of frames that end in the same path.
    """
    lines = brief.splitlines(keepends=True)
    frames = [(index, found) for index, line in enumerate(lines) if (found := _frame(line))]
    errors = [index for index, line in enumerate(lines) if _ERROR.match(line.rstrip("\n"))]
    if not frames:
        return None
    first, last = _reach(lines, [index for index, _ in frames], errors)
    files: dict[str, None] = {}
    names: dict[str, None] = {}
    for _, found in reversed(frames):
        if path := _here(found["path"], facts):
            files[path] = None
            name = (found.groupdict().get("name") or "").split(".")[-1].strip()
            if name.isidentifier():
                names[name] = None
    told = [re.sub(r"^E\s+", "", lines[index].strip()) for index in errors if first <= index <= last]
    start = sum(map(len, lines[:first]))
    end = start + sum(map(len, lines[first : last + 1]))
    return Traceback(start, end, tuple(files), tuple(names), told[-1] if told else "")


def _frame(line: str) -> re.Match[str] | None:
    return next((found for pattern in _FRAMES if (found := pattern.match(line))), None)


def _reach(lines: Sequence[str], frames: Sequence[int], errors: Sequence[int]) -> tuple[int, int]:
    """The first and last line: from the head or the error before the frames to the error after them."""
    first, last = frames[0], frames[-1]
    source = not lines[last].lstrip().startswith("at ")
    while last + 1 < len(lines) and (_is_source(lines[last + 1], source) or _MARKS.match(lines[last + 1])):
        last += 1
        source = False
    if last + 1 in errors:
        last += 1
    while first and (_HEADS.match(lines[first - 1]) or first - 1 in errors or _FENCE.match(lines[first - 1])):
        first -= 1
    if last + 1 < len(lines) and _FENCE.match(lines[last + 1]):
        last += 1
    return first, last


def _is_source(line: str, expected: bool) -> bool:
    """The line of code that Python prints below a frame: it is indented."""
    return expected and line[:1] in " \t" and bool(line.strip())


def _here(path: str, facts: RepositoryFacts) -> str:
    """The file of this repository that a frame tells of: the longest end of its path that is there."""
    if any(part in path for part in _ELSEWHERE):
        return ""
    parts = path.replace("\\", "/").strip("/").split("/")
    for start in range(len(parts)):
        wanted = "/".join(parts[start:])
        if wanted in facts.paths:
            return wanted
    ends = [known for known in facts.paths if known.endswith(f"/{parts[-1]}")]
    return ends[0] if len(ends) == 1 and len(parts) == 1 else ""
