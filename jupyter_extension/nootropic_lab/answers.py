"""Answers as bytes. A large one is written in pieces: while C code writes JSON, no other thread of the server runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

# Containers are opened down to here: a proposal's hunks and a board's cards are pieces of their own.
_DEPTH = 6
# So many characters of a text are one piece: a file of 50 MB in one would hold up the server for a tenth of a second.
_CHARACTERS = 2**20


def encoded(document: Any) -> bytes:
    """A document as JSON. To be called in a thread of its own.

    :raises ValueError: for a number that is none (no page could read the answer).
    :raises TypeError: for what JSON does not know.
    """
    return b"".join(piece.encode() for piece in _pieces(document, _DEPTH))


def _pieces(value: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict) and all(isinstance(key, str) for key in value):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{', ' if number else ''}{json.dumps(key)}: "
            yield from _pieces(item, depth - 1)
        yield "}"
    elif depth and isinstance(value, list):
        yield "["
        for number, item in enumerate(value):
            if number:
                yield ", "
            yield from _pieces(item, depth - 1)
        yield "]"
    elif isinstance(value, str) and len(value) > _CHARACTERS:
        yield '"'
        for start in range(0, len(value), _CHARACTERS):
            yield json.dumps(value[start : start + _CHARACTERS])[1:-1]
        yield '"'
    else:
        yield json.dumps(value, allow_nan=False)
