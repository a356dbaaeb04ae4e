"""The ways around a task: another way of doing it, then another way of breaking down what it is part of, upwards.

HTN plan repair by re-decomposing the lowest node that allows it (Zaidins et al. 2025, arXiv 2504.16209, IPyHOPPER's
definition), over artifacts: a way will do when it provides again what is required outside of the node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nootropic_kernel.planning.errors import NoWayFound
from nootropic_kernel.planning.healing.patch import Element
from nootropic_kernel.planning.healing.situation import Situation
from nootropic_kernel.planning.methods.htn import Decomposition, Step, decompose
from nootropic_kernel.planning.methods.leaves import how_of, task_of
from nootropic_kernel.planning.methods.library import Way, fill
from nootropic_kernel.planning.model import Epic, How, Node, Schedule, Story, Task, next_number
from nootropic_kernel.planning.schedule.budgets import cost_of
from nootropic_kernel.planning.schedule.forecast import tokens_of
from nootropic_kernel.planning.schedule.resources import agents_of, chosen, token_cost
from nootropic_kernel.planning.tree import above, record


@dataclass(frozen=True)
class Repair:
    """One way around a task: what it gives up and adds. New tasks are not linked to others yet."""

    supersede: tuple[str, ...]
    add: tuple[Element, ...]

    def hours(self, situation: Situation) -> float:
        """By how much it changes the hours of the plan."""
        added = sum(each.estimate.hours for each in self.add if isinstance(each, Task))
        return added - sum(situation.tasks[name].estimate.hours for name in self.supersede)

    def money(self, situation: Situation) -> float:
        """By how much it changes what the plan is estimated to cost, in US dollars."""
        agents = agents_of(situation.plan)
        by_id = {agent.id: agent for agent in agents}
        added = 0.0
        for each in self.add:
            if isinstance(each, Task):
                agent = chosen(agents, each, situation.tasks.get(each.supersedes or ""))
                added += agent.cost(each) if agent is not None else token_cost(each) or 0.0
        return round(added - sum(cost_of(situation.tasks[name], by_id) for name in self.supersede), 6)


def repairs(situation: Situation, evidence: str) -> Iterator[Repair]:
    """The ways around the task that the situation is about: the lowest first, in the library's order."""
    task = situation.tasks[situation.about]
    if (found := at_task(situation, task, evidence)) is not None:
        yield found
    for node in situation.tree.upwards(situation.tree.owner(task.id)):
        yield from at_node(situation, node)


def at_task(situation: Situation, task: Task, evidence: str) -> Repair | None:
    """The same task done in the next way that its template knows; what no program could do, a person may."""
    how = next_how(situation, task)
    if how is None:
        return None
    name = f"T{situation.plan.next_task()}"
    tried = f"{task.id} was to do this ({task.how.sentence()}): {evidence}"
    fresh = again(task, name, how)
    kept = situation.ground.bounds.keep(fresh)
    body = kept.body if task.how.kind == "recipe" else task.body
    owner = situation.tree.owner(task.id)
    new = replace(kept, body="\n\n".join(filter(None, [body, tried])))
    return Repair((task.id,), (*_swapped(owner, task.id, name), new))


def again(task: Task, name: str, how: How) -> Task:
    """A task to be done once more, under a new id, with nothing of it met yet."""
    unmet = tuple(replace(check, met=False) for check in task.acceptance)
    estimate = task.estimate
    if how.kind != task.how.kind:  # only a model's work is paid by the token
        estimate = replace(estimate, tokens=tokens_of(how, task.files, estimate.hours), cost_usd=None)
    return replace(
        task, id=name, how=how, status="pending", supersedes=task.id, acceptance=unmet, locked=False, ext={},
        agent=None, schedule=Schedule(), estimate=estimate,
    )  # fmt: skip


