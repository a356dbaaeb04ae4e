"""The lines of a file that resemble a text which is not there: for reading by the model, never for applying."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_AROUND = 5
_LOOKED_AT = 200
_WORD = re.compile(r"\w+")


def nearest(lines: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, str]]:
    """The window of the file that shares most with the wanted lines, five lines around it, with line numbers from 1.

    One pass over the file, however large: a line that stands in both counts most, words in common after that.
    """
    bare = {line.strip() for line in wanted if line.strip()}
    counts = Counter(line.strip() for line in lines)
    anchor = max(bare, key=len, default="")
    words = set(_WORD.findall(anchor[:_LOOKED_AT]))
    best, best_score = -1, 0.0
    for number, line in enumerate(lines):
        own = line.strip()
        if own in bare:
            score = 1 + 1 / counts[own]  # a line that is rare says more about the place
        else:
            seen = set(_WORD.findall(own[:_LOOKED_AT]))
            score = len(seen & words) / max(len(seen | words), 1)
        if score > best_score:
            best, best_score = number, score
    if best < 0:
        return []
    end = min(len(lines), best + min(len(wanted), _AROUND) + _AROUND)
    return [(number + 1, lines[number]) for number in range(max(0, best - _AROUND), end)]
