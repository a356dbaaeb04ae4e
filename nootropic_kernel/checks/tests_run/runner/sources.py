"""What the test files held before any of their code ran, and which tests stand in them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

# pytest's own list of folders that it does not search (`norecursedirs`).
_NOT_SEARCHED = frozenset({"_darcs", "build", "CVS", "dist", "node_modules", "venv", "__pycache__"})
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_HASHED_UP_TO = 1 << 20


def is_test_file(name: str) -> bool:
    """Whether pytest collects a file of this name by default."""
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


class TestFiles:
    """The test files of a tree by absolute path, read once, and the state of all files of its test folders."""

    __test__ = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources: dict[str, bytes] = {}
        self._digests: dict[str, bytes] = {}
        self.expected: list[str] = []
        for path in _files(root):
            relative = path.relative_to(root)
            if is_test_file(path.name) or path.name == "conftest.py":
                self.sources[str(path)] = source = path.read_bytes()
                self._digests[str(path)] = blake2b(source).digest()
                if path.name != "conftest.py":
                    self.expected += [f"{relative.as_posix()}::{name}" for name in functions_in(source)]
            elif not _TEST_FOLDERS.isdisjoint(relative.parts[:-1]):
                self._digests[str(path)] = _digest(path)

    def rewritten(self) -> list[str]:
        """The files that are not what they were."""
        changed = [path for path, digest in self._digests.items() if _digest(Path(path)) != digest]
        return [Path(path).relative_to(self.root).as_posix() for path in sorted(changed)]


def functions_in(source: bytes) -> list[str]:
    """The test functions and methods that stand in a module's text, as pytest names them."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    found = list(_functions(tree.body))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _is_test_class(node):
            found += [f"{node.name}::{name}" for name in _functions(node.body)]
    return list(dict.fromkeys(found))


def _functions(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")):
            continue
        if not any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list):
            yield node.name


def _is_test_class(node: ast.ClassDef) -> bool:
    methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
    if any(ast.unparse(base).endswith("TestCase") for base in node.bases):
        return True
    return node.name.startswith("Test") and not methods & {"__init__", "__new__"}


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(
            name for name in names if name not in _NOT_SEARCHED and not name.startswith(".") and ".egg" not in name
        )
        for name in sorted(files):
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink():
                yield path


def _digest(path: Path) -> bytes:
    try:
        status = path.stat()
        # Of what is large, reading it twice would cost more than the tests.
        large = status.st_size > _HASHED_UP_TO
        content = f"{status.st_size} {status.st_mtime_ns}".encode() if large else path.read_bytes()
    except OSError:
        return b""
    return blake2b(content).digest()
