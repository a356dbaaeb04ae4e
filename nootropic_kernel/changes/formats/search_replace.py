"""The search/replace format: blocks that name lines of a file and what to put in their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.files import as_edit, as_text, target
from nootropic_kernel.changes.formats.matching import replace_once
from nootropic_kernel.changes.formats.whole_file import refuse_elision

_SEARCH = re.compile(r"^<{5,9} ?SEARCH\b:?\s*(?P<path>.*)$")
_MIDDLE = re.compile(r"^={5,9}\s*$")
_REPLACE = re.compile(r"^>{5,9} ?REPLACE\s*$")
_NAME = re.compile(r"^[\s`*#:]*(?:file(?:name)?:?\s*)?(?P<path>[^\s`*]+?)[\s`*:]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """One block: the path it names (if any), what to find and what to put there."""

    path: str | None
    search: str
    replace: str


def looks_like(text: str) -> bool:
    """Whether an answer speaks this format at all."""
    return any(_SEARCH.match(line) for line in text.splitlines())


def parse(text: str, files: Mapping[str, bytes]) -> list[FileEdit]:
    """The files that an answer in this format edits; all blocks fit, or NoUsableEdit and none does."""
    blocks = read_blocks(text, tuple(files))
    if not blocks:
        raise NoUsableEdit("no_edit", "there is no search/replace block", text=text)
    contents: dict[str, str] = {}
    current: str | None = None
    for block in blocks:
        path = block.path or current or (next(iter(files)) if len(files) == 1 else None)
        if path is None:
            raise NoUsableEdit("wrong_file", "a block does not name its file", text=text)
        current = path = target(path, files)
        base = files.get(path)
        if base is None and path not in contents:
            if block.search.strip():
                raise NoUsableEdit("wrong_file", f"{path} is not one of the files given", text=text, path=path)
            contents[path] = block.replace
            continue
        before = contents[path] if path in contents else as_text(path, base or b"")
        refuse_elision(block.replace, before, path, text)
        if not block.search.strip() and not before.strip():
            contents[path] = block.replace
            continue
        contents[path] = replace_once(before, block.search, block.replace, path=path)
    return [as_edit(path, files.get(path), new) for path, new in contents.items()]


def read_blocks(text: str, known: tuple[str, ...] = ()) -> list[Block]:
    """The blocks of an answer. Raises NoUsableEdit (`cut`) for one without its middle or end."""
    blocks: list[Block] = []
    lines = text.replace("\r\n", "\n").split("\n")
    number = 0
    while number < len(lines):
        opening = _SEARCH.match(lines[number])
        if opening is None:
            number += 1
            continue
        path = opening["path"].strip(" `") or _name_before(lines, number, known)
        middle = _next(lines, number + 1, _MIDDLE)
        end = _next(lines, middle + 1, _REPLACE) if middle is not None else None
        nested = _next(lines, number + 1, _SEARCH)
        if middle is None or end is None or (nested is not None and nested < end):
            raise NoUsableEdit("cut", "a search/replace block has no middle or no end", text=text, path=path or "")
        search = "".join(f"{line}\n" for line in lines[number + 1 : middle])
        replace = "".join(f"{line}\n" for line in lines[middle + 1 : end])
        blocks.append(Block(path or None, search, replace))
        number = end + 1
    return blocks


def _next(lines: list[str], start: int, marker: re.Pattern[str]) -> int | None:
    return next((number for number in range(start, len(lines)) if marker.match(lines[number])), None)


def _name_before(lines: list[str], number: int, known: tuple[str, ...]) -> str | None:
    """The path on one of the two lines above a block (a fence may stand between)."""
    seen = 0
    for line in reversed(lines[max(0, number - 4) : number]):
        bare = line.strip()
        if not bare or (bare.startswith(("```", "~~~")) and " " not in bare and "." not in bare):
            continue
        seen += 1
        found = _NAME.match(line.replace("```", " ").replace("python ", " "))
        if found:
            path = found["path"]
            matches = [each for each in known if each == path or each.endswith("/" + path)]
            if len(matches) == 1:
                return matches[0]
            if re.search(r"/|\.\w+$", path) and not path.startswith(("<", ">", "=")):
                return path
        if seen == 2:
            break
    return None
