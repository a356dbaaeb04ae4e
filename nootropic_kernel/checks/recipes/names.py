"""Names in their spellings: `LoanItem`, `loan_item`, "loan item", and English plurals good enough for code."""

from __future__ import annotations

import keyword
import re

from nootropic_kernel.checks.recipes.registry import RecipeRefused

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|[0-9]+|[^\W\d_]+")


def words(name: str) -> list[str]:
    """The words of a name in any spelling, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def snake(name: str) -> str:
    return "_".join(words(name))


def camel(name: str) -> str:
    """`loan item` → `LoanItem`; a name that is CamelCase already stays as it is."""
    if re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
        return name
    return "".join(word.capitalize() for word in words(name))


def in_tests(class_name: str) -> tuple[str, str]:
    """How a test imports a class, and calls it: pytest takes what is called `Test…` in a test for a class of tests."""
    own = f"Some{class_name}" if class_name.startswith("Test") else class_name
    return (class_name if own == class_name else f"{class_name} as {own}"), own


def plural(name: str) -> str:
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2:-1] not in set("aeiou"):
        return name[:-1] + "ies"
    return name + "s"


def article(name: str) -> str:
    return "an" if name[:1].lower() in set("aeiou") else "a"


def checked_identifier(name: str, what: str) -> str:
    """The name when Python accepts it as an identifier; raises RecipeRefused otherwise."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RecipeRefused(f"{name!r} cannot be {what}: Python does not accept it as a name.")
    return name
