"""From what happened to a task to the smallest change of the plan that heals it.

Finished and begun tasks are frozen; impacted are the task itself, what is given up with it, what is new, and what has
to wait for something new. All others keep their records; they move in time only where they must.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nootropic_kernel.planning.errors import NoCheaperWay, Unrepairable
from nootropic_kernel.planning.healing.patch import EVENTS, Event, Move, PlanPatch, Relink, handled
from nootropic_kernel.planning.healing.reason import with_reason
from nootropic_kernel.planning.healing.repair import Repair, again, next_how, repairs
from nootropic_kernel.planning.healing.situation import Ground, Situation
from nootropic_kernel.planning.model import Estimate, How, Plan, Schedule, Task
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.schedule.budgets import over_hours
from nootropic_kernel.planning.schedule.money import over_money
from nootropic_kernel.planning.schedule.remaining import remaining
from nootropic_kernel.planning.schedule.resources import agents_of, chosen
from nootropic_kernel.planning.schedule.retime import GONE, right_shift
from nootropic_kernel.planning.views.board import States
from nootropic_kernel.workspace.errors import UsageError

_CHECKING = Estimate(0.5, 0.25, 1.0, "replan")


def replan(plan: Plan, event: Event | None, ground: Ground, states: States, hours: float | None = None) -> PlanPatch:
    """The patch that an event asks for; an empty one without event, and for one that the plan was healed of already.

    :param hours: for ``late``: how long the task takes in all. Without it, its high estimate.
    :raises UsageError: when the event does not fit the task.
    :raises Unrepairable: when no way is left, with what would be missing.
    :raises NoCheaperWay: when a task is over budget, and no untried way takes less.
    """
    if event is None or handled(plan, event) is not None:
        return PlanPatch(plan.revision, event)
    _check_event(plan, event, states)
    situation = Situation(plan, states, ground, event.task)
    task = situation.tasks[event.task]
    lexicon = Lexicon(ground.library)
    if event.kind == "late":
        return patch_of(situation, event, Repair((), ()), {task.id: _stretched(task, hours)})
    if event.kind == "wrong":
        return patch_of(situation, event, with_reason(_rework(situation, task, event.evidence), event, lexicon))
    ways = repairs(situation, event.evidence)
    if event.kind == "over-budget":
        above = over_money(plan, plan.tasks, ground.spent, situation.done)
        # Where money is short, a way that only takes less time is no help.
        cheaper = next((way for way in ways if (way.money if above else way.hours)(situation) < 0), None)
        if cheaper is None:
            raise NoCheaperWay(task.id, task.estimate.hours, over_budget(plan, plan.tasks), above)
        return patch_of(situation, event, with_reason(cheaper, event, lexicon))
    found = next(ways, None)
    if found is None:
        missing = situation.needed({task.id: task}) or set(task.provides)
        raise Unrepairable(task.id, sorted(missing))
    return patch_of(situation, event, with_reason(found, event, lexicon))


def over_budget(plan: Plan, tasks: Iterable[Task]) -> float:
    """By how many hours these tasks end after the plan's budget or deadline; 0 within it, or where it has none."""
    return over_hours(plan, tasks)


def _check_event(plan: Plan, event: Event, states: States) -> None:
    task = plan.task(event.task)
    if task is None:
        raise UsageError(f"There is no task {event.task}.", next="`noo board` shows the tasks and their ids.")
    if event.kind not in EVENTS or event.kind == "amended":
        raise UsageError(f"{event.kind!r} is nothing that happens to a task.", next=f"Known: {', '.join(EVENTS[:-1])}.")
    status = states[task.id].status if task.id in states else task.status
    if status in GONE:
        heir = plan.heir(task.id)
        raise UsageError(
            f"{task.id} is {status}: it is not part of the plan any more.",
            next=f"{heir.id} stands in its place." if heir else "`noo board` shows the tasks that are.",
        )
    if any(each.supersedes == task.id and each.status not in GONE for each in plan.tasks):
        heir = plan.heir(task.id)
        raise UsageError(
            f"{task.id} is done again already.",
            why=f"{heir.id} stands in its place." if heir else "",
            next=f"Did you mean {heir.id}?" if heir else "`noo board` shows the tasks that are.",
        )
    if (status == "done") != (event.kind == "wrong"):
        said = "is done" if status == "done" else "is not done yet"
        other = "--kind wrong" if status == "done" else "--kind failed"
        raise UsageError(f"{task.id} {said}, so it cannot be {event.kind}.", next=f"Did you mean `{other}`?")


