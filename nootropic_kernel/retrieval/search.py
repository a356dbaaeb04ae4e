"""Searching the index: BM25 over names, headers and bodies, the best chunks with path and lines."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.retrieval.chunks import SPEC
from nootropic_kernel.retrieval.index import Index
from nootropic_kernel.retrieval.tokens import tokens

# A name counts three times as much as the text around it (measured: +0.02 MRR).
_WEIGHTS = "3.0, 1.0, 1.0"
_MAX_WORDS = 64
# The plan says in its own words what the code is to do, so it meets nearly every question; who wants it names it.
_PLAN_WORDS = frozenset(tokens("plan project spec task story epic"))
_PLAN_SHARE = 0.4


@dataclass(frozen=True)
class Hit:
    """A found chunk; a higher score is better."""

    path: str
    start: int
    end: int
    name: str
    text: str
    score: float


def search(index: Index, query: str, limit: int = 5) -> list[Hit]:
    """The ``limit`` best chunks for a question or identifier, over the files as they are now."""
    wanted = list(dict.fromkeys(tokens(query)))[:_MAX_WORDS]
    if not wanted:
        return []
    index.refresh()
    share = 1.0 if _PLAN_WORDS & set(wanted) else _PLAN_SHARE
    match = " OR ".join(f'"{word}"' for word in wanted)
    with index.reading() as connection:
        rows = connection.execute(
            f"SELECT chunks.*, -bm25(words, {_WEIGHTS}) * (CASE WHEN chunks.path = ? OR chunks.path LIKE ? "
            "THEN ? ELSE 1 END) AS score FROM words JOIN chunks ON chunks.id = words.rowid "
            "WHERE words MATCH ? ORDER BY score DESC, path, first LIMIT ?",
            (SPEC, f"%/{SPEC}", share, match, limit),
        ).fetchall()
    return [
        Hit(row["path"], row["first"], row["last"], row["name"], row["text"], round(row["score"], 4)) for row in rows
    ]
