"""Taking a replan back: what it gave up is in the plan again, and what it added stays as a cancelled record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.board import States
from nootropic_kernel.planning.errors import UndoRefused
from nootropic_kernel.planning.model import Node, Plan, Schedule, Story, Task
from nootropic_kernel.planning.patch import LOG, PlanPatch, log, log_entries
from nootropic_kernel.planning.records import from_plain, to_plain
from nootropic_kernel.planning.retime import with_slack
from nootropic_kernel.planning.spec_file import canonical
from nootropic_kernel.planning.validate import check

_BEGUN = frozenset({"done", "review", "running"})


def former(before: Plan, after: Plan, patch: PlanPatch) -> dict[str, Any]:
    """What a replan changed, as it was: a JSON document to keep beside the patch."""
    named = {*patch.supersede, *(each.id for each in patch.relink), *(each.id for each in patch.reschedule)}
    known = {node.id: node for node in after.tree}
    stories = {story.id: story for story in after.stories}
    return {
        "tasks": {
            task.id: {
                "status": task.status,
                "depends_on": list(task.depends_on),
                "schedule": to_plain(task.schedule),
                "estimate": to_plain(task.estimate),
            }
            for task in before.tasks
            if task.id in named
        },
        "nodes": [to_plain(node) for node in before.tree if known.get(node.id) != node],
        "stories": [to_plain(story) for story in before.stories if stories.get(story.id) != story],
    }


def take_back(plan: Plan, entry: dict[str, Any], patch: PlanPatch, was: dict[str, Any], states: States) -> Plan:
    """The plan without one replan; what was edited elsewhere since then stays.

    :param entry: the replan's entry in the log; ``patch`` and ``was`` (see :func:`former`) belong to it.
    :raises UndoRefused: when a task that it added was begun, or one that it changed was changed again.
    """
    added, gone = {task.id for task in patch.tasks()}, set(patch.supersede)
    links = {each.id: each.depends_on for each in patch.relink}
    moves = {each.id: (each.start_h, each.end_h) for each in patch.reschedule}
    _check(plan, added, gone, links, states, int(entry["revision"]))
    tasks = []
    for task in plan.tasks:
        old = was["tasks"].get(task.id, {})
        if task.id in added:
            start = task.schedule.start_h
            task = replace(task, status="cancelled", supersedes=None, schedule=Schedule(start, start))
        if task.id in gone:
            task = replace(task, status=old["status"], schedule=from_plain(Schedule, old["schedule"]))
        if task.id in links:
            task = replace(task, depends_on=tuple(old["depends_on"]))
        if task.id in moves and (task.schedule.start_h, task.schedule.end_h) == moves[task.id]:
            task = replace(task, schedule=from_plain(Schedule, old["schedule"]))
            if entry["kind"] == "late" and task.id == entry["task"]:
                task = replace(task, estimate=from_plain(type(task.estimate), old["estimate"]))
        tasks.append(task)
    begun = {name for name, state in states.items() if state.status in _BEGUN}
    entries = [{**each, "undone": plan.revision + 1} if each == entry else each for each in log_entries(plan)]
    stories = {record["id"]: from_plain(Story, record) for record in was["stories"]}
    taken_back = replace(
        plan,
        revision=plan.revision + 1,
        parent_revision=plan.revision,
        stories=tuple(stories.get(story.id, story) for story in plan.stories),
        tree=_tree(plan, patch, was),
        tasks=with_slack(tasks, begun),
        ext={**plan.ext, LOG: entries},
    )
    return check(canonical(taken_back))


def latest(plan: Plan, task: str = "") -> dict[str, Any] | None:
    """The newest replan that was not taken back, of a task if one is named."""
    return next((each for each in reversed(log(plan)) if task in ("", each.get("task"))), None)


def _check(
    plan: Plan, added: set[str], gone: set[str], links: dict[str, tuple[str, ...]], states: States, revision: int
) -> None:
    problems = []
    known: dict[str, Task] = {task.id: task for task in plan.tasks}
    for name in sorted(added):
        status = states[name].status if name in states else "gone"
        if status in _BEGUN or status in ("superseded", "gone"):
            problems.append(f"{name} is {status}")
    problems += [f"{name} is not superseded any more" for name in sorted(gone) if _status(known, name) != "superseded"]
    problems += [
        f"{name} waits for others than then"
        for name, others in links.items()
        if name not in known or known[name].depends_on != others
    ]
    if problems:
        raise UndoRefused(
            f"The replan of revision {revision} cannot be taken back.",
            why=f"The plan was worked on since: {'; '.join(problems[:5])}.",
            next="Take back later replans first, or edit project-spec.md.",
            revision=revision,
        )


def _status(known: dict[str, Task], name: str) -> str:
    return known[name].status if name in known else "gone"


def _tree(plan: Plan, patch: PlanPatch, was: dict[str, Any]) -> tuple[Node, ...]:
    old = {record["id"]: from_plain(Node, record) for record in was["nodes"]}
    fresh = {each.id for each in patch.add if isinstance(each, Node)} - set(old)
    merged = {node.id: node for node in plan.tree if node.id not in fresh} | old
    return tuple(merged.values())
