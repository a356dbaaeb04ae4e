"""The shipped ways: what they have in common with one another, and that a plan goes on with the next when one fails."""

from __future__ import annotations

from datetime import date

import pytest

from nootropic_kernel.planning.errors import NoWayFound
from nootropic_kernel.planning.healing.patch import Event, apply
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.healing.situation import ground_of
from nootropic_kernel.planning.methods.bindings import bindings_of, state_of
from nootropic_kernel.planning.methods.htn import decompose
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import Node, Plan, TaskState
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.reading.brief import read_brief
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts

LIBRARY = shipped_library()
CODE = {
    "desk/__init__.py": b"",
    "desk/app.py": b"def run():\n    return 1\n",
    "tests/test_app.py": b"def test(): ...\n",
}
BRIEFS = {
    "web-application": ("Build a blog with login, search and reminders", {}),
    "shop": ("Build a shop", {}),
    "rest-service": ("REST API for invoices with login", {}),
    "cli-tool": ("Write a command line tool that tracks lanterns and converts CSV to JSON", {}),
    "python-library": ("Build a Python library that parses BibTeX files", {}),
    "data-pipeline": ("Every night, fetch rates from an API and load them into DuckDB", {}),
    "ml-training": ("train a classifier on iris", {}),
    "notebook-analysis": ("load sales.csv, clean it, plot revenue by month", {}),
    "jupyterlab-extension": ("JupyterLab extension that shows memory in the status bar", {}),
    "documentation-site": ("Set up a documentation site", CODE),
    "documentation": ("Write docs for app.py", CODE),
    "bug-fix": ("Fix the crash in desk.app", CODE),
    "refactor": ("Refactor desk.app", CODE),
    "migration": ("Migrate from Flask to FastAPI", CODE),
    "change": ("Add a retry to run in app.py", CODE),
    "game": ("a snake game with apples and walls", {}),
    "application": ("Keep kettles and lanterns", {}),
}
# What can be done in more than one way, and under which archetype the ways are looked at.
CHOICES = {
    "storage": "web-application", "pages": "web-application", "sign-in": "web-application", "search": "web-application",
    "notifications": "web-application", "payment": "shop", "contract": "rest-service",
    "entry-point-there": "cli-tool", "steps": "data-pipeline", "training-model": "ml-training",
    "lab-start": "jupyterlab-extension", "site": "documentation-site", "site-published": "documentation-site",
    "bug-fix": "bug-fix", "refactor-story": "refactor", "migration-steps": "migration",
}  # fmt: skip


def plan_of(archetype: str) -> tuple[Plan, RepositoryFacts]:
    brief, files = BRIEFS[archetype]
    facts = read_facts(files)
    return make_plan(brief, facts, today=date(2026, 11, 25)), facts


@pytest.mark.parametrize("archetype", sorted(LIBRARY.archetypes))
def test_every_archetype_is_found_by_a_brief_and_its_tasks_are_linked(archetype: str) -> None:
    plan, _ = plan_of(archetype)
    assert plan.archetype == archetype
    makers = {item for task in plan.tasks for item in task.provides}
    for task in plan.tasks:
        assert task.acceptance and "{" not in f"{task.title}{task.body}{task.files}{task.acceptance}", task
        for item in set(task.requires) & makers:
            assert any(item in other.provides for other in plan.tasks if other.id in task.depends_on), (task.id, item)


@pytest.mark.parametrize(("compound", "archetype"), CHOICES.items())
def test_what_can_be_done_in_several_ways_gives_the_same_to_others_in_each(compound: str, archetype: str) -> None:
    brief, files = BRIEFS[archetype]
    facts = read_facts(files)
    reading = read_brief(brief, facts, LIBRARY)
    bindings = bindings_of(brief, reading, facts, LIBRARY)
    plan = make_plan(brief, facts)
    for name in ("entities", "abilities", "targets", "missing", "actions"):
        for element in bindings[name][:1]:
            bindings = {**bindings, **element}
    state = state_of(bindings_of(brief, reading, facts, LIBRARY), facts)
    state |= {item for task in plan.tasks for item in task.provides} - _inside(plan, compound)
    wanted = {item for task in plan.tasks for item in task.requires}
    given: dict[str, set[str]] = {}
    for way in LIBRARY.compounds[compound]:
        try:
            found = decompose(LIBRARY, compound, bindings, set(state), ways=(way,))
        except NoWayFound:
            continue
        given[way.name] = {item for step in found.steps for item in step.key[1]} & wanted
    assert len(given) >= 2, f"{compound} can be done in one way only: {list(given)}"
    outside = [
        item for item in wanted if any(item in items for items in given.values()) and _others(plan, compound, item)
    ]
    for name, items in given.items():
        assert set(outside) <= items, f"{name} does not give {set(outside) - items}"


def _inside(plan: Plan, compound: str) -> set[str]:
    names = {name for node in _below(plan, compound) for name in node.tasks}
    return {item for task in plan.tasks if task.id in names for item in task.provides}


def _others(plan: Plan, compound: str, item: str) -> bool:
    """Whether a task outside the compound needs it."""
    inside = {name for node in _below(plan, compound) for name in node.tasks}
    return any(item in task.requires for task in plan.tasks if task.id not in inside)


def _below(plan: Plan, compound: str) -> list[Node]:
    roots = {node.id for node in plan.tree if node.compound == compound}
    found = []
    for node in plan.tree:
        if node.id in roots or node.parent in roots:
            roots.add(node.id)
            found.append(node)
    return found


def test_a_plan_goes_on_with_another_way_when_one_is_used_up() -> None:
    facts = read_facts({})
    plan = make_plan("Build a blog with login", facts)
    ground = ground_of(plan, LIBRARY, facts)
    states = {task.id: TaskState("pending") for task in plan.tasks}
    name = next(task.id for task in plan.tasks if task.kind == "sign-in-sessions")
    kinds = []
    for attempt in range(3):
        plan = apply(plan, replan(plan, Event("failed", name, f"attempt {attempt}"), ground, states), set())
        new = next(task for task in plan.tasks if task.supersedes == name)
        kinds.append((new.kind, new.how.kind))
        states = {**states, **{each.id: TaskState("pending") for each in plan.tasks if each.id not in states}}
        states[name] = TaskState("superseded")
        name = new.id
    assert kinds[:2] == [("sign-in-sessions", "person"), ("sign-in-tokens", "model")]


@pytest.mark.parametrize("opening", ["Analyse sales.csv: ", "Build an ETL pipeline: ", "Train a classifier: "])
def test_every_step_that_is_read_becomes_a_task(opening: str) -> None:
    verbs = {kind: words.split() for kind, words in LIBRARY.words["steps"].items()}
    for index in range(4):
        asked = [f"{words[index % len(words)]} the kettles" for words in verbs.values()]
        plan = make_plan(opening + ", ".join(asked), read_facts({}))
        reading = read_brief(plan.brief, read_facts({}), LIBRARY)
        assert len(reading.steps) >= len(asked) - 1
        for step in reading.steps:
            assert any(task.title.startswith(step.title) for task in plan.tasks), (step, [t.title for t in plan.tasks])
