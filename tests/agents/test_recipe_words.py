"""Instructions that say no more than what a recipe does; all others are left to a model."""

from __future__ import annotations

import pytest

from nootropic_kernel.agents.recipe_words import recipe_for
from nootropic_kernel.planning.repository.facts import read_facts

FACTS = read_facts(
    {
        "shelf/books.py": b"def by_title(books):\n    return sorted(books)\n\n\nclass Shelf:\n    pass\n",
        "shelf/loans.py": b'"""Loans."""\n\n\ndef due(loan):\n    return loan\n',
        "tests/test_books.py": b"def test_by_title():\n    pass\n",
    }
)
RENAME = ("python.rename", {"old": "by_title", "new": "sort_by_title"})


@pytest.mark.parametrize(
    "text",
    [
        "rename by_title to sort_by_title",
        "Rename the function `by_title` to `sort_by_title`.",
        "please rename by_title()\n  into sort_by_title everywhere",
        "RENAME 'by_title' AS 'sort_by_title'!",
    ],
)
def test_a_rename_is_understood(text: str) -> None:
    assert recipe_for(text, (), FACTS) == RENAME


@pytest.mark.parametrize(
    ("text", "files", "module"),
    [
        ("add docstrings to shelf/books.py", (), "shelf/books.py"),
        ("Write the missing docstrings in shelf.loans.", (), "shelf/loans.py"),
        ("add docstrings", ("shelf/loans.py",), "shelf/loans.py"),
        ("Add all missing docstrings to the file shelf/books.py!", (), "shelf/books.py"),
    ],
)
def test_docstrings_are_understood(text: str, files: tuple[str, ...], module: str) -> None:
    assert recipe_for(text, files, FACTS) == ("python.docstrings", {"module": module})


@pytest.mark.parametrize(
    "text",
    [
        "rename by_title to sort_by_title and ignore case",
        "rename by_title to sort_by_title except in tests",
        "do not rename by_title to sort_by_title",
        "add docstrings to shelf/books.py in German",
        "add docstrings and types to shelf/books.py",
        "add docstrings to the class Shelf",
        "Sort without regard to case",
        "",
    ],
)
def test_whatever_says_more_is_no_recipes(text: str) -> None:
    assert recipe_for(text, (), FACTS) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rename by_titel to sort_by_title", "defines by_titel"),
        ("rename by_title to due", "due is taken"),
        ("rename by_title to class", "not a name that Python accepts"),
        ("add docstrings", "one file at a time; here it could be shelf/books.py, shelf/loans.py"),
        ("add docstrings to nowhere", "nothing here is called nowhere"),
    ],
)
def test_a_recipe_that_cannot_do_it_says_why(text: str, why: str) -> None:
    found = recipe_for(text, (), FACTS)
    assert isinstance(found, str) and why in found
