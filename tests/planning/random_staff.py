"""Random plans with agents for tests of schedules and budgets, and what a schedule must keep to, from its times."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.model import Epic, Estimate, How, Plan, Story, Task


def random_plan(rng: random.Random, size: int, agents: int = 3) -> Plan:
    """A plan of so many tasks in stories of up to four, with random agents and no budget."""
    stories: list[Story] = []
    tasks: list[Task] = []
    while len(tasks) < size:
        stories.append(Story(f"S{len(stories) + 1}", "E1", f"Story {len(stories) + 1}"))
        for _ in range(min(rng.randint(1, 4), size - len(tasks))):
            before = rng.sample(tasks, min(len(tasks), rng.choice([0, 1, 1, 2])))
            kind = rng.choice(["recipe", "model", "model", "person"])
            how = How(kind, "python.rename" if kind == "recipe" else None, why="x")
            estimate = Estimate(
                rng.choice([0.0, 0.25, 0.5, 1.0, 3.0, rng.uniform(0.1, 5)]),
                tokens=rng.choice([1_000, 5_000]) if kind == "model" else 0,
                cost_usd=rng.choice([None, 0.25]) if kind == "model" else None,
            )
            tasks.append(
                Task(
                    f"T{len(tasks) + 1}", stories[-1].id, "k", f"Task {len(tasks) + 1}", how,
                    depends_on=tuple(task.id for task in before),
                    requires=tuple(task.provides[0] for task in before), provides=(f"a{len(tasks) + 1}",),
                    estimate=estimate,
                )
            )  # fmt: skip
    return Plan(
        "p", "P", "p", "application",
        agents=tuple(random_agent(rng, f"a{number}") for number in range(1, agents + 1)),
        epics=(Epic("E1", "E"),), stories=tuple(stories), tasks=tuple(tasks),
    )  # fmt: skip


def random_agent(rng: random.Random, name: str) -> dict[str, Any]:
    """An agent that does one or two kinds of work."""
    return {
        "id": name,
        "capacity": rng.choice([1, 1, 2, 3]),
        "speed": rng.choice([0.5, 1.0, 1.0, 3.0]),
        "cost_usd_per_hour": rng.choice([0.0, 0.0, 5.0, 40.0]),
        "kinds": rng.sample(["person", "model", "recipe"], rng.choice([1, 2])),
    }


def begun(rng: random.Random, plan: Plan) -> Plan:
    """The (scheduled) plan with its first tasks done and begun, and some others locked."""
    until = rng.uniform(0, plan.hours())
    tasks = []
    for task in plan.tasks:
        if task.status == "deferred":
            pass
        elif task.schedule.end_h <= until:
            task = replace(task, status="done")
        elif task.schedule.start_h < until:
            task = replace(task, status=rng.choice(["running", "review"]))
        tasks.append(task)
    return replace(plan, tasks=tuple(tasks))


def at_once(slots: Iterable[tuple[float, float]]) -> int:
    """How many of these spans of time overlap at the most; those that only touch do not."""
    ends = [(round(end, 6), -1) for start, end in slots if end > start]
    starts = [(round(start, 6), 1) for start, end in slots if end > start]
    most = now = 0
    for _, change in sorted(ends + starts):
        now += change
        most = max(most, now)
    return most


def broken_rules(plan: Plan, agents: Mapping[str, tuple[int, float, frozenset[str]]]) -> list[str]:
    """What is wrong with a schedule, worked out from nothing but times: precedence, capacity, skill and length."""
    found = []
    live = {task.id: task for task in plan.tasks if task.status not in ("superseded", "cancelled", "deferred")}
    for task in live.values():
        for name in task.depends_on:
            if name not in live:
                found.append(f"{task.id} waits for {name}, which was put off")
            elif live[name].schedule.end_h > task.schedule.start_h + 1e-5:
                found.append(f"{task.id} starts before {name} ends")
        capacity, speed, kinds = agents[str(task.agent)]
        if task.how.kind not in kinds:
            found.append(f"{task.id} ({task.how.kind}) is done by {task.agent}")
        if abs(task.schedule.end_h - task.schedule.start_h - task.estimate.hours / speed) > 1e-5:
            found.append(f"{task.id} takes {task.schedule}")
    for name, (capacity, _, _) in agents.items():
        spans = [(t.schedule.start_h, t.schedule.end_h) for t in live.values() if t.agent == name]
        if at_once(list(spans)) > capacity:
            found.append(f"{name} does more than {capacity} tasks at once")
    return found
