"""The search/replace format: blocks that name lines of a file and what to put in their place.

Read in the forms that models know: aider's (path above the block or the fence, or first in the fence), Roo's (with
`:start_line:`, which is not believed) and Cline's (`------- SEARCH`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.names import name_in
from nootropic_kernel.changes.formats.operations import Claim, Replace

_SEARCH = re.compile(r"^(?P<mark><{5,12}|-{5,12}) ?SEARCH\b>?:?\s*(?P<path>.*)$")
_MIDDLE = re.compile(r"^(?P<mark>={5,12})\s*$")
_END = re.compile(r"^(?P<mark>>{5,12}|\+{5,12}) ?REPLACE\b.*$")
_LINE_NUMBERS = re.compile(r"^:(?:start_line|end_line):\s*\d*\s*$")
_ESCAPED = re.compile(r"^\\(?=<{5,}|={5,}|>{5,}|-{5,}|:start_line:|:end_line:)")
_CELL = re.compile(r"^(?P<path>.*\.ipynb)[\s`*]*(?:[#,]\s*)?cell[\s:=#-]*(?P<cell>[\w.-]+)[\s`*:]*$", re.I)


@dataclass(frozen=True)
class Block:
    """A block of the answer's lines ``start`` up to ``end``: what its marks part."""

    start: int
    end: int
    path: str | None
    cell: str | None
    search: str
    replace: str


def read(lines: Sequence[str], files: Mapping[str, bytes]) -> list[Claim]:
    """The blocks of an answer. Raises NoUsableEdit: `cut` for one without middle or end, `ambiguous`, `wrong_file`."""
    claims: list[Claim] = []
    current: tuple[str | None, str | None] = (None, None)
    number = 0
    while number < len(lines):
        opening = _SEARCH.match(lines[number])
        if opening is None:
            if claims and _END.match(lines[number]):
                raise NoUsableEdit(
                    "ambiguous", "a search/replace block seems to end twice; use longer marks, all alike"
                )
            number += 1
            continue
        block = _block(lines, number, opening, claims[-1].end if claims else 0, files)
        if block.path is not None:
            current = (block.path, block.cell)
        path, cell = current
        if path is None and len(files) != 1:
            raise NoUsableEdit("no_edit", "a search/replace block does not name its file")
        claims.append(Claim(block.start, block.end, (Replace(path, block.search, block.replace, cell=cell),)))
        number = block.end
    return claims


def _block(lines: Sequence[str], start: int, opening: re.Match[str], after: int, files: Mapping[str, bytes]) -> Block:
    length = len(opening["mark"])
    told = opening["path"].strip(" `*")
    path, cell = _name(told, files) if told else _name_above(lines, start, after, files)

    def marks(pattern: re.Pattern[str]) -> Callable[[int], bool]:
        # The marks of one block have one length, so that a longer one can hold marks of the usual length as text.
        return lambda n: (found := pattern.match(lines[n])) is not None and len(found["mark"]) == length

    end = next(filter(marks(_END), range(start + 1, len(lines))), None)
    nested = next(filter(marks(_SEARCH), range(start + 1, len(lines))), None)
    if end is None:
        end = next((n for n in range(start + 1, len(lines)) if _END.match(lines[n])), None) if length == 7 else None
        if end is None or any(_SEARCH.match(lines[n]) for n in range(start + 1, end)):
            raise NoUsableEdit("cut", "a search/replace block has no end", path=path or "")
    if nested is not None and nested < end:
        raise NoUsableEdit("cut", "a search/replace block begins inside another one", path=path or "")
    middles = list(filter(marks(_MIDDLE), range(start + 1, end)))
    if not middles:
        middles = [n for n in range(start + 1, end) if _MIDDLE.match(lines[n])]
    if not middles:
        raise NoUsableEdit("cut", "a search/replace block has no middle", path=path or "")
    if len(middles) > 1:
        why = f"a search/replace block has {len(middles)} lines of {'=' * length}; use longer marks, all alike"
        raise NoUsableEdit("ambiguous", why, path=path or "")
    first = start + 1
    while first < middles[0] and _LINE_NUMBERS.match(lines[first]):
        first += 1
    numbered = start + 1 < first < middles[0] and re.fullmatch(r"-{5,}\s*", lines[first]) is not None
    first = first + 1 if numbered else start + 1
    old, new = lines[first : middles[0]], lines[middles[0] + 1 : end]
    if numbered:
        old, new = [_ESCAPED.sub("", line) for line in old], [_ESCAPED.sub("", line) for line in new]
    return Block(start, end + 1, path, cell, _joined(old), _joined(new))


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _name_above(
    lines: Sequence[str], number: int, after: int, files: Mapping[str, bytes]
) -> tuple[str | None, str | None]:
    """The path on one of the two lines with text above a block; a fence or a tag may stand between."""
    seen = 0
    for line in reversed(lines[max(after, number - 6) : number]):
        bare = line.strip()
        if not bare or re.fullmatch(r"(?:```|~~~)[`~]*\s*[\w+-]*|</?(?!path|file)[\w_-]+>|<!\[CDATA\[", bare):
            continue
        seen += 1
        path, cell = _name(re.sub(r"^(?:`{3,}|~{3,})\s*(?:\w+(?=[\s:]))?[\s:]*", "", bare), files)
        if path is not None:
            return path, cell
        if seen == 2:
            break
    return None, None


def _name(text: str, files: Mapping[str, bytes]) -> tuple[str | None, str | None]:
    cell = _CELL.match(text.strip(" `*#"))
    if cell is not None:
        found = name_in(cell["path"], files)
        return (found.path if found else cell["path"].strip()), cell["cell"]
    found = name_in(text, files)
    return (found.path, None) if found is not None else (None, None)
