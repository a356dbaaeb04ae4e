"""Merging what Git calls a conflict and people do not: both sides only changed what a module imports and exports.

Two proposals that each add a class to a package touch the same lines of its `__init__.py`. Imports and `__all__` are
sets, so both changes stand together, unless they bind the same name. Only of a module that holds nothing else than
constants and its docstring: elsewhere the place of an import, and who uses it, may matter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

_WIDTH = 100  # a list in one line that would become longer is written a name a line


@dataclass(frozen=True)
class _Module:
    """A module taken apart: its lines, its imports by their text, the names it exports, and all other lines."""

    lines: list[str]
    imports: dict[str, ast.Import | ast.ImportFrom]
    listing: ast.List | ast.Tuple | None
    exported: tuple[str, ...]
    rest: tuple[str, ...]
    bound: frozenset[str]

    def names_of(self, texts: Iterable[str]) -> set[str]:
        """What some of its imports bind."""
        return {name for text in texts for name in _bound_by(self.imports[text])}


def merge_exports(base: bytes | None, ours: bytes, theirs: bytes) -> bytes | None:
    """``ours`` with the imports and exports that ``theirs`` adds to ``base`` or takes away; None where there is more.

    :param base: None where both sides made the file anew.
    """
    mine, other = _read(ours), _read(theirs)
    was = _read(base) if base is not None else _Module([], {}, None, (), other.rest if other else (), frozenset())
    if mine is None or other is None or was is None or other.rest != was.rest:
        return None
    if was.listing is not None and other.listing is None:
        return None  # to have no list is to export all, not nothing
    if base is None and mine.rest != other.rest:
        return None
    added = [text for text in other.imports if text not in was.imports and text not in mine.imports]
    gone = {text for text in was.imports if text not in other.imports}
    staying = mine.bound - mine.names_of(text for text in mine.imports if text in gone)
    if staying & other.names_of(added):
        return None
    if added and not mine.imports.keys() - gone:
        return None  # no import of ours says where they go
    dropped = set(was.exported) - set(other.exported)
    names = [name for name in mine.exported if name not in dropped]
    names += [name for name in other.exported if name not in was.exported and name not in names]
    if names != list(mine.exported) and mine.listing is None:
        return None
    for key in (str, str.lower):
        if list(mine.exported) == sorted(mine.exported, key=key):
            names.sort(key=key)
            break
    lines = _with_imports(_with_list(mine, names), mine, added, gone)
    merged = "".join(lines).encode()
    found = _read(merged)
    wanted = {*(set(mine.imports) - gone), *added}
    return merged if found is not None and set(found.imports) == wanted and found.exported == tuple(names) else None


def _read(data: bytes) -> _Module | None:
    """The module; None where it does not parse, or has more than one statement in a line."""
    try:
        text = data.decode("utf-8")
        tree = ast.parse(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return None
    if "\r" in text or "\f" in text or (text and not text.endswith("\n")):
        return None
    lines = text.splitlines(keepends=True)
    if len(lines) != text.count("\n"):  # a line end that only one of the two counts as one
        return None
    imports: dict[str, ast.Import | ast.ImportFrom] = {}
    listing, taken, bound, last = None, set[int](), set[str](), 0
    for node in tree.body:
        span = range(node.lineno - 1, node.end_lineno or node.lineno)
        if span.start < last:
            return None
        last = span.stop
        if isinstance(node, ast.Import | ast.ImportFrom):
            if getattr(node, "module", "") == "__future__" or any(each.name == "*" for each in node.names):
                return None
            imports["".join(lines[span.start : span.stop])] = node
            bound |= _bound_by(node)
            taken.update(span)
        elif (found := _list_of(node)) is not None and listing is None:
            listing = found
            taken.update(span)
        elif (names := _constants(node)) is not None:
            bound |= names
        else:
            return None
    rest = tuple(line for at, line in enumerate(lines) if at not in taken and line.strip())
    exported = tuple(str(each.value) for each in listing.elts if isinstance(each, ast.Constant)) if listing else ()
    return _Module(lines, imports, listing, exported, rest, frozenset(bound))


def _bound_by(node: ast.Import | ast.ImportFrom) -> set[str]:
    whole = isinstance(node, ast.Import)
    return {each.asname or (each.name.partition(".")[0] if whole else each.name) for each in node.names}


def _constants(node: ast.stmt) -> set[str] | None:
    """The names of `VERSION = 3`, none for a docstring; None for whatever could use, bind or run more than that."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return set()
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
        return None
    names = {each.id for each in node.targets if isinstance(each, ast.Name)}
    return names if len(names) == len(node.targets) else None


def _list_of(node: ast.stmt) -> ast.List | ast.Tuple | None:
    """The names of a plain `__all__ = […]` in lines of its own."""
    if not isinstance(node, ast.Assign) or [ast.unparse(each) for each in node.targets] != ["__all__"]:
        return None
    value = node.value
    if not isinstance(value, ast.List | ast.Tuple):
        return None
    plain = all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in value.elts)
    return value if plain else None


def _with_list(mine: _Module, names: list[str]) -> list[str]:
    """Our lines with these names exported; the list keeps its shape. A changed one takes the place of its lines."""
    listing, lines = mine.listing, list(mine.lines)
    if listing is None or tuple(names) == mine.exported:
        return lines
    first, last = listing.lineno - 1, (listing.end_lineno or listing.lineno) - 1
    opening, closing = ("[", "]") if isinstance(listing, ast.List) else ("(", ")")
    before = lines[first].encode()[: listing.col_offset].decode()
    after = lines[last].encode()[listing.end_col_offset :].decode()
    inside = "".join(lines[first : last + 1])
    if "#" in inside[: len(inside) - len(after)]:
        return lines  # a comment between the names would be lost: the check at the end refuses this
    quote = "'" if "'" in inside and '"' not in inside else '"'
    told = [f"{quote}{name}{quote}" for name in names]
    comma = "," if isinstance(listing, ast.Tuple) and len(told) == 1 else ""
    short = f"{before}{opening}{', '.join(told)}{comma}{closing}{after}"
    long = f"{before}{opening}\n" + "".join(f"    {each},\n" for each in told) + f"{closing}{after}"
    lines[first : last + 1] = [short if first == last and len(short) <= _WIDTH else long, *[""] * (last - first)]
    return lines


def _with_imports(lines: list[str], mine: _Module, added: list[str], gone: set[str]) -> list[str]:
    """Our lines, each import that is new before the first that sorts after it, or behind the last one."""
    spans = {text: (node.lineno - 1, node.end_lineno or node.lineno) for text, node in mine.imports.items()}
    for text in gone & spans.keys():
        for at in range(*spans[text]):
            lines[at] = ""
    kept = [text for text in mine.imports if text not in gone]
    behind = ""
    for text in sorted(added, reverse=True):
        after = next((each for each in kept if each > text and each.split()[0] == text.split()[0]), None)
        if after is not None:
            lines[spans[after][0]] = text + lines[spans[after][0]]
        else:
            behind = text + behind
    if behind:
        lines[spans[kept[-1]][1] - 1] += behind
    return lines
