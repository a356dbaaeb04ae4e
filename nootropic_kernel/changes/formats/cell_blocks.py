"""Edits of notebook cells, as blocks that a small model can write.

```
notes.ipynb
<<<<<<< CELL 3
the whole new source of cell 3
>>>>>>> CELL
<<<<<<< NEW code CELL AFTER 3
the source of a new cell (also: BEFORE 3, AT START, AT END; code, markdown or raw)
>>>>>>> CELL
<<<<<<< DELETE CELL 4
>>>>>>> CELL
<<<<<<< MOVE CELL 2 AFTER 5
>>>>>>> CELL
<<<<<<< MAKE CELL 2 markdown
>>>>>>> CELL
```
Every block has its end, so that one that was cut (`DELETE CELL 1` of `DELETE CELL 12`) is not taken for a whole one.
Cells are named by id or by number from 1, as the notebook was shown. Search/replace blocks edit inside a source:
their path is `notes.ipynb`, or `notes.ipynb cell 3`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nootropic_kernel.changes.changeset import is_notebook
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.names import name_in
from nootropic_kernel.changes.formats.operations import CellEdit, Claim, Place

_MARK = r"^(?P<mark><{5,12}) ?"
_ID = r"[A-Za-z0-9_-]+"
_KIND = r"(?P<kind>code|markdown|raw)"
_WHERE = rf"(?:(?P<side>AFTER|BEFORE)(?: CELL)? (?P<other>{_ID})|AT (?P<edge>START|END))"
_REPLACE = re.compile(rf"{_MARK}(?:REPLACE )?CELL (?P<cell>{_ID})\s*$")
_NEW = re.compile(rf"{_MARK}NEW (?:{_KIND} )?CELL {_WHERE}\s*$")
_DELETE = re.compile(rf"{_MARK}DELETE CELL (?P<cell>{_ID})\s*$")
_MOVE = re.compile(rf"{_MARK}MOVE CELL (?P<cell>{_ID}) {_WHERE}\s*$")
_MAKE = re.compile(rf"{_MARK}MAKE CELL (?P<cell>{_ID}) (?:A )?{_KIND}\s*$")
_ANY = re.compile(rf"{_MARK}(?:(?:REPLACE|NEW|DELETE|MOVE|MAKE)\b.*)?\bCELL\b.*$")
_END = re.compile(r"^(?P<mark>>{5,12}) ?(?:END )?CELL\s*$")


def read(lines: Sequence[str], files: Mapping[str, bytes]) -> list[Claim]:
    """The cell blocks of an answer. Raises NoUsableEdit: `cut` for one without its end, `broken`, `no_edit`."""
    claims: list[Claim] = []
    path: str | None = None
    number = 0
    while number < len(lines):
        opening = _ANY.match(lines[number])
        if opening is None:
            number += 1
            continue
        path = _path_above(lines, number, claims[-1].end if claims else 0, files) or path
        notebook = path or _only_notebook(files)
        claim = _one(lines, number, opening["mark"], notebook)
        claims.append(claim)
        number = claim.end
    return claims


def _one(lines: Sequence[str], number: int, mark: str, path: str) -> Claim:
    line = lines[number]
    end = None
    for at in range(number + 1, len(lines)):
        if (closing := _END.match(lines[at])) and len(closing["mark"]) == len(mark):
            end = at
            break
        if _ANY.match(lines[at]):
            break
    if end is None:
        raise NoUsableEdit("cut", f"the cell block {line[:60]!r} has no end", path=path)
    edit = _edit(line, "".join(f"{each}\n" for each in lines[number + 1 : end]), path)
    return Claim(number, end + 1, (edit,))


def _edit(line: str, text: str, path: str) -> CellEdit:
    if found := _REPLACE.match(line):
        return CellEdit(path, "replace", found["cell"], text)
    if found := _NEW.match(line):
        place, other = _where(found)
        return CellEdit(path, "insert", text=text, kind=found["kind"] or "code", place=place, other=other)
    if text.strip():
        raise NoUsableEdit("broken", f"the cell block {line[:60]!r} has text that it cannot use", path=path)
    if found := _DELETE.match(line):
        return CellEdit(path, "delete", found["cell"])
    if found := _MOVE.match(line):
        place, other = _where(found)
        return CellEdit(path, "move", found["cell"], place=place, other=other)
    if found := _MAKE.match(line):
        return CellEdit(path, "retype", found["cell"], kind=found["kind"])
    raise NoUsableEdit("broken", f"the first line of a cell block is not understood: {line[:80]!r}", path=path)


def _where(found: re.Match[str]) -> tuple[Place, str]:
    if found["edge"]:
        return ("start" if found["edge"] == "START" else "end"), ""
    return ("after" if found["side"] == "AFTER" else "before"), found["other"]


def _path_above(lines: Sequence[str], number: int, after: int, files: Mapping[str, bytes]) -> str | None:
    for line in reversed(lines[max(after, number - 3) : number]):
        if line.strip() and not line.startswith(("```", "~~~")):
            name = name_in(line, files)
            return name.path if name is not None else None
    return None


def _only_notebook(files: Mapping[str, bytes]) -> str:
    notebooks = [path for path in files if is_notebook(path)]
    if len(notebooks) != 1:
        raise NoUsableEdit("no_edit", "a cell block does not name its notebook")
    return notebooks[0]
