"""How many tokens a text may have for a model whose tokenizer cannot be asked: an estimate on the safe side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nootropic_kernel.models.contract import Message

# Words, of which tokenizers know large pieces, and capitals, of which they know fewer; runs of spaces and of marks;
# single digits, which several tokenizers never join; and what is outside of ASCII, which may need a token a byte.
_PIECES = re.compile(
    r"(?P<word>[A-Z]?[a-z]+)|(?P<capitals>[A-Z]+)|(?P<space>\s+)|(?P<digit>[0-9])|(?P<mark>[!-/:-@\[-`{-~]+)|(?P<other>.)"
)
_LETTERS_PER_TOKEN = 3
_CAPITALS_PER_TOKEN = 2
_SPACES_PER_TOKEN = 4
_MARKS_PER_TOKEN = 1.5
# What a chat template puts around a message.
_PER_MESSAGE = 8


def estimate(content: str | Sequence[Message]) -> int:
    """How many tokens a text or a conversation has at most, for the usual tokenizers of code and prose."""
    if isinstance(content, str):
        return _estimate_text(content)
    return sum(_estimate_text(message.content) + _PER_MESSAGE for message in content) + _PER_MESSAGE


def _estimate_text(text: str) -> int:
    total = 0.0
    for found in _PIECES.finditer(text):
        size = found.end() - found.start()
        match found.lastgroup:
            case "word":
                total += -(-size // _LETTERS_PER_TOKEN)
            case "capitals":
                total += -(-size // _CAPITALS_PER_TOKEN)
            case "space":
                # A single space belongs to the word after it.
                total += 0 if found[0] == " " else -(-size // _SPACES_PER_TOKEN)
            case "mark":
                total += size / _MARKS_PER_TOKEN
            case "other":
                total += len(found[0].encode("utf-8", "replace"))
            case _:
                total += 1
    return -int(-total // 1)
