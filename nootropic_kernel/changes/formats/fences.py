"""Markdown fences in a model's answer: where they begin and end, what they hold, and which file they are for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from nootropic_kernel.changes.formats.elision import PROSE
from nootropic_kernel.changes.formats.names import SHOWS, Name, name_in

_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
_NOT_A_FILE = frozenset({
    "bash", "sh", "shell", "zsh", "console", "terminal", "powershell", "cmd", "output", "plaintext", "log", "pycon",
})  # fmt: skip
_NAMED_IN_INFO = re.compile(r"(?:^|\s|:)(?:file|path|filename|title|name)\s*[=:]\s*[\"']?(?P<path>[^\s\"'{}]+)")
# Suffixes of the languages that models name most; others are not compared.
_SUFFIXES = {
    "python": {".py", ".pyi"}, "py": {".py", ".pyi"}, "javascript": {".js", ".mjs", ".cjs", ".jsx"},
    "js": {".js", ".mjs", ".cjs", ".jsx"}, "typescript": {".ts", ".tsx", ".mts"}, "ts": {".ts", ".tsx", ".mts"},
    "json": {".json", ".ipynb", ".jsonl", ".webmanifest"}, "yaml": {".yaml", ".yml"}, "toml": {".toml", ".lock"},
    "html": {".html", ".htm"}, "css": {".css"}, "markdown": PROSE, "md": PROSE, "rust": {".rs"}, "go": {".go"},
    "java": {".java"}, "sql": {".sql"}, "diff": {".diff", ".patch"}, "patch": {".diff", ".patch"},
}  # fmt: skip


@dataclass(frozen=True)
class Fence:
    """A fenced block of lines ``start`` (the opening) up to ``end`` (exclusive, after the closing).

    ``name`` is the file that its info string or the line before names; ``shown`` tells that the sentence before
    presents it as an example or a command; ``unsure`` that it could end at another line, too.
    """

    start: int
    end: int
    ticks: str
    info: str
    name: Name | None
    closed: bool
    shown: bool
    unsure: bool

    @property
    def language(self) -> str:
        return re.split(r"[\s{:,]", self.info.strip().lower())[0] if self.info.strip() else ""

    @property
    def body(self) -> range:
        """The lines inside."""
        return range(self.start + 1, self.end - 1 if self.closed else self.end)

    def can_be(self, path: str) -> bool:
        """Whether its language does not speak against it being that file."""
        suffixes = _SUFFIXES.get(self.language)
        suffix = PurePosixPath(path).suffix.lower()
        if self.language in _NOT_A_FILE:
            return suffix in {".sh", ".bash", ".zsh", ".ps1", ".txt", ".log"}
        return suffixes is None or suffix in suffixes or (suffix not in {s for own in _SUFFIXES.values() for s in own})


def find_fences(lines: Sequence[str], known: Collection[str]) -> list[Fence]:
    """The outermost fenced blocks, in order. ``known`` are the paths of the files given."""
    numbers = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    marks = [found for number in numbers if (found := _FENCE.match(lines[number]))]
    closed_from = _all_closed_from(marks)
    fences: list[Fence] = []
    at = 0
    while at < len(marks):
        number, opening = numbers[at], marks[at]
        info = opening["info"].strip()
        before = _before(lines, number, fences[-1].end if fences else 0)
        name = _named_by_info(info, known) or (name_in(before, known) if before else None)
        prose = name is None or PurePosixPath(name.path).suffix.lower() in PROSE
        closings = _closings(marks, at, closed_from)
        shown = bool(SHOWS.search(before)) and not (name and name.alone)
        if not closings:
            fences.append(Fence(number, len(lines), opening["ticks"], info, name, False, shown, False))
            break
        # A text may hold fences of its own; code hardly does, so its first end is taken.
        first = closings[0]
        unsure = len(closings) > 1 and (prose or _open_quotes(lines[number + 1 : numbers[first]]))
        if unsure and first + 1 < len(marks):
            # A file that was given, named above the next fence, tells that this one is over.
            following = name_in(_before(lines, numbers[first + 1], numbers[first] + 1), known)
            unsure = following is None or following.path not in known
        fences.append(Fence(number, numbers[first] + 1, opening["ticks"], info, name, True, shown, unsure))
        at = first + 1
    return fences


def _closings(marks: Sequence[re.Match[str]], at: int, closed_from: Sequence[bool]) -> list[int]:
    """Which fence lines can close the fence at ``at``: all fences inside it are closed then, and all after it.

    Two at most are looked for. When the fences after it do not pair up, it ends where it first can, and one of them is
    found to be open in its turn.
    """
    ticks = marks[at]["ticks"]
    first: list[int] = []
    found: list[int] = []
    inner: str | None = None
    for index in range(at + 1, len(marks)):
        mark = marks[index]
        if inner is not None:
            inner = None if _closes(mark, inner) else inner
            continue
        if _closes(mark, ticks):
            first = first or [index]
            if closed_from[index + 1]:
                found.append(index)
                if len(found) == 2:
                    break
        inner = mark["ticks"]
    return found or [index for index in first if index + 1 < len(marks)]


def _all_closed_from(marks: Sequence[re.Match[str]]) -> list[bool]:
    """For each index, whether the fences from there on are all closed."""
    result = [False] * len(marks) + [True]
    for index in range(len(marks) - 1, -1, -1):
        own = marks[index]["ticks"]
        end = next((k for k in range(index + 1, len(marks)) if _closes(marks[k], own)), None)
        result[index] = end is not None and result[end + 1]
    return result


def _closes(mark: re.Match[str], ticks: str) -> bool:
    return mark["ticks"].startswith(ticks) and not mark["info"].strip()


def _before(lines: Sequence[str], number: int, after: int) -> str:
    """The last line with text before a fence, no more than two lines above it."""
    for line in reversed(lines[max(after, number - 2) : number]):
        if line.strip():
            return line
    return ""


def _named_by_info(info: str, known: Collection[str]) -> Name | None:
    named = _NAMED_IN_INFO.search(" " + info)
    if named:
        return Name(named["path"], True)
    for word in re.split(r"[\s:]+", info):
        if word in known or ("/" in word and "." in word):
            return Name(word, True)
    words = info.split()
    if words and re.fullmatch(r"[\w./-]+\.[A-Za-z]\w{0,5}", words[-1]):
        return Name(words[-1], True)
    return Name(info, True) if info in known else None


def _open_quotes(lines: Sequence[str]) -> bool:
    text = "\n".join(lines)
    return text.count('"""') % 2 == 1 or text.count("'''") % 2 == 1
