"""Amending a plan after its brief was edited: what is finished or decided stays as it is, ids are never reused."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from nootropic_kernel.planning.difference import difference
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.model import CLOSED, Epic, Plan, Story, Task, next_number, number
from nootropic_kernel.planning.patch import Event, PlanPatch
from nootropic_kernel.planning.schedule import schedule
from nootropic_kernel.planning.spec_file import canonical
from nootropic_kernel.planning.validate import check


@dataclass(frozen=True)
class Amendment:
    """The plan before and after, and what changed in it: by task id, and as a patch."""

    before: Plan
    plan: Plan
    added: tuple[str, ...]
    changed: tuple[str, ...]
    superseded: tuple[str, ...]
    kept: tuple[str, ...]
    patch: PlanPatch


def amend(old: Plan, new: Plan, touched: Container[str], present: Container[str] = ()) -> Amendment:
    """Bring ``old`` to what ``new`` (planned from the edited brief) says.

    A task is the same when its kind and products are. The same task keeps its id; when a person touched it (decided
    on hunks of it, finished, locked or edited it) it keeps everything else too. What is no longer wanted and was
    never touched becomes superseded; its record stays, so that its id is never given away again.
    """
    epics, epic_ids = _epics(old.epics, new.epics)
    stories, story_ids = _stories(old.stories, new.stories, epic_ids)
    before = {task.key: task for task in old.tasks if task.status not in ("superseded", "cancelled")}
    after: dict[str, Task] = {}
    added: list[str] = []
    changed: list[str] = []
    kept: list[str] = []
    following = next_number(task.id for task in old.tasks)
    names: dict[str, str] = {}
    for task in new.tasks:
        same = before.pop(task.key, None)
        placed = replace(task, story=story_ids[task.story])
        names[task.id] = f"T{following}" if same is None else same.id
        if same is None:
            after[f"T{following}"] = replace(placed, id=f"T{following}")
            added.append(f"T{following}")
            following += 1
        elif same.id in touched or same.locked or same.status in CLOSED:
            after[same.id] = same
            kept.append(same.id)
        else:
            merged = replace(placed, id=same.id, status=same.status, agent=same.agent, ext=same.ext)
            if same.supersedes:  # it is done in another way since an earlier one failed
                merged = replace(merged, how=same.how, body=same.body, supersedes=same.supersedes)
            after[same.id] = merged
            (kept if _same_work(same, merged) else changed).append(same.id)
    gone = []
    for task in old.tasks:
        if task.id in after:
            continue
        # What checks finished work once more follows from no brief.
        finished = task.id in touched or task.locked or task.status in CLOSED or task.kind == "verify"
        after[task.id] = task if finished else replace(task, status="superseded")
        if not finished:
            gone.append(task.id)
    ordered = _in_id_order(after.values())
    plan = replace(
        new,
        id=old.id,
        revision=old.revision + 1,
        parent_revision=old.revision,
        ext=old.ext,
        body=old.body,
        epics=epics,
        stories=stories,
        tasks=schedule(link(ordered, present)),
        tree=tuple(
            replace(
                node,
                epic=epic_ids.get(node.epic, ""),
                story=story_ids.get(node.story, ""),
                tasks={names[name]: bound for name, bound in node.tasks.items()},
            )
            for node in new.tree
        ),
    )
    plan = check(canonical(plan))
    patch = difference(old, plan, Event("amended", "", new.brief))
    return Amendment(old, plan, tuple(added), tuple(changed), tuple(gone), tuple(kept), patch)


def _epics(old: tuple[Epic, ...], new: tuple[Epic, ...]) -> tuple[tuple[Epic, ...], dict[str, str]]:
    """All epics, the old ones first, and the id that each new one has among them."""
    by_title = {epic.title: epic.id for epic in old}
    merged, names = list(old), {}
    for epic in new:
        if epic.title not in by_title:
            by_title[epic.title] = f"E{next_number(known.id for known in merged)}"
            merged.append(replace(epic, id=by_title[epic.title]))
        names[epic.id] = by_title[epic.title]
    return tuple(merged), names


def _stories(
    old: tuple[Story, ...], new: tuple[Story, ...], epics: dict[str, str]
) -> tuple[tuple[Story, ...], dict[str, str]]:
    """All stories, the old ones first, and the id that each new one has among them."""
    by_title = {(story.epic, story.title): story.id for story in old}
    merged, names = list(old), {}
    for story in new:
        key = (epics[story.epic], story.title)
        if key not in by_title:
            by_title[key] = f"S{next_number(known.id for known in merged)}"
            merged.append(replace(story, id=by_title[key], epic=key[0]))
        names[story.id] = by_title[key]
    return tuple(merged), names


def _same_work(one: Task, other: Task) -> bool:
    """Whether two tasks differ in nothing but when and after what they are done."""
    return replace(one, schedule=other.schedule, depends_on=other.depends_on) == other


def _in_id_order(tasks: Iterable[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: number(task.id))
