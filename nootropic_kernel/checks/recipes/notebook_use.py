"""`notebook.use`: import something of the package in a notebook, and show it in a cell of its own."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence

from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.notebook_file import source_of
from nootropic_kernel.checks.recipes.fields import EntityField, read_fields
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import camel, checked_identifier, snake
from nootropic_kernel.checks.recipes.notebook_cells import add_import, new_cell, read_notebook
from nootropic_kernel.checks.recipes.packages import clean_path
from nootropic_kernel.checks.recipes.python_entity import sample_call, sample_imports
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Add the import to the first cell that imports (else the first code cell), and a cell that shows it."""
    path = clean_path(args["notebook"])
    base, notebook = read_notebook(files, path)
    module = _module(args)
    name = checked_identifier(_entity_name(files, module, args["entity"]), "a name to import")
    cells = list(notebook.document["cells"])
    if not add_import(cells, module, name):
        cells.append(new_cell(notebook.document, path, f"from {module} import {name}", "import " + name))
    show = _show_source(files, module, name)
    if not any(show in source_of(cell) for cell in cells):
        cells.append(new_cell(notebook.document, path, show, "show " + name))
    if cells == notebook.document["cells"]:
        return []
    return [FileEdit(path, base, notebook_file.write({**notebook.document, "cells": cells}, notebook.style))]


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