def _stretched(task: Task, hours: float | None) -> float:
    now = task.schedule.end_h - task.schedule.start_h
    wanted = hours if hours is not None else max(task.estimate.hours_high, now)
    if wanted <= now:
        raise UsageError(
            f"{task.id} has {now:g} hours in the schedule already.", next="Say with --hours how long it takes in all."
        )
    return wanted


def _rework(situation: Situation, task: Task, evidence: str) -> Repair:
    """Finished work that is wrong: it is done again, and each finished task that built on it is checked once more."""
    following = situation.plan.next_task()
    how = next_how(situation, task) or How("person", why="It was done by a person before.")
    name = f"T{following}"
    body = "\n\n".join(filter(None, [task.body, f"{task.id} did this and was found wrong: {evidence}"]))
    rework = replace(again(task, name, how), title=f"Again: {task.title.removeprefix('Again: ')}", body=body)
    added: list[Task] = [rework]
    built_on = _built_on(situation, task.id)
    for one in (each for each in situation.plan.tasks if each.id in built_on):
        added.append(
            replace(
                again(one, f"T{following + len(added)}", How("person", why=f"{one.id} built on {task.id}.")),
                kind="verify",
                title=f"Check {one.id} once more: {one.title}",
                body=f"{one.id} built on {task.id}, which is done again in {name}.",
                supersedes=None,
                requires=task.provides,
                provides=(f"verified:{one.id}:{name}",),
                depends_on=(name,),
                estimate=_CHECKING,
                origin="replan",
            )
        )
    owner = situation.tree.owner(task.id)
    node = [replace(owner, tasks={**owner.tasks, name: owner.tasks[task.id]})] if owner is not None else []
    return Repair((), (*node, *added))


def _built_on(situation: Situation, name: str) -> set[str]:
    """The finished tasks that built on a task, through finished ones only."""
    found: set[str] = set()
    open_ = {name}
    while open_:
        open_ = {
            task.id
            for task in situation.plan.tasks
            if task.id in situation.done and task.id not in found and open_ & set(task.depends_on)
        }
        found |= open_
    return {each for each in found if situation.tasks[each].kind != "verify"}


