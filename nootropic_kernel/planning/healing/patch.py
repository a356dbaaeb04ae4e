"""A change of a plan as data: what is given up, added, linked anew and moved; applied whole, on one revision only."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from nootropic_kernel.planning.errors import PatchInvalid, PatchStale
from nootropic_kernel.planning.healing.patch_schema import EVENTS, PLAN_FIELDS
from nootropic_kernel.planning.model import Epic, Estimate, Node, Plan, Schedule, Story, Task, number
from nootropic_kernel.planning.schedule.resources import agents_of
from nootropic_kernel.planning.schedule.retime import with_slack
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.spec.records import RecordInvalid, from_plain, to_plain
from nootropic_kernel.planning.validate import check

__all__ = [
    "EVENTS", "LOG", "PLAN_FIELDS", "Element", "Event", "Move", "PlanPatch", "Relink", "apply", "handled", "log",
    "log_entries",
]  # fmt: skip

LOG = "replans"  # in the plan's ext: what was replanned, by revision

Element = Epic | Story | Task | Node
_KINDS: dict[str, type[Element]] = {"E": Epic, "S": Story, "T": Task, "N": Node}
E = TypeVar("E", Epic, Story, Task, Node)


@dataclass(frozen=True)
class Event:
    """What happened to a task, and how it is known. ``amended`` concerns the brief; its task is empty."""

    kind: str
    task: str
    evidence: str


@dataclass(frozen=True)
class Relink:
    """A task that waits for others than before."""

    id: str
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """A task that starts or ends at another time, in hours from the plan's start."""

    id: str
    start_h: float
    end_h: float


@dataclass(frozen=True)
class PlanPatch:
    """One change of a plan.

    ``add`` holds whole records: tasks with fresh ids, and the epics, stories and nodes of the tree that they need; a
    record with a known id takes the place of the old one. ``cost_delta`` has ``hours`` and ``cost_usd``; ``over_hours``
    and ``over_usd`` in it say by how much the plan is above its budget afterwards. ``fields`` are fields of the plan
    itself that an amendment gives other values (JSON).
    """

    base_revision: int
    event: Event | None = None
    supersede: tuple[str, ...] = ()
    add: tuple[Element, ...] = ()
    relink: tuple[Relink, ...] = ()
    reschedule: tuple[Move, ...] = ()
    cost_delta: dict[str, float] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.supersede or self.add or self.relink or self.reschedule or self.fields)

    def tasks(self) -> list[Task]:
        """The tasks that it adds."""
        return [each for each in self.add if isinstance(each, Task)]

    def to_json(self) -> dict[str, Any]:
        """The patch as :data:`patch_schema.SCHEMA` describes it."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, document: Any) -> PlanPatch:
        """A patch from its JSON document.

        :raises PatchInvalid: naming the key that does not fit.
        """
        try:
            if not isinstance(document, dict) or not isinstance(document.get("add", []), list):
                raise RecordInvalid("add", "a patch is an object, and its `add` a list")
            added = tuple(_element(record) for record in document.get("add", []))
            rest = {key: value for key, value in document.items() if key != "add"}
            patch: PlanPatch = replace(from_plain(_Bare, rest).patch(), add=added)
        except RecordInvalid as problem:
            raise PatchInvalid(str(problem)) from problem
        return patch


@dataclass(frozen=True)
class _Bare:
    """A patch without ``add``, whose records are of several kinds."""

    base_revision: int
    event: Event | None = None
    supersede: tuple[str, ...] = ()
    relink: tuple[Relink, ...] = ()
    reschedule: tuple[Move, ...] = ()
    cost_delta: dict[str, float] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)

    def patch(self) -> PlanPatch:
        return PlanPatch(
            self.base_revision, self.event, self.supersede, (), self.relink, self.reschedule, self.cost_delta,
            self.fields,
        )  # fmt: skip


def _element(record: Any) -> Element:
    letter = str(record.get("id", ""))[:1] if isinstance(record, dict) else ""
    if letter not in _KINDS:
        raise RecordInvalid("add", "each record of `add` has an id that starts with E, S, T or N")
    return from_plain(_KINDS[letter], record)


def apply(plan: Plan, patch: PlanPatch, frozen: Container[str] = ()) -> Plan:
    """The plan after a patch: all of it, or an error and nothing.

    :param frozen: tasks whose records stay byte for byte as they are.
    :raises PatchStale: when the plan is at another revision than the patch was made for.
    :raises PatchInvalid: when it names tasks that are not there.
    :raises PlanInvalid: when the result would break a rule that every plan keeps.
    """
    if patch.base_revision != plan.revision:
        raise PatchStale(patch.base_revision, plan.revision)
    if patch.empty:
        return plan
    known = {task.id for task in plan.tasks} | {task.id for task in patch.tasks()}
    named = [*patch.supersede, *(each.id for each in patch.relink), *(each.id for each in patch.reschedule)]
    if unknown := sorted(set(named) - known):
        raise PatchInvalid(f"it names {', '.join(unknown)}, which the plan does not have")
    late = patch.event.task if patch.event is not None and patch.event.kind == "late" else ""
    links, moves = {each.id: each for each in patch.relink}, {each.id: each for each in patch.reschedule}
    tasks = []
    for task in _merged(plan.tasks, patch.add, Task):
        if task.id in patch.supersede:
            start = task.schedule.start_h
            task = replace(task, status="superseded", schedule=Schedule(start, start))
        if task.id in links:
            task = replace(task, depends_on=links[task.id].depends_on)
        if task.id in moves:
            move = moves[task.id]
            task = replace(task, schedule=replace(task.schedule, start_h=move.start_h, end_h=move.end_h))
            if task.id == late:
                speed = next((agent.speed for agent in agents_of(plan) if agent.id == task.agent), 1.0)
                hours = round((move.end_h - move.start_h) * speed, 6)
                task = replace(task, estimate=_stretched(task.estimate, hours))
        tasks.append(task)
    changed = replace(
        plan,
        revision=plan.revision + 1,
        parent_revision=plan.revision,
        epics=_merged(plan.epics, patch.add, Epic),
        stories=_merged(plan.stories, patch.add, Story),
        tree=_pruned(plan.tree, patch.add),
        tasks=with_slack(tasks, frozen),
        ext={**plan.ext, LOG: [*log_entries(plan), _logged(plan, patch)]},
    )
    return check(canonical(_with_fields(changed, patch.fields)))


def _with_fields(plan: Plan, fields: Mapping[str, Any]) -> Plan:
    """The plan with other values of its own fields.

    :raises PatchInvalid: when there is no such field, or a value is of the wrong type.
    """
    if unknown := sorted(set(fields) - PLAN_FIELDS):
        raise PatchInvalid(f"it changes {', '.join(unknown)} of the plan, which no patch may")
    if not fields:
        return plan
    try:
        bare = to_plain(replace(plan, epics=(), stories=(), tasks=(), tree=()))
        given = from_plain(Plan, {**bare, **fields})
    except RecordInvalid as problem:
        raise PatchInvalid(str(problem)) from problem
    return replace(plan, **{name: getattr(given, name) for name in fields})


def handled(plan: Plan, event: Event) -> dict[str, Any] | None:
    """The log's entry for this very event, when the plan was replanned for it already."""
    wanted = {"kind": event.kind, "task": event.task, "evidence": event.evidence}
    return next((each for each in reversed(log(plan)) if wanted == {key: each.get(key) for key in wanted}), None)


