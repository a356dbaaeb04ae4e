"""The tests' side of a change: what belongs to it, how it is taken back, and what it weakens."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.workspace.rules import is_executable_at_import

_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_SETTINGS = frozenset({
    "conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml", "tox.ini",
    "setup.cfg", "sitecustomize.py", "usercustomize.py",
})  # fmt: skip
_OPERATORS = frozenset({
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__bool__", "__len__",
})  # fmt: skip
_SPARING = ("skip", "xfail", "importorskip", "expectedFailure", "collect_ignore")


def is_test(path: str) -> bool:
    """Whether pytest collects a file of this name by default."""
    name = path.rsplit("/", 1)[-1]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def test_side(path: str) -> bool:
    """Whether a file belongs to the tests or decides how they run, rather than being what they test."""
    *folders, name = PurePosixPath(path.casefold()).parts
    return is_test(path) or name in _SETTINGS or name.endswith(".pth") or not _TEST_FOLDERS.isdisjoint(folders)


def touches_code(edits: Iterable[FileEdit]) -> bool:
    """Whether a change can make a difference to the tests."""
    suffixes = (".py", ".toml", ".cfg", ".ini", ".json", ".pth")
    return any(path.endswith(suffixes) or test_side(path) for edit in edits for path in edit.paths)


def edited_tests(edits: Iterable[FileEdit]) -> list[str]:
    """The files of the tests' side that were there before, and the new ones that decide how all tests run."""
    return sorted(
        edit.path
        for edit in edits
        if any(map(test_side, edit.paths)) and (edit.base is not None or is_executable_at_import(edit.path))
    )


def with_tests_as_they_were(edits: Sequence[FileEdit]) -> tuple[FileEdit, ...]:
    """The same change with its edits of the tests' side taken back."""
    return tuple(_taken_back(edit) if any(map(test_side, edit.paths)) else edit for edit in edits)


def weakened(edits: Iterable[FileEdit]) -> list[str]:
    """What a change takes away from the tests that were there: tests, assertions, or their being run."""
    found: list[str] = []
    for edit in edits:
        if edit.base is None or not any(map(is_test, edit.paths)):
            continue
        before, after = _tests_in(edit.base), _tests_in(edit.new or b"")
        where = edit.renamed_from or edit.path
        if not is_test(edit.path):
            found.append(f"{where} is no longer collected")
            continue
        for name, (assertions, sparing) in before.items():
            if name not in after:
                found.append(f"{where}::{name} is gone")
            elif after[name][0] < assertions:
                found.append(f"{where}::{name} asserts less ({assertions} → {after[name][0]})")
            elif after[name][1] > sparing:
                found.append(f"{where}::{name} is skipped or may fail")
        if _sparing(edit.new or b"") > _sparing(edit.base) and not any(where in each for each in found):
            found.append(f"{where} skips more")
    return found


def operators_of(base: bytes | None, new: bytes | None) -> dict[str, list[str]]:
    """Of a changed file, the classes that were there and their operators that the change left as they were."""
    before, after = _operators(base or b""), _operators(new or b"")
    unchanged = [name for name, text in after.items() if "." in name and before.get(name) == text]
    return {"classes": sorted(name for name, text in before.items() if text == ""), "unchanged": sorted(unchanged)}


def _taken_back(edit: FileEdit) -> FileEdit:
    if edit.renamed_from is not None:
        return FileEdit(edit.renamed_from, None, edit.base, renamed_from=edit.path)
    return FileEdit(edit.path, edit.new, edit.base)


def _parsed(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _tests_in(source: bytes) -> dict[str, tuple[int, int]]:
    """Every test by name: how often it asserts, and how often it is spared."""
    found: dict[str, tuple[int, int]] = {}
    for prefix, node in _functions(_parsed(source), ""):
        if node.name.startswith("test"):
            asserts = sum(_asserts(each) for each in ast.walk(node))
            # Cases of a parametrization count as assertions: emptied, they assert nothing.
            cases = sum(
                len(each.elts) for d in node.decorator_list for each in ast.walk(d) if isinstance(each, ast.List)
            )
            found[f"{prefix}{node.name}"] = (asserts + cases, _sparing_in(node))
    return found


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}::")


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return str(name).startswith(("assert", "raises", "fail", "warns"))
    return isinstance(node, ast.Assert)


def _sparing(source: bytes) -> int:
    return _sparing_in(_parsed(source))


def _sparing_in(node: ast.AST) -> int:
    names = (getattr(each, "attr", getattr(each, "id", "")) for each in ast.walk(node))
    return sum(str(name).startswith(_SPARING) for name in names)


def _operators(source: bytes) -> dict[str, str]:
    """Every class by qualified name with an empty text, and its operators with theirs."""
    found: dict[str, str] = {}

    def look(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                found[f"{prefix}{child.name}"] = ""
                for member in child.body:
                    if isinstance(member, ast.FunctionDef) and member.name in _OPERATORS:
                        found[f"{prefix}{child.name}.{member.name}"] = ast.unparse(member)
                look(child, f"{prefix}{child.name}.")

    look(_parsed(source), "")
    return found
