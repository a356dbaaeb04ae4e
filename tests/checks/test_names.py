"""Names that a change leaves undefined, and public names that it takes away."""

from __future__ import annotations

import json

import pytest

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.names import removed_names, undefined_names
from nootropic_kernel.checks.parsing import mask_magics, parse_problem

BASE = b"import re\n\nWORDS = 200\n\n\ndef excerpt(text):\n    return re.split(' ', text)[:WORDS]\n"


def notebook(*cells: str) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}).encode()


def verdict(path: str, base: bytes | None, new: bytes) -> tuple[bool | None, str] | None:
    found = undefined_names([FileEdit(path, base, new)])
    return (found.passed, found.detail) if found else None


def test_an_import_that_is_deleted_but_still_used_is_named() -> None:
    told = verdict("a.py", BASE, BASE.replace(b"import re\n\n", b""))
    assert told == (False, "a.py: undefined 're' (line 5)")


def test_an_undefined_name_that_was_there_before_is_not_this_changes_doing() -> None:
    base = b"print(somewhere)\n"
    assert verdict("a.py", base, b"print(somewhere, 1)\n") == (True, "no name became undefined")
    assert verdict("a.py", base, b"print(nowhere)\n") == (False, "a.py: undefined 'nowhere' (line 1)")


@pytest.mark.parametrize(
    "new",
    [
        "from os.path import *\njoin('a')\n",
        "x = [y for y in range(3)]\nprint(__file__, x)\n",
        "def f(a: 'int') -> None:\n    global z\n    z = a\n",
        "try:\n    import fast\nexcept ImportError:\n    fast = None\nprint(fast)\n",
    ],
)
def test_what_is_defined_is_left_alone(new: str) -> None:
    told = verdict("a.py", None, new.encode())
    assert told is not None and told[0] is True


def test_notebooks_are_looked_at_as_one_program() -> None:
    base = notebook(
        "%matplotlib inline\nimport re", "%%noo plan --into made\nA brief", "re.split('', ''); made; display(1)"
    )
    assert verdict("n.ipynb", None, base) == (True, "no name became undefined")
    broken = notebook("%matplotlib inline", "x = 1", "y = 2\nre.split('', '')")
    assert verdict("n.ipynb", base, broken) == (False, "n.ipynb: undefined 're' (cell 3, line 2)")
    assert verdict("n.ipynb", None, notebook("%%time\nx = 1", "%%capture out\nprint(x)", "out, x")) == (
        True,
        "no name became undefined",
    )


@pytest.mark.parametrize(
    ("path", "data", "why"),
    [
        ("a.py", b"def (", "a.py does not parse"),
        ("a.py", b"x = 1\0", "a.py cannot be read as text"),
        ("a.ipynb", b"{}", "a.ipynb cannot be read as a notebook"),
        ("a.ipynb", b"[1]", "a.ipynb cannot be read as a notebook"),
        ("a.ipynb", notebook("%run other.py", "magic_name"), "a.ipynb has magics that define names nobody can see"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_unchecked(path: str, data: bytes, why: str) -> None:
    assert verdict(path, None, data) == (None, f"not checked: {why}")
    assert verdict("a.txt", None, b"words") is None


def test_a_file_that_was_broken_before_is_said_to_be_unchecked() -> None:
    assert verdict("a.py", b"def (", b"x = 1\n") == (None, "not checked: a.py as it was before does not parse")
    edits = [FileEdit("a.py", None, b"def ("), FileEdit("b.py", None, b"nowhere\n")]
    found = undefined_names(edits)
    assert found is not None and (found.passed, found.detail) == (False, "b.py: undefined 'nowhere' (line 1)")


def test_a_file_in_another_encoding_is_read_as_python_reads_it() -> None:
    base = "# -*- coding: latin-1 -*-\nimport re\nNAME = re.escape('M\u00fcller')\n".encode("latin-1")
    assert verdict("a.py", base, base + b"print(NAME)\n") == (True, "no name became undefined")
    told = verdict("a.py", base, base.replace(b"import re\n", b""))
    assert told == (False, "a.py: undefined 're' (line 2)")


@pytest.mark.parametrize("magic", ["files = !ls", "files = %time 3", "files = %noo status", "a, files = !ls \\\n  -l"])
def test_names_that_magics_assign_are_defined(magic: str) -> None:
    source = notebook(f"{magic}\nprint(files)")
    assert parse_problem("n.ipynb", source) is None
    assert verdict("n.ipynb", None, source) == (True, "no name became undefined")
    line = magic.count("\n") + 3
    told = verdict("n.ipynb", source, notebook(f"{magic}\nprint(files)\nnowhere"))
    assert told == (False, f"n.ipynb: undefined 'nowhere' (cell 1, line {line})")


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("total = (5\n  % 3)  # really?\n!ls", "total = (5\n  % 3)  # really?\npass"),
        ("text = '''\n%foo\n!ls\n'''\nlen?", "text = '''\n%foo\n!ls\n'''\npass"),
        ("if x:\n    files = !ls \\\n      -l\n    %time 3", "if x:\n    files = None\n\n    pass"),
        ("x = 5 % 3", "x = 5 % 3"),
        ("%%bash\nls\n", "\n\n"),
    ],
)
def test_only_what_ipython_takes_for_its_own_is_masked(cell: str, python: str) -> None:
    assert mask_magics(cell) == python


@pytest.mark.parametrize("cell", ["def (\n!ls", "x = %", "if x:\n    y\n  z\n!ls", "'open\n!ls", "x = 1\0\n!ls"])
def test_a_broken_cell_stays_broken(cell: str) -> None:
    assert parse_problem("n.ipynb", notebook(cell))


def test_public_names_that_go_are_noted_unless_that_was_asked() -> None:
    edits = [FileEdit("a.py", BASE, b"def other():\n    pass\n")]
    noted = removed_names(edits, "Add an excerpt of the text")
    assert noted is not None and (noted.passed, noted.detail) == (None, "a.py: removes WORDS, excerpt")
    told = removed_names(edits, "Rename excerpt to other")
    assert told is not None and told.detail == "a.py: removes WORDS"
    assert removed_names(edits, "Remove WORDS and excerpt") is None


def test_names_that_move_to_another_file_are_not_gone() -> None:
    moved = FileEdit("b.py", None, BASE)
    assert removed_names([FileEdit("a.py", BASE, b""), moved]) is None


def test_a_class_that_goes_stands_for_its_methods() -> None:
    base = b"class Book:\n    def read(self):\n        pass\n\n    def lend(self):\n        pass\n"
    noted = removed_names([FileEdit("a.py", base, b"")])
    assert noted is not None and noted.detail == "a.py: removes Book"
    noted = removed_names([FileEdit("a.py", base, b"class Book:\n    def read(self):\n        pass\n")])
    assert noted is not None and noted.detail == "a.py: removes Book.lend"
