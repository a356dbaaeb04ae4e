"""What a change takes out of a module is found where it is used still, and nothing else is."""

from __future__ import annotations

import json

import pytest

from nootropic_kernel.checks.leftovers import leftovers, lost_of, module_name

BEFORE = b"""
class Shelf:
    def __init__(self, books, width=80):
        self.books = books

class Old: ...

def by_title(books, *, reverse=False, limit=None): ...
def by_name(books, **options): ...
def load(path): ...
"""
AFTER = b"""
class Shelf:
    def __init__(self, books):
        self.books = books

def by_title(books, *, limit=None): ...
def by_name(books): ...
from shelf.store import load
"""


def notebook(*sources: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}).encode()


def found(path: str, text: str | bytes, after: bytes = AFTER, before: bytes = BEFORE) -> list[tuple[str, str, str]]:
    lost = lost_of("src/shelf/books.py", before, after)
    if lost is None:
        return []
    data = text if isinstance(text, bytes) else text.encode()
    return [(each.name, each.keyword, each.place) for each in leftovers({"shelf.books": lost}, [(path, data)])]


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("app.py", "from shelf.books import Old", [("Old", "", "line 1")]),
        ("app.py", "from shelf.books import (\n    by_title,\n    Old as New,\n)", [("Old", "", "line 1")]),
        ("app.py", "import shelf.books\n\nshelf.books.Old()", [("Old", "", "line 3")]),
        ("app.py", "from shelf import books as b\nb.Old()", [("Old", "", "line 2")]),
        ("src/shelf/__init__.py", "from .books import Old", [("Old", "", "line 1")]),
        ("src/shelf/in/deep.py", "from ..books import Old", [("Old", "", "line 1")]),
        ("app.py", "from shelf.books import by_title as t\nt([], reverse=True)", [("by_title", "reverse", "line 2")]),
        ("app.py", "from shelf import books\nbooks.Shelf([], width=3)", [("Shelf", "width", "line 2")]),
        ("a.ipynb", notebook("x = 1", "from shelf.books import Old\nOld()"), [("Old", "", "cell 2, line 1")]),
        (
            "a.ipynb",
            notebook("%matplotlib inline\nfrom shelf.books import by_title", "from shelf.books import by_title",
                     "# again\nby_title([], reverse=True)"),
            [("by_title", "reverse", "cell 3, line 2")],
        ),
    ],
)  # fmt: skip
def test_a_use_of_what_is_gone_is_found_with_its_place(
    path: str, text: str | bytes, wanted: list[tuple[str, str, str]]
) -> None:
    assert found(path, text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "from other.books import Old\nOld()",  # another module
        "from shelf.books import load, by_title\nload('x')\nby_title([], limit=3)",  # there still, if from elsewhere
        "try:\n    from shelf.books import Old\nexcept ImportError:\n    Old = None",  # ready for it
        "def run(books):\n    books.Old()\n\n\nfrom shelf import books",  # a parameter of that name
        "from shelf.books import by_title\nby_title = print\nby_title(reverse=1)",  # bound to something else
        "from shelf.books import by_name\nby_name([], anything=1)",  # nobody knows what it took
        "from shelf.books import by_title\nby_title([], **{'reverse': True})",
        "from .books import Old",  # of the project's root, not of shelf
        "Old = 1\nprint(Old)",
        "# from shelf.books import Old",
        "from shelf.books import Old (",  # does not parse
    ],
)
def test_what_is_not_certain_is_not_said(text: str) -> None:
    assert found("app.py", text) == []


@pytest.mark.parametrize(
    "after",
    [
        AFTER + b"\nfrom shelf.more import *\n",
        AFTER + b"\ndef __getattr__(name): ...\n",
        AFTER + b"\nglobals().update(x)\n",
        AFTER + b"\nif True:\n    class Old: ...\n",
        b"def broken(",
    ],
)
def test_a_module_that_may_have_the_name_all_the_same_lost_nothing(after: bytes) -> None:
    assert found("app.py", "from shelf.books import Old", after) == []


def test_a_decorated_function_and_a_derived_class_say_nothing_of_what_they_take() -> None:
    for before, after, call in (
        (b"@cached\ndef f(a, b): ...", b"@cached\ndef f(a): ...", "f(a=1, b=2)"),
        (b"class f(Base):\n    def __init__(self, b): ...", b"class f(Base):\n    def __init__(self): ...", "f(b=2)"),
        (b"def f(b): ...", b"def f(**options): ...", "f(b=2)"),
    ):
        assert found("app.py", f"from shelf.books import f\n{call}", after, before) == []
    sure = found("app.py", "from shelf.books import f\nf(b=2)", b"def f(a, /, c=1): ...", b"def f(b): ...")
    assert sure == [("f", "b", "line 2")]


def test_modules_are_named_as_they_are_imported() -> None:
    paths = {"src/shelf/books.py": "shelf.books", "shelf/__init__.py": "shelf", "tool.py": "tool"}
    assert {path: module_name(path) for path in paths} == paths
