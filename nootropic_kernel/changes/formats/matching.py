"""Finding where an edit belongs: a ladder of ever looser equality, each rung of which must hit exactly once.

No rung measures similarity: a text either is there, up to line ends, trailing space or one uniform indentation, or
it is not. When it is not, or more than once, the nearest lines say so.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence

from nootropic_kernel.changes.formats.errors import NoUsableEdit

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only `\\n` ends a line here (so `\\r\\n` keeps both)."""
    return _LINE.findall(text)


def replace_once(text: str, search: str, replacement: str, *, path: str = "") -> str:
    """``text`` with the one place that ``search`` means replaced.

    The replacement takes the file's line ends, and on the indentation rung the shift that made the search fit.
    Raises NoUsableEdit (`no_match`, `many_matches`) when no rung hits exactly once.
    """
    lines = lines_of(text)
    wanted = lines_of(search)
    if not search.strip():
        raise NoUsableEdit("no_match", "the text to search for is empty", path=path)
    for same in (_exact, _loose):
        hits = _hits(lines, wanted, same)
        if len(hits) == 1:
            return _put(lines, hits[0], len(wanted), lines_of(replacement), text)
        if hits:
            raise _many(hits, lines, path)
    shifted = [
        (at, shift) for at in range(len(lines) - len(wanted) + 1) if (shift := _shift(lines, wanted, at)) is not None
    ]
    if len(shifted) == 1:
        at, shift = shifted[0]
        return _put(lines, at, len(wanted), [_shifted(line, shift) for line in lines_of(replacement)], text)
    if shifted:
        raise _many([at for at, _ in shifted], lines, path)
    raise NoUsableEdit(
        "no_match", f"the text to replace is not in {path or 'the file'}", path=path, lines=_nearest(lines, wanted)
    )


def match_lines(text: str, newline_of: str) -> str:
    """``text`` with the line ends of ``newline_of`` (the one that most of its lines use)."""
    crlf = newline_of.count("\r\n")
    plain = text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if crlf * 2 > newline_of.count("\n") else plain


def _exact(line: str, wanted: str) -> bool:
    return line == wanted


def _loose(line: str, wanted: str) -> bool:
    return line.rstrip() == wanted.rstrip()


def _hits(lines: Sequence[str], wanted: Sequence[str], same: Callable[[str, str], bool]) -> list[int]:
    count = len(wanted)
    return [at for at in range(len(lines) - count + 1) if all(same(lines[at + k], wanted[k]) for k in range(count))]


def _shift(lines: Sequence[str], wanted: Sequence[str], at: int) -> tuple[str, str] | None:
    """The one indentation to take off and put on so that the wanted lines fit at ``at``, or None."""
    found: tuple[str, str] | None = None
    for line, other in zip(lines[at : at + len(wanted)], wanted, strict=True):
        if not line.strip() and not other.strip():
            continue
        if line.strip() != other.strip():
            return None
        have, want = _indent(line), _indent(other)
        pair = (
            ("", have.removesuffix(want))
            if have.endswith(want)
            else (want.removesuffix(have), "")
            if want.endswith(have)
            else None
        )
        if pair is None or (found is not None and pair != found):
            return None
        found = pair
    return found


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _shifted(line: str, shift: tuple[str, str]) -> str:
    off, on = shift
    if not line.strip():
        return line
    return on + (line[len(off) :] if off and line.startswith(off) else line)


def _put(lines: Sequence[str], at: int, count: int, new: Sequence[str], text: str) -> str:
    middle = match_lines("".join(new), text)
    tail = "".join(lines[at + count :])
    old_ends = lines[at + count - 1].endswith("\n")
    if middle and not middle.endswith("\n") and (tail or old_ends):
        middle += match_lines("\n", text)
    if not tail and not old_ends:
        middle = middle.removesuffix("\n").removesuffix("\r")  # the file had no final line end and keeps none
    return "".join(lines[:at]) + middle + tail


def _many(hits: Sequence[int], lines: Sequence[str], path: str) -> NoUsableEdit:
    places = ", ".join(str(at + 1) for at in hits[:5])
    return NoUsableEdit(
        "many_matches",
        f"the text to replace is in {path or 'the file'} {len(hits)} times (lines {places}); give more lines around it",
        path=path,
        lines=[(at + 1, lines[at].rstrip()) for at in hits[:5]],
    )


def _nearest(lines: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, str]]:
    """The window of the file that resembles the wanted lines most, five lines around it; for reading only."""
    anchor = max(wanted, key=lambda line: len(line.strip())).strip()
    best = max(
        range(len(lines)),
        key=lambda at: difflib.SequenceMatcher(None, lines[at].strip()[:200], anchor[:200]).quick_ratio(),
        default=None,
    )
    if best is None:
        return []
    return [(n + 1, lines[n].rstrip()) for n in range(max(0, best - 5), min(len(lines), best + 6))]
