"""Uses of what a change took out of Python modules, left in other files: functions, classes, and keyword arguments.

It says only what is certain from the sources: names that are imported from the very module and bound to nothing else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from nootropic_kernel.checks.cells import Unread, place_in, source_cells
from nootropic_kernel.checks.parsing import tree_of

T = TypeVar("T")

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Function = ast.FunctionDef | ast.AsyncFunctionDef
# A module with one of these may have names that nobody can read off it.
_OPAQUE = re.compile(rb"\bglobals\s*\(|\bexec\s*\(|\bsys\s*\.\s*modules\b|\b__getattr__\b|^\s*from\s+\S+\s+import\s+\*",
                     re.MULTILINE)  # fmt: skip


@dataclass(frozen=True)
class Leftover:
    """A use of what is gone. ``keyword`` is the argument that a function does not take any more; empty for a name."""

    module_path: str
    name: str
    keyword: str
    path: str
    place: str


@dataclass(frozen=True)
class Lost:
    """What one module lost: names, and keyword arguments by the function or class that took them."""

    path: str
    names: frozenset[str]
    keywords: Mapping[str, frozenset[str]]


def lost_of(path: str, before: bytes | None, after: bytes | None) -> Lost | None:
    """What a change took out of a module; None where that is nothing, or not certain."""
    if not path.endswith(".py") or before is None or after is None or _OPAQUE.search(before) or _OPAQUE.search(after):
        return None
    old, new = tree_of(before), tree_of(after)
    if old is None or new is None:
        return None
    bound = _bound(new)
    defined = {node.name for node in old.body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))}
    names = frozenset(defined - bound)
    was, now = _signatures(old), _signatures(new)
    keywords = {
        name: frozenset(gone)
        for name, taken in was.items()
        if name in now and taken is not None and (left := now[name]) is not None and (gone := taken - left)
    }
    return Lost(path, names, keywords) if names or keywords else None


def leftovers(lost: Mapping[str, Lost], files: Iterable[tuple[str, bytes]]) -> Iterator[Leftover]:
    """Where files still use what modules lost.

    :param lost: by the dotted names of the modules.
    :param files: paths and contents, of Python and notebooks; those of the modules themselves may be among them.
    """
    own = {each.path: name for name, each in lost.items()}
    words = {word for each in lost.values() for word in (*each.names, *each.keywords)}
    wanted = re.compile(rb"\b(?:" + b"|".join(re.escape(word.encode()) for word in sorted(words)) + rb")\b")
    for path, data in files:
        if not wanted.search(data):
            continue
        try:
            cells = source_cells(path, data)
        except Unread:
            continue
        tree = tree_of("\n".join(cells).encode("utf-8", "surrogatepass"))
        if tree is None:
            continue
        seen: set[tuple[str, str]] = set()
        for module, name, keyword, line in _Uses(path, lost, tree).found():
            if own.get(path) != module and (name, keyword) not in seen:
                seen.add((name, keyword))
                yield Leftover(lost[module].path, name, keyword, path, place_in(path, cells, line))


class _Uses:
    """The uses in one file."""

    def __init__(self, path: str, lost: Mapping[str, Lost], tree: ast.Module) -> None:
        self.path, self.lost, self.tree = path, lost, tree
        self.modules: dict[str, str] = {}  # alias → module
        self.names: dict[str, tuple[str, str]] = {}  # alias → module and name in it
        self.dotted: set[str] = set()  # modules imported as `import a.b`
        self.bindings: dict[str, int] = {}
        self.imports: dict[str, int] = {}  # of these, how many import the very thing that the alias is known for

    def found(self) -> Iterator[tuple[str, str, str, int]]:
        """Module, name, keyword, and line."""
        guarded = {id(each) for node in ast.walk(self.tree) if isinstance(node, ast.Try) for each in ast.walk(node)}
        for node in ast.walk(self.tree):
            for name in _binds(node):
                self.bindings[name] = self.bindings.get(name, 0) + 1
            if id(node) in guarded:
                continue  # whoever tries an import is ready for its failing
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                yield from self._import_from(node)
        for node in ast.walk(self.tree):
            if id(node) in guarded:
                continue
            if isinstance(node, ast.Attribute) and (module := self._module(node.value)) is not None:
                if node.attr in self.lost[module].names and isinstance(node.ctx, ast.Load):
                    yield module, node.attr, "", node.lineno
            elif isinstance(node, ast.Call):
                yield from self._call(node)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name in self.lost:
                if alias.asname or "." not in alias.name:
                    self._known(self.modules, alias.asname or alias.name, alias.name)
                else:
                    self.dotted.add(alias.name)

    def _import_from(self, node: ast.ImportFrom) -> Iterator[tuple[str, str, str, int]]:
        source = _absolute(self.path, node)
        for alias in node.names:
            inner = f"{source}.{alias.name}" if source else alias.name
            if inner in self.lost:
                self._known(self.modules, alias.asname or alias.name, inner)
            elif source in self.lost:
                if alias.name in self.lost[source].names:
                    yield source, alias.name, "", node.lineno
                elif alias.name in self.lost[source].keywords:
                    self._known(self.names, alias.asname or alias.name, (source, alias.name))

    def _known(self, known: dict[str, T], alias: str, target: T) -> None:
        """Note what an alias stands for; a notebook may import the same thing in several cells."""
        if known.setdefault(alias, target) == target:
            self.imports[alias] = self.imports.get(alias, 0) + 1

    def _sole(self, alias: str) -> bool:
        """Whether nothing else has that name in the file."""
        return self.bindings.get(alias) == self.imports.get(alias)

    def _module(self, node: ast.expr) -> str | None:
        """The module that an expression names, where nothing else has that name in the file."""
        if isinstance(node, ast.Name):
            return self.modules.get(node.id) if self._sole(node.id) else None
        dotted = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        return dotted if dotted in self.dotted and self._only_imported(dotted.partition(".")[0]) else None

    def _only_imported(self, name: str) -> bool:
        """Whether a name is bound by nothing but `import` of packages below it."""
        imports = sum(
            alias.asname is None and alias.name.partition(".")[0] == name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        )
        return imports == self.bindings.get(name)

    def _call(self, node: ast.Call) -> Iterator[tuple[str, str, str, int]]:
        called: tuple[str, str] | None = None
        if isinstance(node.func, ast.Name) and self._sole(node.func.id):
            called = self.names.get(node.func.id)
        elif isinstance(node.func, ast.Attribute) and (module := self._module(node.func.value)) is not None:
            called = module, node.func.attr
        if called is not None:
            gone = self.lost[called[0]].keywords.get(called[1], frozenset())
            yield from ((*called, each.arg, node.lineno) for each in node.keywords if each.arg and each.arg in gone)


def module_name(path: str) -> str:
    """The name by which a module is imported from the root of the project, or from its ``src``."""
    parts = PurePosixPath(path.removeprefix("src/")).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _absolute(path: str, node: ast.ImportFrom) -> str:
    """The module that an import is from."""
    if not node.level:
        return node.module or ""
    package = PurePosixPath(path.removeprefix("src/")).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _binds(node: ast.AST) -> list[str]:
    """The names that a node itself binds, whatever the scope."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.Global | ast.Nonlocal):
        return list(node.names)
    return [node.rest] if isinstance(node, ast.MatchMapping) and node.rest else []


