"""The patch format of Codex (`*** Begin Patch`): files by header, places by lines and `@@` anchors, no line numbers.

Source: the `apply_patch` instructions that OpenAI publishes with its models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.marked_lines import replacement
from nootropic_kernel.changes.formats.operations import Claim, Create, Delete, Move, Operation

_BEGIN = re.compile(r"^\s*\*\*\* Begin Patch\s*$")
_END = re.compile(r"^\*\*\* End Patch\s*$")
_HEADER = re.compile(r"^\*\*\* (?P<what>Add|Update|Delete) File: (?P<path>.+?)\s*$")
_MOVE = re.compile(r"^\*\*\* Move to: (?P<path>.+?)\s*$")
_END_OF_FILE = re.compile(r"^\*\*\* End of File\s*$")
_ANCHOR = re.compile(r"^@@(?: (?P<line>.*))?$")
_NUMBERS = re.compile(r"^-\d+(?:,\d+)? \+\d+(?:,\d+)? @@.*$|^$")


def read(lines: Sequence[str], files: Mapping[str, bytes]) -> list[Claim]:
    """The patches of an answer. Raises NoUsableEdit: `cut` without an end mark, `broken` for what is no patch line."""
    claims: list[Claim] = []
    number = 0
    while number < len(lines):
        if _BEGIN.match(lines[number]):
            end = next((n for n in range(number + 1, len(lines)) if _END.match(lines[n])), None)
            if end is None:
                raise NoUsableEdit("cut", "the patch has no `*** End Patch`")
            claims.append(Claim(number, end + 1, tuple(_operations(lines[number + 1 : end]))))
            number = end
        elif _HEADER.match(lines[number]):
            raise NoUsableEdit("cut", "the patch has no `*** Begin Patch`")
        number += 1
    return claims


def _operations(lines: Sequence[str]) -> list[Operation]:
    if lines and _HEADER.match(lines[0].lstrip()):
        lines = [lines[0].lstrip(), *lines[1:]]  # further down a space is the mark of a context line
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    if any(line.strip() for line in lines[: starts[0] if starts else len(lines)]):
        raise NoUsableEdit("broken", "the patch has lines before its first file header")
    if not starts:
        raise NoUsableEdit("no_edit", "the patch is empty")
    found: list[Operation] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        header = _HEADER.match(lines[start])
        assert header is not None
        body = lines[start + 1 : end]
        if header["what"] == "Add":
            found.append(Create(header["path"], _added(body, header["path"])))
        elif header["what"] == "Delete":
            if any(line.strip() for line in body):
                raise NoUsableEdit("broken", f"a deleted file has lines in the patch: {header['path']}")
            found.append(Delete(header["path"]))
        else:
            found += _update(body, header["path"])
    return found


def _added(body: Sequence[str], path: str) -> str:
    while body and not body[-1].strip():
        body = body[:-1]
    wrong = next((line for line in body if not line.startswith("+")), None)
    if wrong is not None:
        raise NoUsableEdit("broken", f"a line of the new file {path} does not begin with +: {wrong[:80]!r}", path=path)
    return "".join(f"{line[1:]}\n" for line in body)


def _update(body: Sequence[str], path: str) -> list[Operation]:
    found: list[Operation] = []
    moved = _MOVE.match(body[0]) if body else None
    anchors: list[str] = []
    hunk: list[str] = []
    at_end = False

    def finish() -> None:
        nonlocal at_end
        while hunk and hunk[-1] == "":
            hunk.pop()  # an empty line before the next mark is a gap
        if hunk:
            found.append(replacement([line or " " for line in hunk], path, anchors=tuple(anchors), at_end=at_end))
        if hunk or at_end:
            anchors.clear()
        hunk.clear()
        at_end = False

    for line in body[1:] if moved else body:
        anchor = _ANCHOR.match(line)
        if anchor is not None:
            finish()
            told = anchor["line"] or ""
            if not _NUMBERS.match(told):
                anchors.append(told.removesuffix(" @@"))
        elif _END_OF_FILE.match(line):
            at_end = True
            finish()
        elif line == "" or line[0] in " +-":
            hunk.append(line)
        else:
            raise NoUsableEdit("broken", f"a line of the patch has no mark: {line[:80]!r}", path=path)
    finish()
    if not found and moved is None:
        raise NoUsableEdit("no_change", f"the patch changes nothing in {path}", path=path)
    return [*found, Move(path, moved["path"])] if moved else found
