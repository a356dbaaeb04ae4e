"""Whether a file's bytes still mean what its name says: Python, notebook, JSON, TOML or YAML."""

from __future__ import annotations

import ast
import json
import tomllib
import warnings
from pathlib import PurePosixPath


def parse_problem(path: str, data: bytes) -> str | None:
    """Why ``data`` does not parse as what ``path`` promises, or None when it does (or promises nothing)."""
    suffix = PurePosixPath(path).suffix.lower()
    try:
        if suffix in {".py", ".pyi"}:
            _compile(data)
        elif suffix == ".ipynb":
            return _notebook_problem(json.loads(data))
        elif suffix == ".json":
            json.loads(data)
        elif suffix == ".toml":
            tomllib.loads(data.decode())
        elif suffix in {".yaml", ".yml"}:
            import yaml

            list(yaml.parse(data.decode()))
    except SyntaxError as problem:
        return f"line {problem.lineno}: {problem.msg}"
    except RecursionError:
        return "nested too deeply to be read"
    except Exception as problem:  # each parser has errors of its own; all mean the same here
        return str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return None


def tree_of(data: bytes) -> ast.Module | None:
    """The syntax tree of a module; None where the bytes are no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return None


def mask_magics(source: str) -> str:
    """The cell's source without IPython's own syntax, so that it parses as Python; IPython says where that is.

    A magic, shell or help line becomes `pass`, the right side of an assignment (`x = !ls`) becomes `None`. Lines and
    the columns before stay as they are. A cell magic (`%%`) makes the whole cell another language: it becomes empty.
    """
    if source.lstrip().startswith("%%"):
        return "\n" * source.count("\n")
    try:
        _compile(source)
        return source  # plain Python, so IPython need not be loaded
    except (SyntaxError, ValueError, RecursionError):
        pass
    lines = [line + "\n" for line in source.split("\n")]
    while (found := _first_magic(lines)) is not None:
        (line, column), height, word = found
        lines[line : line + height] = [lines[line][:column] + word + "\n", *["\n"] * (height - 1)]
    return "".join(lines)[:-1]


def _first_magic(lines: list[str]) -> tuple[tuple[int, int], int, str] | None:
    """Where IPython's own syntax begins first (line and column from 0), how many lines it takes, and its stand-in."""
    from IPython.core import inputtransformer2 as ipython

    tokens = ipython.make_tokens_by_line(lines)
    kinds = (ipython.MagicAssign, ipython.SystemAssign, ipython.EscapedCommand, ipython.HelpEnd)
    found = [each for kind in kinds if (each := kind.find(tokens)) is not None]  # type: ignore[no-untyped-call]
    for each in sorted(found, key=ipython.TokenTransformBase.sortby):
        try:
            height = len(lines) - len(each.transform(lines)) + 1
        except SyntaxError:
            continue
        assigns = isinstance(each, (ipython.MagicAssign, ipython.SystemAssign))
        return (each.start_line, each.start_col), height, "None" if assigns else "pass"
    return None


def _compile(data: bytes | str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning about the person's code is no reason to refuse a change
        compile(data, "<change>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _notebook_problem(notebook: object) -> str | None:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return "it is not a notebook: there is no list of cells"
    language = str(notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python"))  # type: ignore[attr-defined]
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or "cell_type" not in cell or "source" not in cell:
            return f"cell {number} has no type or no source"
        if cell["cell_type"] == "code" and language.startswith("python"):
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            try:
                _compile(mask_magics(source))
            except SyntaxError as problem:
                return f"cell {number}, line {problem.lineno}: {problem.msg}"
    return None