def log(plan: Plan) -> list[dict[str, Any]]:
    """What the plan was replanned for, oldest first, leaving out what was undone."""
    return [each for each in log_entries(plan) if not each.get("undone")]


def log_entries(plan: Plan) -> list[dict[str, Any]]:
    """The same with what was undone; an entry that a hand edit spoilt is passed over."""
    kept: Any = plan.ext.get(LOG)
    return [each for each in kept if isinstance(each, dict)] if isinstance(kept, list) else []


def _logged(plan: Plan, patch: PlanPatch) -> dict[str, Any]:
    event = patch.event or Event("", "", "")
    return {
        "revision": plan.revision + 1,
        "kind": event.kind,
        "task": event.task,
        "evidence": event.evidence,
        "superseded": list(patch.supersede),
        "added": [task.id for task in patch.tasks()],
    }


def _merged(old: Iterable[E], add: Iterable[Element], kind: type[E]) -> tuple[E, ...]:
    merged = {each.id: each for each in old}
    merged |= {each.id: each for each in add if isinstance(each, kind)}
    return tuple(merged.values())


def _pruned(old: tuple[Node, ...], add: Iterable[Element]) -> tuple[Node, ...]:
    """The tree with the nodes of a patch, without what was below a node that is broken down in another way now."""
    tried = {node.id: node.tried for node in old}
    new = {each.id: each for each in add if isinstance(each, Node)}
    gone = {name for name, node in new.items() if node.tried != tried.get(name, ())}
    kept = []
    for node in sorted(_merged(old, add, Node), key=lambda each: number(each.id)):  # parents before their children
        if node.parent in gone and node.id not in new:
            gone.add(node.id)
        else:
            kept.append(node)
    return tuple(kept)


def _stretched(estimate: Estimate, hours: float) -> Estimate:
    low, high = min(estimate.hours_low, hours), max(estimate.hours_high, hours)
    return replace(estimate, hours=hours, hours_low=low, hours_high=high, basis="replan")
