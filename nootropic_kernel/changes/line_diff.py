"""Which lines differ between two byte strings, without touching a byte of them.

Lines end at ``\\n`` only, and keep their ending: a ``\\r\\n`` file, a missing final newline and a byte order mark are
then ordinary parts of lines, and joining the lines gives the bytes back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

# Above this many line pairs the general matcher would take too long: lines are then compared place by place.
MATCHER_LIMIT = 1_000_000
# Changes with at most so many equal lines between them are one block for the reviewer.
JOIN_GAP = 2


class Block(NamedTuple):
    """Lines ``old[old_from:old_to]`` are replaced by ``new[new_from:new_to]``."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int


def split_lines(data: bytes) -> list[bytes]:
    """Split after each ``\\n``; the last line may lack one."""
    parts = data.split(b"\n")
    lines = [part + b"\n" for part in parts[:-1]]
    if parts[-1]:
        lines.append(parts[-1])
    return lines


def changed_blocks(old: Sequence[Hashable], new: Sequence[Hashable], *, join: int = JOIN_GAP) -> list[Block]:
    """The blocks that turn ``old`` into ``new``, in order, blocks closer than ``join`` equal lines made one."""
    blocks: list[Block] = []
    old_at = new_at = 0
    for old_index, new_index in [*equal_pairs(old, new), (len(old), len(new))]:
        if old_index > old_at or new_index > new_at:
            near = blocks and old_at - blocks[-1].old_to <= join
            if near:
                blocks[-1] = Block(blocks[-1].old_from, old_index, blocks[-1].new_from, new_index)
            else:
                blocks.append(Block(old_at, old_index, new_at, new_index))
        old_at, new_at = old_index + 1, new_index + 1
    return blocks


def equal_pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of indices of kept lines, rising in both; lines that are unique on both sides are matched first."""
    pairs: list[tuple[int, int]] = []
    ranges = [(0, len(old), 0, len(new))]
    while ranges:
        old_from, old_to, new_from, new_to = ranges.pop()
        while old_from < old_to and new_from < new_to and old[old_from] == new[new_from]:
            pairs.append((old_from, new_from))
            old_from, new_from = old_from + 1, new_from + 1
        while old_from < old_to and new_from < new_to and old[old_to - 1] == new[new_to - 1]:
            old_to, new_to = old_to - 1, new_to - 1
            pairs.append((old_to, new_to))
        if old_from == old_to or new_from == new_to:
            continue
        anchors = _anchors(old, old_from, old_to, new, new_from, new_to)
        if anchors:
            pairs.extend(anchors)
            for old_index, new_index in [*anchors, (old_to, new_to)]:
                ranges.append((old_from, old_index, new_from, new_index))
                old_from, new_from = old_index + 1, new_index + 1
        elif (old_to - old_from) * (new_to - new_from) <= MATCHER_LIMIT:
            matcher = SequenceMatcher(None, old[old_from:old_to], new[new_from:new_to], autojunk=False)
            for match in matcher.get_matching_blocks():
                pairs.extend((old_from + match.a + k, new_from + match.b + k) for k in range(match.size))
        else:
            shorter = min(old_to - old_from, new_to - new_from)
            pairs.extend((old_from + k, new_from + k) for k in range(shorter) if old[old_from + k] == new[new_from + k])
    pairs.sort()
    return pairs


def rising(values: Sequence[int]) -> list[int]:
    """Indices of a longest strictly rising subsequence of ``values``."""
    tails: list[int] = []
    tail_values: list[int] = []
    before: list[int] = []
    for index, value in enumerate(values):
        place = bisect_left(tail_values, value)
        before.append(tails[place - 1] if place else -1)
        tails[place : place + 1] = [index]
        tail_values[place : place + 1] = [value]
    chain: list[int] = []
    index = tails[-1] if tails else -1
    while index >= 0:
        chain.append(index)
        index = before[index]
    return chain[::-1]


def _anchors(
    old: Sequence[Hashable], old_from: int, old_to: int, new: Sequence[Hashable], new_from: int, new_to: int
) -> list[tuple[int, int]]:
    old_counts = Counter(old[old_from:old_to])
    new_counts = Counter(new[new_from:new_to])
    place = {old[i]: i for i in range(old_from, old_to) if old_counts[old[i]] == 1}
    candidates = [(place[new[j]], j) for j in range(new_from, new_to) if new_counts[new[j]] == 1 and new[j] in place]
    return [candidates[k] for k in rising([old_index for old_index, _ in candidates])]
