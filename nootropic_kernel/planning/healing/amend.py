"""Amending a plan after its brief was edited: what is finished or decided stays as it is, ids are never reused."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from nootropic_kernel.planning.healing.difference import difference
from nootropic_kernel.planning.healing.patch import Event, PlanPatch, apply
from nootropic_kernel.planning.healing.same_clause import same_stories, same_tasks
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.model import CLOSED, GIVEN_UP, GONE, Epic, How, Plan, Story, Task, next_number, number
from nootropic_kernel.planning.schedule.remaining import assign_rest
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.tree import Tree

WITH_MODEL = "library+model"  # the origin of a plan that a model had a part in
_DECLARED = "manifest"
_STARTS = frozenset({"package", "lab-package"})  # who begins a package writes what declares it
_EVIDENCE = 300


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


def amend(
    old: Plan,
    new: Plan,
    touched: Container[str],
    present: Container[str] = (),
    passed_h: float = 0.0,
    former: Mapping[tuple[str, tuple[str, ...]], str] | None = None,
    kinds: Container[str] | None = None,
    done: Collection[str] = (),
) -> Amendment:
    """Bring ``old`` to what ``new`` (planned from the edited brief) says.

    A task is the same when its kind and products are; an open one also when its clause is told in more or fewer words.
    The same task keeps its id; when a person touched it (decided on hunks of it, finished, locked or edited it) it
    keeps everything else too. What is no longer wanted and was never touched becomes superseded; its record stays, so
    that its id is never given away again. What a person added of a kind that no method has stays, and so does a title
    that a person changed.

    :param passed_h: working hours since the plan's start.
    :param former: the titles that the old brief gives, by the tasks' keys: any other title in ``old`` is a person's.
    :param kinds: the kinds of task that methods make; without it no task counts as one that a person added.
    :param done: tasks that are finished: they take no time of what is left.
    """
    former = former or {}
    tree = Tree(old)
    own = {task.id for task in old.tasks if _own(task, tree, kinds)}
    epics, epic_ids = _epics(old.epics, new.epics)
    stories, story_ids = _stories(old.stories, new.stories, epic_ids)
    before = {task.key: task for task in old.tasks if task.status not in ("superseded", "cancelled")}
    after: dict[str, Task] = {}
    following = old.next_task()
    names: dict[str, str] = {}
    overtaken: set[str] = set()
    open_ = [t for t in before.values() if not (t.id in touched or _settled(t) or t.status == "blocked")]
    wanted = {task.key for task in new.tasks}
    reworded = same_tasks((t for t in open_ if t.key not in wanted), (t for t in new.tasks if t.key not in before))
    for task in new.tasks:
        same = before.pop(task.key, None) or reworded.get(task.id)
        retold = former.get(task.key, task.title) != task.title  # by the two briefs, not by a person
        if same is not None and same.status == "blocked" and same.id not in touched and retold:
            overtaken.add(same.id)  # what stood in the way of other work does not stand in the way of this
            same = None
        placed = replace(task, story=story_ids[task.story])
        names[task.id] = f"T{following}" if same is None else same.id
        if same is None:
            after[f"T{following}"] = replace(placed, id=f"T{following}")
            following += 1
        elif same.id in touched or _settled(same):
            after[same.id] = same
        else:
            merged = replace(placed, id=same.id, status=same.status, agent=same.agent, ext=same.ext)
            if same.origin != placed.origin == "library":  # a model's words, hours and checks stay
                merged = replace(
                    merged, title=same.title, estimate=same.estimate, acceptance=same.acceptance, body=same.body,
                    origin=same.origin,
                )  # fmt: skip
            if same.how.does != same.title != former.get(same.key, same.title):
                merged = replace(merged, title=same.title)
            if _does_the_same(same.how, placed.how):
                merged = replace(merged, how=same.how)
            if same.supersedes:  # it is done in another way since an earlier one failed
                merged = replace(merged, how=same.how, body=same.body, supersedes=same.supersedes)
            after[same.id] = merged
    unwanted: list[Task] = []
    for task in old.tasks:
        if task.id in after:
            continue
        stays = task.id in touched or task.locked or task.status in CLOSED or task.id in own
        if task.id not in overtaken and stays:
            after[task.id] = task
        else:
            unwanted.append(task)
    needed = _needed(unwanted, after.values(), present) | _declaring(unwanted, after.values(), old, present)
    after |= {task.id: task if task.id in needed else replace(task, status="superseded") for task in unwanted}
    gone_ids = {task.id for task in after.values() if task.status in GIVEN_UP}
    frozen = {task.id for task in old.tasks if task.id in touched or task.status in CLOSED}
    linked = (
        task if task.id in frozen else _freed(_waiting(task, after[task.id], own), gone_ids, after)
        for task in link(_in_id_order(after.values()), present)
    )
    target = replace(
        new,
        id=old.id,
        origin=WITH_MODEL if any(after[name].origin != "library" for name in after) else new.origin,
        body=old.body,
        epics=epics,
        stories=stories,
        tasks=tuple(linked),
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
    return amended(old, assign_rest(target, done, frozen, passed_h), touched, " ".join(new.brief.split())[:_EVIDENCE])


def amended(old: Plan, target: Plan, touched: Container[str], evidence: str) -> Amendment:
    """The amendment that leads from ``old`` to ``target``: a patch, and the plan that applying it gives.

    :param touched: tasks whose records stay byte for byte as they are, as do those of finished ones.
    :param evidence: what it is for, as the plan's log keeps it.
    """
    frozen = {task.id for task in old.tasks if task.id in touched or task.status in CLOSED}
    patch = difference(old, canonical(target), Event("amended", "", evidence), frozen)
    plan = apply(old, patch, frozen)
    known = {task.id: task for task in old.tasks}
    superseded = tuple(patch.supersede)
    changed = tuple(task.id for task in patch.tasks() if task.id in known and not _same_work(known[task.id], task))
    added = tuple(task.id for task in patch.tasks() if task.id not in known)
    kept = tuple(name for name in known if name not in {*superseded, *changed})
    return Amendment(old, plan, added, changed, superseded, kept, patch)


def _needed(unwanted: Iterable[Task], kept: Iterable[Task], present: Container[str]) -> set[str]:
    """Those that no brief wants any more, but that make what tasks that stay require, directly or not."""
    live = [task for task in kept if task.status not in GIVEN_UP]
    made = {item for task in live for item in task.provides}
    makers = {item: task for task in reversed(list(unwanted)) if task.status not in GIVEN_UP for item in task.provides}
    found: set[str] = set()
    open_ = [item for task in live for item in task.requires]
    while open_:
        item = open_.pop()
        if item not in made and item not in present and item in makers:
            maker = makers[item]
            found.add(maker.id)
            made.update(maker.provides)
            open_ += maker.requires
    return found


def _declaring(unwanted: Iterable[Task], kept: Iterable[Task], old: Plan, present: Container[str]) -> set[str]:
    """Who declares the project, where nothing new writes that file: as soon as there is code no brief asks for it."""
    if _DECLARED in present:
        return set()
    live = [task for task in kept if task.status not in GIVEN_UP]
    known = {task.id for task in old.tasks}
    starting = (task for task in live if task.id not in known and _STARTS & set(task.provides))
    written = {path for task in starting for path in task.files}
    made = {item for task in live for item in task.provides}
    return {
        task.id
        for task in unwanted
        if _DECLARED in task.provides and task.status not in GIVEN_UP
        and _DECLARED not in made and not written & set(task.files)
    }  # fmt: skip


def _settled(task: Task) -> bool:
    """Whether nothing of a task changes, whatever the brief says now."""
    return task.locked or task.retitled or task.status in CLOSED


def _own(task: Task, tree: Tree, kinds: Container[str] | None) -> bool:
    """Whether a task follows from no brief: it checks finished work, or a model or a person added it."""
    added = task.origin != "library" or (kinds is not None and task.kind not in kinds)
    return task.kind == "verify" or (added and tree.owner(task.id) is None)


def _waiting(task: Task, before: Task, own: Container[str]) -> Task:
    """A linked task; one that follows from no brief waits for what it waited for before, too."""
    if task.id not in own:
        return task
    return replace(task, depends_on=tuple(dict.fromkeys([*before.depends_on, *task.depends_on])))


def _freed(task: Task, gone: Container[str], known: Mapping[str, Task]) -> Task:
    """A locked task waits for whoever makes now what those made that are given up; nobody else's links change."""
    lost = [name for name in task.depends_on if name in gone]
    if not lost:
        return task
    wanted = {item for name in lost for item in known[name].provides} & set(task.requires)
    replaced = {each.supersedes for each in known.values() if each.supersedes and each.status not in GONE}
    makers = (each for each in known.values() if each.id not in gone and each.id not in replaced)
    heirs = [each.id for each in makers if wanted & set(each.provides)]
    kept = [name for name in task.depends_on if name not in lost]
    return replace(task, depends_on=tuple(dict.fromkeys([*kept, *(name for name in heirs if name != task.id)])))


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
    there = {(epics[story.epic], story.title) for story in new}
    retold = same_stories(
        (story for story in old if (story.epic, story.title) not in there),
        (story for story in new if (epics[story.epic], story.title) not in by_title),
        epics,
    )
    for story in new:
        key = (epics[story.epic], story.title)
        if (same := retold.get(story.id)) is not None:
            by_title[key] = same.id
            merged[merged.index(same)] = replace(same, title=story.title, body=story.body or same.body)
        elif key not in by_title:
            by_title[key] = f"S{next_number(known.id for known in merged)}"
            merged.append(replace(story, id=by_title[key], epic=key[0]))
        names[story.id] = by_title[key]
    return tuple(merged), names


def _same_work(one: Task, other: Task) -> bool:
    """Whether two tasks differ in nothing but when and after what they are done."""
    return replace(one, schedule=other.schedule, depends_on=other.depends_on) == other


def _does_the_same(one: How, other: How) -> bool:
    """Whether two say the same recipe with the same arguments; an older plan does not keep what that does."""
    if one.kind != "recipe" or one.does not in ("", other.does):
        return False
    return (one.kind, one.recipe, one.args) == (other.kind, other.recipe, other.args)


def _in_id_order(tasks: Iterable[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: number(task.id))
