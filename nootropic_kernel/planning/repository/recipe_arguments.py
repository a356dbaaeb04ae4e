"""Whether a recipe's arguments fit the repository, told before a task is promised rather than when it is run."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from typing import Any

from nootropic_kernel.planning.repository.facts import RepositoryFacts, module_name

FIELD_TYPES = frozenset({"str", "int", "float", "bool", "date", "datetime", "Decimal", "list[str]"})


def problem(recipe: str, args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    """Why the recipe could not be run with these arguments; empty when it can.

    :param state: what the tasks before this one provide.
    """
    check = _CHECKS.get(recipe)
    return check(args, facts, state) if check is not None else f"there is no recipe {recipe}"


def _entity(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    folder, entity = str(args["package_dir"]), str(args["entity"])
    path = f"{folder}/{_snake(entity)}.py"
    if folder in facts.paths:
        return f"{folder} is a file"
    if not entity.isidentifier() or keyword.iskeyword(entity):
        return f"{entity} is not a name that Python accepts"
    if path in facts.paths:
        return f"{path} is there already and does not define {entity}"
    for entry in args.get("fields", ()):
        if not str(entry["name"]).isidentifier() or entry["type"] not in FIELD_TYPES:
            return f"the field {entry['name']} ({entry['type']}) is not one that the recipe can write"
    return ""


def _store(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    folder, entity = str(args["package_dir"]), _snake(str(args["entity"]))
    if f"{folder}/{entity}_store.py" in facts.paths:
        return f"{folder}/{entity}_store.py is there already"
    if f"new:{entity}" in state:
        return ""
    module = facts.modules.get(f"{folder}/{entity}.py")
    symbol = next((s for s in module.symbols if s.name == args["entity"]), None) if module else None
    if symbol is None or not symbol.fields:
        return f"{args['entity']} is not a class with typed fields in {folder}/{entity}.py"
    return ""


def _use(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    if args["notebook"] not in facts.usable_notebooks():
        return f"{args['notebook']} is not a Python notebook with a code cell"
    module, entity = str(args["module"]), str(args["entity"])
    if f"new:{_snake(entity)}" in state:
        return ""
    for path, found in facts.modules.items():
        if module_name(path) == module and any(symbol.name == entity for symbol in found.symbols):
            return ""
    return f"{module} does not define {entity}"


def _sketch(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    if args["notebook"] not in facts.usable_notebooks():
        return f"{args['notebook']} is not a Python notebook with a code cell"
    return ""


def _rename(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    old, new = str(args["old"]), str(args["new"])
    return name_problem(old, new, facts)


def name_problem(old: str, new: str, facts: RepositoryFacts) -> str:
    """Why ``old`` cannot be renamed to ``new``; empty when it can."""
    if not new.isidentifier() or keyword.iskeyword(new):
        return f"{new} is not a name that Python accepts"
    if old == new:
        return "both names are the same"
    last = old.rsplit(".", 1)[-1]
    if not facts.defining(last):
        return f"no Python file of this repository defines {old} at its top level"
    if facts.defining(new):
        return f"{new} is taken: {facts.defining(new)[0].path} defines it already"
    return ""


def _docstrings(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    module = facts.modules.get(str(args["module"]))
    if module is None or not module.readable:
        return f"{args['module']} is not a Python file that can be read"
    return "" if module.undocumented() else f"every public name in {module.path} has a docstring"


def _section(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    return "" if str(args["title"]).strip() and args["lines"] else "there is nothing to write"


def _gitignore(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    return "there is a .gitignore already" if facts.has_gitignore else ""


def _ci(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    return "there is a continuous integration already" if facts.has_ci else ""


def _entry_point(args: Mapping[str, Any], facts: RepositoryFacts, state: frozenset[str] | set[str]) -> str:
    path = f"{args['package_dir']}/__main__.py"
    return f"{path} is there already" if path in facts.paths else ""


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


_CHECKS: dict[str, Callable[[Mapping[str, Any], RepositoryFacts, frozenset[str] | set[str]], str]] = {
    "python.entity": _entity,
    "python.store": _store,
    "notebook.use": _use,
    "notebook.sketch": _sketch,
    "python.rename": _rename,
    "python.docstrings": _docstrings,
    "readme.section": _section,
    "project.gitignore": _gitignore,
    "project.ci": _ci,
    "python.entry_point": _entry_point,
}


def known_recipes() -> frozenset[str]:
    """The recipes whose arguments are checked here; no other is ever promised."""
    return frozenset(_CHECKS)