def next_how(situation: Situation, task: Task) -> How | None:
    """Who or what does a task when those named for it so far could not; None after a person."""
    tried = set()
    before: Task | None = task
    # A task of another kind, in whose place this one stands, was another way: its failures are not this one's.
    while before is not None and before.kind == task.kind and (before.how.kind, before.how.recipe) not in tried:
        tried.add((before.how.kind, before.how.recipe))
        before = situation.tasks.get(before.supersedes or "")
    if ("person", None) in tried:
        return None
    ground = situation.ground
    template = ground.library.tasks.get(task.kind)
    choices = template.how if template is not None else ()
    last = max((index for index, each in enumerate(choices) if (each.kind, each.recipe) in tried), default=-1)
    left = [each for each in choices[last + 1 :] if each.kind != "none"]
    owner = situation.tree.owner(task.id)
    if owner is None:
        left = [each for each in left if each.kind != "recipe"]  # its arguments are not known any more
    bindings = situation.tree.bindings(owner, owner.tasks[task.id] if owner else None)
    how = how_of(left, bindings, ground.facts, _given(situation))
    return how if how.kind != "none" else How("person", why="What programs could do here was tried; a person decides.")


def _swapped(owner: Node | None, old: str, new: str) -> tuple[Node, ...]:
    if owner is None:
        return ()
    return (replace(owner, tasks={(new if name == old else name): bound for name, bound in owner.tasks.items()}),)


def _given(situation: Situation) -> set[str]:
    given = {item for task in situation.standing for item in task.provides}
    written = {item for task in situation.standing if task.kind == "entity-model" for item in task.provides}
    return given | {f"new:{item.removeprefix('entity:')}" for item in written if item.startswith("entity:")}


def at_node(situation: Situation, node: Node) -> Iterator[Repair]:
    """Every untried way of a node that provides again what is required outside of it."""
    tree, library = situation.tree, situation.ground.library
    names = [name for each in tree.below(node) for name in each.tasks if name in situation.tasks]
    # A locked task is a person's: it may wait for others than before, but is never given up for another.
    unfinished = {task.id for task in situation.unfinished() if not task.locked or task.id == situation.about}
    leaves = {name: situation.tasks[name] for name in names if name in unfinished}
    later = situation.followers(leaves) - situation.frozen
    outside = [task for task in situation.standing if task.id not in leaves and task.id not in later]
    state = {*situation.ground.present, *(item for task in outside for item in task.provides)}
    forbidden = situation.given_up
    for way in library.compounds.get(node.compound, ()):
        if way.name == node.way or way.name in node.tried:
            continue
        try:
            found = decompose(library, node.compound, tree.bindings(node), set(state), ways=(way,), forbidden=forbidden)
        except NoWayFound:
            continue
        repair = _Rebuilding(situation, node, leaves, outside, way).repair(found)
        if repair is not None:
            yield repair


