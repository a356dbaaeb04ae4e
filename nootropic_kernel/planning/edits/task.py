"""One task of a plan changed by a person: its status, whom it waits for, its place, its words, its estimate.

What is finished stays as it is (a replan changes that), and what runs or waits for review is left alone. Times follow:
the task and what comes after it may start earlier or later, all others move only where they must.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nootropic_kernel.planning.edits.dependencies import followers, known_task, relinked
from nootropic_kernel.planning.model import CLOSED, GIVEN_UP, Plan, Schedule, Task
from nootropic_kernel.planning.schedule.remaining import placed_anew, recorded, remaining
from nootropic_kernel.planning.schedule.resources import DEFAULTS, agents_of
from nootropic_kernel.planning.schedule.retime import GONE, right_shift, with_slack
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.views.board import States, column_of, state_of
from nootropic_kernel.workspace.errors import NootropicError, UsageError

STATUSES = ("pending", "done", "blocked", "failed", "deferred", "cancelled")  # what a person may set
BEGUN = frozenset({"done", "review", "running"})
_MOST_TITLE = 200
_MOST_SAID = 120


class TaskFrozen(NootropicError):
    """The task is finished, runs, or waits for review."""


@dataclass(frozen=True)
class TaskEdit:
    """What a person wants of one task; None and empty mean: as it is.

    :param place: its place (1 is the first) among the tasks of its story in the same column.
    :param hours: how long it takes.
    """

    task: str
    status: str | None = None
    after: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()
    before: str | None = None
    place: int | None = None
    title: str | None = None
    hours: float | None = None
    agent: str | None = None
    note: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing is wanted."""
        return self == TaskEdit(self.task)


def edited(plan: Plan, states: States, edit: TaskEdit) -> Plan:
    """The plan with one task changed.

    :raises UsageError: when a task, agent, status or place is not there.
    :raises TaskFrozen: when the task is finished, runs or waits for review.
    :raises DependencyCircle: naming the circle.
    :raises DependencyNeeded: when it needs what a task makes that it shall not wait for.
    """
    old = known_task(plan, edit.task)
    _check_open(plan, old, states, edit)
    task = relinked(plan, _told(plan, old, edit), edit.after, edit.not_after)
    if edit.status is not None:
        task = _in_status(plan, states, task, edit)
    changed = _replaced(plan, task)
    if edit.before is not None or edit.place is not None:
        changed = _placed(changed, states, task, edit)
    timing = ("depends_on", "estimate", "status", "agent")
    if any(getattr(task, each) != getattr(old, each) for each in timing):
        changed = retimed(changed, states, task.id)
    return canonical(changed)


def sentence(edit: TaskEdit) -> str:
    """The edit in a few words: the first line of its commit."""
    parts = [
        *([f"is {edit.status}"] if edit.status else []),
        *([f"after {', '.join(edit.after)}"] if edit.after else []),
        *([f"not after {', '.join(edit.not_after)}"] if edit.not_after else []),
        *([f"before {edit.before}"] if edit.before else []),
        *([f"at place {edit.place}"] if edit.place is not None else []),
        *([f"is called “{' '.join(edit.title.split())[:_MOST_TITLE]}”"] if edit.title is not None else []),
        *([f"takes {edit.hours:g} h"] if edit.hours is not None else []),
        *([f"is done by {edit.agent}"] if edit.agent is not None else []),
    ]
    note = " ".join(edit.note.split())
    note = note if len(note) <= _MOST_SAID else note[: _MOST_SAID - 1] + "…"
    return f"{edit.task} {', '.join(parts) or 'has a note'}{f': {note}' if note else ''}"


def retimed(plan: Plan, states: States, name: str) -> Plan:
    """The plan with times that fit again after one task was changed."""
    finished = _out_of_time(plan, states, name)
    before, plan = plan, remaining(plan, finished)
    task = known_task(plan, name)
    begun = {each.id for each in plan.tasks if state_of(each, states).status in BEGUN or each.status in CLOSED}
    earlier = {} if name in begun or task.status in GONE else dict.fromkeys([name, *followers(plan, name)], 0.0)
    gone = task.status in GONE
    tasks = [
        replace(each, schedule=Schedule(each.schedule.start_h, each.schedule.start_h))
        if gone and each.id == name
        else each
        for each in plan.tasks
    ]
    times = right_shift(tasks, begun, {} if gone else {name: _length(plan, task)}, earlier, agents_of(plan))
    moved = [
        replace(each, schedule=replace(each.schedule, start_h=times[each.id][0], end_h=times[each.id][1]))
        if each.id in times
        else each
        for each in tasks
    ]
    return recorded(replace(plan, tasks=with_slack(moved, begun)), before, finished)


# ---- parts ----------------------------------------------------------------------------------------------------------


def _check_open(plan: Plan, task: Task, states: States, edit: TaskEdit) -> None:
    status = "running" if task.status == "running" else state_of(task, states).status
    if status in GIVEN_UP:
        heir = plan.heir(task.id)
        back = "`noo task --undo` takes your latest edit back." if status == "cancelled" else ""
        raise TaskFrozen(
            f"{task.id} is {status}: it is not part of the plan any more.",
            next=f"{heir.id} stands in its place: {heir.title}." if heir else back or "`noo board` shows what is.",
        )
    if status in CLOSED:
        raise TaskFrozen(
            f"{task.id} is {status}: what is finished stays as it is.",
            why="What came after it was built on it.",
            next=f'`noo replan {task.id} --kind wrong --because "…"` plans it anew'
            + ("; `noo task --undo` takes your latest edit back." if task.status == status else "."),
        )
    if status == "running":
        raise TaskFrozen(
            f"{task.id} runs at this moment.",
            why="Changing it now would change what it was started for.",
            next="Stop it, or wait until it is done.",
        )
    if status == "review" and replace(edit, before=None, place=None, note="") != TaskEdit(edit.task):
        raise TaskFrozen(
            f"{task.id} waits for review ({state_of(task, states).note}).",
            why="What was proposed was made for the task as it is.",
            next="Accept or reject that first (`noo review`). Its place and a note can be changed meanwhile.",
        )


