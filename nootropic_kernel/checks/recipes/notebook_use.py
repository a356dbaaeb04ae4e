"""`notebook.use`: import something of the package in a notebook, and show it in a cell of its own."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from typing import Any

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats.notebook_json import NotebookText, cell_source, with_source
from nootropic_kernel.checks.parsing import mask_magics
from nootropic_kernel.checks.recipes.fields import EntityField, read_fields
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import camel, checked_identifier, snake
from nootropic_kernel.checks.recipes.packages import clean_path
from nootropic_kernel.checks.recipes.python_entity import sample_call, sample_imports
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Add the import to the first cell that imports (else the first code cell), and a cell that shows it."""
    path = clean_path(args["notebook"])
    base = files.read(path)
    if base is None:
        raise RecipeRefused(f"There is no notebook {path}.", next="Name one of the repository's notebooks.")
    try:
        notebook = NotebookText.read(base)
    except ValueError as problem:
        raise RecipeRefused(f"{path} cannot be read as a notebook.", why=str(problem)) from problem
    module = _module(args)
    name = checked_identifier(_entity_name(files, module, args["entity"]), "a name to import")
    line = f"from {module} import {name}"

    cells = list(notebook.document["cells"])
    code = [index for index, cell in enumerate(cells) if _python_cell(cell)]
    if not any(_imports(cell_source(cells[index]), module, name) for index in code):
        target = next((index for index in code if _import_lines(cell_source(cells[index]))), code[0] if code else None)
        if target is None:
            cells.append(_new_cell(notebook.document, path, line, "import " + name))
        else:
            cells[target] = with_source(cells[target], _with_import(cell_source(cells[target]), line))
    show = _show_source(files, module, name)
    if not any(show in cell_source(cell) for cell in cells):
        cells.append(_new_cell(notebook.document, path, show, "show " + name))
    new = notebook.write({**notebook.document, "cells": cells})
    if cells == notebook.document["cells"]:
        return []
    return [FileEdit(path, base, new)]


def _module(args: Args) -> str:
    package, module = args["package"], str(args.get("module") or "")
    module = module.removesuffix(".py").replace("/", ".")
    full = module if not module or module == package or module.startswith(f"{package}.") else f"{package}.{module}"
    full = full or package
    for part in full.split("."):
        checked_identifier(part, "part of a module's name")
    return full


def _entity_name(files: RepoFiles, module: str, entity: str) -> str:
    """The name as the module defines it; without the module, an entity is taken for a class."""
    source = _source_of(files, module)
    if source is not None:
        defined = {getattr(node, "name", "") for node in ast.parse(source).body}
        for spelling in (entity, camel(entity), snake(entity)):
            if spelling in defined:
                return spelling
    return camel(entity)


def _source_of(files: RepoFiles, module: str) -> str | None:
    tail = module.replace(".", "/")
    for candidate in (f"{tail}.py", f"src/{tail}.py", f"{tail}/__init__.py", f"src/{tail}/__init__.py"):
        data = files.read(candidate)
        if data is not None:
            try:
                text = data.decode("utf-8-sig")
                ast.parse(text)
            except (UnicodeDecodeError, SyntaxError):
                return None
            return text
    return None


def _show_source(files: RepoFiles, module: str, name: str) -> str:
    source = _source_of(files, module)
    fields: list[EntityField] | None = read_fields(source, name) if source else None
    if fields is None:
        return f"help({name})"
    variable = f"example_{snake(name)}"
    lines = sample_imports(fields)
    return "\n".join([*lines, *([""] if lines else []), f"{variable} = {sample_call(name, fields)}", variable])


def _python_cell(cell: dict[str, Any]) -> bool:
    return cell.get("cell_type") == "code" and not cell_source(cell).lstrip().startswith("%%")


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(mask_magics(source))
    except SyntaxError:
        return None


def _import_lines(source: str) -> list[ast.stmt]:
    tree = _parse(source)
    return [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))] if tree else []


def _imports(source: str, module: str, name: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(a.name == name and not a.asname for a in node.names)
        for node in _import_lines(source)
    )


def _with_import(source: str, line: str) -> str:
    lines = source.split("\n")
    found = _import_lines(source)
    if found:
        last = found[-1]
        row = lines[(last.end_lineno or 1) - 1]
        shared = ";" in row.encode()[last.end_col_offset or 0 :].decode().split("#")[0]
        lines.insert(last.lineno - 1 if shared else last.end_lineno or 1, line)
        return "\n".join(lines)
    code = [n for n, each in enumerate(lines) if each.strip() and not each.lstrip().startswith(("%", "!", "#"))]
    if not code:
        return "\n".join([*lines, line]) if source.strip() else line
    return "\n".join([*lines[: code[0]], line, *lines[code[0] :]])


def _new_cell(document: dict[str, Any], path: str, source: str, purpose: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None}
    if (document.get("nbformat", 4), document.get("nbformat_minor", 0)) >= (4, 5):
        # An id from what the cell is for: the same recipe gives the same notebook.
        cell["id"] = hashlib.sha256(f"{path}\0{purpose}".encode()).hexdigest()[:8]
    lines_form = any(isinstance(other.get("source"), list) for other in document["cells"]) or not document["cells"]
    cell |= {"metadata": {}, "outputs": [], "source": source.splitlines(keepends=True) if lines_form else source}
    return cell


def reads(paths: Sequence[str], args: Args) -> list[str]:
    """The notebook, and the module that defines the entity."""
    tail = _module(args).replace(".", "/")
    wanted = {clean_path(args["notebook"])} | {
        f"{lead}{tail}{end}" for lead in ("", "src/") for end in (".py", "/__init__.py")
    }
    return [path for path in paths if path in wanted]


_BEFORE = """{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "a1",
   "metadata": {},
   "outputs": [],
   "source": [
    "import math\\n",
    "math.pi"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
"""

RECIPE = Recipe(
    name="notebook.use",
    summary="Import an entity in a notebook's existing import cell, and append a cell that shows it.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["notebook", "package", "entity"],
        "properties": {
            "notebook": {"type": "string", "description": "the notebook's path"},
            "package": {"type": "string", "description": "the package's import name, like `library`"},
            "entity": {"type": "string", "description": "what to import, like `Book`"},
            "module": {
                "type": "string",
                "description": "the module that defines it, like `book`; the package when left out",
            },
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={"demo.ipynb": _BEFORE},
            args={"notebook": "demo.ipynb", "package": "library", "entity": "Book", "module": "book"},
            after={
                "demo.ipynb": _BEFORE.replace(
                    '    "import math\\n",\n', '    "import math\\n",\n    "from library.book import Book\\n",\n'
                ).replace(
                    "   ]\n  }\n ],\n",
                    '   ]\n  },\n  {\n   "cell_type": "code",\n   "execution_count": null,\n'
                    f'   "id": "{hashlib.sha256(b"demo.ipynb" + bytes(1) + b"show Book").hexdigest()[:8]}",\n'
                    '   "metadata": {},\n   "outputs": [],\n   "source": [\n    "help(Book)"\n   ]\n  }\n ],\n',
                )
            },
        ),
    ),
)
