"""For which archetypes the technologies, data files, verbs and tracebacks of a brief speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.technologies import Technologies
from nootropic_kernel.planning.reading.tokens import Tokens

_TAKES = frozenset({"pull", "extract", "fetch", "ingest", "download", "scrape", "crawl"})
_STORES = frozenset({"load", "store", "write", "save", "insert"})
_FLOW = {"data-pipeline": 4.0}
_TRACE_POINTS = 12.0  # more than a word in the first noun phrase
_DATA_RIGHT = 14.0  # more than `fix` in the first noun phrase
_DATA_POINTS = {"notebook-analysis": 2.0, "data-pipeline": 1.0, "ml-training": 1.0}


def points_for(
    tokens: Tokens, technologies: Technologies, data_files: Sequence[str], traced: bool, lexicon: Lexicon
) -> dict[str, float]:
    """The points of each archetype that the lexicon knows.

    :param traced: a traceback was pasted into the brief.
    """
    points = _data_points(data_files, tokens, lexicon)
    verbs = {lexicon.base(token.lower) for token in tokens if token.part == VERB}
    if verbs & _TAKES and verbs & _STORES:  # data is taken from somewhere and put somewhere else
        points = {name: points.get(name, 0.0) + _FLOW.get(name, 0.0) for name in {*points, *_FLOW}}
    if traced:
        points["bug-fix"] = _TRACE_POINTS
    for name in technologies.wanted:
        given: Mapping[str, float] = lexicon.table("technology").get(name, {}).get("points", {})
        for archetype, value in given.items():
            points[archetype] = points.get(archetype, 0.0) + value
    return {name: value for name, value in points.items() if name in lexicon.library.archetypes}


def _data_points(data_files: Sequence[str], tokens: Tokens, lexicon: Lexicon) -> dict[str, float]:
    """What data files say: `fix the dates in sales.csv` is no fault of a program."""
    if not data_files:
        return {}
    faults = lexicon.library.archetypes["bug-fix"].words if "bug-fix" in lexicon.library.archetypes else {}
    told = {token.lower for token in tokens if token.lower in faults and lexicon.verb(token.lower) != "mend"}
    first = next((token.lower for token in tokens if token.kind == "word" and lexicon.is_verb(token.lower)), "")
    rights = first in str(lexicon.table("steps").get("clean", "")).split() and not told
    return {**_DATA_POINTS, "notebook-analysis": _DATA_RIGHT if rights else _DATA_POINTS["notebook-analysis"]}
