"""What templates may name, and what holds before the first task: from a reading and the facts of a repository."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from nootropic_kernel.planning.methods.choice_bindings import atoms_of, chosen_by, hinted_files, work_of
from nootropic_kernel.planning.methods.data_bindings import data_bindings, formats_of
from nootropic_kernel.planning.methods.library import Library
from nootropic_kernel.planning.methods.step_bindings import step_bindings
from nootropic_kernel.planning.methods.target_bindings import (
    change_of,
    documentable,
    renaming_of,
    target_of,
    targets_of,
    usable_renames,
    worth_showing,
)
from nootropic_kernel.planning.reading.change_sorts import docstrings_only
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.records import Reading, Thing
from nootropic_kernel.planning.reading.relations import names
from nootropic_kernel.planning.reading.wording import class_name, identifier, listing, own_name, package_name, plural
from nootropic_kernel.planning.repository.facts import RepositoryFacts, import_name, module_name
from nootropic_kernel.planning.repository.layout import PYTHON, Layout, layout_of

_MAX_MODULES = 8


def bindings_of(
    brief: str, reading: Reading, facts: RepositoryFacts, library: Library, package: str = ""
) -> dict[str, Any]:
    """Everything that templates may name.

    :param package: the folder of the package where an earlier plan named one that is not written yet.
    """
    package_dir = facts.package_dir or package or package_name(reading.subject, _top_names(facts))
    notebooks = facts.usable_notebooks()
    named = [path for path in notebooks if path.rsplit("/", 1)[-1] in {t.rsplit("/", 1)[-1] for t in reading.targets}]
    notebook = next(iter([*named, *notebooks]), "")
    lexicon = Lexicon(library)
    things = [_entity(thing, _linked(thing, reading.things), package_dir, facts) for thing in reading.things]
    first = tuple(thing.name for thing in reading.things[:1])
    of_things = {name for name, entry in lexicon.table("abilities").items() if entry.get("of_things")}
    targets, missing = targets_of(reading, facts)
    renames = usable_renames(reading, facts)
    every = [target_of(module, worth_showing(module, facts), renames) for module in documentable(facts)]
    target_files = [target["target_path"] for target in targets] or hinted_files(reading, facts)
    title = reading.title
    chosen = chosen_by(reading, facts, lexicon)
    tests = _tests_folder(package_dir, facts)
    known = [*reading.targets, *(path for path in target_files if not path.endswith("__init__.py"))]
    fault = identifier("_".join([*(PurePosixPath(target).stem for target in known[:1]), "fault"]))
    layout = layout_of(chosen["language"], package_dir, tests, facts)
    if not target_files and not facts.paths:
        subject = identifier(reading.subject)
        target_files = [
            f"{layout.folder}/{subject}{layout.ending}",
            f"{layout.test_open}{subject}{layout.test_close}",
        ]
    moved = _moved(reading, facts)
    return {
        "title": title,
        "brief": brief,
        "slug": identifier(title, "plan"),
        "brief_line": title,
        "brief_text": _told(reading),
        "target": reading.subject,
        "target_title": reading.subject.replace("_", " "),
        "target_slug": identifier(reading.subject),
        "target_files": target_files,
        "fault_name": fault,
        "fault_files": [
            *target_files,
            f"{layout.test_open}{fault}{layout.test_close}",
        ],
        **work_of(reading, notebook, layout),
        "package_dir": package_dir,
        "package": import_name(package_dir),
        "tests": tests,
        "notebook": notebook,
        "entities": things,
        "first_entity": things[:1],
        "first_store": f"store:{things[0]['entity']}" if things else "",
        "abilities": [
            {
                "ability": a.name,
                "Ability": a.title,
                "ability_file": a.file,
                "ability_word": a.word,
                "ability_stores": _stores(a.about or first) if a.name in of_things else [],
            }
            for a in reading.abilities
        ],
        "actions": [
            {
                "action": a.name,
                "Action": a.title,
                "action_word": a.word,
                "action_typed": a.typed,
                "action_stores": _stores(a.about),
            }
            for a in reading.actions
        ],
        "renames": [renaming_of(old, new, facts) for old, new in reading.renames],
        "targets": targets,
        "missing": missing,
        "changes": [
            change_of(change, package_dir, facts, layout, renames)
            for change in reading.changes
            if change.kind != "rename"
        ],
        "readme": facts.tooling.readme,
        "move_files": moved,
        "upgrade_files": list(dict.fromkeys(filter(None, [layout.manifest, *moved]))),
        "every_module": every[:_MAX_MODULES],
        "readme_lines": _readme_lines(reading.text, things, reading),
        "unclear": reading.unclear,
        "questions": [{"question": text, "question_name": identifier(text, "question")} for text in reading.questions],
        **data_bindings(reading),
        "formats": formats_of(reading, lexicon) if reading.steps or reading.data_files or reading.data.name else [],
        "entry_file": layout.entry,
        "code": layout.folder,
        "ending": layout.ending,
        "test_open": layout.test_open,
        "test_close": layout.test_close,
        "manifest": layout.manifest,
        "run_tests": layout.test,
        "run_test_file": layout.test_file,
        "coverage": str(reading.constraints.coverage or ""),
        "coverage_check": _coverage_check(reading.constraints.coverage, layout),
        **chosen,
        **step_bindings(reading.steps, reading.archetype.phases),
        "atoms": sorted({*atoms_of(reading, lexicon), *(f"uses:{kind}" for kind in chosen["found"])}),
    }


def _coverage_check(percent: int | None, layout: Layout) -> str:
    """The command that fails below a coverage; outside Python the tests' own command, set up to do that."""
    if percent is None:
        return ""
    if layout.language == "python":
        return f"{layout.test_file or 'python -m pytest'} --cov --cov-branch --cov-fail-under={percent}"
    return layout.test


