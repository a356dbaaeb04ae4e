"""From a brief and the facts of a repository to a plan: read, break down, say how, link, schedule, check.

Deterministic: the same brief and the same facts give the same plan with the same ids.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.amend import Amendment, amend
from nootropic_kernel.planning.brief import Reading, read_brief
from nootropic_kernel.planning.facts import Module, RepositoryFacts, import_name, module_name
from nootropic_kernel.planning.htn import Decomposition, Step, decompose
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.methods import HowTemplate, Library, fill, holds, shipped_library
from nootropic_kernel.planning.model import Acceptance, Epic, Estimate, How, Plan, Story, Task, WordUse
from nootropic_kernel.planning.recipe_arguments import name_problem, problem
from nootropic_kernel.planning.schedule import schedule
from nootropic_kernel.planning.validate import check
from nootropic_kernel.planning.wording import class_name, identifier, listing, package_name, plural

_MAX_MODULES = 8


def make_plan(brief: str, facts: RepositoryFacts, library: Library | None = None) -> Plan:
    """Plan a brief for a repository.

    :raises BriefUnusable: when the brief is empty, too long or wordless.
    :raises NoWayFound: when no method of the library fits.
    """
    return _planned(brief, facts, library)[0]


def amend_plan(
    old: Plan, brief: str, facts: RepositoryFacts, touched: Container[str], library: Library | None = None
) -> Amendment:
    """Bring a plan to an edited brief; tasks in ``touched`` stay as they are (see :func:`amend.amend`)."""
    new, present = _planned(brief, facts, library)
    return amend(old, new, touched, present)


def _planned(brief: str, facts: RepositoryFacts, library: Library | None) -> tuple[Plan, set[str]]:
    """The plan, and what the repository had before its first task."""
    known = library or shipped_library()
    brief = brief.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair fits into no file
    reading = read_brief(brief, facts, known)
    bindings = _bindings(brief, reading, facts)
    present = _state(bindings, facts)
    broken_down = decompose(known, reading.archetype.root, bindings, present)
    epics, stories, tasks = _elements(broken_down, facts)
    plan = Plan(
        id="plan-" + hashlib.sha256(" ".join(brief.split()).encode("utf-8", "replace")).hexdigest()[:8],
        title=reading.title,
        brief=brief.strip(),
        archetype=reading.archetype.name,
        goals=tuple(dict.fromkeys(task.provides[0] for task in tasks)),
        words=(*reading.words, *_left_out(reading)),
        epics=epics,
        stories=stories,
        tasks=schedule(link(tasks, present)),
    )
    return check(plan), present


def _left_out(reading: Reading) -> Iterable[WordUse]:
    if reading.left_out:
        yield WordUse(
            f"{len(reading.left_out)} more", "not understood", "too many things for one plan; plan them later"
        )


def _bindings(brief: str, reading: Reading, facts: RepositoryFacts) -> dict[str, Any]:
    """Everything that templates may name."""
    package_dir = facts.package_dir or package_name(reading.subject, _top_names(facts))
    notebooks = facts.usable_notebooks()
    named = [path for path in notebooks if path.rsplit("/", 1)[-1] in {t.rsplit("/", 1)[-1] for t in reading.targets}]
    notebook = next(iter([*named, *notebooks]), "")
    things = [_entity(thing.name, thing.fields, package_dir, facts) for thing in reading.things]
    targets, missing = _targets(reading, facts)
    every = [_target(module, _worth_showing(module, facts), facts) for module in _documentable(facts)]
    target_files = [target["target_path"] for target in targets]
    title = reading.title
    return {
        "title": title,
        "brief": brief,
        "slug": identifier(title, "plan"),
        "brief_line": title,
        "target": reading.subject,
        "target_title": reading.subject,
        "target_slug": identifier(reading.subject),
        "target_files": target_files,
        "package_dir": package_dir,
        "package": import_name(package_dir),
        "tests": _tests_folder(package_dir, facts),
        "notebook": notebook,
        "entities": things,
        "first_entity": things[:1],
        "abilities": [
            {"ability": a.name, "Ability": a.title, "ability_file": a.file, "ability_word": a.word}
            for a in reading.abilities
        ],
        "renames": [_renaming(old, new, facts) for old, new in reading.renames],
        "targets": targets,
        "missing": missing,
        "every_module": every[:_MAX_MODULES],
        "readme_lines": _readme_lines(brief, things, reading),
    }


def _state(bindings: dict[str, Any], facts: RepositoryFacts) -> set[str]:
    """What holds before the first task."""
    state = {f"file:{path}" for path in facts.paths}
    state |= {f"module:{path}" for path, module in facts.modules.items() if module.readable}
    if facts.language in (None, "python"):
        state.add("python")
    for atom, present in {
        "notebook": bool(bindings["notebook"]) and facts.language == "python",
        "package": facts.package_dir is not None,
        "ci": facts.has_ci,
        "gitignore": facts.has_gitignore,
        "entry-point": facts.has_entry_point,
        "modules": bool(bindings["every_module"]),
    }.items():
        if present:
            state.add(atom)
    for name in ("entities", "abilities", "renames", "targets", "missing"):
        if bindings[name]:
            state.add(name)
    state |= {f"word:{word}" for word in re.findall(r"\w+", bindings["brief"].lower())}
    for index, thing in enumerate(bindings["entities"]):
        if index == 0:
            state.add(f"first:{thing['entity']}")
        if thing["known"]:
            state |= {f"known:{thing['entity']}", f"entity:{thing['entity']}"}
    for renaming in bindings["renames"]:
        if not renaming["old_problem"]:
            state |= {f"symbol:{renaming['old']}", f"free-name:{renaming['new']}"}
    for target in [*bindings["targets"], *bindings["every_module"]]:
        module = facts.modules[target["target_path"]]
        if not module.undocumented():
            state.add(f"documented:{module.path}")
        if bindings["notebook"] and target["symbol"]:
            state.add(f"show:{module.path}")
    return state


def _entity(name: str, fields: tuple[tuple[str, str], ...], package_dir: str, facts: RepositoryFacts) -> dict[str, Any]:
    title = class_name(name)
    words = name.replace("_", " ")
    defined = facts.defining(title)
    module = module_name(defined[0].path) if defined else f"{import_name(package_dir)}.{name}"
    names = [field.replace("_", " ") for field, _ in fields]
    return {
        "entity": name,
        "Entity": title,
        "plural": plural(words),
        "Plural": plural(words).capitalize(),
        "fields": [{"name": field, "type": kind} for field, kind in fields],
        "field_words": listing(names, 6),
        "known": bool(defined),
        "entity_module": module,
        "entity_package": module.rsplit(".", 1)[0],
    }


def _targets(reading: Reading, facts: RepositoryFacts) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found: dict[str, dict[str, Any]] = {}
    missing: list[dict[str, Any]] = []
    for name in reading.targets:
        last = name.split(".")[-1]
        named, defining = facts.modules_named(name), facts.defining(last)
        module = next((m for m in [*defining, *named] if m.readable), None)
        if module is not None:
            symbol = last if defining else _worth_showing(module, facts)
            found.setdefault(module.path, _target(module, symbol, facts))
        elif not name.endswith(".ipynb"):
            modules = [m.name for m in facts.modules.values() if m.path not in facts.tests and m.symbols]
            where = f"its modules are {listing(sorted(set(modules)))}" if modules else "it has no Python modules yet"
            why = f"this repository has neither a module nor a name {name}; {where}"
            missing.append({"target": name, "target_problem": why})
    return list(found.values()), missing


def _target(module: Module, symbol: str, facts: RepositoryFacts) -> dict[str, Any]:
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


def _worth_showing(module: Module, facts: RepositoryFacts) -> str:
    """The first public name that no notebook uses yet, else the first."""
    used = {name for cells in facts.notebooks.values() for cell in cells for name in cell.names}
    names = [symbol.name for symbol in module.symbols]
    return next((name for name in names if name not in used), names[0] if names else "")


def _documentable(facts: RepositoryFacts) -> list[Module]:
    modules = [m for path, m in sorted(facts.modules.items()) if path not in facts.tests and m.readable and m.symbols]
    return sorted(modules, key=lambda module: (-len(module.undocumented()), module.path))


def _renaming(old: str, new: str, facts: RepositoryFacts) -> dict[str, Any]:
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


def _readme_lines(brief: str, things: list[dict[str, Any]], reading: Reading) -> list[str]:
    lines = [" ".join(brief.split())[:400]]
    if things:
        lines += ["", f"It keeps {listing([thing['plural'] for thing in things], 12)}."]
    if reading.abilities:
        lines += ["", f"It can do: {listing([ability.title.lower() for ability in reading.abilities], 12)}."]
    return lines


def _top_names(facts: RepositoryFacts) -> frozenset[str]:
    return frozenset(path.split("/")[0].removesuffix(".py") for path in facts.paths)


def _tests_folder(package_dir: str, facts: RepositoryFacts) -> str:
    parent = package_dir.rpartition("src/")[0] if "src/" in package_dir else package_dir.rpartition("/")[0] + "/"
    prefix = parent.lstrip("/")
    for folder in (f"{prefix}tests", f"{prefix}test", f"{package_dir}/tests", "tests", "test"):
        if any(path.startswith(f"{folder}/") and path.endswith(".py") for path in facts.paths):
            return folder
    return f"{prefix}tests"


def _elements(
    broken_down: Decomposition, facts: RepositoryFacts
) -> tuple[tuple[Epic, ...], tuple[Story, ...], tuple[Task, ...]]:
    """Epics, stories and tasks from the tree: the nearest node above a task that names one."""
    epics: dict[object, Epic] = {}
    stories: dict[object, Story] = {}
    tasks: list[Task] = []
    given: set[str] = set()
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for step in broken_down.steps:
        key = (step.template.name, tuple(str(item) for item in fill(step.template.provides, step.bindings)))
        if key in seen:
            continue  # two parts of the brief led to the same task
        seen.add(key)
        story_node, epic_node = _above(broken_down, step.node, "story"), _above(broken_down, step.node, "epic")
        if epic_node not in epics:
            node = broken_down.nodes[epic_node] if epic_node >= 0 else None
            title = str(fill(node.way.epic, node.bindings)) if node else "Work"
            epics[epic_node] = Epic(f"E{len(epics) + 1}", title, f"{node.compound}: {node.way.name}" if node else "")
        story_key = (epic_node, story_node)
        if story_key not in stories:
            node = broken_down.nodes[story_node] if story_node >= 0 else None
            title = str(fill(node.way.story, node.bindings)) if node else epics[epic_node].title
            method = f"{node.compound}: {node.way.name}" if node else ""
            stories[story_key] = Story(f"S{len(stories) + 1}", epics[epic_node].id, title, method)
        task = _task(step, f"T{len(tasks) + 1}", stories[story_key].id, facts, given)
        tasks.append(task)
        given.update(task.provides)
        if task.kind == "entity-model":
            given.add(f"new:{step.bindings['entity']}")
    return tuple(epics.values()), tuple(stories.values()), tuple(tasks)


def _above(broken_down: Decomposition, node: int, level: str) -> int:
    while node >= 0 and not getattr(broken_down.nodes[node].way, level):
        node = broken_down.nodes[node].parent
    return node


def _task(step: Step, task_id: str, story: str, facts: RepositoryFacts, given: set[str]) -> Task:
    template, bindings = step.template, step.bindings
    low, likely, high = template.hours
    how = _how(step, facts, given)
    return Task(
        id=task_id,
        story=story,
        kind=template.name,
        title=" ".join(str(fill(template.title, bindings)).split()),
        how=how,
        requires=tuple(map(str, fill(template.requires, bindings))),
        provides=tuple(map(str, fill(template.provides, bindings))),
        files=tuple(map(str, fill(template.files, bindings) or ())),
        estimate=Estimate(likely, low, high),
        acceptance=tuple(
            Acceptance(
                f"AC{number}",
                " ".join(str(fill(entry["text"], bindings)).split()),
                verify=str(fill(entry["verify"], bindings)) if entry.get("verify") else None,
            )
            for number, entry in enumerate(template.accept, start=1)
        ),
        body=str(fill(template.body, bindings)),
    )


def _how(step: Step, facts: RepositoryFacts, given: set[str]) -> How:
    """The first alternative whose conditions hold and whose arguments fit the repository."""
    state = {"python"} if facts.language in (None, "python") else set()
    reasons: list[str] = []
    for choice in step.template.how:
        if not holds(choice.when, state | given, step.bindings):
            continue
        found, reason = _try(choice, step, facts, given)
        if found is not None:
            return replace(found, why="; ".join(filter(None, [*reasons, found.why]))) if reasons else found
        reasons.append(reason)
    return How("none", why="; ".join(reasons) or "no way of doing it fits this repository")


def _try(choice: HowTemplate, step: Step, facts: RepositoryFacts, given: set[str]) -> tuple[How | None, str]:
    if choice.kind != "recipe":
        return How(choice.kind, why=str(fill(choice.why, step.bindings))), ""
    args = fill(choice.args, step.bindings)
    reason = problem(str(choice.recipe), args, facts, given)
    return (None, reason) if reason else (How("recipe", choice.recipe, args, str(fill(choice.why, step.bindings))), "")
