"""Adding a name to a package's `__init__.py`: the import in its place, and the entry in `__all__`."""

from __future__ import annotations

import ast

from nootropic_kernel.checks.recipes.python_text import PythonText, Splice, line_starts, splice
from nootropic_kernel.checks.recipes.registry import RecipeRefused


def add_export(source: PythonText, package: str, module: str, name: str) -> str:
    """The source of `__init__.py` with ``name`` of the sibling ``module`` imported and listed in `__all__`."""
    try:
        tree = ast.parse(source.text.lstrip("\ufeff"))
    except SyntaxError as problem:
        raise RecipeRefused(
            f"{source.path} does not parse, so nothing can be exported there.", why=str(problem)
        ) from problem
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    bound = any((alias.asname or alias.name) == name for node in imports for alias in node.names)
    edits: list[Splice] = []
    if not bound:
        edits.append(_import_edit(source, tree, package, module, name))
    listing = _all_list(tree)
    if listing is not None:
        edit = _all_edit(source, listing, name)
        if edit:
            edits.append(edit)
    text = splice(source.text, edits)
    has_code = any(not _is_docstring(node) for node in tree.body)
    if listing is None and not has_code:
        text += source.newline + source.lines(f'__all__ = ["{name}"]')
    return text


def _import_edit(source: PythonText, tree: ast.Module, package: str, module: str, name: str) -> Splice:
    siblings = [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.level == 1 or (node.level == 0 and str(node.module).startswith(f"{package}.")))
    ]
    absolute = bool(siblings) and siblings[0].level == 0
    line = f"from {package}.{module} import {name}" if absolute else f"from .{module} import {name}"
    wanted = f"{package}.{module}" if absolute else module
    starts = line_starts(source.text)
    if siblings:
        before = next((node for node in siblings if (node.module or "") > wanted), None)
        if before is not None:
            at = starts[before.lineno - 1]
            return Splice(at, at, source.lines(line))
        return _after(source, siblings[-1], source.lines(line), starts)
    heads = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    if heads:
        blank = source.newline if len(heads) == sum(_is_future(node) for node in heads) else ""
        return _after(source, heads[-1], blank + source.lines(line), starts)
    if tree.body and _is_docstring(tree.body[0]):
        tail = source.newline if len(tree.body) > 1 else ""
        return _after(source, tree.body[0], source.newline + source.lines(line) + tail, starts)
    if tree.body:
        first = min(tree.body[0].lineno, *(d.lineno for d in getattr(tree.body[0], "decorator_list", [])), 10**9)
        at = starts[first - 1]
        return Splice(at, at, source.lines(line) + source.newline)
    gap = "" if not source.text or source.text.endswith(("\n", "\r")) else source.newline
    return Splice(len(source.text), len(source.text), gap + source.lines(line))


def _after(source: PythonText, node: ast.stmt, text: str, starts: list[int]) -> Splice:
    end = node.end_lineno or node.lineno
    if end < len(starts):
        return Splice(starts[end], starts[end], text)
    return Splice(len(source.text), len(source.text), source.newline + text)


def _all_list(tree: ast.Module) -> ast.List | ast.Tuple | None:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = getattr(node, "value", None)
            if isinstance(value, (ast.List, ast.Tuple)) and all(
                isinstance(item, ast.Constant) and isinstance(item.value, str) for item in value.elts
            ):
                return value
    return None


def _all_edit(source: PythonText, listing: ast.List | ast.Tuple, name: str) -> Splice | None:
    names = [str(item.value) for item in listing.elts if isinstance(item, ast.Constant)]
    if name in names:
        return None
    spot = len(names)
    for key in (str, str.lower):
        if names == sorted(names, key=key):
            spot = next((index for index, other in enumerate(names) if key(other) > key(name)), len(names))
            break
    starts = line_starts(source.text)

    def offset(line: int, byte_column: int) -> int:
        row = source.text[starts[line - 1] :].split("\n", 1)[0]
        return starts[line - 1] + len(row.encode()[:byte_column].decode())

    close = offset(listing.end_lineno or 1, (listing.end_col_offset or 1) - 1)
    if not names:
        if isinstance(listing, ast.Tuple):
            return Splice(offset(listing.lineno, listing.col_offset), close + 1, f'("{name}",)')
        return Splice(offset(listing.lineno, listing.col_offset), close + 1, f'["{name}"]')
    first = listing.elts[0]
    quote = source.text[offset(first.lineno, first.col_offset)]
    entry = f"{quote}{name}{quote}"
    own_lines = len({item.lineno for item in listing.elts}) == len(names) and first.lineno != listing.lineno
    if own_lines:
        indent = source.text[starts[first.lineno - 1] : offset(first.lineno, first.col_offset)]
        if spot < len(names):
            at = starts[listing.elts[spot].lineno - 1]
            return Splice(at, at, f"{indent}{entry},{source.newline}")
        last = listing.elts[-1]
        at = offset(last.end_lineno or 1, last.end_col_offset or 0)
        rest = source.text[at:close]
        if rest.lstrip().startswith(","):  # a trailing comma: the new entry gets one too
            comma = at + rest.index(",") + 1
            line_end = starts[last.end_lineno or 1] if (last.end_lineno or 1) < len(starts) else comma
            return Splice(max(comma, line_end), max(comma, line_end), f"{indent}{entry},{source.newline}")
        return Splice(at, at, f",{source.newline}{indent}{entry}")
    if spot < len(names):
        item = listing.elts[spot]
        at = offset(item.lineno, item.col_offset)
        return Splice(at, at, f"{entry}, ")
    last = listing.elts[-1]
    at = offset(last.end_lineno or 1, last.end_col_offset or 0)
    return Splice(at, at, f", {entry}")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
