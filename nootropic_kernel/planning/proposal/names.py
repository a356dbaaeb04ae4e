"""Names that a model gives to artifacts, brought to those that the library and the brief know."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from nootropic_kernel.planning.reading.wording import singular

# What models call the library's artifacts.
_ALIASES = {
    "model": "entity", "class": "entity", "schema": "entity", "dataclass": "entity", "type": "entity",
    "repository": "store", "storage": "store", "db": "store", "database": "store", "crud": "store",
    "endpoint": "api", "route": "api", "rest": "api", "view": "pages", "page": "pages", "ui": "pages",
    "template": "pages", "cli": "commands", "command": "commands", "feature": "ability",
}  # fmt: skip
_NEAR, _APART = 0.82, 0.03  # how alike a misspelt name is, and how much less alike the next one must be


class Names:
    """The known artifacts of one plan."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = set(known)
        self._by_plain = {plain(item): item for item in sorted(self._known, reverse=True)}

    def __contains__(self, item: str) -> bool:
        return item in self._known

    def add(self, items: Iterable[str]) -> None:
        """Names that a new task brings along."""
        for item in items:
            self._known.add(item)
            self._by_plain.setdefault(plain(item), item)

    def coin(self, said: str) -> str:
        """A new name for what only the model knows; whoever says the same later means it."""
        name = f"own:{'-'.join(re.findall(r'[a-z0-9]+', said.lower()))[:40] or 'work'}"
        self.add([name])
        self._by_plain.setdefault(plain(said), name)
        return name

    def find(self, item: str) -> str | None:
        """The known name that this one means; None where none is meant, or two are as near."""
        if item in self._known:
            return item
        name = plain(item)
        for same in (name, *_said_otherwise(name)):
            if same in self._by_plain:
                return self._by_plain[same]
        close = get_close_matches(name, self._by_plain, n=2, cutoff=_NEAR)
        if len(close) == 2 and likeness(name, close[0]) - likeness(name, close[1]) < _APART:
            return None
        return self._by_plain[close[0]] if close else None


def plain(text: str) -> str:
    """A name without case, plural and the signs between its words."""
    return ":".join(
        "-".join(singular(word) for word in re.findall(r"[a-z0-9]+", part)) for part in text.lower().split(":")
    )


def likeness(one: str, other: str) -> float:
    """From 0 (nothing in common) to 1 (equal)."""
    return SequenceMatcher(None, one, other).ratio()


def title_likeness(one: str, other: str) -> float:
    """How alike two titles are; what begins with the other is as good as the same, another number is another thing."""
    first, second = _words(one), _words(other)
    if first[1] != second[1] or 2 * len(first[0] & second[0]) < min(len(first[0]), len(second[0])):
        return 0.0
    shorter, longer = sorted((plain(one), plain(other)), key=len)
    return 1.0 if shorter and longer.startswith(f"{shorter}:") else likeness(shorter, longer)


@lru_cache(maxsize=10_000)
def _words(title: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The words of a title, and its numbers."""
    return frozenset(re.findall(r"[a-z]+", plain(title))), tuple(re.findall(r"\d+", title))


def share_a_word(one: str, other: str) -> bool:
    """Whether two titles have a word of some length in common."""
    return any(len(word) > 3 for word in _words(one)[0] & _words(other)[0])


def _said_otherwise(name: str) -> list[str]:
    """`model:post`, `post:model`, `post-model` and `model-post` for `entity:post`."""
    parts = name.split(":") if ":" in name else name.split("-")
    if len(parts) < 2:
        return []
    (head, *after), (*before, last) = parts, parts
    first, second = "-".join(after), "-".join(before)
    return [f"{_ALIASES.get(head, head)}:{first}", f"{_ALIASES.get(last, last)}:{second}"]
