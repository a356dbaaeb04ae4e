"""Unified diffs from a model: the lines decide where a hunk goes, its line numbers are not believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.files import as_edit, as_text, target
from nootropic_kernel.changes.formats.matching import replace_once
from nootropic_kernel.changes.formats.whole_file import refuse_elision

_HEADER = re.compile(r"^(---|\+\+\+) (?P<path>[^\t]+?)\s*(?:\t.*)?$")
_HUNK = re.compile(r"^@@")


@dataclass
class _FileDiff:
    old: str
    new: str
    hunks: list[list[str]] = field(default_factory=list)


def looks_like(text: str) -> bool:
    """Whether an answer holds a unified diff."""
    return bool(re.search(r"^--- .+\n\+\+\+ .+\n@@", text.replace("\r\n", "\n"), re.MULTILINE))


def parse(text: str, files: Mapping[str, bytes]) -> list[FileEdit]:
    """The files that a diff in an answer edits; every hunk fits exactly once, or NoUsableEdit."""
    diffs = _read(text)
    if not diffs:
        raise NoUsableEdit("no_edit", "there is no unified diff", text=text)
    edits = []
    for diff in diffs:
        if diff.new == "/dev/null":
            path = target(_plain(diff.old), files)
            if path not in files:
                raise NoUsableEdit("wrong_file", f"{path} is not one of the files given", text=text, path=path)
            edits.append(FileEdit(path, files[path], None))
            continue
        path = target(_plain(diff.new), files)
        if diff.old == "/dev/null" and path not in files:
            created = "".join(line[1:] for hunk in diff.hunks for line in hunk if line.startswith("+"))
            edits.append(as_edit(path, None, created))
            continue
        if path not in files:
            raise NoUsableEdit("wrong_file", f"{path} is not one of the files given", text=text, path=path)
        current = as_text(path, files[path])
        for hunk in diff.hunks:
            current = _apply(current, hunk, path, text)
        edits.append(as_edit(path, files[path], current))
    return edits


def _apply(current: str, hunk: list[str], path: str, text: str) -> str:
    search = "".join(line[1:] for line in hunk if line[:1] in {" ", "-"})
    replace = "".join(line[1:] for line in hunk if line[:1] in {" ", "+"})
    if search == replace:
        return current
    refuse_elision(replace, current, path, text)
    if not search.strip():
        if not current.strip():
            return replace
        raise NoUsableEdit("no_match", "a hunk only adds lines and does not say where", text=text, path=path)
    return replace_once(current, search, replace, path=path)


def _read(text: str) -> list[_FileDiff]:
    diffs: list[_FileDiff] = []
    old = ""
    hunk: list[str] | None = None
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("--- ") and following.startswith("+++ "):
            found = _HEADER.match(line)
            old, hunk = (found["path"] if found else ""), None
        elif line.startswith("+++ ") and hunk is None and (found := _HEADER.match(line)):
            diffs.append(_FileDiff(old, found["path"]))
        elif _HUNK.match(line) and diffs:
            hunk = []
            diffs[-1].hunks.append(hunk)
        elif hunk is not None:
            if line.startswith(("```", "~~~")):
                hunk = None
            elif line[:1] in {" ", "+", "-"}:
                hunk.append(line + "\n")
            elif line == "" and number + 1 < len(lines) and following[:1] in {" ", "+", "-"}:
                hunk.append(" \n")  # an editor took the space off an empty context line
            elif line.startswith("\\"):
                continue  # "\ No newline at end of file": the base decides
            else:
                hunk = None
    return diffs


def _plain(path: str) -> str:
    return path[2:] if path.startswith(("a/", "b/")) else path