def _told(plan: Plan, task: Task, edit: TaskEdit) -> Task:
    """With another title, estimate, agent and note."""
    if edit.title is not None:
        title = " ".join(edit.title.split())
        if not title or len(title) > _MOST_TITLE:
            raise UsageError(f"A title has 1 to {_MOST_TITLE} characters, this one {len(title)}.")
        task = replace(task, title=title)
    if edit.hours is not None:
        old, hours = task.estimate, float(edit.hours)
        low, high = min(old.hours_low, hours), max(old.hours_high, hours)
        task = replace(task, estimate=replace(old, hours=hours, hours_low=low, hours_high=high, basis="person"))
    if edit.agent is not None:
        agents = {agent.id: agent for agent in agents_of(plan) or DEFAULTS}
        if edit.agent not in agents:
            raise UsageError(f"There is no agent {edit.agent}.", next=f"This plan has: {', '.join(agents)}.")
        if not agents[edit.agent].does(task):
            raise UsageError(
                f"{edit.agent} cannot do {task.id} ({task.how.sentence()}).",
                why=f"It does what is for: {', '.join(agents[edit.agent].kinds)}.",
            )
        task = replace(task, agent=edit.agent)
    if edit.note.strip():
        task = replace(task, body="\n\n".join(filter(None, [task.body, f"Note: {' '.join(edit.note.split())}"])))
    # A person's words and links outlast an amended brief.
    yours = replace(edit, status=None, before=None, place=None)
    return task if yours.empty else replace(task, locked=True)


def _in_status(plan: Plan, states: States, task: Task, edit: TaskEdit) -> Task:
    wanted = "pending" if edit.status == "ready" else edit.status
    if wanted not in STATUSES:
        raise UsageError(
            f"A task becomes {wanted} by what is done, not by hand.",
            next=f"By hand: {', '.join(STATUSES)}. `noo run {task.id}` runs it, "
            f'`noo replan {task.id} --because "…"` gives it up.',
        )
    if edit.status == "ready":
        open_ = [name for name in task.depends_on if state_of(known_task(plan, name), states).status != "done"]
        if open_:
            raise UsageError(
                f"{task.id} cannot be ready: it waits for {', '.join(open_)}.",
                next=f"Do that first, or take it off with `noo task {task.id} --not-after {open_[0]}`.",
            )
    if wanted in ("done", "blocked", "failed") and not edit.note.strip() and task.how.kind != "person":
        raise UsageError(
            f"Say why {task.id} is {wanted}.",
            why=f"It is to be done otherwise: {task.how.sentence()}.",
            next=f'Say `noo task {task.id} --status {wanted} --note "…"`.',
        )
    return replace(task, status=wanted)


def _placed(plan: Plan, states: States, task: Task, edit: TaskEdit) -> Plan:
    """With the task at another place of its story."""
    order = [name for name in order_of(plan, task.story) if name != task.id]
    if edit.before is not None:
        other = known_task(plan, edit.before)
        if other.id == task.id:
            raise UsageError(f"{task.id} cannot stand before itself.")
        if other.story != task.story:
            raise UsageError(
                f"{task.id} belongs to {task.story}, {other.id} to {other.story}: they cannot change places.",
                why="project-spec.md keeps the order of tasks within their story.",
                next=f"Name one of {', '.join(order) or 'none: it is alone there'}.",
            )
        order.insert(order.index(other.id), task.id)
    else:
        place = edit.place or 1
        column = column_of(edit.status or state_of(task, states).status)
        same = [name for name in order if column_of(state_of(known_task(plan, name), states).status) == column]
        if place > len(same) + 1:
            raise UsageError(f"{task.id} can stand at the places 1 to {len(same) + 1} of {task.story} in its column.")
        if place <= len(same):
            order.insert(order.index(same[place - 1]), task.id)
        else:
            order.insert(order.index(same[-1]) + 1 if same else len(order), task.id)
    return with_order(plan, task.story, order)


def order_of(plan: Plan, story: str) -> list[str]:
    """The tasks of a story, in their order."""
    return [task.id for task in plan.tasks_of(story)]


def with_order(plan: Plan, story: str, order: list[str]) -> Plan:
    """The plan with the tasks of one story in this order."""
    by_id = {task.id: task for task in plan.tasks}
    following = iter(order)
    return replace(plan, tasks=tuple(by_id[next(following)] if task.story == story else task for task in plan.tasks))


def _out_of_time(plan: Plan, states: States, edited: str) -> set[str]:
    """The finished tasks, where what is left was placed anew since: their old times hold nothing up any more."""
    done = {each.id for each in plan.tasks if "done" in (each.status, state_of(each, states).status)}
    return done if placed_anew(plan, done, {edited}) else set()


def _length(plan: Plan, task: Task) -> float:
    """How many hours a task takes when its agent does it."""
    who = next((agent for agent in agents_of(plan) if agent.id == task.agent), None)
    return task.estimate.hours if who is None else who.hours(task)


def _replaced(plan: Plan, task: Task) -> Plan:
    return replace(plan, tasks=tuple(task if each.id == task.id else each for each in plan.tasks))
