"""Slugs, reading time and excerpts."""

import re

WORDS_PER_MINUTE = 220


def slug(title: str) -> str:
    """The title as a part of a URL: lower case, words joined by hyphens."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def reading_minutes(text: str) -> int:
    """How many minutes a text takes to read, at least one."""
    return max(1, round(len(text.split()) / WORDS_PER_MINUTE))


def excerpt(text: str, words: int = 20) -> str:
    """The first words of a text, with an ellipsis where something was cut."""
    parts = text.split()
    return " ".join(parts) if len(parts) <= words else " ".join(parts[:words]) + " …"
