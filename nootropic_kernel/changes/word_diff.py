"""Which words differ within changed lines: lines taken out are paired with those put in that are most like them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from nootropic_kernel.changes.diff_view import LONGEST_LINE, NO_NEWLINE, DiffLine

# A sign for a hidden character is one word, and so is each letter of scripts that write without spaces.
_WORDS = re.compile(
    r"⟨U\+[0-9A-F]{4,6}⟩|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|\s+|[^\w\s]"
)
# Lines that share less of their words than this read better unmarked.
_LEAST_LIKENESS = 0.3
# Above so many pairs of lines, or of words, a cheap comparison stands in for the exact one.
_MOST_LINE_PAIRS = 2_500
_MOST_WORD_PAIRS = 40_000


@dataclass(frozen=True)
class Span:
    """A piece of a line, and whether it is what differs."""

    text: str
    changed: bool


def word_spans(old: str, new: str) -> tuple[list[Span], list[Span]]:
    """Two versions of a line as pieces, with those marked that differ."""
    a, b = _words(old), _words(new)
    if _likeness(_bag(a), _bag(b)) < _LEAST_LIKENESS:
        return [Span(old, False)], [Span(new, False)]
    head = _shared(a, b)
    tail = _shared(a[head:][::-1], b[head:][::-1])
    left, right = a[head : len(a) - tail], b[head : len(b) - tail]
    marks_left, marks_right = [False] * head, [False] * head
    if len(left) * len(right) > _MOST_WORD_PAIRS:
        marks_left += [True] * len(left)
        marks_right += [True] * len(right)
    else:
        for tag, a1, a2, b1, b2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            # A space alone between two changed words belongs to the change.
            lonely = tag == "equal" and a1 > 0 and a2 < len(left) and not "".join(left[a1:a2]).strip()
            marks_left += [tag != "equal" or lonely] * (a2 - a1)
            marks_right += [tag != "equal" or lonely] * (b2 - b1)
    return _spans(a, [*marks_left, *[False] * tail]), _spans(b, [*marks_right, *[False] * tail])


def with_words(lines: Sequence[DiffLine]) -> list[tuple[DiffLine, list[Span]]]:
    """Each line with its pieces: in a block of changes, lines taken out are compared with their likes put in."""
    spans: list[list[Span]] = [[Span(line.text, False)] for line in lines]
    at = 0
    while at < len(lines):
        if lines[at].op == " ":
            at += 1
            continue
        end = at
        while end < len(lines) and (lines[end].op != " " or lines[end].text == NO_NEWLINE):
            end += 1
        removed = [k for k in range(at, end) if lines[k].op == "-"]
        added = [k for k in range(at, end) if lines[k].op == "+"]
        for i, j in _pairs([lines[k].text for k in removed], [lines[k].text for k in added]):
            old, new = removed[i], added[j]
            if len(lines[old].text) + len(lines[new].text) <= 2 * LONGEST_LINE:
                spans[old], spans[new] = word_spans(lines[old].text, lines[new].text)
        at = end
    return list(zip(lines, spans, strict=True))


def _pairs(removed: Sequence[str], added: Sequence[str]) -> list[tuple[int, int]]:
    """Lines that are versions of each other, in order: the pairing with the most likeness in all.

    Needleman and Wunsch's alignment (1970), with the share of common words as the score of a pair.
    """
    if len(removed) == len(added) == 1:
        return [(0, 0)]
    if len(removed) * len(added) > _MOST_LINE_PAIRS:
        return [(k, k) for k in range(min(len(removed), len(added)))]
    old, new = [_bag(_words(line)) for line in removed], [_bag(_words(line)) for line in added]
    alike = [[_likeness(a, b) for b in new] for a in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            together = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _LEAST_LIKENESS else 0.0
            best[i][j] = max(together, best[i + 1][j], best[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if alike[i][j] >= _LEAST_LIKENESS and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _bag(words: Sequence[str]) -> Counter[str]:
    return Counter(word for word in words if not word.isspace())


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """The share of letters that lie in common words, 0 to 1."""
    common = sum(len(word) * min(count, b[word]) for word, count in a.items() if word in b)
    all_of_them = sum(len(word) * count for bag in (a, b) for word, count in bag.items())
    return 2 * common / all_of_them if all_of_them else 1.0


def _words(line: str) -> list[str]:
    """The words of a line; what a reader sees as one sign (a letter with its accents, an emoji) is never cut."""
    words: list[str] = _WORDS.findall(line)
    if line.isascii():
        return words
    joined: list[str] = []
    for word in words:
        if joined and (_goes_on(word[0]) or joined[-1][-1] == "\u200d"):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _goes_on(character: str) -> bool:
    """Whether the character belongs to the one before it: an accent, a joiner, a skin tone, a style of emoji."""
    return (
        unicodedata.category(character).startswith("M")
        or character == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return count


def _spans(words: Sequence[str], marks: Sequence[bool]) -> list[Span]:
    spans: list[Span] = []
    start = 0
    for k in range(1, len(words) + 1):
        if k == len(words) or marks[k] != marks[start]:
            spans.append(Span("".join(words[start:k]), marks[start]))
            start = k
    return spans or [Span("", False)]
