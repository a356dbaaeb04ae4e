"""Which lines differ between two byte strings, without touching a byte of them.

Lines end at ``\\n`` only, and keep their ending: a ``\\r\\n`` file, a missing final newline and a byte order mark are
then ordinary parts of lines, and joining the lines gives the bytes back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

# So many comparisons for a whole diff, and for the search of one middle: a second or two in all.
WORK_LIMIT = 4_000_000
STEP_LIMIT = 150_000
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
    """Pairs of indices of kept lines, rising in both; lines that are unique on both sides are matched first.

    What lies between such lines is compared by Myers' algorithm. The work is bounded: past that, the rest of a range is
    compared place by place.
    """
    pairs: list[tuple[int, int]] = []
    ranges = [(0, len(old), 0, len(new))]
    work = WORK_LIMIT + len(old) + len(new)
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
        if work <= 0:
            shorter = min(old_to - old_from, new_to - new_from)
            pairs.extend((old_from + k, new_from + k) for k in range(shorter) if old[old_from + k] == new[new_from + k])
            continue
        work -= (old_to - old_from + new_to - new_from) // 4
        splits, both = _anchors(old, old_from, old_to, new, new_from, new_to)
        if not both:  # no line of one side is on the other
            continue
        pairs.extend(splits)
        if not splits:
            middle, steps = midpoint(old[old_from:old_to], new[new_from:new_to])
            work -= steps
            old_mid, new_mid = old_from + middle[0], new_from + middle[1]
            ranges += [(old_from, old_mid, new_from, new_mid), (old_mid, old_to, new_mid, new_to)]
            continue
        for old_index, new_index in [*splits, (old_to, new_to)]:
            ranges.append((old_from, old_index, new_from, new_index))
            old_from, new_from = old_index + 1, new_index + 1
    pairs.sort()
    return pairs


def midpoint(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[tuple[int, int], int]:
    """A point on a shortest way from ``old`` to ``new``, which begin and end differently, and the steps it took.

    Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the linear space refinement; where the way is
    long, the farthest point reached so far stands in.
    """
    n, m = len(old), len(new)
    delta = n - m
    forth, back = {1: 0}, {1: 0}  # farthest old index (from either end) by diagonal
    steps = 0
    for d in range((n + m + 1) // 2 + 1):
        lowest, highest = -d + 2 * max(0, d - m), d - 2 * max(0, d - n)
        for k in range(lowest, highest + 1, 2):
            x = _next(forth, k, d)
            begin = x
            while x < n and x - k < m and old[x] == new[x - k]:
                x += 1
            forth[k] = x
            steps += 1 + x - begin
            if delta % 2 and -d < delta - k < d and x + back.get(delta - k, -1) >= n:
                return (x, x - k), steps
        for k in range(lowest, highest + 1, 2):
            x = _next(back, k, d)
            begin = x
            while x < n and x - k < m and old[n - 1 - x] == new[m - 1 - x + k]:
                x += 1
            back[k] = x
            steps += 1 + x - begin
            if not delta % 2 and -d <= delta - k <= d and x + forth.get(delta - k, -1) >= n:
                return (n - x, m - x + k), steps
        if steps > STEP_LIMIT:
            break
    k = max((k for k, x in forth.items() if x <= n and 0 <= x - k <= m), key=lambda k: 2 * forth[k] - k)
    return (forth[k], forth[k] - k), steps


def _next(reached: dict[int, int], k: int, d: int) -> int:
    """Where diagonal ``k`` begins in round ``d``: below the one above it, or right of the one under it."""
    under, above = reached.get(k - 1, -1), reached.get(k + 1, -1)
    return above if k == -d or (k != d and under < above) else under + 1


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
) -> tuple[list[tuple[int, int]], bool]:
    """Lines that are unique on both sides, in order; and whether the sides have any line in common."""
    old_counts = Counter(old[old_from:old_to])
    new_counts = Counter(new[new_from:new_to])
    place = {old[i]: i for i in range(old_from, old_to) if old_counts[old[i]] == 1}
    candidates = [(place[new[j]], j) for j in range(new_from, new_to) if new_counts[new[j]] == 1 and new[j] in place]
    chain = [candidates[k] for k in rising([old_index for old_index, _ in candidates])]
    return chain, bool(chain) or not old_counts.keys().isdisjoint(new_counts)
