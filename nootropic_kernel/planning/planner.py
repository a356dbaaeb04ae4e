"""From a brief and the facts of a repository to a plan: read, break down, say how, link, schedule, check.

Deterministic: the same brief and the same facts give the same plan with the same ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Container, Iterable
from dataclasses import replace
from datetime import date

from nootropic_kernel.planning.errors import NoWayFound
from nootropic_kernel.planning.healing.amend import Amendment, amend
from nootropic_kernel.planning.healing.situation import given_up
from nootropic_kernel.planning.link import goals, link
from nootropic_kernel.planning.methods.bindings import bindings_of, state_of
from nootropic_kernel.planning.methods.htn import Decomposition, Key, Step, decompose
from nootropic_kernel.planning.methods.leaves import task_of
from nootropic_kernel.planning.methods.library import Library, fill, shipped_library
from nootropic_kernel.planning.model import Epic, Node, Plan, Story, Task, WordUse
from nootropic_kernel.planning.reading.brief import read_brief
from nootropic_kernel.planning.reading.constraints import carried, find_constraints
from nootropic_kernel.planning.reading.records import Reading
from nootropic_kernel.planning.reading.shaping import shaping
from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.bounds import Bounds
from nootropic_kernel.planning.tree import above, record
from nootropic_kernel.planning.validate import check
from nootropic_kernel.planning.views.board import passed_hours

_BRIEF = "brief"  # what the task that asks what the brief means provides


def make_plan(brief: str, facts: RepositoryFacts, library: Library | None = None, *, today: date | None = None) -> Plan:
    """Plan a brief for a repository.

    :param today: the day that the brief's dates are counted from; without it "by Friday" is noted only.
    :raises BriefUnusable: when the brief is empty, too long or wordless.
    :raises NoWayFound: when no method of the library fits.
    """
    return _planned(brief, facts, library, today=today)[0]


def amend_plan(
    old: Plan,
    brief: str,
    facts: RepositoryFacts,
    touched: Container[str],
    library: Library | None = None,
    *,
    today: date | None = None,
    done: Collection[str] = (),
) -> Amendment:
    """Bring a plan to an edited brief; tasks in ``touched`` stay as they are (see :func:`amend.amend`)."""
    package = str(old.bindings.get("package_dir") or "")  # another noun first in the brief renames no package
    # What the plan itself has made since is no reason to take its brief for a change to code that is there.
    sort = (library or shipped_library()).archetypes.get(old.archetype)
    begun = sort is not None and sort.builds

    def planned(text: str) -> tuple[Plan, set[str]]:
        try:
            return _planned(text, facts, library, given_up(old), today=today, package=package, begun=begun)
        except NoWayFound:  # only what failed before would do
            return _planned(text, facts, library, today=today, package=package, begun=begun)

    new, present = planned(brief)
    try:
        again = planned(old.brief)[0]
    except NoWayFound:  # the repository moved on: nothing to compare with, so what is blocked stays
        again = new
    former = {task.key: task.title for task in again.tasks}
    kinds = (library or shipped_library()).tasks
    verbs = frozenset((library or shipped_library()).words.get("verbs", ()))
    budget, agents = carried((old.budget, old.agents), old.brief, find_constraints(brief, today, verbs))
    passed = passed_hours(old, today) if today is not None else None
    new = replace(new, budget=budget, agents=agents)
    return amend(old, new, touched, present, passed or 0.0, former, kinds, done)


def _planned(
    brief: str,
    facts: RepositoryFacts,
    library: Library | None,
    forbidden: Container[Key] = (),
    *,
    today: date | None = None,
    package: str = "",
    begun: bool = False,
) -> tuple[Plan, set[str]]:
    """The plan, and what the repository had before its first task."""
    known = library or shipped_library()
    brief = brief.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair fits into no file
    reading = read_brief(brief, facts, known, today, begun=begun)
    bindings = bindings_of(brief, reading, facts, known, package)
    present = state_of(bindings, facts)
    broken_down = decompose(known, reading.archetype.root, bindings, present, forbidden=forbidden)
    epics, stories, tasks, tree = elements(broken_down, facts, Bounds(reading.limits, facts, bindings["technologies"]))
    plan = Plan(
        id="plan-" + hashlib.sha256(" ".join(brief.split()).encode("utf-8", "replace")).hexdigest()[:8],
        title=reading.title,
        brief=brief.strip(),
        archetype=reading.archetype.name,
        goals=goals(tasks),
        limits=tuple(limit.sentence() for limit in reading.limits),
        budget=dict(reading.constraints.budget),
        agents=reading.constraints.agents,
        words=(*shaping(reading.words, tasks), *_left_out(reading)),
        bindings={key: value for key, value in bindings.items() if key != "brief"},  # that is a field of its own
        tree=tree,
        epics=epics,
        stories=stories,
        tasks=link(tasks, present),
    )
    return check(assign(plan)), present


def _left_out(reading: Reading) -> Iterable[WordUse]:
    """What is to be said beside the words themselves."""
    if reading.sort_assumed:
        yield WordUse("…", "assumed", reading.sort_assumed)
    if reading.left_out:
        yield WordUse(
            f"{len(reading.left_out)} more", "not understood", "too many things for one plan; plan them later"
        )


def elements(
    broken_down: Decomposition, facts: RepositoryFacts, bounds: Bounds
) -> tuple[tuple[Epic, ...], tuple[Story, ...], tuple[Task, ...], tuple[Node, ...]]:
    """Epics, stories and tasks of a decomposition (each in the nearest node above it that names one), and the tree."""
    epics: dict[int, Epic] = {}
    stories: dict[tuple[int, int], Story] = {}
    tasks: list[Task] = []
    placed: dict[int, str] = {}
    given: set[str] = set()
    ruled_out = _ruled_out(broken_down, bounds)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for index, step in enumerate(broken_down.steps):
        if index in ruled_out or step.key in seen:
            continue  # the brief leaves it out, or two parts of the brief led to the same task
        seen.add(step.key)
        files = tuple(map(str, fill(step.template.files, step.bindings) or ()))
        if files and all(bounds.forbid(path) for path in files):
            continue  # the brief says to leave these alone
        story_node, epic_node = above(broken_down, step.node, "story"), above(broken_down, step.node, "epic")
        if epic_node not in epics:
            node = broken_down.nodes[epic_node] if epic_node >= 0 else None
            title = str(fill(node.way.epic, node.bindings)) if node else "Work"
            method = f"{node.compound}: {node.way.name}" if node else ""
            known = next((epic for epic in epics.values() if epic.title == title), None)
            epics[epic_node] = known or Epic(f"E{len(set(epics.values())) + 1}", title, method)
        story_key = (epic_node, story_node)
        if story_key not in stories:
            node = broken_down.nodes[story_node] if story_node >= 0 else None
            title = _story_title(broken_down, step) or epics[epic_node].title
            method = f"{node.compound}: {node.way.name}" if node else ""
            epic = epics[epic_node].id
            same = next((story for story in stories.values() if (story.epic, story.title) == (epic, title)), None)
            stories[story_key] = same or Story(f"S{len(set(stories.values())) + 1}", epic, title, method)
        task = task_of(step, f"T{len(tasks) + 1}", stories[story_key].id, facts, given)
        task = bounds.keep(task)
        tasks.append(task)
        placed[index] = task.id
        given.update(task.provides)
        if task.kind == "entity-model":
            given.add(f"new:{step.bindings['entity']}")
    owned_epics = {node: epic.id for node, epic in epics.items()}
    owned_stories = {node: story.id for (_, node), story in reversed(stories.items())}
    tree = record(broken_down, placed, owned_epics, owned_stories)
    return tuple(dict.fromkeys(epics.values())), tuple(dict.fromkeys(stories.values())), _asked_first(tasks), tree


def _story_title(broken_down: Decomposition, step: Step) -> str:
    """The title of the story that a step stands in; empty for none."""
    story = above(broken_down, step.node, "story")
    node = broken_down.nodes[story] if story >= 0 else None
    return str(fill(node.way.story, node.bindings)) if node else ""


def _ruled_out(broken_down: Decomposition, bounds: Bounds) -> set[int]:
    """The steps of stories that the brief leaves out by name; one that others need stays, and its limit is told."""
    steps = dict(enumerate(broken_down.steps))
    out = {index for index, step in steps.items() if bounds.leave_out(_story_title(broken_down, step))}
    kept = [step for index, step in steps.items() if index not in out]
    if not kept:
        return set()
    needed = {item for step in kept for item in fill(step.template.requires, step.bindings) or ()}
    return {index for index in out if not needed & set(fill(steps[index].template.provides, steps[index].bindings))}


def _asked_first(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Where a task asks what the brief means, every other one waits for the answer."""
    asked = any(_BRIEF in task.provides for task in tasks)
    return tuple(
        replace(task, requires=(*task.requires, _BRIEF)) if asked and _BRIEF not in task.provides else task
        for task in tasks
    )