def state_of(bindings: dict[str, Any], facts: RepositoryFacts) -> set[str]:
    """What holds before the first task."""
    state = {f"file:{path}" for path in facts.paths}
    state |= {f"module:{path}" for path, module in facts.modules.items() if module.readable}
    state |= set(bindings.get("atoms", ()))
    if bindings.get("language", facts.language) in PYTHON:
        state.add("python")
    for atom, present in {
        "notebook": bool(bindings["notebook"]) and facts.language == "python",
        "package": facts.package_dir is not None or (facts.has_code and facts.language not in PYTHON),
        "pages-frame": "web-framework" in bindings.get("found", ()),
        "api-frame": "web-framework" in bindings.get("found", ()),
        "ci": facts.has_ci,
        "gitignore": facts.has_gitignore,
        "entry-point": facts.has_entry_point,
        "modules": bool(bindings["every_module"]),
        "code": facts.has_code,
        "tests": bool(facts.tests) or _has_tests(facts),
        "readme": facts.has_readme,
        "manifest": bool(facts.tooling.manifest),
        "site": bool(facts.tooling.docs),
        "test-command": bool(bindings.get("run_tests")),
    }.items():
        if present:
            state.add(atom)
    for name in ("entities", "abilities", "renames", "targets", "missing", "actions", "questions"):
        if bindings.get(name):
            state.add(name)
    said = set(re.findall(r"\w+", bindings["brief"].lower()))
    state |= {f"word:{word}" for word in said if f"excluded:{word}" not in state}
    state |= {f"change:{change.get('change_kind')}:{change['change_title']}" for change in bindings["changes"]}
    for index, thing in enumerate(bindings["entities"]):
        if index == 0:
            state.add(f"first:{thing['entity']}")
        if thing["known"]:
            state |= {f"known:{thing['entity']}", f"entity:{thing['entity']}"}
    for renaming in bindings["renames"]:
        if not renaming["old_problem"]:
            state |= {f"symbol:{renaming['old']}", f"free-name:{renaming['new']}", f"renamable:{renaming['old']}"}
            if renaming["old"].rsplit(".", 1)[-1] in facts.readme_words:
                state.add(f"readme-names:{renaming['old']}")
    around = [target for change in bindings["changes"] for target in change["change_around"]]
    for target in [*bindings["targets"], *bindings["every_module"], *around]:
        module = facts.modules[target["target_path"]]
        if not module.undocumented():
            state.add(f"documented:{module.path}")
        if module.symbols and all(symbol.name in facts.readme_words for symbol in module.symbols):
            state.add(f"listed:{module.path}")
        if any(PurePosixPath(path).stem in (f"test_{module.name}", f"{module.name}_test") for path in facts.tests):
            state.add(f"tested:{module.path}")
        if bindings["notebook"] and target["symbol"]:
            state.add(f"show:{module.path}")
    if docstrings_only(bindings["brief"]):
        state.add("docstrings-only")
    if "word:upgrade" in state:
        state.add("new-version")
    fault = [path for path in bindings["target_files"] if path in facts.paths]
    if fault and all(path in facts.tests for path in fault):
        state.add("fault-in-tests")
    listed = [f"listed:{target['target_path']}" in state for target in bindings["every_module"]]
    if listed and all(listed):
        state.add("readme-complete")
    return state


def _stores(things: Iterable[str]) -> list[str]:
    return [f"store:{name}" for name in things]


def _linked(thing: Thing, others: Iterable[Thing]) -> list[str]:
    """The things that it names in a field, or that name it."""
    own = dict(thing.fields)
    linked = (o.name for o in others if names(own, o.name) or names(dict(o.fields), thing.name))
    return [name for name in linked if name != thing.name]


def _entity(thing: Thing, linked: Iterable[str], package_dir: str, facts: RepositoryFacts) -> dict[str, Any]:
    name, fields = thing.name, thing.fields
    title = class_name(name)
    words = (name.removesuffix("_item") if own_name(name.removesuffix("_item")) == name else name).replace("_", " ")
    defined = facts.defining(title)
    module = module_name(defined[0].path) if defined else f"{import_name(package_dir)}.{name}"
    words_of = [field.replace("_", " ") for field, _ in fields]
    return {
        "entity": name,
        "Entity": title,
        "plural": plural(words),
        "Plural": plural(words).capitalize(),
        "fields": [{"name": field, "type": kind} for field, kind in fields],
        "field_words": listing(words_of, 6),
        "linked_stores": _stores(linked),
        "known": bool(defined),
        "entity_module": module,
        "entity_package": module.rsplit(".", 1)[0],
    }


def _told(reading: Reading) -> str:
    """The brief's own words, and what a traceback in it ends in."""
    error = reading.trace.error if reading.trace else ""
    return "\n\n".join(filter(None, [reading.text[:2000], f"The traceback ends in: {error}" if error else ""]))


def _moved(reading: Reading, facts: RepositoryFacts) -> list[str]:
    """The files that a migration is about: those that use what is there now, or those that the brief names."""
    found = [path for change in reading.about for path in change.files if path in facts.paths]
    old = [path for name in reading.technologies.old for path in facts.importing(name)]
    return list(dict.fromkeys([*old, *found]))[: 2 * _MAX_MODULES]


def _has_tests(facts: RepositoryFacts) -> bool:
    return any(
        re.search(r"(^|/)(tests?|spec|__tests__)/|_test\.go$|\.(test|spec)\.[jt]sx?$", path) for path in facts.paths
    )


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
