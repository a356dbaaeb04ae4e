"""Recipes on repositories made at random: they settle, their tests pass, the rest is untouched."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.changeset import FileEdit, build_changeset
from nootropic_kernel.checks.recipes import MemoryFiles, RecipeRefused, get_recipe, run_recipe
from nootropic_kernel.checks.recipes.fields import _SAMPLES as TYPES

pytestmark = pytest.mark.slow

PACKAGES = st.sampled_from(["library", "src/library", "src/shop_floor", "shop"])
ENTITIES = st.sampled_from(["Book", "loan item", "HTTPRoute", "order_line", "Recipe", "Übung"])
FIELD = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["title", "price", "due", "done", "tags", "owner email", "pages", "field", "id", "note"]
        ),
        "type": st.sampled_from([*TYPES, "text", "money", "day", "str | None", "date | None", "int?"]),
    }
)
FIELDS = st.lists(FIELD, min_size=1, max_size=6, unique_by=lambda each: each["name"])
INITS = st.sampled_from(
    [
        b"",
        b'"""A package."""\n',
        b'"""A package."""',
        b'"""A package."""\n\n__version__ = "1"\n',
        b"from .zebra import Zebra\nfrom .apple import apple\n\n__all__ = ['Zebra', 'apple']\n",
        b'from library.apple import apple\n\n__all__ = (\n    "apple",\n)\n',
        b"from __future__ import annotations\n\nfrom .apple import (\n    apple,\n)\n\n"
        b'__all__ = [\n    "apple",  # one\n]\n',
        b'# \xc3\xbc\r\nfrom .apple import apple\r\n\r\n__all__ = [\r\n    "apple"\r\n]\r\n',
        b"import os\n\n\ndef helper():\n    return os.name\n",
        b"\xef\xbb\xbfx = 1\n",
        b"__all__ = []\n",
    ]
)


def repository(package: str, init: bytes) -> dict[str, bytes]:
    name = package.rsplit("/", 1)[-1]
    test = f"from {name}.apple import apple\n\n\ndef test_apple():\n    assert apple() == 1\n"
    return {
        f"{package}/__init__.py": init.replace(b"library.", name.encode() + b"."),
        f"{package}/apple.py": b"def apple():\n    return 1\n",
        f"{package}/zebra.py": b"class Zebra:\n    pass\n",
        "tests/test_apple.py": test.encode(),
    }


def applied(files: dict[str, bytes], *steps: tuple[str, dict[str, object]]) -> dict[str, bytes]:
    for recipe, args in steps:
        found = get_recipe(recipe)
        wanted = found.reads(sorted(files), args)
        outcome = run_recipe(found, MemoryFiles({path: files[path] for path in wanted}, files), args)
        files = files | {edit.path: edit.new for edit in outcome.edits if edit.new is not None}
        assert outcome.edits == () or build_changeset(outcome.edits).hunks
    return files


def run_pytest(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        code = "import sys; sys.path[:0] = ['src', '.']; import pytest; "
        code += "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider']))"
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@settings(max_examples=60, deadline=None)
@given(PACKAGES, INITS, ENTITIES, FIELDS)
def test_entity_and_store_settle_and_keep_the_init(
    package: str, init: bytes, entity: str, fields: list[dict[str, str]]
) -> None:
    before = repository(package, init)
    args = {"package_dir": package, "entity": entity}
    after = applied(before, ("python.entity", args | {"fields": fields}))
    if any(not field["type"].endswith(("None", "?")) and "list" not in field["type"] for field in fields):
        after = applied(after, ("python.store", args))
    path = f"{package}/__init__.py"
    kept, new = before[path].split(b"\n"), after[path].split(b"\n")
    lost = [line for line in kept if line.strip() and line.removeprefix(b"\xef\xbb\xbf") not in new]
    assert all(b"__all__" in line or b'"apple"' in line for line in lost)
    assert (b"\r\n" in after[path]) == (b"\r\n" in before[path])
    tree = ast.parse(after[path])
    listed = [
        node for node in ast.walk(tree) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    if listed:
        names = ast.literal_eval(listed[0].value)
        assert len(names) == len(set(names)) >= 1
        assert isinstance(names, (list, tuple))


@pytest.mark.slow
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each try starts pytest: shrinking would take minutes
)
@given(PACKAGES, INITS, ENTITIES, FIELDS)
def test_the_tests_that_recipes_write_pass(
    package: str, init: bytes, entity: str, fields: list[dict[str, str]]
) -> None:
    args = {"package_dir": package, "entity": entity}
    fields = [{"name": "id", "type": "str"}, *(field for field in fields if field["name"] != "id")]
    files = applied(
        repository(package, init),
        ("python.entity", args | {"fields": fields}),
        ("python.store", args),
        ("python.entry_point", {"package_dir": package}),
    )
    run_pytest(files)


def test_a_field_called_field_does_not_hide_the_function() -> None:
    fields = [
        {"name": "field", "type": "str | None"},
        {"name": "tags", "type": "list[str]"},
        {"name": "x", "type": "str"},
    ]
    args = {"package_dir": "library", "entity": "Book", "fields": fields}
    run_pytest(applied(repository("library", b""), ("python.entity", args)))


def test_every_type_has_values_that_pass_the_tests() -> None:
    fields = [
        {"name": f"value {n}", "type": kind} for n, kind in enumerate([*TYPES, *(f"{kind} | None" for kind in TYPES)])
    ]
    names = ["name", "price", "owner email", "quantity", "total"]
    kinds = ["str", "Decimal", "str", "int", "float | None"]
    fields += [{"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)]
    args = {"package_dir": "src/library", "entity": "Everything"}
    files = applied(
        repository("src/library", b""), ("python.entity", args | {"fields": fields}), ("python.store", args)
    )
    run_pytest(files)


SOURCES: list[object] = [
    ["import os\n", "os.name"],
    ["%matplotlib inline\n", "x = 1"],
    ["%%bash\n", "ls"],
    [],
    "import re; x = 1",
    "y = 2",
    ["# only a comment"],
    ["from a import (\n", "    b,\n", ")\n", "b"],
    ["!ls\n", "import json\n"],
    ["def broken("],
]
CELLS = st.lists(st.sampled_from(SOURCES), max_size=6)


@settings(max_examples=150, deadline=None)
@given(CELLS, st.sampled_from([1, 2, None, "\t"]), st.booleans(), st.sampled_from([4, 5]), st.sampled_from(["", "\n"]))
def test_a_notebook_keeps_all_but_the_import_and_the_new_cell(
    sources: list[object], indent: int | str | None, ascii_only: bool, minor: int, tail: str
) -> None:
    cells = [
        {"cell_type": "code", "execution_count": 7, "metadata": {"ü": 1}, "outputs": [{"text": "é"}], "source": source}
        | ({"id": f"c{n}"} if minor == 5 else {})
        for n, source in enumerate(sources)
    ]
    document = {"cells": cells, "metadata": {"x": 1.5e-7}, "nbformat": 4, "nbformat_minor": minor}
    base = (json.dumps(document, indent=indent, ensure_ascii=ascii_only) + tail).encode()
    args = {"notebook": "a/n.ipynb", "package": "library", "entity": "Book", "module": "book"}
    recipe = get_recipe("notebook.use")
    edits = run_recipe(recipe, MemoryFiles({"a/n.ipynb": base}), args).edits
    new = json.loads(edits[0].new or b"")
    assert {key: value for key, value in new.items() if key != "cells"} == {
        key: value for key, value in document.items() if key != "cells"
    }
    changed = [n for n, cell in enumerate(cells) if new["cells"][n] != cell]
    assert len(changed) <= 1
    for n in changed:
        kept = {key: value for key, value in new["cells"][n].items() if key != "source"}
        assert kept == {key: value for key, value in cells[n].items() if key != "source"}
        assert (
            "".join(new["cells"][n]["source"]).replace("from library.book import Book", "").split()
            == "".join(cells[n]["source"]).split()
        )
    every = "\n".join("".join(cell["source"]) for cell in new["cells"])
    assert every.count("from library.book import Book") == 1
    assert every.count("help(Book)") == 1
    if minor == 5:
        assert len({cell["id"] for cell in new["cells"]}) == len(new["cells"])


NAMES = st.sampled_from(["load", "Shelf", "apple"])


@settings(max_examples=25, deadline=None)
@given(PACKAGES, NAMES, st.sampled_from(["fresh_name", "Fresh"]), st.booleans())
def test_a_rename_and_its_inverse_give_the_same_bytes(package: str, old: str, new: str, relative: bool) -> None:
    name = package.rsplit("/", 1)[-1]
    lead = "." if relative else f"{name}."
    source = 'def load(path):\n    """load it"""\n    return path  # load\n\n\n'
    source += "class Shelf:\n    def a(self, apple):\n        return load(apple), self.load\n"
    files = repository(package, f"from {lead}core import load, Shelf as S\nfrom {lead}apple import apple\n".encode())
    files[f"{package}/core.py"] = source.encode()
    cells = [{"cell_type": "code", "source": f"%time 1\nimport {name} as p\nfrom {name}.core import Shelf, load as l"},
             {"cell_type": "code", "source": "ä = 'load'; p.load(1), Shelf, p.apple()  # Shelf"}]  # fmt: skip
    files["n.ipynb"] = json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 4, "metadata": {}}).encode()
    there = applied(files, ("python.rename", {"old": old, "new": new}))
    assert there != files
    assert applied(there, ("python.rename", {"old": new, "new": old})) == files
    if old == "load":
        cell = json.loads(there["n.ipynb"])["cells"][1]["source"]
        assert cell == f"ä = 'load'; p.{new}(1), Shelf, p.apple()  # Shelf"
        assert b"self.load" in there[f"{package}/core.py"] and b"# load" in there[f"{package}/core.py"]


@pytest.mark.parametrize(
    ("files", "args", "why"),
    [
        ({"a.py": b"x = 1\n"}, {"old": "nothing", "new": "y"}, "not defined"),
        ({"a.py": b"def f(): ...\ndef g(): ...\nf(g)\n"}, {"old": "f", "new": "g"}, "used in a.py already"),
        ({"a.py": b"def f(): ...\n", "b.py": b"def f(): ...\n"}, {"old": "f", "new": "g"}, "more than once"),
        (
            {"a.py": b"def f(): ...\n", "b.py": b"from a import *\nf()\n"},
            {"old": "f", "new": "g"},
            "imports everything",
        ),
        ({"a.py": b"def f(): ...\n", "b.py": b"f(\n"}, {"old": "f", "new": "g"}, "does not parse"),
        ({"a.py": b"def f(): ...\n"}, {"old": "f", "new": "class"}, "does not accept"),
        (
            {"a.py": b"class A:\n    def f(self): ...\ndef g(x):\n    x.f()\n"},
            {"old": "A.f", "new": "h"},
            "may or may not",
        ),
        ({"a.py": b"class A:\n    def f(self): ...\n"}, {"old": "f", "new": "h"}, "is a method"),
    ],
)
def test_a_rename_that_is_not_sure_refuses(files: dict[str, bytes], args: dict[str, object], why: str) -> None:
    with pytest.raises(RecipeRefused, match=why):
        run_recipe(get_recipe("python.rename"), MemoryFiles(files), args)


def test_existing_files_of_a_person_are_never_overwritten() -> None:
    files = repository("library", b"") | {"library/book.py": b"x = 1\n"}
    with pytest.raises(RecipeRefused, match="does not define Book"):
        applied(files, ("python.entity", {"package_dir": "library", "entity": "Book"}))


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../b", "C:/x", "."])
def test_paths_outside_are_refused(path: str) -> None:
    with pytest.raises(RecipeRefused):
        applied({"a.py": b""}, ("python.entity", {"package_dir": path, "entity": "Book"}))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"", b"# T", b"# T\n\n## Use\n\n- a\n\n## End\n", b"# T\r\n## use\r\n", b"```\n## Use\n```\n"]),
       st.lists(st.sampled_from(["- a", "- b", "Text.", ""]), min_size=1, max_size=4))  # fmt: skip
def test_a_readme_only_grows(base: bytes, lines: list[str]) -> None:
    args: dict[str, object] = {"title": "Use", "lines": lines}
    try:
        after = applied({"README.md": base} if base else {}, ("readme.section", args))
    except RecipeRefused:
        assert not any(lines)
        return
    new = [line.strip() for line in after["README.md"].decode().splitlines()]
    assert all(line.decode().strip() in new for line in base.splitlines())
    assert all(line in new for line in lines)


def test_gitignore_and_ci_change_nothing_that_is_there() -> None:
    ignore = FileEdit(".gitignore", b"*.log\r\n", None).base or b""
    after = applied({".gitignore": ignore}, ("project.gitignore", {}))[".gitignore"]
    assert after.startswith(ignore) and b"__pycache__/\r\n" in after
    own = {".github/workflows/mine.yaml": b"run: pytest\n"}
    assert applied(own, ("project.ci", {})) == own


DEFINITIONS = [
    "def f(x):\n    return x\n",
    "class A:\n    def g(self): return 1\n\n    def h(self):\n        # c\n        pass\n",
    "async def k():\n    '''has one'''\n",
    "def _p():\n    pass\n",
    "@dec\ndef m(a,\n      b=(1,\n         2)):  # note\n\n    return a\n",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(DEFINITIONS), unique=True))
def test_docstrings_add_lines_and_take_none(parts: list[str]) -> None:
    base = "\n\n".join(parts)
    after = applied({"m.py": base.encode()}, ("python.docstrings", {"module": "m"}))["m.py"].decode()
    assert [line for line in after.split("\n") if '"""' not in line] == base.split("\n")
