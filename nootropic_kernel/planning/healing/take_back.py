"""Taking a replan back: what it gave up is in the plan again, and what it added stays as a cancelled record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.errors import SpecConflict, UndoRefused
from nootropic_kernel.planning.healing.patch import LOG, PlanPatch, log_entries
from nootropic_kernel.planning.model import Node, Plan, Schedule, Story, Task
from nootropic_kernel.planning.schedule.retime import with_slack
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.spec.merge import merge
from nootropic_kernel.planning.spec.records import encode, from_plain, to_plain
from nootropic_kernel.planning.validate import check
from nootropic_kernel.planning.views.board import States

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
        "times": _times_changed(before, after),
        # As texts: whoever keeps the document may sort its keys, and the order of a node's tasks is theirs.
        "nodes": [encode(to_plain(node)) for node in before.tree if known.get(node.id) != node],
        "stories": [to_plain(story) for story in before.stories if stories.get(story.id) != story],
    }


def _times_changed(before: Plan, after: Plan) -> dict[str, Any]:
    """The schedules that are others now, as they were: slack follows from everybody's times."""
    now = {task.id: task.schedule for task in after.tasks}
    return {task.id: to_plain(task.schedule) for task in before.tasks if now.get(task.id) != task.schedule}


def take_back(plan: Plan, entry: dict[str, Any], patch: PlanPatch, was: dict[str, Any], states: States) -> Plan:
    """The plan without one replan; what was edited elsewhere since then stays.

    :param entry: the replan's entry in the log; ``patch`` and ``was`` (see :func:`former`) belong to it.
    :raises UndoRefused: when a task that it added was begun, or one that it changed was changed again.
    """
    added, gone = {task.id for task in patch.tasks()}, set(patch.supersede)
    links = {each.id: each.depends_on for each in patch.relink}
    moves = {each.id: (each.start_h, each.end_h) for each in patch.reschedule}
    _check(plan, entry, patch, states)
    tasks = []
    for task in plan.tasks:
        old = was["tasks"].get(task.id, {})
        if task.id in added:
            task = _cancelled(task)
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
    untouched = plan.revision == entry["revision"]  # then all is as it was, to the byte
    entries = [{**each, "undone": plan.revision + 1} if each == entry else each for each in log_entries(plan)]
    stories = {record["id"]: from_plain(Story, record) for record in was["stories"]}
    taken_back = replace(
        plan,
        revision=plan.revision + 1,
        parent_revision=plan.revision,
        stories=tuple(stories.get(story.id, story) for story in plan.stories),
        tree=_tree(plan, patch, was),
        tasks=_as_they_were(tasks, was["times"]) if untouched and "times" in was else with_slack(tasks, begun),
        ext={**plan.ext, LOG: entries},
    )
    return check(canonical(taken_back))


def take_back_amendment(plan: Plan, entry: dict[str, Any], before: Plan, after: Plan, states: States) -> Plan:
    """The plan without an amendment; what was edited since then stays.

    :param entry: the amendment's entry in the log; it led from ``before`` to ``after``.
    :raises UndoRefused: when a task that it added was begun, or what it changed was changed again.
    """
    begun = {name for name, state in states.items() if state.status in _BEGUN}
    known = {task.id: task for task in before.tasks}
    added = [task for task in after.tasks if task.id not in known]
    former = {
        task.id: _cancelled(task) if task.id not in known else task if task.id in begun else known[task.id]
        for task in after.tasks
    }
    groups = {epic.id for epic in before.epics} | {story.id for story in before.stories}
    wanted = replace(
        before,
        epics=(*before.epics, *(each for each in after.epics if each.id not in groups)),
        stories=(*before.stories, *(each for each in after.stories if each.id not in groups)),
        tasks=tuple(former.values()),
    )
    problems = [f"{task.id} is {states[task.id].status}" for task in added if task.id in begun]
    if not problems:
        try:
            merged = merge(_without_log(after), _without_log(wanted), _without_log(plan))
        except SpecConflict as conflict:
            problems = conflict.data["conflicts"]
    if problems:
        raise _refused(entry, problems)
    entries = [{**each, "undone": plan.revision + 1} if each == entry else each for each in log_entries(plan)]
    taken_back = replace(
        merged,
        revision=plan.revision + 1,
        parent_revision=plan.revision,
        tasks=merged.tasks if plan.revision == entry["revision"] else with_slack(merged.tasks, begun),
        ext={**merged.ext, LOG: entries},
    )
    return check(canonical(taken_back))


def _as_they_were(tasks: Iterable[Task], times: dict[str, Any]) -> tuple[Task, ...]:
    """Tasks with their former slack, those that start and end as they did then."""
    old = {name: from_plain(Schedule, record) for name, record in times.items()}

    def same(task: Task) -> bool:
        was = old.get(task.id)
        return was is not None and (was.start_h, was.end_h) == (task.schedule.start_h, task.schedule.end_h)

    return tuple(replace(task, schedule=old[task.id]) if same(task) else task for task in tasks)


def _cancelled(task: Task) -> Task:
    start = task.schedule.start_h
    return replace(task, status="cancelled", supersedes=None, schedule=Schedule(start, start))


def _without_log(plan: Plan) -> Plan:
    return replace(plan, ext={key: value for key, value in plan.ext.items() if key != LOG})


def latest(plan: Plan, task: str = "", revision: int | None = None) -> dict[str, Any] | None:
    """The log's newest entry, of a task or a revision if one is named; its ``undone`` tells that it was taken back."""
    fitting = (
        each
        for each in reversed(log_entries(plan))
        if task in ("", each.get("task")) and revision in (None, each.get("revision"))
    )
    return next(fitting, None)


def _check(plan: Plan, entry: dict[str, Any], patch: PlanPatch, states: States) -> None:
    known: dict[str, Task] = {task.id: task for task in plan.tasks}
    problems = []
    for name in sorted(task.id for task in patch.tasks()):
        status = states[name].status if name in states else "gone"
        if status in _BEGUN or status in ("superseded", "gone"):
            problems.append(f"{name} is {status}")
    for name in patch.supersede:
        if name not in known or known[name].status != "superseded":
            problems.append(f"{name} is not superseded any more")
    for link in patch.relink:
        if link.id not in known or known[link.id].depends_on != link.depends_on:
            problems.append(f"{link.id} waits for others than then")
    for move in patch.reschedule:
        if (
            entry["kind"] == "late"
            and move.id == entry["task"]
            and (move.start_h, move.end_h) != _times(known, move.id)
        ):
            problems.append(f"{move.id} has other times than then")
    if problems:
        raise _refused(entry, problems)


def _refused(entry: dict[str, Any], problems: list[str]) -> UndoRefused:
    what = "amendment" if entry["kind"] == "amended" else "replan"
    return UndoRefused(
        f"The {what} of revision {entry['revision']} cannot be taken back.",
        why=f"The plan was worked on since: {'; '.join(problems[:5])}.",
        next="Take back later replans first, or edit project-spec.md.",
        revision=entry["revision"],
    )


def _times(known: dict[str, Task], name: str) -> tuple[float, float] | None:
    return (known[name].schedule.start_h, known[name].schedule.end_h) if name in known else None


def _tree(plan: Plan, patch: PlanPatch, was: dict[str, Any]) -> tuple[Node, ...]:
    records = [json.loads(each) if isinstance(each, str) else each for each in was["nodes"]]
    old = {record["id"]: from_plain(Node, record) for record in records}
    fresh = {each.id for each in patch.add if isinstance(each, Node)} - set(old)
    merged = {node.id: node for node in plan.tree if node.id not in fresh} | old
    return tuple(merged.values())
