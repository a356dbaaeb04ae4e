"""Bindings of parts of the repository that a brief names: targets, changes to them, new names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from nootropic_kernel.planning.reading.change_sorts import docstrings_only
from nootropic_kernel.planning.reading.changes_asked import Change
from nootropic_kernel.planning.reading.code_names import FILE_NAME, new_files
from nootropic_kernel.planning.reading.durations_asked import find_duration
from nootropic_kernel.planning.reading.records import Reading
from nootropic_kernel.planning.reading.wording import identifier, listing
from nootropic_kernel.planning.repository.facts import Module, RepositoryFacts, is_document, module_name
from nootropic_kernel.planning.repository.layout import Layout
from nootropic_kernel.planning.repository.recipe_arguments import name_problem

_MAX_FILES = 10


Renames = Sequence[tuple[str, str]]  # old name and new one, of those that can be done


def usable_renames(reading: Reading, facts: RepositoryFacts) -> Renames:
    """The renames that the brief asks for and that can be done."""
    return [(old, new) for old, new in reading.renames if not name_problem(old, new, facts)]


def targets_of(reading: Reading, facts: RepositoryFacts) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    renames = usable_renames(reading, facts)
    found: dict[str, dict[str, Any]] = {}
    missing: list[dict[str, Any]] = []
    new = [placed(name, facts) for name in new_files(reading.targets, facts) if name.endswith(".py")]
    for name in reading.targets:
        last = name.split(".")[-1]
        named, defining = facts.modules_named(name), facts.defining(last)
        module = next((m for m in [*defining, *named] if m.readable), None)
        if module is not None:
            symbol = last if defining else worth_showing(module, facts)
            target = target_of(module, symbol, renames)
            told = f"\n\nNew: {listing(new, 8)}." if new else ""
            found.setdefault(module.path, {**target, "target_files": [module.path, *new], "target_new": told})
        elif name in new_files([name], facts) and reading.archetype.name == "refactor":
            continue  # it is made from what is there
        elif not name.endswith(".ipynb"):
            modules = [m.name for m in facts.modules.values() if m.path not in facts.tests and m.symbols]
            where = f"its modules are {listing(sorted(set(modules)))}" if modules else "it has no Python modules yet"
            why = f"this repository has neither a module nor a name {name}; {where}"
            missing.append({"target": name, "target_problem": why})
    return list(found.values()), missing


def _bare(path: str) -> bool:
    """A Python file that is named without a folder: it belongs into the package."""
    return "/" not in path and path.endswith(".py")


def change_of(
    change: Change, package_dir: str, facts: RepositoryFacts, layout: Layout, renames: Renames = ()
) -> dict[str, Any]:
    """One change: what is missing, the docstrings it asks for, the edit, and where readers learn of its subject."""
    modules = [facts.modules[path] for path in change.files if path in facts.modules and path not in facts.tests]
    readable = [module for module in modules if module.readable]
    files = [placed(path, facts) for path in change.files]
    tests = [layout.test_open + module.name + layout.test_close for module in modules[:1]]
    if change.tests:
        files = [*tests, *files]
    elif change.adds and facts.tests:
        files = [*files, *tests]
    bare = [module for module in readable if module.undocumented()] if change.docstrings else []
    only_docstrings = bool(bare) and change.kind == "document"
    slug = _slug(change)
    lists_names = change.kind == "document" or any(map(is_document, files))
    if change.kind == "delete":
        files = list(dict.fromkeys([*files, *_users(change, facts)]))[:_MAX_FILES]
    edit = {
        "change_title": change.title,
        "change_body": _body(change, files, facts),
        "change_files": files,
        "change_slug": slug,
        "change_waits": _renamed(readable, renames) if lists_names else [],
        "change_test": f"{layout.test_open}{slug}{layout.test_close}",
        "mend_files": [*files, f"{layout.test_open}{slug}{layout.test_close}"],
        **_speed(change, slug, layout),
        **_deletion(change, facts),
    }
    known = [module for module in readable if module.symbols]
    shown = next((m for m in known if any(s.name in change.names for s in m.symbols)), next(iter(known), None))
    symbol = next((s.name for s in shown.symbols if s.name in change.names), "") if shown else ""
    around = [target_of(shown, symbol or worth_showing(shown, facts), renames)] if shown else []
    why = "this repository has neither a file nor a name {}"
    missing = [{"target": name, "target_problem": why.format(name)} for name in change.missing]
    return {
        **edit,
        "change_kind": _kind(change, facts),
        "change_missing": missing,
        "change_docstrings": [target_of(module, "", renames) for module in bare],
        "change_edit": [] if missing or only_docstrings else [edit],
        "change_around": [] if missing else around,
    }


def _kind(change: Change, facts: RepositoryFacts) -> str:
    if change.kind == "document" and not change.files:
        if not docstrings_only(change.text):
            return "document-all"
        return "docstrings-all" if any(module.undocumented() for module in documentable(facts)) else "document"
    if change.kind == "fix" and change.files and all(path in facts.tests for path in change.files):
        return "fix-tests"
    return change.kind


def placed(path: str, facts: RepositoryFacts) -> str:
    """Where a file goes that a brief names: a new Python file without a folder belongs into the package."""
    inside = facts.package_dir
    return f"{inside}/{path}" if inside and path not in facts.paths and _bare(path) else path


def _body(change: Change, files: list[str], facts: RepositoryFacts) -> str:
    new = [path for path in files if path not in facts.paths]
    told = "Not in the repository yet" if change.kind == "clean" else "New"
    return "\n\n".join([change.body, f"{told}: {listing(new, 8)}."] if new else [change.body])


def _speed(change: Change, slug: str, layout: Layout) -> dict[str, str]:
    """What the benchmark of a speed-up measures, and how it is started."""
    asked = find_duration(change.body)
    python = layout.language == "python"
    path = f"benchmarks/{slug}{layout.ending}"
    about = re.split(r":\s|,\s+(?:it|this|that|which)\b", change.title)[0]
    return {
        "speed_about": about,
        "speed_title": about if change.asked else f"Make it faster: {about}",
        "speed_now": f"It takes {asked.now} now, the brief says." if asked.now else "How long it takes is measured.",
        "speed_target": asked.target or "the figure that is agreed on",
        "speed_file": path,
        "speed_check": f"python {path}" if python else "",
    }


def _slug(change: Change) -> str:
    """A short name for files that belong to a change: after the code it is about, or its first words."""
    about = [name.rstrip("()").split(".")[-1] for name in change.names if not FILE_NAME.fullmatch(name)]
    stems = [PurePosixPath(path).stem for path in change.files if not path.endswith("__init__.py")]
    words = " ".join(re.findall(r"[^\W\d_]{3,}", change.text)[:4])
    return identifier(next(iter([*about, *stems]), words), "change")


def _users(change: Change, facts: RepositoryFacts) -> list[str]:
    """The files that use what is to be deleted, beside those that it is in."""
    found = [path for name in change.gone for path in facts.users(name)]
    return [path for path in dict.fromkeys(found) if path not in change.files]


def _deletion(change: Change, facts: RepositoryFacts) -> dict[str, str]:
    """Who uses what is to be deleted, and the command that finds what is left of it."""
    users = _users(change, facts)
    other = "No other Python file names it; look in templates, settings and documents."
    pattern = " -e ".join(change.gone)
    return {
        "delete_users": f"Used in {listing(users, 8)}." if users else other,
        "delete_check": f"! git grep -nw -e {pattern}" if pattern else "",
    }


def _renamed(modules: Iterable[Module], renames: Renames) -> list[str]:
    """What the renames of names in these modules provide: what lists the names waits for them."""
    names = {symbol.name for module in modules for symbol in module.symbols}
    return [f"renamed:{old}:{new}" for old, new in renames if old.rsplit(".", 1)[-1] in names]


def target_of(module: Module, symbol: str, renames: Renames = ()) -> dict[str, Any]:
    """A module to work on; its names are told as they are after the renames, for which lists of them wait."""
    dotted = module_name(module.path)
    now = {old.rsplit(".", 1)[-1]: new for old, new in renames}
    names = [now.get(entry.name, entry.name) for entry in module.symbols]
    return {
        "target": dotted,
        "target_title": dotted,
        "target_slug": identifier(dotted),
        "target_path": module.path,
        "target_module": dotted,
        "target_package": dotted.rsplit(".", 1)[0],
        "target_files": [module.path],
        "target_new": "",
        "symbol": symbol,
        "target_waits": _renamed([module], renames),
        "undocumented": listing([now.get(name, name) for name in module.undocumented()]),
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
    files = list(dict.fromkeys([*(module.path for module in facts.defining(last)), *facts.users(last)]))
    cells = [path for path, found in facts.notebooks.items() if any(last in cell.names for cell in found)]
    return {
        "old": old,
        "new": new,
        "old_problem": name_problem(old, new, facts),
        "old_files": [*files, *sorted(cells)],
        "old_places": listing([*files, *sorted(cells)]) or "none found",
    }
