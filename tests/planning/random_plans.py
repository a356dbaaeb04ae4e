"""Plans made at random for replanning: a library with several ways for every compound, and plans partly done.

A start and a release, and features of eight tasks each: a model and its tables, a service, its interface for programs
and for people, two kinds of tests, a page of documentation. The parts have two ways that provide the same artifacts by
different tasks, so that a failure can be healed where it happens or one level above.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

from nootropic_kernel.planning.healing.situation import Ground, ground_of
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.methods.htn import decompose
from nootropic_kernel.planning.methods.library import HowTemplate, Item, Library, TaskTemplate, Way, shipped_library
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.planner import elements, make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.schedule.bounds import Bounds
from nootropic_kernel.planning.schedule.critical_path import in_order, schedule
from tests.planning.random_repository import random_brief, random_repository

NOTHING = RepositoryFacts()
_PERSON = (HowTemplate("person", why="Only a person does this here."),)
_MODEL = (HowTemplate("model", why="A model drafts it."),)


def _task(name: str, needs: str = "", gives: str = "", hours: float = 2.0, alone: bool = True) -> TaskTemplate:
    return TaskTemplate(
        name,
        f"{name} of {{feature}}",
        how=_PERSON if alone else _MODEL,
        body="Made for a test.",
        requires=tuple(needs.split()),
        provides=tuple(gives.split()),
        files=("src/{feature}.py",),
        hours=(hours / 2, hours, hours * 2),
        accept=({"text": "{feature} does what it should", "verify": "python -m pytest"},),
    )


ENDS = ("page", "tested", "seen", "documented")  # what every feature is to give


@cache
def library() -> Library:
    """Two ways and more for each compound; done by a person, so that no task has a second way of its own."""
    tasks = [
        _task("scaffold", gives="scaffold"),
        _task("template", gives="scaffold", hours=1),
        _task("ci", "scaffold", "ci"),
        _task("write-model", "scaffold", "model:{feature}"),
        _task("migrate", "model:{feature}", "tables:{feature}", 1),
        _task("generate-model", "scaffold", "model:{feature} tables:{feature}", 1),
        _task("write-service", "tables:{feature} {one} {two}", "service:{feature}", 4),
        _task("buy-service", "tables:{feature} {one} {two}", "service:{feature}", 3),
        _task("adapt-service", "service:{feature}", "service-ok:{feature}", 1),
        _task("write-page", "service:{feature}", "page:{feature}", 3),
        _task("draw-page", "service:{feature}", "drawn:{feature}", 1),
        _task("build-page", "drawn:{feature}", "page:{feature}", 2),
        _task("unit-tests", "service:{feature}", "tested:{feature}", 1),
        _task("browser-tests", "page:{feature}", "tested:{feature}", 2),
        _task("write-api", "service:{feature}", "api:{feature}"),
        _task("describe-api", "service:{feature}", "described:{feature}", 1),
        _task("generate-api", "described:{feature}", "api:{feature}", 1),
        _task("end-to-end", "page:{feature}", "seen:{feature}", 1),
        _task("record", "page:{feature}", "seen:{feature}", 2),
        _task("document", "api:{feature}", "documented:{feature}", 1),
        _task("extract-docs", "api:{feature}", "documented:{feature}", 1),
        _task("no-code", "scaffold", "model:{feature} tables:{feature} service:{feature} page:{feature}", 8),
        _task("release", "ci", "released", 1),
    ]
    ways = {
        "project": [("in steps", ["start", ("feature", "features"), "release"])],
        "start": [("by hand", ["scaffold", "ci"]), ("from a template", ["template", "ci"])],
        "feature": [
            ("in layers", ["data", "logic", "interface", "face", "trial", "tour", "manual"]),
            ("without code", ["no-code", "interface", "trial", "tour", "manual"]),
        ],
        "data": [("by hand", ["write-model", "migrate"]), ("generated", ["generate-model"])],
        "logic": [("own", ["write-service"]), ("bought", ["buy-service", "adapt-service"])],
        "interface": [("by hand", ["write-api"]), ("from a description", ["describe-api", "generate-api"])],
        "face": [("at once", ["write-page"]), ("drawn first", ["draw-page", "build-page"])],
        "trial": [("inside", ["unit-tests"]), ("in a browser", ["browser-tests"])],
        "tour": [("by a script", ["end-to-end"]), ("recorded", ["record"])],
        "manual": [("by hand", ["document"]), ("from the code", ["extract-docs"])],
    }
    compounds = {
        name: tuple(
            Way(
                way,
                tuple(Item(part) if isinstance(part, str) else Item(part[0], each=part[1]) for part in parts),
                epic="Work" if name == "project" else "",
                story={"feature": "{feature}", "start": "The start"}.get(name, ""),
            )
            for way, parts in found
        )
        for name, found in ways.items()
    }
    return Library({}, compounds, {task.name: task for task in tasks}, {})


def synthetic_plan(rng: random.Random, tasks: int, budget: float | None = None) -> tuple[Plan, Ground]:
    """A plan of about so many tasks in which features build on up to two earlier ones, and its ground."""
    features: list[dict[str, str]] = []
    for index in range(max(1, (tasks - 3) // 8)):
        uses = rng.sample(range(index), min(index, rng.randint(0, 2)))
        named = [*(f"service:f{each}" for each in sorted(uses)), "scaffold", "scaffold"]
        features.append({"feature": f"f{index}", "one": named[0], "two": named[1]})
    templates = dict(library().tasks)
    known = replace(library(), tasks=templates)
    bindings = {"features": features}
    found = decompose(known, "project", bindings, set())
    bounds = Bounds((), NOTHING)
    epics, stories, made, tree = elements(found, NOTHING, bounds)
    wanted = ["released", "ci", *(f"{item}:{each['feature']}" for each in features for item in ENDS)]
    plan = Plan(
        id="plan-test", title="A test", brief="Build it", archetype="project", goals=tuple(wanted),
        budget={} if budget is None else {"hours": budget}, bindings=bindings, tree=tree,
        epics=epics, stories=stories, tasks=schedule(link(made)),
    )  # fmt: skip
    return plan, Ground(known, NOTHING, frozenset(), bounds)


def shipped_plan(rng: random.Random) -> tuple[Plan, Ground]:
    """A plan of the shipped library for a random brief in a random repository, and its ground."""
    repository = random_repository(rng)
    facts = read_facts(repository.files)
    plan = make_plan(random_brief(rng, repository), facts)
    return plan, ground_of(plan, shipped_library(), facts)


def partly_done(rng: random.Random, plan: Plan, share: float) -> dict[str, TaskState]:
    """States in which about that share of the tasks is done, each after those it waits for."""
    order = [task.id for task in in_order(plan.tasks) if task.status not in ("superseded", "cancelled")]
    done = set(order[: int(share * len(order))])
    return {
        task.id: TaskState("done" if task.id in done else task.status if task.status != "ready" else "pending")
        for task in plan.tasks
    }
