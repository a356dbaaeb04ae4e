"""The whole-file format: a fenced block holds a file's complete new text, the line before it (or its info) the path."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.fences import Fence, fences
from nootropic_kernel.changes.formats.files import as_edit, as_text, target

_COMMENT = re.compile(r"^\s*(?:#|//|--|/\*|<!--|;|%|\.\.\.|…|\(|\[)")
# A code block's beginning within a line (`Here it is: ```python`) or deep in a list.
_MARK = re.compile(r"```[ \t]*[\w+-]*[ \t]*$", re.MULTILINE)
_DOTS = re.compile(r"\.\.\.|…")
_STANDS_FOR = re.compile(
    r"\b(?:rest|remainder|remaining|existing|previous|other|same|original|unchanged|omitted|as before|elided)\b", re.I
)
_OUTRIGHT = re.compile(
    r"\b(?:rest|remainder) of (?:the )?(?:code|file|function|method|class|module|cell|content)\b"
    r"|\b(?:remains?|stays?|left|is|are) (?:the same|unchanged)\b"
    r"|\b(?:existing|previous|original|other|unchanged) (?:code|methods?|functions?|contents?|lines|cells?|imports?)"
    r" (?:here|goes|go|remain|stay|below|above|unchanged|omitted)\b"
    r"|^\W*(?:existing|previous|original|unchanged) (?:code|content)\W*$",
    re.I,
)


def parse(text: str, files: Mapping[str, bytes]) -> list[FileEdit]:
    """The files that an answer in this format rewrites. Raises NoUsableEdit when there is none or one is unsafe."""
    blocks = fences(text, tuple(files))
    named = [block for block in blocks if block.path is not None]
    if not named:
        named = [_only(blocks, files, text)]
    edits: dict[str, FileEdit] = {}
    for block in named:
        path = target(block.path or next(iter(files)), files)
        if not block.closed:
            raise NoUsableEdit("cut", f"the block for {path} has no end", text=text, path=path)
        base = files.get(path)
        refuse_elision(block.body, as_text(path, base) if base is not None else "", path, text)
        body = block.body
        if base is not None and base and not base.endswith(b"\n"):
            body = body.removesuffix("\n")  # the file had no final line end and keeps none
        if path in edits:
            raise NoUsableEdit("many_matches", f"{path} is given twice", text=text, path=path)
        edits[path] = as_edit(path, base, body)
    return list(edits.values())


def refuse_elision(new: str, old: str, path: str, text: str) -> None:
    """Raise NoUsableEdit when the new text stands in for lines it does not write out (`# rest unchanged`)."""
    known = {line.strip() for line in old.splitlines()}
    for number, line in enumerate(new.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare in known:
            continue
        if bare in {"...", "…"}:
            if path.endswith((".py", ".pyi", ".ipynb")) and line[:1] in {" ", "\t"}:
                continue  # an empty Python body
        elif not _elides(line):
            continue
        raise NoUsableEdit(
            "elided", f"line {number} of {path} stands for lines that are left out: {bare!r}", text=text, path=path
        )


def _only(blocks: list[Fence], files: Mapping[str, bytes], text: str) -> Fence:
    if any(not block.closed for block in blocks) or (not blocks and _MARK.search(text)):
        raise NoUsableEdit("cut", "a code block begins but has no end: the answer is unfinished", text=text)
    if len(files) != 1:
        raise NoUsableEdit("no_edit", "no code block names the file it is for", text=text)
    code = [block for block in blocks if block.language not in {"bash", "sh", "shell", "console", "text", "diff"}]
    if len(code) != 1:
        why = (
            "there is no code block for the file"
            if not code
            else f"there are {len(code)} code blocks and none names its file"
        )
        raise NoUsableEdit("no_edit", why, text=text)
    return code[0]


def _elides(line: str) -> bool:
    if not _COMMENT.match(line):
        return False
    return bool(
        _OUTRIGHT.search(line) or (_DOTS.search(line) and (_STANDS_FOR.search(line) or not re.search(r"\w", line)))
    )
