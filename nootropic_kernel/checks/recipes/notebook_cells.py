"""Cells of a notebook as recipes change them: imports in their place, new cells with stable ids."""

from __future__ import annotations

import ast
import hashlib
from typing import Any

from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.notebook_file import NotebookFile, source_of, with_source
from nootropic_kernel.checks.parsing import mask_magics
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.registry import RecipeRefused


def read_notebook(files: RepoFiles, path: str) -> tuple[bytes, NotebookFile]:
    """The notebook's bytes and its document; raises RecipeRefused when there is none."""
    base = files.read(path)
    if base is None:
        raise RecipeRefused(f"There is no notebook {path}.", next="Name one of the repository's notebooks.")
    notebook = notebook_file.parse(base)
    if notebook is None:
        raise RecipeRefused(f"{path} cannot be read as a notebook.", why="It is not a notebook of format 4.")
    return base, notebook


def add_import(cells: list[dict[str, Any]], module: str, name: str) -> bool:
    """Import a name in the first cell that imports, else the first code cell; False when there is no code cell."""
    code = [index for index, cell in enumerate(cells) if python_cell(cell)]
    if any(imports(source_of(cells[index]), module, name) for index in code):
        return True
    target = next((index for index in code if import_lines(source_of(cells[index]))), code[0] if code else None)
    if target is None:
        return False
    line = f"from {module} import {name}"
    cells[target] = with_source(cells[target], with_import(source_of(cells[target]), line))
    return True


def python_cell(cell: dict[str, Any]) -> bool:
    """Whether the cell is Python that parses, magic lines aside."""
    if cell.get("cell_type") != "code" or source_of(cell).lstrip().startswith("%%"):
        return False
    return _parse(source_of(cell)) is not None


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(mask_magics(source))
    except SyntaxError:
        return None


def import_lines(source: str) -> list[ast.stmt]:
    tree = _parse(source)
    return [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))] if tree else []


def imports(source: str, module: str, name: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(a.name == name and not a.asname for a in node.names)
        for node in import_lines(source)
    )


def with_import(source: str, line: str) -> str:
    lines = source.split("\n")
    found = import_lines(source)
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


def new_cell(document: dict[str, Any], path: str, source: str, purpose: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None}
    if (document.get("nbformat", 4), document.get("nbformat_minor", 0)) >= (4, 5):
        # An id from what the cell is for: the same recipe gives the same notebook.
        cell["id"] = hashlib.sha256(f"{path}\0{purpose}".encode()).hexdigest()[:8]
    lines_form = any(isinstance(other.get("source"), list) for other in document["cells"]) or not document["cells"]
    cell |= {"metadata": {}, "outputs": [], "source": source.splitlines(keepends=True) if lines_form else source}
    return cell
