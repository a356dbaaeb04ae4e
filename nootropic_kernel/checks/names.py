"""The names of a change's Python: which ones became undefined, and which public ones are gone."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.checks.cells import Unread, cells_of, place_in, python_of, text_of
from nootropic_kernel.checks.parsing import tree_of

VOUCHED = "pyflakes"
_SHOWN = 8
# What IPython itself defines in a notebook.
_IN_NOTEBOOKS = frozenset(
    {"get_ipython", "display", "In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "exit", "quit"}
)
_INTO = re.compile(r"--into[= ](\w+)|^%%capture\s+(\w+)", re.MULTILINE)
_REMOVAL = re.compile(
    r"\b(?:remov|delet|drop|renam|mov|replac|rid of|without|no longer|inlin|merg|split)\w*", re.IGNORECASE
)


def undefined_names(edits: Sequence[FileEdit]) -> CheckResult | None:
    """Whether a change leaves names undefined that were defined before; None when it holds no Python.

    Where that cannot be told of some file, the result says so: neither passed nor failed.
    """
    wanted = [edit for edit in edits if edit.new is not None and _is_python(edit.path)]
    if not wanted:
        return None
    found: list[str] = []
    unread: list[str] = []
    for edit in wanted:
        try:
            found += filter(None, [_newly_undefined(edit)])
        except ImportError:
            return CheckResult("names", None, "pyflakes is not installed, so nobody looked at the names", "nobody")
        except Unread as problem:
            unread.append(str(problem))
    if found:
        return CheckResult("names", False, "; ".join(found), VOUCHED)
    if unread:
        return CheckResult("names", None, f"not checked: {'; '.join(unread)}", VOUCHED)
    return CheckResult("names", True, "no name became undefined", VOUCHED)


def removed_names(edits: Sequence[FileEdit], asked: str = "") -> CheckResult | None:
    """A note on public functions, classes and constants that a change takes away without being asked to.

    Args:
        edits: the change.
        asked: what was asked for; names that it asks to remove or rename are no news.
    """
    kept = {name for edit in edits if edit.new is not None for name in _public(edit.path, edit.new)}
    told = set(re.findall(r"\w+", asked)) if _REMOVAL.search(asked) else set()
    found = []
    for edit in edits:
        if edit.base is None or edit.new is None or not _is_python(edit.path) or tree_of(edit.new) is None:
            continue
        gone = [name for name in _public(edit.path, edit.base) if name not in kept]
        # A class that is gone stands for all that is in it.
        news = [name for name in gone if name.rsplit(".", 1)[-1] not in told and name.rpartition(".")[0] not in gone]
        if news:
            found.append(f"{edit.path}: removes {_listed(news)}")
    return CheckResult("removed names", None, "; ".join(found), "Nootropic's own scan") if found else None


def _newly_undefined(edit: FileEdit) -> str:
    """What became undefined, empty when nothing did; raises Unread when the old or the new text cannot be read."""
    assert edit.new is not None
    after = _undefined(edit.path, edit.new, edit.path)
    old = edit.renamed_from or edit.path
    before = _undefined(old, edit.base, f"{old} as it was before") if edit.base is not None else {}
    fresh = {name: place for name, place in after.items() if name not in before}
    if not fresh:
        return ""
    return f"{edit.path}: undefined " + _listed([f"{name!r} ({place})" for name, place in fresh.items()])


def _undefined(path: str, data: bytes, called: str) -> dict[str, str]:
    """Every undefined name with the place of its first use; raises Unread, which names the file as it is called."""
    from pyflakes import checker, messages

    notebook = path.lower().endswith(".ipynb")
    try:
        cells = cells_of(data) if notebook else [text_of(data)]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Unread(f"{called} cannot be read as {'a notebook' if notebook else 'text'}") from problem
    if cells is None:
        raise Unread(f"{called} has magics that define names nobody can see")
    source = "\n".join(map(python_of, cells) if notebook else cells)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        builtins = {*_IN_NOTEBOOKS, *_given(cells)} if notebook else None
        told = checker.Checker(tree, filename=path, builtins=builtins).messages
    except (SyntaxError, ValueError, RecursionError) as problem:
        raise Unread(f"{called} does not parse") from problem
    wrong = (messages.UndefinedName, messages.UndefinedLocal, messages.UndefinedExport)
    found: dict[str, str] = {}
    for one in sorted((one for one in told if isinstance(one, wrong)), key=lambda one: (one.lineno, one.col)):
        found.setdefault(str(one.message_args[0]), place_in(path, cells, one.lineno))
    return found


def _given(cells: Iterable[str]) -> set[str]:
    return {name for source in cells for match in _INTO.findall(source) for name in match if name}


def _public(path: str, data: bytes) -> dict[str, None]:
    """The public names that a module defines, in order, those of its classes as `Class.name`."""
    tree = tree_of(data) if PurePosixPath(path).suffix in {".py", ".pyi"} else None
    return dict.fromkeys(_defined(tree.body, "")) if tree is not None else {}


def _defined(body: Iterable[ast.stmt], prefix: str) -> Iterable[str]:
    for node in body:
        names: list[str] = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        public = [name for name in names if not name.startswith("_")]
        yield from (prefix + name for name in public)
        if isinstance(node, ast.ClassDef) and public and not prefix:
            yield from _defined(node.body, f"{node.name}.")


def _is_python(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in {".py", ".pyi", ".ipynb"}


def _listed(names: Sequence[Any]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(str(name) for name in names[:_SHOWN]) + more
