"""``search``: the pieces of the repository that fit a question best, with path and lines."""

from __future__ import annotations

import html

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.retrieval import Index
from nootropic_kernel.retrieval import search as find
from nootropic_kernel.workspace.errors import UsageError

_SHOWN_LINES = 12


class SearchParams(Params):
    """What to look for."""

    query: str = Field(
        description="Words, a question, or an identifier.",
        json_schema_extra={"position": 0, "words": True, "body": True},
    )
    limit: int = Field(5, ge=1, le=50, description="How many pieces to show at most.")


class Hit(BaseModel):
    """A found piece; a higher score is better. In a notebook the lines are those of the cell that ``name`` says."""

    path: str
    start: int
    end: int
    name: str
    score: float
    text: str

    @property
    def place(self) -> str:
        """Path and lines, with the name of what is there."""
        return f"{self.path}:{self.start}-{self.end}" + (f"  {self.name}" if self.name else "")

    @property
    def shown(self) -> str:
        """The first lines."""
        lines = self.text.split("\n")
        more = [f"… {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
        return "\n".join([*lines[:_SHOWN_LINES], *more])


class SearchResult(Result):
    """The pieces, best first."""

    query: str
    hits: list[Hit]

    def text(self) -> str:
        """Each piece with its place, indented."""
        if not self.hits:
            return f"Nothing here resembles {self.query!r}. Ignored, secret and binary files are not searched."
        blocks = []
        for number, hit in enumerate(self.hits, start=1):
            body = "\n".join(f"    {_printable(line)}".rstrip() for line in hit.shown.split("\n"))
            blocks.append(f"{number}. {hit.place}  ({hit.score:.2f})\n{body}")
        return "\n\n".join(blocks)

    def html(self) -> str:
        """Each piece in a box that opens; the first is open."""
        if not self.hits:
            return f"<p>{html.escape(self.text())}</p>"
        boxes = [
            f"<details{' open' if number == 0 else ''}><summary><code>{html.escape(hit.place)}</code></summary>"
            f'<pre style="margin:0 0 .5em 1em;overflow-x:auto">{html.escape(hit.shown)}</pre></details>'
            for number, hit in enumerate(self.hits)
        ]
        return "".join(boxes)


@capability(effect=CapabilityEffect.READ)
def search(params: SearchParams, session: Session) -> SearchResult:
    """Search the repository's code, notebooks and texts.

    Works without a model: words are split as code is written (`loadBooks` meets "load book"), and the files are looked
    at as they are now. Ignored, secret and binary files are left out.
    """
    if not params.query.strip():
        raise UsageError("There is nothing to search for.", next="Say what to look for: `noo search sort books`.")
    hits = find(Index(session.workspace), params.query, params.limit)
    found = [
        Hit(path=hit.path, start=hit.start, end=hit.end, name=hit.name, score=hit.score, text=hit.text) for hit in hits
    ]
    return SearchResult(query=params.query, hits=found)


def _printable(line: str) -> str:
    return "".join(ch if ch == "\t" or ch.isprintable() else "�" for ch in line)