def patch_of(situation: Situation, event: Event, repair: Repair, hours: Mapping[str, float] | None = None) -> PlanPatch:
    """The patch of a repair: its tasks linked, everything timed, and its price.

    :param hours: how many hours tasks take in all that take longer now.
    """
    plan, about = situation.plan, situation.tasks[event.task]
    new = {each.id: each for each in repair.add if isinstance(each, Task)}
    lost = {*repair.supersede, *(each.supersedes for each in new.values() if each.supersedes)}
    kept = [task for task in situation.standing if task.id not in lost]
    makers: dict[str, list[str]] = {}
    for task in [*kept, *new.values()]:
        for item in task.provides:
            makers.setdefault(item, []).append(task.id)
    relinked = {}
    for task in situation.unfinished():
        if task.id not in lost and lost & set(task.depends_on):
            relinked[task.id] = replace(task, depends_on=_relinked(situation, task, makers, new, lost))
    agents = agents_of(plan)
    by = {name: chosen(agents, task, situation.tasks.get(task.supersedes or "")) for name, task in new.items()}
    waits = {task.id: relinked.get(task.id, task).depends_on for task in kept}
    linked = {}
    for name, task in new.items():
        waits[name] = _waits(situation, task, makers, lost, waits)
        agent = by[name]
        linked[name] = replace(task, depends_on=waits[name], agent=agent.id if agent is not None else None)
    current = [
        relinked.get(task.id, replace(task, status="superseded") if task.id in repair.supersede else task)
        for task in plan.tasks
    ]
    new_hours = {
        name: task.estimate.hours if (agent := by[name]) is None else agent.hours(task) for name, task in new.items()
    }
    lengths = {**new_hours, **(hours or {})}
    begin = situation.now_h if event.kind == "wrong" else max(about.schedule.start_h, situation.ground.passed_h or 0.0)
    fixed = situation.frozen - set(hours or {})
    # What is finished takes no time any more: neither those who wait for it nor its agent are held up by when it was
    # planned. What need not move stays all the same; `plan --schedule` is there for moving everything.
    left = remaining(replace(plan, tasks=(*current, *linked.values())), situation.done)
    times = right_shift(left.tasks, fixed, lengths, dict.fromkeys(new, begin), agents)
    moves = [
        Move(task.id, *times[task.id])
        for task in plan.tasks
        if task.id in times and times[task.id] != (task.schedule.start_h, task.schedule.end_h)
    ]
    add = [
        replace(linked[each.id], schedule=Schedule(*times[each.id])) if isinstance(each, Task) else each
        for each in repair.add
    ]
    longer = {
        name: value - (situation.tasks[name].schedule.end_h - situation.tasks[name].schedule.start_h)
        for name, value in (hours or {}).items()
    }
    cost = {"hours": round(repair.hours(situation) + sum(longer.values()), 6)}
    by_the_hour = {agent.id: agent.cost_usd_per_hour for agent in agents}
    paid = sum(more * by_the_hour.get(situation.tasks[name].agent or "", 0.0) for name, more in longer.items())
    timed = [
        replace(task, schedule=Schedule(*times[task.id])) if task.id in times else task
        for task in [*current, *linked.values()]
    ]
    if over := over_budget(plan, timed):
        cost["over_hours"] = over
    if money := round(repair.money(situation) + paid, 6):
        cost["cost_usd"] = money
    if above := over_money(plan, timed, situation.ground.spent, situation.done):
        cost["over_usd"] = above
    links = tuple(Relink(task.id, task.depends_on) for task in relinked.values())
    return PlanPatch(plan.revision, event, repair.supersede, tuple(add), links, tuple(moves), cost)


def _waits(
    situation: Situation,
    task: Task,
    makers: Mapping[str, list[str]],
    lost: set[str],
    waits: Mapping[str, tuple[str, ...]],
) -> tuple[str, ...]:
    """Whom a new task waits for: who provides what it requires, and whom the one before it waited for by hand.

    :param waits: whom each other task waits for by now; one that waits for this task itself would close a circle.
    """
    stands = [heir.id if (heir := situation.heir_of(name)) else name for name in task.depends_on if name not in lost]
    found = [name for name in stands if not _reaches(name, task.id, waits)]
    for item in task.requires:
        names = [name for name in makers.get(item, ()) if not _reaches(name, task.id, waits)]
        if item not in situation.ground.present and names and not set(names) & set(found):
            found.append(names[0])
    return tuple(dict.fromkeys(found))


def _reaches(start: str, goal: str, waits: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a task is another one, or waits for it, directly or not."""
    seen, open_ = {start}, [start]
    while open_:
        if (name := open_.pop()) == goal:
            return True
        fresh = set(waits.get(name, ())) - seen
        seen |= fresh
        open_ += fresh
    return False


def _relinked(
    situation: Situation, task: Task, makers: Mapping[str, list[str]], new: Mapping[str, Task], lost: set[str]
) -> tuple[str, ...]:
    """Whom a task waits for now that some of these are lost: for the new makers of what it requires."""
    later = {task.id, *situation.followers([task.id])}
    found: list[str] = []
    for name in task.depends_on:
        if name not in lost:
            found.append(name)
            continue
        items = [item for item in situation.tasks[name].provides if item in task.requires]
        makes = [[each for each in makers.get(item, ()) if each not in later] for item in items]
        heirs = [each.id for each in new.values() if each.supersedes == name]
        found += [each[0] for each in makes if each] or heirs
    return tuple(dict.fromkeys(found))
