"""One Python file, one notebook: what can be told about it without running it."""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

ROUTES = re.compile(r"['\"`](/[\w{<:][\w/{}<>:.-]{0,80})['\"`]")
_IMPORTED = re.compile(r"^[ \t]*import[ \t]+([\w., \t]+)", re.M)
_IMPORTED_FROM = re.compile(r"^[ \t]*from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b", re.M)


@dataclass(frozen=True)
class Symbol:
    """A public function or class at the top level of a module."""

    name: str
    kind: str  # function | class
    documented: bool
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: str
    symbols: tuple[Symbol, ...] = ()
    readable: bool = True
    inner: frozenset[str] = frozenset()  # methods, private functions, constants
    imports: frozenset[str] = frozenset()  # packages
    routes: frozenset[str] = frozenset()  # texts such as "/search"
    data: bytes = field(default=b"", repr=False, compare=False)

    @property
    def name(self) -> str:
        """The module's own name: its file's, or its folder's for ``__init__.py``."""
        pure = PurePosixPath(self.path)
        return pure.parent.name if pure.name == "__init__.py" else pure.stem

    def uses(self, name: str) -> bool:
        """Whether its code uses or imports a name, whoever defines that."""
        return self.readable and name.encode("utf-8", "replace") in self.data and name in self._used

    @cached_property
    def _used(self) -> frozenset[str]:
        """Every name that stands in the code: looked for only where the file has the word at all."""
        used: set[str] = set()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(self.data)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.ImportFrom):
                used.update(alias.name for alias in node.names)
                used.update((node.module or "").split("."))
            elif isinstance(node, ast.Import):
                used.update(part for alias in node.names for part in alias.name.split("."))
        return frozenset(used)

    def undocumented(self) -> list[str]:
        """Names of public symbols without a docstring."""
        return [symbol.name for symbol in self.symbols if not symbol.documented]


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook: its place, first line, and whether it imports something.

    ``kind`` is Jupyter's, but ``magic`` for a cell in another language and ``noo`` for one that calls Nootropic.
    """

    index: int
    kind: str
    first_line: str
    imports: bool = False
    names: frozenset[str] = frozenset()


def module_name(path: str) -> str:
    """The dotted name a file is imported by, from the repository's root or its ``src`` folder."""
    return import_name(path.removesuffix(".py").removesuffix("/__init__"))


def import_name(folder: str) -> str:
    """The dotted name of a package folder."""
    return folder.removeprefix("src/").replace("/", ".")


def read_module(path: str, data: bytes) -> Module:
    """The public names of a Python file; one that does not parse is not readable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Module(path, readable=False)
    symbols = []
    inner: set[str] = set()
    for node in tree.body:
        inner |= _inner_names(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            documented = ast.get_docstring(node) is not None
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            symbols.append(Symbol(node.name, kind, documented, _fields(node)))
    text = data.decode("utf-8", "replace")
    named = {name.strip().split(".")[0].split(" ")[0] for line in _IMPORTED.findall(text) for name in line.split(",")}
    imports = frozenset({*(name.split(".")[0] for name in _IMPORTED_FROM.findall(text)), *named} - {""})
    return Module(path, tuple(symbols), True, frozenset(inner), imports, frozenset(ROUTES.findall(text)), data)


def _inner_names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.ClassDef):
        functions = (item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))
        return {item.name for item in functions if not item.name.startswith("__")}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("_"):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _fields(node: ast.stmt) -> tuple[str, ...]:
    if not isinstance(node, ast.ClassDef):
        return ()
    targets = (item.target for item in node.body if isinstance(item, ast.AnnAssign))
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def read_notebook(data: bytes) -> tuple[Cell, ...] | None:
    """The cells of a notebook; None where it is broken or in another language than Python."""
    try:
        notebook: Any = json.loads(data)
        cells = notebook["cells"]
        about = notebook.get("metadata", {})
        named = about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get("name") or "python"
        if not isinstance(cells, list) or not str(named).lower().startswith("python"):
            return None
        found = []
        for index, cell in enumerate(cells):
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            kind = str(cell["cell_type"])
            first = next((line.strip() for line in source.splitlines() if line.strip()), "")
            code = kind == "code" and not first.startswith("%%")
            imports = code and re.search(r"^(import|from)\s", source, re.M) is not None
            names = frozenset(re.findall(r"[A-Za-z_]\w*", source)) if code else frozenset()
            if kind == "code" and re.search(r"^\s*%{1,2}(noo\b|(re)?load_ext nootropic)", source, re.M):
                kind = "noo"
            elif kind == "code" and not code:
                kind = "magic"
            found.append(Cell(index, kind, first[:80], imports, names))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(found)
