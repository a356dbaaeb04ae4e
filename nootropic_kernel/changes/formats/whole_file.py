"""The whole-file format: a fenced block holds a file's complete new text, the line before it (or its info) the path.

Code blocks are also what other formats are wrapped in, so this is where they are told apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.changes.formats import tool_call, unified
from nootropic_kernel.changes.formats.elision import PROSE
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.fences import Fence, find_fences
from nootropic_kernel.changes.formats.matching import split_ends
from nootropic_kernel.changes.formats.names import name_in
from nootropic_kernel.changes.formats.operations import Claim, Rewrite

# A code block's beginning within a line (`Here it is: ```python`) or deep in a list.
_MARK = re.compile(r"```[ \t]*[\w+-]*[ \t]*$", re.MULTILINE)
_WRAPPING = re.compile(r"^\s*(?:</?[\w_-]+>|<!\[CDATA\[|\]\]>|:start_line:.*|-{3,})\s*$")
_DIFFS = frozenset({"diff", "udiff", "patch"})
_JSON = frozenset({"", "json", "jsonc", "tool_call", "tool_code"})
_PATCHES = frozenset({".diff", ".patch"})
_DATA = frozenset({".json", ".jsonl", ".ipynb", ".webmanifest", ".geojson"})


def with_fences(
    lines: Sequence[str], claims: Sequence[Claim], files: Mapping[str, bytes]
) -> tuple[list[Claim], list[Fence]]:
    """The claims with those of code blocks added, and the code blocks that are for no file by what they say.

    Raises:
        NoUsableEdit: `cut` for a block without an end, `ambiguous` for one that can be read in two ways.
    """
    kept = list(claims)
    left: list[Fence] = []
    for fence in find_fences(masked(lines, claims), files):
        inside = [claim for claim in claims if fence.start < claim.start and claim.end <= fence.end]
        if inside and not _is_document(fence, inside, lines):
            if not fence.closed:
                raise NoUsableEdit("cut", "a code block with an edit has no end: the answer is unfinished")
            continue
        kept = [claim for claim in kept if claim not in inside]
        claim = _claim(fence, lines, files)
        if claim is not None:
            kept.append(claim)
        else:
            left.append(fence)
    return kept, left


def only(left: Sequence[Fence], lines: Sequence[str], files: Mapping[str, bytes]) -> Rewrite:
    """The one code block that names no file, for the one file there is. Raises NoUsableEdit when it is not so."""
    if not left and _MARK.search("\n".join(lines)):
        raise NoUsableEdit("cut", "a code block begins but has no end: the answer is unfinished")
    if len(files) != 1:
        raise NoUsableEdit("no_edit", "no code block names the file it is for")
    path = next(iter(files))
    code = [fence for fence in left if not fence.shown and fence.can_be(path) and fence.language not in _DIFFS]
    code = [fence for fence in code if _body(fence, lines).strip()]  # an empty block alone does not empty a file
    if len(code) != 1:
        many = f"there are {len(code)} code blocks and none names its file"
        raise NoUsableEdit("no_edit", many if code else "there is no code block for the file")
    refuse_unsure(code[0], path, files)
    return Rewrite(None, _body(code[0], lines))


def masked(lines: Sequence[str], claims: Sequence[Claim]) -> list[str]:
    """The lines with those of the claims emptied."""
    result = list(lines)
    for claim in claims:
        result[claim.start : claim.end] = [""] * (claim.end - claim.start)
    return result


def refuse_unsure(fence: Fence, path: str, files: Mapping[str, bytes]) -> None:
    """Raise NoUsableEdit (`ambiguous`) when it is not certain where the file in a code block ends."""
    if fence.unsure or (fence.ticks == "```" and _has_bare_fences(files.get(path, b""))):
        why = f"{path} holds code blocks, so it is unclear where it ends; put it between lines of four backticks"
        raise NoUsableEdit("ambiguous", why, path=path)


def _has_bare_fences(data: bytes) -> bool:
    """Whether a file holds code blocks that begin as a block can end: a cut answer then looks like a whole one."""
    encoding = detect(data)
    lines = split_ends(encoding.decode(data))[0] if encoding is not None else []
    return any(not fence.info for fence in find_fences(lines, ()))


def _claim(fence: Fence, lines: Sequence[str], files: Mapping[str, bytes]) -> Claim | None:
    name = fence.name.path if fence.name is not None and not fence.shown else None
    suffix = PurePosixPath(name or "").suffix.lower()
    body = _body(fence, lines)
    if not fence.closed:
        what = f"the block for {name}" if name else "a code block begins but"
        raise NoUsableEdit("cut", f"{what} has no end: the answer is unfinished", path=name or "")
    if fence.language in _DIFFS and suffix not in _PATCHES and re.search(r"^(?:[+-]|@@)", body, re.M):
        operations = unified.read_headless(body.split("\n"), name)
        return Claim(fence.start, fence.end, tuple(operations))
    if name is None or (suffix not in _DATA and fence.language in _JSON):
        calls = tool_call.read_fenced(body, files)
        if calls is not None:
            return Claim(fence.start, fence.end, tuple(calls))
    if name is None or not fence.can_be(name):
        return None
    refuse_unsure(fence, name, files)
    return Claim(fence.start, fence.end, (Rewrite(name, body),))


def _is_document(fence: Fence, inside: Sequence[Claim], lines: Sequence[str]) -> bool:
    """Whether a code block that holds edits is a text about edits. Raises NoUsableEdit where it could be both."""
    if fence.name is None or not fence.name.alone:
        return False
    suffix = PurePosixPath(fence.name.path).suffix.lower()
    if suffix in _PATCHES:
        return True
    claimed = {number for claim in inside for number in range(claim.start, claim.end)}
    others = [lines[number] for number in fence.body if number not in claimed and lines[number].strip()]
    others = [line for line in others if not _WRAPPING.match(line) and not ((name := name_in(line, ())) and name.alone)]
    if not others:
        return False
    if suffix in PROSE:
        return True
    why = f"the block for {fence.name.path} holds both text and edits"
    raise NoUsableEdit("ambiguous", why, path=fence.name.path)


def _body(fence: Fence, lines: Sequence[str]) -> str:
    return "".join(f"{lines[number]}\n" for number in fence.body)