class _Rebuilding:
    """Turns a decomposition of one node into a repair: reuses what stands, keeps what is the same."""

    def __init__(
        self, situation: Situation, node: Node, leaves: dict[str, Task], outside: list[Task], way: Way
    ) -> None:
        self.situation, self.node, self.leaves, self.way = situation, node, leaves, way
        self.given = {item for task in outside for item in task.provides}
        self.own = {name for each in situation.tree.below(node) for name in each.tasks}
        mine = [task for task in situation.standing if task.id in self.own and task.id not in leaves]
        locked = [task for task in mine if task.locked]
        kept = [task for name, task in leaves.items() if name != situation.about or not self._failed()]
        self.known = {task.key: task.id for task in [*outside, *locked, *kept]}
        self.epics: dict[int, str] = {}
        self.stories: dict[int, str] = {}
        self.groups: list[Epic | Story] = []

    def _failed(self) -> bool:
        return self.situation.tasks[self.situation.about].key in self.situation.given_up

    def repair(self, found: Decomposition) -> Repair | None:
        placed: dict[int, str] = {}
        new: list[Task] = []
        following = self.situation.plan.next_task()
        done_with: set[object] = set()
        given = _given(self.situation)
        for index, step in enumerate(found.steps):
            if step.key in done_with:
                continue
            done_with.add(step.key)
            if step.key in self.known:
                if self.known[step.key] in self.own:  # what another node made stays with that
                    placed[index] = self.known[step.key]
                continue
            made = self._made(found, step, f"T{following + len(new)}", given)
            if made is None:
                continue
            placed[index] = made.id
            new.append(made)
            given.update(made.provides)
        kept = {name for name in placed.values() if name in self.leaves}
        lost = tuple(name for name in self.leaves if name not in kept)
        stay = [self.situation.tasks[name] for name in kept]
        provided = {item for task in [*new, *stay] for item in task.provides}
        if not lost or not self.situation.needed(self.leaves) <= provided:
            return None
        return Repair(lost, (*self.groups, *self._nodes(found, placed), *self._succeeding(new, lost)))

    def _made(self, found: Decomposition, step: Step, name: str, given: set[str]) -> Task | None:
        """The new task of a step; None where its products are there already, or the brief forbids its files."""
        if set(step.key[1]) <= self.given:
            return None
        bounds = self.situation.ground.bounds
        task = task_of(step, name, "", self.situation.ground.facts, given)
        if task.files and all(bounds.forbid(path) for path in task.files):
            return None
        return bounds.keep(replace(task, story=self._story(found, step)))

    def _succeeding(self, new: list[Task], lost: tuple[str, ...]) -> list[Task]:
        """Each new task names the lost one that it stands for."""
        before: dict[str, str] = {}
        for name in lost:
            for item in self.leaves[name].provides:
                before.setdefault(item, name)
        return [replace(task, supersedes=next(filter(None, map(before.get, task.provides)), None)) for task in new]

    def _story(self, found: Decomposition, step: Step) -> str:
        at = above(found, step.node, "story")
        if at <= 0:
            inherited = next((each.story for each in self.situation.tree.upwards(self.node) if each.story), "")
            inherited = inherited or self.situation.tasks[self.situation.about].story
            if at < 0 or self.node.story:
                return inherited
        if at not in self.stories:
            node = found.nodes[at]
            title = " ".join(str(fill(node.way.story, node.bindings)).split())
            epic = self._epic(found, at)
            known = next((s.id for s in self.situation.plan.stories if (s.epic, s.title) == (epic, title)), "")
            if not known:
                known = f"S{next_number([*(s.id for s in self.situation.plan.stories), *self.stories.values()])}"
                self.groups.append(Story(known, epic, title, f"{node.compound}: {node.way.name}"))
            self.stories[at] = known
        return self.stories[at]

    def _epic(self, found: Decomposition, at: int) -> str:
        plan, tree = self.situation.plan, self.situation.tree
        top = above(found, at, "epic")
        inherited = next((each.epic for each in tree.upwards(self.node) if each.epic), "")
        if top < 0 or (top == 0 and self.node.epic):
            story = self.situation.tasks[self.situation.about].story
            return inherited or next(each.epic for each in plan.stories if each.id == story)
        if top not in self.epics:
            node = found.nodes[top]
            title = " ".join(str(fill(node.way.epic, node.bindings)).split())
            known = next((each.id for each in plan.epics if each.title == title), "")
            if not known:
                known = f"E{next_number([*(each.id for each in plan.epics), *self.epics.values()])}"
                self.groups.append(Epic(known, title, f"{node.compound}: {node.way.name}"))
            self.epics[top] = known
        return self.epics[top]

    def _nodes(self, found: Decomposition, placed: dict[int, str]) -> list[Element]:
        """The node broken down anew under its own id, and the fresh ones below it."""
        first = next_number(each.id for each in self.situation.plan.tree)
        made = record(found, placed, self.epics, self.stories, first)
        top = replace(
            self.node, way=self.way.name, tried=(*self.node.tried, self.node.way), tasks=made[0].tasks,
            epic=self.node.epic or made[0].epic, story=self.node.story or made[0].story,
        )  # fmt: skip
        below = [replace(each, parent=self.node.id) if each.parent == made[0].id else each for each in made[1:]]
        story = next((each for each in self.situation.plan.stories if each.id == self.node.story), None)
        told = [replace(story, method=f"{top.compound}: {top.way}", tried=top.tried)] if story is not None else []
        return [*told, top, *below]
