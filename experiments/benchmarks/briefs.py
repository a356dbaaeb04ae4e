"""Briefs in the words of different people against what their author meant: archetype, constraints, sound plans.

`python experiments/benchmarks/briefs.py [--half tune|hold] [--show]` reads `briefs.yaml`. For each brief: is the plan
sound (valid, acyclic, every goal provided, every need met), is it of the archetype that the author names, is every
word accounted for, and is every constraint of the brief in the plan and no other one?

`--readers` reads `briefs_held_out.yaml` instead: what a reader of each brief expects to find in its plan.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.reading.wording import identifier
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.validate import problems

BRIEFS = Path(__file__).with_name("briefs.yaml")
READERS = Path(__file__).with_name("briefs_held_out.yaml")
SORT_ASSUMED = "nothing says what sort of project it is"
MEASURES = ("sound", "archetype", "words", "constraints")


@cache
def repository(name: str) -> RepositoryFacts:
    """One of the repositories that `briefs.yaml` names."""
    if name == "empty":
        return read_facts({})
    if name == "node":
        package = b'{"name": "srv", "scripts": {"test": "vitest run"}, "dependencies": {"express": "^4"}}'
        return read_facts({"package.json": package}, ["src/server.js", "tests/server.test.js", "README.md"])
    if name == "rust":
        return read_facts({"Cargo.toml": b'[package]\nname = "wc"\n'}, ["src/main.rs", "README.md", ".gitignore"])
    if name == "go":
        return read_facts({"go.mod": b"module example.org/srv\n"}, ["handler.go", "handler_test.go", "README.md"])
    if name == "java":
        return read_facts({"pom.xml": b"<project/>"}, ["src/main/java/App.java", "src/test/java/AppTest.java"])
    if name == "flask":
        files = {
            "pyproject.toml": b'[project]\nname = "desk"\ndependencies = ["flask>=3"]\n',
            "desk/__init__.py": b"",
            "desk/app.py": b"def create_app():\n    return None\n",
            "desk/login.py": b"def sign_in(name, password):\n    return False\n",
            "tests/test_login.py": b"def test_sign_in(): ...\n",
            "README.md": b"# Desk\n\nA help desk.\n",
        }
        return read_facts(files, [".github/workflows/ci.yml", ".gitignore"])
    files = {
        "pyproject.toml": b'[project]\nname = "dateparts"\n[tool.pytest.ini_options]\n',
        "dateparts/__init__.py": b"",
        "dateparts/parsing.py": b"def parse_date(text):\n    return text\n\n\ndef read_year(text):\n    return 1\n",
        "dateparts/text.py": b'def slug(text):\n    """A slug."""\n    return text\n',
        "tests/test_parsing.py": b"def test_parse_date(): ...\n",
        "README.md": b"# Dateparts\n\nReads dates: parse_date reads one.\n",
    }
    return read_facts(files, [".github/workflows/ci.yml", ".gitignore"])


def planned(entry: dict[str, Any], today: date) -> Plan:
    """The plan of one entry."""
    return make_plan(entry["brief"], repository(entry["repo"]), today=today)


def sound(plan: Plan) -> bool:
    """Valid and acyclic; every goal is provided, and whatever is required is provided by a task that comes before."""
    provided = {item for task in plan.tasks for item in task.provides}
    makers = {item: task.id for task in reversed(plan.tasks) for item in task.provides}
    needs = all(makers.get(n) in task.depends_on for task in plan.tasks for n in task.requires if n in makers)
    return not problems(plan) and set(plan.goals) <= provided and needs and bool(plan.tasks)


def words_accounted(plan: Plan) -> bool:
    """Every word of two letters or more that is no small word stands in one entry at least, and in none too many."""
    small = set(shipped_library().words["stop"].split())
    told = Counter(word for use in plan.words for word in re.findall(r"[^\W\d_]{2,}", use.text.lower()))
    there = Counter(re.findall(r"[^\W\d_]{2,}", plan.brief.lower().replace("’", "'")))
    listed = {part for word in small for part in re.findall(r"[^\W\d_]{2,}", word)}
    return all(told[word] for word in there if word not in listed) and all(told[w] <= there[w] for w in told)


def constraints_found(plan: Plan, expect: dict[str, Any]) -> bool:
    """Every constraint that the author names is in the plan, and none that the author does not name."""
    people = plan.agents[0]["capacity"] if plan.agents else None
    deadline = plan.budget.get("deadline")
    found = {
        "hours": plan.budget.get("hours"), "cost_usd": plan.budget.get("cost_usd"), "people": people,
        "deadline": date.fromisoformat(deadline) if deadline else None,
        "coverage": int(plan.bindings["coverage"]) if plan.bindings["coverage"] else None,
    }  # fmt: skip
    if any(found[name] != expect.get(name) for name in found):
        return False
    atoms = set(plan.bindings["atoms"])
    uses = {f"uses:{name}" for name in expect.get("uses", ())} | {f"avoids:{name}" for name in expect.get("avoids", ())}
    return uses <= atoms


def expected(plan: Plan, entry: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """How much of what a reader expects stands in the plan, and how much is expected: a count of each sort."""
    things: dict[str, list[str]] = entry.get("things", {})
    kept = {e["entity"]: {f["name"] for f in e["fields"]} for e in plan.bindings["entities"]}
    fields = [(identifier(thing), identifier(field)) for thing, names in things.items() for field in names]
    titles = " ".join(task.title for task in plan.tasks if task.kind != "readme-section").lower()
    strange = {word for use in plan.words if use.verdict == "not understood" for word in use.text.split()}
    words = entry.get("not_understood", [])
    archetypes = entry["archetype"] if isinstance(entry["archetype"], list) else [entry["archetype"]]
    unsure = bool(entry.get("unsure"))
    told = any(use.verdict == "assumed" and use.meaning.startswith(SORT_ASSUMED) for use in plan.words)
    meant = plan.archetype in archetypes or (unsure and told)
    named = {identifier(thing) for thing in things}
    return {
        "sound": (int(sound(plan)), 1),
        "archetype": (int(meant), 1),
        "doubt told": (int(told == unsure or (told and not unsure and not meant)), 1),
        "words": (int(words_accounted(plan)), 1),
        "things": (len(named & set(kept)), len(named)),
        "fields": (sum(field in kept.get(thing, ()) for thing, field in fields), len(fields)),
        "no other thing": (int(not set(kept) - named), 1),
        "features": (sum(word.lower() in titles for word in entry.get("features", [])), len(entry.get("features", []))),
        "not understood": (len(strange & set(words)), len(words)),
        "constraints": (int(constraints_found(plan, entry.get("expect", {}))), 1),
        "no filler": (sum(not filler(plan, task) for task in plan.tasks), len(plan.tasks)),
    }


def filler(plan: Plan, task: Task) -> bool:
    """Whether a task lacks what makes it one: a title, files or a person, something to check, and what it gives.

    A check is a command, or says what a person sees.
    """
    checked = any(check.verify or check.text.startswith("A person ") for check in task.acceptance)
    return not (task.title.strip() and (task.files or task.how.kind == "person") and checked and task.provides)


def measure_readers(show: bool) -> int:
    """Measure and print what readers expect, for each set of briefs; 1 when a plan is not sound."""
    document = yaml.safe_load(READERS.read_text(encoding="utf-8"))
    unsound = 0
    for name in ("first", "second", "third"):
        entries = [entry for entry in document["briefs"] if entry.get("set", "first") == name]
        found: Counter[str] = Counter()
        wanted: Counter[str] = Counter()
        for entry in entries:
            plan = planned({"repo": "empty", **entry}, document["today"])
            results = expected(plan, entry)
            for measure, (got, there) in results.items():
                found[measure] += got
                wanted[measure] += there
            missed = [f"{measure} {got}/{there}" for measure, (got, there) in results.items() if got < there]
            if show and missed:
                print(f"  {', '.join(missed)}: {entry['brief']!r} ({plan.archetype})")
        print(f"{name}: {len(entries)} briefs; " + ", ".join(f"{each} {found[each]}/{wanted[each]}" for each in wanted))
        unsound += wanted["sound"] - found["sound"]
    return 1 if unsound else 0


def main() -> int:
    """Measure and print; 1 when a plan is not sound."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--half", choices=("tune", "hold"))
    arguments.add_argument("--readers", action="store_true", help="read briefs_held_out.yaml")
    arguments.add_argument("--show", action="store_true", help="name the briefs that missed something")
    given = arguments.parse_args()
    if given.readers:
        return measure_readers(given.show)
    document = yaml.safe_load(BRIEFS.read_text(encoding="utf-8"))
    unsound = 0
    for half in [given.half] if given.half else ["tune", "hold"]:
        entries = [entry for entry in document["briefs"] if entry["half"] == half]
        counts: Counter[str] = Counter()
        for entry in entries:
            plan = planned(entry, document["today"])
            results = (
                sound(plan), plan.archetype == entry["archetype"], words_accounted(plan),
                constraints_found(plan, entry["expect"]),
            )  # fmt: skip
            counts.update(name for name, good in zip(MEASURES, results, strict=True) if good)
            unsound += not results[0]
            missed = [name for name, good in zip(MEASURES, results, strict=True) if not good]
            if given.show and missed:
                print(f"  {', '.join(missed)}: {entry['brief']!r} ({plan.archetype}; {plan.budget})")
        print(f"{half}: {len(entries)} briefs; " + ", ".join(f"{name} {counts[name]}" for name in MEASURES))
    return 1 if unsound else 0


if __name__ == "__main__":
    sys.exit(main())