def _bound(tree: ast.Module) -> set[str]:
    """Every name that is bound anywhere in a module: more than it has, never less."""
    return {name for node in ast.walk(tree) for name in _binds(node)}


def _signatures(tree: ast.Module) -> dict[str, frozenset[str] | None]:
    """The keyword arguments of functions and plain classes; None where they cannot be told."""
    found: dict[str, frozenset[str] | None] = {}
    count: dict[str, int] = {}
    for node in ast.walk(tree):
        for name in _binds(node):
            count[name] = count.get(name, 0) + 1
    for node in tree.body:
        if isinstance(node, _FUNCTIONS):
            found[node.name] = _keywords(node) if not node.decorator_list and count[node.name] == 1 else None
        elif isinstance(node, ast.ClassDef):
            plain = not (node.decorator_list or node.bases or node.keywords) and count[node.name] == 1
            makers = [
                each for each in node.body if isinstance(each, _FUNCTIONS) and each.name in ("__init__", "__new__")
            ]
            sure = plain and len(makers) == 1 and makers[0].name == "__init__" and not makers[0].decorator_list
            found[node.name] = _keywords(makers[0]) if sure else None
    return found


def _keywords(node: _Function) -> frozenset[str] | None:
    """The arguments that may be given by name; None where any may."""
    if node.args.kwarg is not None:
        return None
    return frozenset(each.arg for each in (*node.args.args, *node.args.kwonlyargs))
