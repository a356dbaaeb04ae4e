"""The model behind the stand-ins: a few fixed answers, a tokenizer that counts words and marks, and faults on demand.

A prompt with ``fault:NAME`` asks the stand-in for the fault of that name, ``long story`` for an answer without end.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

STORY = ["Once", " upon", " a", " time", " there", " was", " a", " lighthouse", "."]
EVERY_S = 0.02


def tokens_of(text: str) -> list[str]:
    """``text`` in pieces that join to it."""
    return re.findall(r"\s*(?:\w+|[^\w\s])|\s+$", text)


def fault_in(prompt: str) -> str:
    """The fault that the prompt asks for."""
    found = re.search(r"fault:([a-z-]+)", prompt)
    return found[1] if found else ""


@dataclass
class Reply:
    """What the toy says to a prompt: ``thought`` first, then pieces of text; ``reason`` is known after the pieces."""

    prompt: str
    max_tokens: int
    stop: Sequence[str] = ()
    schema: Any = None
    thought: str = ""
    reason: str = ""
    said: int = 0

    @property
    def read(self) -> int:
        """How many tokens the prompt has."""
        return len(tokens_of(self.prompt))

    def pieces(self) -> Iterator[str]:
        """The pieces, one a token."""
        text = ""
        for piece in self._wanted():
            if self.said == self.max_tokens:
                self.reason = "length"
                return
            whole = text + piece
            ends = [place for mark in self.stop if (place := whole.find(mark)) >= 0]
            if ends:
                self.reason = "stop"
                if min(ends) > len(text):
                    yield whole[len(text) : min(ends)]
                return
            text, self.said = whole, self.said + 1
            yield piece
        self.reason = "stop"

    def _wanted(self) -> Iterator[str]:
        if "think" in self.prompt:
            self.thought = "Let me see."
        if self.schema is not None:
            yield from tokens_of(json.dumps(instance(self.schema)))
        elif "long story" in self.prompt:
            while True:
                for piece in STORY:
                    time.sleep(EVERY_S)
                    yield piece
        elif "Count" in self.prompt:
            yield from tokens_of("one two three four five six")
        else:
            yield from tokens_of("Hello there, friend.")


def instance(schema: Any) -> Any:
    """The smallest value of a simple schema."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {key: instance(part) for key, part in schema.get("properties", {}).items()}
        case "array":
            return [instance(schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 7)
        case "boolean":
            return True
        case _:
            return "Ada"


def schema_in_words(prompt: str) -> Any:
    """The schema that a prompt spells out, as a capable model would read it."""
    place = prompt.find('{"type": "object"')
    return json.JSONDecoder().raw_decode(prompt[place:])[0] if place >= 0 else None


def vector(text: str) -> list[float]:
    """An embedding of four numbers."""
    return [float(len(text)), float(len(tokens_of(text))), 1.0, float(sum(map(ord, text)) % 97)]
