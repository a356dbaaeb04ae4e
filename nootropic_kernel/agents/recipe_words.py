"""An instruction that says no more than what a recipe does: the recipe does it, and no model is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.repository.recipe_arguments import problem

# The whole instruction must fit: what is asked for beyond it, no recipe does.
_NAME = r"[`'\"]?(?P<{}>[\w./-]+?)(?:\(\))?[`'\"]?"
_KIND = r"(?:the\s+)?(?:(?:function|class|method|name|file|module)\s+)?"
_END = r"\s*[.!]?"
_RENAME = re.compile(
    rf"(?:please\s+)?rename\s+{_KIND}{_NAME.format('old')}\s+(?:to|into|as)\s+{_NAME.format('new')}(?:\s+everywhere)?{_END}",
    re.I,
)
_DOCSTRINGS = re.compile(
    r"(?:please\s+)?(?:add|write)\s+(?:(?:a|the|all|missing)\s+)*docstrings?"
    rf"(?:\s+(?:to|for|in)\s+{_KIND}{_NAME.format('place')})?{_END}",
    re.I,
)


def is_recipe(text: str) -> bool:
    """Whether the words are ones that a recipe could do; whether it can do them here, `recipe_for` tells."""
    words = " ".join(text.split())
    return bool(_RENAME.fullmatch(words) or _DOCSTRINGS.fullmatch(words))


def recipe_for(text: str, files: Sequence[str], facts: RepositoryFacts) -> tuple[str, dict[str, Any]] | str:
    """The recipe, with its arguments, that does just what ``text`` says; else why none does, empty when none fits.

    :param files: the files that the person named beside the text.
    """
    words = " ".join(text.split())
    if found := _RENAME.fullmatch(words):
        return _usable("python.rename", {"old": found["old"], "new": found["new"]}, facts)
    if found := _DOCSTRINGS.fullmatch(words):
        place = found["place"]
        if place and facts.defining(place.rsplit(".", 1)[-1]):
            return ""  # one function or class is less than the recipe does
        places = facts.places(place) if place else list(files) or _undocumented(facts)
        if len(places) == 1:
            return _usable("python.docstrings", {"module": places[0]}, facts)
        if not places:
            what = f"nothing here is called {place}" if place else "nothing here lacks a docstring"
            return f"The recipe python.docstrings cannot do it: {what}."
        return f"The recipe python.docstrings takes one file at a time; here it could be {', '.join(places[:5])}."
    return ""


def _usable(recipe: str, args: dict[str, Any], facts: RepositoryFacts) -> tuple[str, dict[str, Any]] | str:
    why = problem(recipe, args, facts, frozenset())
    return f"The recipe {recipe} cannot do it: {why}." if why else (recipe, args)


def _undocumented(facts: RepositoryFacts) -> list[str]:
    return [path for path, module in sorted(facts.modules.items()) if path not in facts.tests and module.undocumented()]
