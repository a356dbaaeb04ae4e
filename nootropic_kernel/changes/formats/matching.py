"""Finding where an edit belongs: a ladder of ever looser equality, each rung of which must hit exactly once.

No rung measures similarity: a text either is there, up to trailing space, one uniform indentation, or typographic
punctuation, or it is not. When it is not, or more than once, the nearest lines say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.nearest import nearest

Rung = Literal["exact", "trailing space", "indentation", "punctuation"]

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r)|([^\r\n]+)")
_BLANK = " \t\x0b\x0c"
_MOST_HITS = 100
_TABS = range(2, 9)
PUNCTUATION = str.maketrans({
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "),
    "…": "...",
})  # fmt: skip


@dataclass(frozen=True)
class Shift:
    """The one change of indentation that makes the searched lines fit: a prefix off and one on, or tabs for spaces.

    ``tab`` is the number of spaces that are one tab of the file; negative, that are one tab of the edit.
    """

    off: str = ""
    on: str = ""
    tab: int = 0

    def apply(self, line: str) -> str | None:
        """The line in the file's indentation; None when the shift cannot be made in this line."""
        if not line.strip():
            return line
        lead = indentation(line)
        rest = line[len(lead) :]
        if self.tab:
            unit, own, other = (self.tab, " ", "\t") if self.tab > 0 else (1, "\t", " " * -self.tab)
            return other * (len(lead) // unit) + rest if set(lead) <= {own} and len(lead) % unit == 0 else None
        return self.on + line[len(self.off) :] if line.startswith(self.off) else None


@dataclass(frozen=True)
class Fit:
    """The place where the searched lines are: the first line's index, and how they were made equal."""

    at: int
    rung: Rung
    shift: Shift | None = None

    def key(self, line: str) -> str:
        """What of a line counts on this rung when the edit's old and new lines are compared."""
        return line if self.rung == "exact" else trimmed(line)


def split_ends(text: str) -> tuple[list[str], list[str]]:
    """The lines without their ends, and the ends; the last end may be empty."""
    texts: list[str] = []
    ends: list[str] = []
    for line, end, last in _LINE.findall(text):
        texts.append(line or last)
        ends.append(end)
    return texts, ends


def trimmed(line: str) -> str:
    """The line without its trailing space."""
    return line.rstrip(_BLANK)


def indentation(line: str) -> str:
    """The blanks and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def find(
    lines: Sequence[str],
    wanted: Sequence[str],
    *,
    path: str = "",
    narrow: Callable[[list[int]], list[int]] | None = None,
) -> Fit:
    """The one place of ``lines`` that ``wanted`` means.

    Args:
        lines: the file's lines, without ends.
        wanted: the lines to find, without ends.
        path: the file's name, for the error.
        narrow: which of several hits can be meant at all (after an anchor, at the end); it may leave none.

    Raises:
        NoUsableEdit: `no_match` or `many_matches`, when no rung hits exactly once.
    """
    if not any(line.strip() for line in wanted):
        raise NoUsableEdit("no_match", "the text to search for is empty", path=path)
    fits = _first_hits(lines, wanted)
    if not fits:
        why = f"the text to replace is not in {path or 'the file'}"
        raise NoUsableEdit("no_match", why, path=path, lines=nearest(lines, wanted))
    places = [fit.at for fit in fits]
    meant = narrow(places) if narrow and len(places) < _MOST_HITS else places
    if len(meant) == 1:
        return next(fit for fit in fits if fit.at == meant[0])
    if meant:
        raise _many(meant, lines, path)
    raise NoUsableEdit(
        "no_match",
        f"the text to replace is in {path or 'the file'} (line {places[0] + 1}), but not where the edit says",
        path=path,
        lines=[(at + 1, lines[at]) for at in places[:5]],
    )


def _first_hits(lines: Sequence[str], wanted: Sequence[str]) -> list[Fit]:
    """The hits of the first rung that has any."""
    keys: tuple[tuple[Rung, Callable[[str], str]], ...] = (("exact", str), ("trailing space", trimmed))
    for rung, key in keys:
        if hits := _hits([key(line) for line in lines], [key(line) for line in wanted]):
            return [Fit(at, rung) for at in hits]
    bare = _hits([line.strip(_BLANK) for line in lines], [line.strip(_BLANK) for line in wanted])
    if len(bare) >= _MOST_HITS:
        return [Fit(at, "indentation") for at in bare]  # too many to look at each
    shifted = [Fit(at, "indentation", shift) for at in bare if (shift := _shift(lines, wanted, at)) is not None]
    if shifted:
        return shifted
    return [Fit(at, "punctuation") for at in _hits([_plain(line) for line in lines], [_plain(line) for line in wanted])]


def _plain(line: str) -> str:
    return trimmed(line.translate(PUNCTUATION))


def _hits(keys: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where the wanted lines stand in a row, at most `_MOST_HITS` places. One search in one text: linear, and in C."""
    text = "\n" + "\n".join(keys) + "\n"
    needle = "\n" + "\n".join(wanted) + "\n"
    found: list[int] = []
    line = seen = 0
    place = text.find(needle)
    while place >= 0 and len(found) < _MOST_HITS:
        line += text.count("\n", seen, place)
        seen = place
        found.append(line)
        place = text.find(needle, place + 1)
    return found


def _shift(lines: Sequence[str], wanted: Sequence[str], at: int) -> Shift | None:
    """The one shift that makes the wanted lines equal to the file's at ``at``, or None."""
    pairs = [
        (indentation(line), indentation(other))
        for line, other in zip(lines[at : at + len(wanted)], wanted, strict=True)
        if line.strip(_BLANK)
    ]
    have, want = pairs[0]
    if have.endswith(want):
        shift = Shift(on=have.removesuffix(want))
    elif want.endswith(have):
        shift = Shift(off=want.removesuffix(have))
    else:
        shift = Shift()
    if (shift.on or shift.off) and all(shift.apply(want + "x") == have + "x" for have, want in pairs):
        return shift
    have, want = max(pairs, key=lambda pair: len(pair[0]))
    long, short = max(len(have), len(want)), min(len(have), len(want))
    if not short or long % short or long // short not in _TABS:
        return None
    shift = Shift(tab=long // short if len(want) > len(have) else -(long // short))
    return shift if all(shift.apply(want + "x") == have + "x" for have, want in pairs) else None


def _many(hits: Sequence[int], lines: Sequence[str], path: str) -> NoUsableEdit:
    places = ", ".join(str(at + 1) for at in hits[:5]) + (", …" if len(hits) > 5 else "")
    count = f"{len(hits)}" if len(hits) < _MOST_HITS else f"at least {len(hits)}"
    return NoUsableEdit(
        "many_matches",
        f"the text to replace is in {path or 'the file'} {count} times (lines {places}); give more lines around it",
        path=path,
        lines=[(at + 1, lines[at]) for at in hits[:5]],
    )
