"""What templates may name, and what holds before the first task: from a reading and the facts of a repository."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from nootropic_kernel.planning.changes_asked import Change
from nootropic_kernel.planning.facts import Module, RepositoryFacts, import_name, module_name
from nootropic_kernel.planning.layout import PYTHON, Layout, layout_of
from nootropic_kernel.planning.lexicon import Lexicon
from nootropic_kernel.planning.methods import Library
from nootropic_kernel.planning.reading import Reading
from nootropic_kernel.planning.recipe_arguments import name_problem
from nootropic_kernel.planning.step_bindings import asked_for, step_bindings
from nootropic_kernel.planning.technologies import title_of
from nootropic_kernel.planning.wording import class_name, identifier, listing, package_name, plural

_MAX_MODULES = 8
_SCHEDULED = re.compile(
    r"\b(?:nightly|hourly|daily|weekly|monthly|cron|scheduled|periodically|regularly"
    r"|(?:every|each)\s+(?:\w+\s+)?(?:night|morning|evening|hour|day|week|month|minutes?|hours?|days?|\w+day))\b",
    re.I,
)


def bindings_of(brief: str, reading: Reading, facts: RepositoryFacts, library: Library) -> dict[str, Any]:
    """Everything that templates may name."""
    package_dir = facts.package_dir or package_name(reading.subject, _top_names(facts))
    notebooks = facts.usable_notebooks()
    named = [path for path in notebooks if path.rsplit("/", 1)[-1] in {t.rsplit("/", 1)[-1] for t in reading.targets}]
    notebook = next(iter([*named, *notebooks]), "")
    things = [_entity(thing.name, thing.fields, package_dir, facts) for thing in reading.things]
    targets, missing = _targets(reading, facts)
    every = [_target(module, _worth_showing(module, facts), facts) for module in _documentable(facts)]
    target_files = [target["target_path"] for target in targets] or _hinted(reading, facts)
    title = reading.title
    lexicon = Lexicon(library)
    chosen = _chosen(reading, facts, lexicon)
    tests = _tests_folder(package_dir, facts)
    layout = layout_of(chosen["language"], package_dir, tests, facts)
    return {
        "title": title,
        "brief": brief,
        "slug": identifier(title, "plan"),
        "brief_line": title,
        "brief_text": reading.text[:2000],
        "target": reading.subject,
        "target_title": reading.subject.replace("_", " "),
        "target_slug": identifier(reading.subject),
        "target_files": target_files,
        "fault_name": identifier(f"{'_'.join(reading.targets[:1])}_fault") if reading.targets else "fault",
        "fault_files": [*target_files, f"{layout.test_open}{identifier('_'.join(reading.targets[:1]) + '_fault')}{layout.test_close}"],
        **_work(reading, notebook, layout),
        "package_dir": package_dir,
        "package": import_name(package_dir),
        "tests": tests,
        "notebook": notebook,
        "entities": things,
        "first_entity": things[:1],
        "first_store": f"store:{things[0]['entity']}" if things else "",
        "abilities": [
            {"ability": a.name, "Ability": a.title, "ability_file": a.file, "ability_word": a.word}
            for a in reading.abilities
        ],
        "actions": [
            {"action": a.name, "Action": a.title, "action_word": a.word} for a in reading.actions
        ],
        "renames": [_renaming(old, new, facts) for old, new in reading.renames],
        "targets": targets,
        "missing": missing,
        "changes": [
            _change(change, package_dir, facts, layout) for change in reading.changes if change.kind != "rename"
        ],
        "every_module": every[:_MAX_MODULES],
        "readme_lines": _readme_lines(reading.text, things, reading),
        "questions": [{"question": text, "question_name": identifier(text, "question")} for text in reading.questions],
        "source": listing(list(reading.data_files)) or _source(reading) or "the data",
        "entry_file": layout.entry,
        "code": layout.folder,
        "ending": layout.ending,
        "test_open": layout.test_open,
        "test_close": layout.test_close,
        "manifest": layout.manifest,
        "run_tests": layout.test,
        "run_test_file": layout.test_file,
        "coverage": str(reading.constraints.coverage or ""),
        **chosen,
        **step_bindings(reading.steps, reading.archetype.phases),
        "atoms": sorted({*_atoms(reading, lexicon), *(f"uses:{kind}" for kind in chosen["found"])}),
    }


def _work(reading: Reading, notebook: str, layout: Layout) -> dict[str, str]:
    """Where steps of data work are written, and how they are checked: a notebook, one script, or a module."""
    analysis = "steps" in reading.archetype.reads and not {"train", "keep"} & set(reading.archetype.phases)
    if notebook and analysis:
        return {"work_file": notebook, "work_test": "", "work_check": f"jupyter execute {notebook}"}
    name, folder = ("analysis", "") if analysis else ("steps", f"{layout.folder}/")
    path = f"{layout.test_open}{name}{layout.test_close}"
    return {"work_file": f"{folder}{name}{layout.ending}", "work_test": path, "work_check": layout.command(path) or ""}


def _source(reading: Reading) -> str:
    """`train a classifier on iris`: what the data is, where the first step says so."""
    for step in reading.steps[:1]:
        if found := re.search(r"\b(?:on|from)\s+((?:[\w'’-]+\s?){1,4}?)(?=\s*(?:with|using|by|to|and|in)\b|[.,;:?!]|$)", step.title):
            return found.group(1).strip()
    return ""


def _hinted(reading: Reading, facts: RepositoryFacts) -> list[str]:
    """Modules that a word of a brief without targets names: `the login page` where there is a module login."""
    if reading.archetype.builds or reading.targets:
        return []
    words = dict.fromkeys(re.findall(r"[a-z_]{4,}", reading.text.lower()))
    return [module.path for word in words for module in facts.modules_named(word) if module.name == word][:3]


def _chosen(reading: Reading, facts: RepositoryFacts, lexicon: Lexicon) -> dict[str, Any]:
    """The language, and by name what the brief (or else the repository) wants for each kind of technology."""
    table = lexicon.table("technology")
    wanted = reading.technologies.wanted
    away = {*reading.technologies.old, *reading.technologies.avoided}
    there = [n for f in facts.tooling.frameworks if (n := lexicon.technology(f)) in table and n not in {*wanted, *away}]
    kinds_wanted = {kind for name in wanted for kind in table.get(name, {}).get("is", ())}
    there = [name for name in there if not kinds_wanted & set(table[name].get("is", ()))]
    known = [*wanted, *there]

    def first(kind: str, otherwise: str) -> str:
        return next((title_of(lexicon, n) for n in known if kind in table.get(n, {}).get("is", ())), otherwise)

    languages = [name for name in wanted if "language" in table.get(name, {}).get("is", ())]
    language = facts.language or ("python" if "python" in languages else next(iter(languages), None))
    old = [title_of(lexicon, name) for name in reading.technologies.old]
    return {
        "language": language,
        "found": sorted({each for name in there for each in (name, *table[name].get("is", ()))}),
        "database": first("database", "SQLite"),
        "web_framework": first("web-framework", "Flask"),
        "api_framework": first("api-framework", first("web-framework", "FastAPI")),
        "front_end": first("single-page", "TypeScript"),
        "command_framework": first("command-framework", "click"),
        "orchestrator": first("orchestrator", "Dagster"),
        "payment_provider": first("payment-provider", "the payment provider"),
        "search_engine": first("search-engine", "the database's full-text index"),
        "learning_library": first("deep-learning", first("classical-learning", "scikit-learn")),
        "experiment_tracker": first("experiment-tracking", "a file of runs"),
        "data_library": first("data-frames", "pandas"),
        **_site(first("site-generator", "MkDocs")),
        "old_technology": listing(old) or "what is there now",
        "new_technology": listing([title_of(lexicon, name) for name in wanted]) or "the new one",
        "technologies": [title_of(lexicon, name) for name in wanted],
    }


def _site(generator: str) -> dict[str, str]:
    config = {"Sphinx": "docs/conf.py", "Docusaurus": "docusaurus.config.js"}.get(generator, "mkdocs.yml")
    build = {"Sphinx": "sphinx-build -W docs site", "Docusaurus": "npm run build"}.get(generator, "mkdocs build --strict")
    return {"site_generator": generator, "site_config": config, "site_build": build}


def _atoms(reading: Reading, lexicon: Lexicon) -> set[str]:
    """What the brief itself gives conditions to ask for."""
    atoms = {f"archetype:{reading.archetype.name}", *reading.technologies.atoms(lexicon), *asked_for(reading.steps)}
    atoms |= {f"is:{ability.name}:{ability.name}" for ability in reading.abilities}
    if reading.extends:
        atoms.add("extends")
    if _SCHEDULED.search(reading.text):
        atoms.add("scheduled")
    if reading.constraints.coverage:
        atoms.add("coverage")
    if reading.technologies.old:
        atoms.add("old-technology")
    return atoms


def state_of(bindings: dict[str, Any], facts: RepositoryFacts) -> set[str]:
    """What holds before the first task."""
    state = {f"file:{path}" for path in facts.paths}
    state |= {f"module:{path}" for path, module in facts.modules.items() if module.readable}
    state |= set(bindings.get("atoms", ()))
    if bindings.get("language", facts.language) in PYTHON:
        state.add("python")
    for atom, present in {
        "notebook": bool(bindings["notebook"]) and facts.language == "python",
        "package": facts.package_dir is not None,
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
    state |= {f"word:{word}" for word in re.findall(r"\w+", bindings["brief"].lower())}
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
        if any(PurePosixPath(path).stem in (f"test_{module.name}", f"{module.name}_test") for path in facts.tests):
            state.add(f"tested:{module.path}")
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


def _bare(path: str) -> bool:
    """A Python file that is named without a folder: it belongs into the package."""
    return "/" not in path and path.endswith(".py")


def _has_tests(facts: RepositoryFacts) -> bool:
    return any(re.search(r"(^|/)(tests?|spec|__tests__)/|_test\.go$|\.(test|spec)\.[jt]sx?$", path) for path in facts.paths)


def _change(change: Change, package_dir: str, facts: RepositoryFacts, layout: Layout) -> dict[str, Any]:
    """One clause: what is missing, the docstrings it asks for, the edit, and where readers learn of its subject."""
    modules = [facts.modules[path] for path in change.files if path in facts.modules and path not in facts.tests]
    readable = [module for module in modules if module.readable]
    inside = facts.package_dir
    files = [f"{inside}/{path}" if inside and path not in facts.paths and _bare(path) else path for path in change.files]
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
    around = [_target(shown, symbol or _worth_showing(shown, facts), facts)] if shown else []
    why = "this repository has neither a file nor a name {}"
    missing = [{"target": name, "target_problem": why.format(name)} for name in change.missing]
    return {
        **edit,
        "change_missing": missing,
        "change_docstrings": [_target(module, "", facts) for module in bare],
        "change_edit": [] if missing or only_docstrings else [edit],
        "change_around": [] if missing else around,
    }


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
