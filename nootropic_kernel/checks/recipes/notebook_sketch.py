"""`notebook.sketch`: example values of an entity in a notebook, to judge its fields before the class exists."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.notebook_file import source_of
from nootropic_kernel.checks.recipes.fields import parse_fields
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import checked_identifier, plural, snake
from nootropic_kernel.checks.recipes.notebook_cells import add_import, new_cell, read_notebook
from nootropic_kernel.checks.recipes.packages import clean_path
from nootropic_kernel.checks.recipes.python_entity import DEFAULT_FIELDS
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Add the imports to the cell that imports (else the first code cell), and a cell with two examples."""
    path = clean_path(args["notebook"])
    base, notebook = read_notebook(files, path)
    entity = checked_identifier(snake(args["entity"]), "a variable")
    variable = f"example_{plural(entity)}"
    fields = parse_fields(args.get("fields") or DEFAULT_FIELDS)
    cells = list(notebook.document["cells"])
    if any(f"{variable} = [" in source_of(cell) for cell in cells):
        return []
    needed = [("pprint", "pprint"), *_imports([each.import_line for each in fields])]
    lines = [f"from {module} import {name}" for module, name in needed if not add_import(cells, module, name)]
    lines += [""] if lines else []
    lines += [f"# Two {plural(entity.replace('_', ' '))} to try the fields on.", f"{variable} = ["]
    for values in ([each.sample() for each in fields], [each.other_sample() for each in fields]):
        pairs = ", ".join(f'"{each.name}": {value}' for each, value in zip(fields, values, strict=True))
        lines.append(f"    {{{pairs}}},")
    lines += ["]", f"pprint({variable})"]
    cells.append(new_cell(notebook.document, path, "\n".join(lines), "sketch " + entity))
    return [FileEdit(path, base, notebook_file.write({**notebook.document, "cells": cells}, notebook.style))]


def _imports(lines: Sequence[str | None]) -> list[tuple[str, str]]:
    found = sorted({line for line in lines if line})
    return [(line.split()[1], line.split()[3]) for line in found]


def reads(paths: Sequence[str], args: Args) -> list[str]:
    wanted = clean_path(args["notebook"])
    return [path for path in paths if path == wanted]


_BEFORE = """{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "metadata": {},
   "outputs": [],
   "source": "x = 1"
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 4
}
"""
_AFTER = """{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "metadata": {},
   "outputs": [],
   "source": "from pprint import pprint\\nx = 1"
  },
  {
   "cell_type": "code",
   "execution_count": null,
   "metadata": {},
   "outputs": [],
   "source": "# Two loans to try the fields on.\\nexample_loans = [\\n    {\\"days\\": 1},\\n    {\\"days\\": 2},\\n]\\npprint(example_loans)"
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 4
}
"""  # noqa: E501

RECIPE = Recipe(
    name="notebook.sketch",
    summary="Try out an entity's fields in a notebook: two examples as plain values, in a cell of their own.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["notebook", "entity"],
        "properties": {
            "notebook": {"type": "string", "description": "the notebook's path"},
            "entity": {"type": "string", "description": "the name of the thing, like `Book`"},
            "fields": {
                "type": "array",
                "description": "its fields: name and type",
                "items": {"type": "object", "required": ["name"]},
            },
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={"demo.ipynb": _BEFORE},
            args={"notebook": "demo.ipynb", "entity": "Loan", "fields": [{"name": "days", "type": "int"}]},
            after={"demo.ipynb": _AFTER},
        ),
    ),
)
