"""What the data of a brief is called, and what its checks are about: rows of a table, or files of another format."""

from __future__ import annotations

import re

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.records import Reading
from nootropic_kernel.planning.reading.wording import listing

_ROWS = {
    "data_checks": "types, gaps, doubles, values that cannot be",
    "wrong_data": "Wrong rows",
    "clean_check": "Rows with gaps, doubles and wrong types are in a test, and it is said how many were dropped",
    "hand_check": "a few rows, an empty table among them",
}
_FILES = {
    "data_checks": "broken, empty and double files",
    "wrong_data": "Broken and empty files",
    "clean_check": "A broken and an empty file are in a test, and it is said what was left out",
    "hand_check": "a small file, and an empty one",
}
# What plans lack that were written before these names: their data were tables, and their steps ended with the store.
FORMERLY = {**_ROWS, "after_steps": "have:keep"}


def data_bindings(reading: Reading) -> dict[str, str]:
    """The source, and the words of checks."""
    said = f"the {reading.data.name}" if reading.data.name else ""
    source = listing(list(reading.data_files)) or said or _source_of(reading) or "the data"
    return {"source": source, **(_FILES if not reading.data.table else _ROWS)}


def formats_of(reading: Reading, lexicon: Lexicon) -> list[str]:
    """The formats that the brief has data in: those that are known, and `BUFR files`; not those it writes only."""
    known = lexicon.table("data_formats")
    got = " ".join(step.title for step in reading.steps if step.kind == "get")
    kept = " ".join(step.title for step in reading.steps if step.kind == "keep")
    found: dict[str, None] = {}
    for word in (*re.findall(r"[\w-]+(?:\.\w+)?", reading.text), *reading.data_files):
        name = known.get(word.lower()) or known.get(word.rpartition(".")[2].lower())
        if name and not (word in kept.split() and word not in got.split()):
            found[str(name)] = None
    for name in re.findall(r"\b([A-Z][A-Z\d]{1,9}) files?\b", reading.text):
        found[str(known.get(name.lower(), name))] = None
    return list(found)


def _source_of(reading: Reading) -> str:
    """`train a classifier on iris`: what the data is, where the first step says so."""
    for step in reading.steps[:1]:
        if found := re.search(
            r"\b(?:on|from)\s+((?:[\w'’-]+\s?){1,4}?)(?=\s*(?:with|using|by|to|and|in)\b|[.,;:?!]|$)", step.title
        ):
            return found.group(1).strip()
    return ""
