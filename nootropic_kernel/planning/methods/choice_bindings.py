"""Bindings that choose among ways: language, technologies, where data work goes, and what conditions may ask for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from nootropic_kernel.planning.methods.step_bindings import asked_for
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.limits import LEAVE_OUT, Limit
from nootropic_kernel.planning.reading.records import Reading
from nootropic_kernel.planning.reading.technologies import title_of
from nootropic_kernel.planning.reading.wording import listing
from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.repository.layout import Layout

_MAX_HINTS = 6
_SCHEDULED = re.compile(
    r"\b(?:nightly|hourly|daily|weekly|monthly|cron|scheduled|periodically|regularly"
    r"|(?:every|each)\s+(?:\w+\s+)?(?:night|morning|evening|hour|day|week|month|minutes?|hours?|days?|\w+day))\b",
    re.I,
)


def work_of(reading: Reading, notebook: str, layout: Layout) -> dict[str, str]:
    """Where steps of data work are written, and how they are checked: a notebook, one script, or a module."""
    analysis = "steps" in reading.archetype.reads and not {"train", "keep"} & set(reading.archetype.phases)
    if not notebook and re.search(r"\bnotebooks?\b", reading.text, re.I):
        notebook = "analysis.ipynb"
    if notebook and analysis:
        return {"work_file": notebook, "work_test": "", "work_check": f"jupyter execute {notebook}"}
    name, folder = ("analysis", "") if analysis else ("steps", f"{layout.folder}/")
    path = f"{layout.test_open}{name}{layout.test_close}"
    return {"work_file": f"{folder}{name}{layout.ending}", "work_test": path, "work_check": layout.command(path) or ""}


def hinted_files(reading: Reading, facts: RepositoryFacts) -> list[str]:
    """Files that words of a brief without targets point to: `the login page` where there is a module login."""
    if found := [path for name in reading.targets for path in facts.places(name)[:3]]:
        pasted = reading.trace.files if reading.trace else ()
        return list(dict.fromkeys([*pasted, *found]))
    if reading.archetype.builds or reading.targets:
        return []
    return list(dict.fromkeys(path for change in reading.about for path in change.files))[:_MAX_HINTS]


_SERVERS = frozenset({"backend", "back-end", "backends", "server", "servers"})

# What a service is usually built with, where neither brief nor repository says.
_USUAL = {
    "go": "net/http", "javascript": "Express", "typescript": "Express", "rust": "axum", "java": "Spring Boot",
    "kotlin": "Ktor", "ruby": "Rails", "php": "Symfony", "csharp": "ASP.NET",
}  # fmt: skip


def chosen_by(reading: Reading, facts: RepositoryFacts, lexicon: Lexicon) -> dict[str, Any]:
    """The language, and by name what the brief (or else the repository) wants for each kind of technology."""
    table = lexicon.table("technology")
    wanted = reading.technologies.wanted
    away = {*reading.technologies.old, *reading.technologies.avoided}
    found = (lexicon.technology(framework) or "" for framework in facts.tooling.frameworks)
    there = [name for name in found if name in table and name not in {*wanted, *away}]
    kinds_wanted = {kind for name in wanted for kind in table.get(name, {}).get("is", ())}
    there = [name for name in there if not kinds_wanted & set(table[name].get("is", ()))]
    known = [*wanted, *there]

    def first(kind: str, otherwise: str) -> str:
        return next((title_of(lexicon, n) for n in known if kind in table.get(n, {}).get("is", ())), otherwise)

    languages = [name for name in wanted if "language" in table.get(name, {}).get("is", ())]
    languages += [str(table[name]["language"]) for name in wanted if "language" in table.get(name, {})]
    language = facts.language or ("python" if "python" in languages else next(iter(languages), None))
    usual = _USUAL.get(str(language), "")
    old = [title_of(lexicon, name) for name in reading.technologies.old]
    return {
        "language": language,
        "found": sorted({each for name in there for each in (name, *table[name].get("is", ()))}),
        "database": first("database", "SQLite"),
        "web_framework": first("web-framework", usual or "Flask"),
        "api_framework": first("api-framework", first("web-framework", usual or "FastAPI")),
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
    build = {"Sphinx": "sphinx-build -W docs site", "Docusaurus": "npm run build"}.get(
        generator, "mkdocs build --strict"
    )
    return {"site_generator": generator, "site_config": config, "site_build": build}


def avoids_server(limits: Iterable[Limit]) -> bool:
    """Whether a brief says that there is to be none: `no backend`."""
    return bool(_SERVERS & {word.lower() for limit in limits if limit.kind == "leave out" for word in limit.words})


def _excluded(reading: Reading) -> set[str]:
    """Words that a brief says only of what is to be left out: `no server part` asks for no server."""
    left = Counter(
        word
        for limit in reading.limits
        if limit.kind == LEAVE_OUT
        for word in re.findall(r"\w+", " ".join(limit.words).lower())
    )
    said = Counter(re.findall(r"\w+", reading.text.lower()))
    return {word for word, times in left.items() if said[word] <= times}


def atoms_of(reading: Reading, lexicon: Lexicon) -> set[str]:
    """What the brief itself gives conditions to ask for."""
    atoms = {f"archetype:{reading.archetype.name}", *reading.technologies.atoms(lexicon), *asked_for(reading.steps)}
    atoms |= {f"is:{ability.name}:{ability.name}" for ability in reading.abilities}
    atoms |= {f"typed:{action.name}" for action in reading.actions if action.typed}
    atoms |= {f"excluded:{word}" for word in _excluded(reading)}
    if reading.extends:
        atoms.add("extends")
    if reading.unclear:
        atoms.add("unclear")
    if avoids_server(reading.limits):
        atoms.add("avoids:backend")
    if _SCHEDULED.search(reading.text):
        atoms.add("scheduled")
    if any(change.kind == "upgrade" for change in reading.about):
        atoms.add("new-version")
    if reading.constraints.coverage:
        atoms.add("coverage")
    if reading.technologies.old:
        atoms.add("old-technology")
    return atoms
