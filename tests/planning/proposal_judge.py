"""A judge of plans that were made of proposals: it walks the graph by itself and shares no code with the repair."""

from __future__ import annotations

import json
from collections.abc import Collection

from nootropic_kernel.planning.healing.situation import Ground
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.spec.file import dump, read
from tests.planning.faulty_proposals import Document, Fault


def judged(base: Plan, ground: Ground, plan: Plan) -> list[str]:
    """What is wrong with the plan that was made of a proposal."""
    wrong: list[str] = []
    ids = [task.id for task in plan.tasks]
    by_id = {task.id: task for task in plan.tasks}
    if len(ids) != len(by_id):
        wrong.append("an id is there twice")
    made = {item for task in plan.tasks for item in task.provides}
    for task in plan.tasks:
        wrong += [f"{task.id} waits for {name}" for name in task.depends_on if name not in by_id or name == task.id]
        given = {item for name in task.depends_on if name in by_id for item in by_id[name].provides}
        for item in task.requires:
            if item not in given and item not in ground.present and (item in made or base.task(task.id) is None):
                wrong.append(f"{task.id} requires {item} of nobody")
        wrong += [f"{task.id} changes {path}" for path in task.files if _is_bad(path)]
        wrong += [f"{task.id}: {command}" for command in _unflagged(task)]
        if task.origin not in ("library", "model", "repaired"):
            wrong.append(f"{task.id} is of {task.origin}")
    if _has_circle({name: task.depends_on for name, task in by_id.items()}):
        wrong.append("there is a circle")
    for task in base.tasks:
        now = by_id.get(task.id)
        if now is None or (now.kind, now.provides, now.requires, now.how) != (
            task.kind, task.provides, task.requires, task.how,
        ):  # fmt: skip
            wrong.append(f"the library's {task.id} is not what it was")
    if len(set(plan.goals)) != len(plan.goals) or not set(base.goals) <= set(plan.goals) <= made | ground.present:
        wrong.append("the goals are not what they were, or nobody reaches them")
    text = dump(plan)
    if read(text).plan != plan:
        wrong.append("it does not survive its file")
    if any((ord(sign) < 32 and sign != "\n") or sign in "\x7f\x9b\u202e\u200b" for sign in text) or "XYZZY" in text:
        wrong.append("signs or words that are no plan's are in it")
    if len(text) > 10 * len(dump(base)) + 50_000:
        wrong.append("it is enormous")
    return wrong


def survived(document: Document, faults: Collection[Fault], plan: Plan) -> list[str]:
    """Titles of tasks without a fault that are not in the plan."""
    touched = {fault.where for fault in faults}
    there = {task.title for task in plan.tasks}
    tasks = [task for task in document["tasks"] if isinstance(task, dict) and task.get("id") not in touched]
    return [str(task["title"]) for task in tasks if isinstance(task.get("title"), str) and task["title"] not in there]


def _has_circle(after: dict[str, tuple[str, ...]]) -> bool:
    left = {name: {other for other in others if other in after} for name, others in after.items()}
    while free := [name for name, others in left.items() if not others]:
        for name in free:
            del left[name]
        for others in left.values():
            others.difference_update(free)
    return bool(left)


def _is_bad(path: str) -> bool:
    parts = path.lower().replace("\\", "/").split("/")
    return path.startswith(("/", "C:")) or bool(
        {"..", ".git", ".env", "id_rsa", ".nootropic", "secrets.yaml", ".ssh"} & set(parts)
    )


def _unflagged(task: Task) -> list[str]:
    harmful = ("rm -rf", "clean -fdx", "-delete", "rmtree", "--hard", "DROP TABLE", "> /etc", "sudo", "curl")
    flagged = json.dumps(task.ext.get("warnings", []), ensure_ascii=False)
    return [
        check.verify
        for check in task.acceptance
        if check.verify and any(word in check.verify for word in harmful)
        if f"“{check.text[:60]}”" not in flagged or "may delete" not in flagged
    ]
