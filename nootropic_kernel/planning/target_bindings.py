"""Bindings of parts of the repository that a brief names: targets, changes to them, new names."""

from __future__ import annotations

from typing import Any

from nootropic_kernel.planning.changes_asked import Change
from nootropic_kernel.planning.facts import Module, RepositoryFacts, module_name
from nootropic_kernel.planning.layout import Layout
from nootropic_kernel.planning.reading import Reading
from nootropic_kernel.planning.recipe_arguments import name_problem
from nootropic_kernel.planning.wording import identifier, listing


def targets_of(reading: Reading, facts: RepositoryFacts) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found: dict[str, dict[str, Any]] = {}
    missing: list[dict[str, Any]] = []
    for name in reading.targets:
        last = name.split(".")[-1]
        named, defining = facts.modules_named(name), facts.defining(last)
        module = next((m for m in [*defining, *named] if m.readable), None)
        if module is not None:
            symbol = last if defining else worth_showing(module, facts)
            found.setdefault(module.path, target_of(module, symbol, facts))
        elif not name.endswith(".ipynb"):
            modules = [m.name for m in facts.modules.values() if m.path not in facts.tests and m.symbols]
            where = f"its modules are {listing(sorted(set(modules)))}" if modules else "it has no Python modules yet"
            why = f"this repository has neither a module nor a name {name}; {where}"
            missing.append({"target": name, "target_problem": why})
    return list(found.values()), missing


def _bare(path: str) -> bool:
    """A Python file that is named without a folder: it belongs into the package."""
    return "/" not in path and path.endswith(".py")


def change_of(change: Change, package_dir: str, facts: RepositoryFacts, layout: Layout) -> dict[str, Any]:
    """One clause: what is missing, the docstrings it asks for, the edit, and where readers learn of its subject."""
    modules = [facts.modules[path] for path in change.files if path in facts.modules and path not in facts.tests]
    readable = [module for module in modules if module.readable]
    inside = facts.package_dir
    files = [
        f"{inside}/{path}" if inside and path not in facts.paths and _bare(path) else path for path in change.files
    ]
    tests = [layout.test_open + module.name + layout.test_close for module in modules[:1]]
    if change.tests:
        files = [*tests, *files]
    elif change.adds and facts.tests:
        files = [*files, *tests]
    bare = [module for module in readable if module.undocumented()] if change.docstrings else []
    only_docstrings = bool(bare) and change.kind == "document"
    edit = {"change_title": change.title, "change_body": change.text, "change_files": files}
    known = [module for module in readable if module.symbols]
    shown = next((m for m in known if any(s.name in change.names for s in m.symbols)), next(iter(known), None))
    symbol = next((s.name for s in shown.symbols if s.name in change.names), "") if shown else ""
    around = [target_of(shown, symbol or worth_showing(shown, facts), facts)] if shown else []
    why = "this repository has neither a file nor a name {}"
    missing = [{"target": name, "target_problem": why.format(name)} for name in change.missing]
    return {
        **edit,
        "change_missing": missing,
        "change_docstrings": [target_of(module, "", facts) for module in bare],
        "change_edit": [] if missing or only_docstrings else [edit],
        "change_around": [] if missing else around,
    }


def target_of(module: Module, symbol: str, facts: RepositoryFacts) -> dict[str, Any]:
    dotted = module_name(module.path)
    names = [entry.name for entry in module.symbols]
    return {
        "target": dotted,
        "target_title": dotted,
        "target_slug": identifier(dotted),
        "target_path": module.path,
        "target_module": dotted,
        "target_package": dotted.rsplit(".", 1)[0],
        "target_files": [module.path],
        "symbol": symbol,
        "undocumented": listing(module.undocumented()),
        "target_lines": [f"- `{dotted}.{name}`" for name in names] or [f"`{dotted}` has no public names yet."],
    }


def worth_showing(module: Module, facts: RepositoryFacts) -> str:
    """The first public name that no notebook uses yet, else the first."""
    used = {name for cells in facts.notebooks.values() for cell in cells for name in cell.names}
    names = [symbol.name for symbol in module.symbols]
    return next((name for name in names if name not in used), names[0] if names else "")


def documentable(facts: RepositoryFacts) -> list[Module]:
    modules = [m for path, m in sorted(facts.modules.items()) if path not in facts.tests and m.readable and m.symbols]
    return sorted(modules, key=lambda module: (-len(module.undocumented()), module.path))


def renaming_of(old: str, new: str, facts: RepositoryFacts) -> dict[str, Any]:
    last = old.rsplit(".", 1)[-1]
    files = [module.path for module in facts.defining(last)]
    cells = [path for path, found in facts.notebooks.items() if any(last in cell.names for cell in found)]
    return {
        "old": old,
        "new": new,
        "old_problem": name_problem(old, new, facts),
        "old_files": [*files, *sorted(cells)],
        "old_places": listing([*files, *sorted(cells)]) or "none found",
    }
