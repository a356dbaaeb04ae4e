"""A plan in Mermaid's language: who waits for whom as a graph, and the schedule as a Gantt chart.

Of a large plan a node or bar is a story, or an epic where there are too many stories: Mermaid itself refuses texts of
more than 50,000 characters and graphs of more than 500 edges, and nobody reads a graph of a thousand boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.views.board import DROPPED, States, state_of
from nootropic_kernel.workspace.plain_text import visible

LIMIT = 60  # boxes or bars
_MOST_EDGES = 400
_LONGEST = 60  # characters of a title
_COLOURS = {
    "done": "#2e7d32", "ready": "#1565c0", "review": "#b26a00", "running": "#b26a00", "blocked": "#b3261e",
    "failed": "#b3261e",
}  # fmt: skip
_TAGS = {"done": "done", "review": "active", "running": "active"}
_PER_HOUR = 1000  # Mermaid counts in milliseconds; an hour of the plan is drawn as a second


@dataclass(frozen=True)
class _Box:
    """What one node or bar stands for: a task, or all tasks of a story or an epic."""

    id: str
    title: str
    tasks: tuple[Task, ...]

    @property
    def critical(self) -> bool:
        return any(task.schedule.critical for task in self.tasks)

    def status(self, states: States) -> str:
        """Of several tasks the one that a person should see: what failed, waits for review, can be done."""
        found = {state_of(task, states).status for task in self.tasks}
        order = ("failed", "blocked", "review", "running", "ready", "pending", "done")
        return next((status for status in order if status in found), "deferred")


def mermaid_graph(plan: Plan, states: States, chosen: Iterable[Task] | None = None) -> str:
    """The dependency graph; thick arrows are critical. Empty when there is nothing to draw.

    :param chosen: the tasks to draw; without it all that are still part of the plan.
    """
    boxes, note = _boxes(plan, _live(plan, states, chosen))
    if not boxes:
        return ""
    home = {task.id: box for box in boxes for task in box.tasks}
    edges: dict[tuple[str, str], bool] = {}
    for box in boxes:
        for task in box.tasks:
            for name in task.depends_on:
                before = home.get(name)
                if before is not None and before is not box:
                    thick = task.schedule.critical and _is_critical(before, name)
                    edges[before.id, box.id] = edges.get((before.id, box.id), False) or thick
    kept = sorted(edges, key=lambda edge: not edges[edge])[:_MOST_EDGES] if len(edges) > _MOST_EDGES else list(edges)
    lines = ["graph LR", *_comment(note)]
    if len(kept) < len(edges):
        lines += _comment(f"{len(edges) - len(kept)} arrows that are not critical are left out")
    lines += [f'  {box.id}["{escaped(_label(box, states))}"]:::{box.status(states)}' for box in boxes]
    lines += [f"  {before} {'==>' if edges[before, after] else '-->'} {after}" for before, after in kept]
    used = {box.status(states) for box in boxes}
    lines += [f"  classDef {status} stroke:{_COLOURS.get(status, '#757575')}" for status in sorted(used)]
    return "\n".join(lines)


def mermaid_gantt(plan: Plan, states: States, chosen: Iterable[Task] | None = None) -> str:
    """The schedule as a Gantt chart with a section an epic; its axis counts hours from the plan's start.

    :param chosen: the tasks to draw; without it all. What is put off takes no time and is left out.
    """
    planned = [task for task in _live(plan, states, chosen) if state_of(task, states).status != "deferred"]
    boxes, note = _boxes(plan, planned)
    if not boxes:
        return ""
    epic_of = {story.id: story.epic for story in plan.stories}
    lines = [
        "gantt", *_comment(note),
        f"  title {escaped(_short(plan.title))} (hours from the start)",
        "  dateFormat x", "  axisFormat %s",
    ]  # fmt: skip
    for epic in plan.epics:
        bars = [box for box in boxes if epic_of.get(box.tasks[0].story) == epic.id]
        if bars:
            lines.append(f"  section {escaped(_short(f'{epic.id} {epic.title}'))}")
            lines += [_bar(box, states) for box in bars]
    return "\n".join(lines)


def drawn_as(plan: Plan, states: States, chosen: Iterable[Task] | None = None) -> str:
    """How a large plan was drawn together, in a sentence; empty when every task has a box of its own."""
    return _boxes(plan, _live(plan, states, chosen))[1]


def escaped(text: str) -> str:
    """A text within Mermaid's language: any sign that could mean something there is a character number.

    Hidden characters are made visible first, so that no title turns the order of what stands beside it.
    """
    return re.sub(r"[^\w .,!?()–…-]", lambda found: f"#{ord(found.group())};", visible(" ".join(text.split())))


def _bar(box: _Box, states: States) -> str:
    start = min(task.schedule.start_h for task in box.tasks)
    length = max(task.schedule.end_h for task in box.tasks) - start
    tags = [*(["crit"] if box.critical else []), *filter(None, [_TAGS.get(box.status(states))])]
    times = [box.id, f"{round(start * _PER_HOUR)}", f"{max(1, round(length * _PER_HOUR))}ms"]
    return f"  {escaped(_label(box, states))} :{', '.join([*tags, *times])}"


def _live(plan: Plan, states: States, chosen: Iterable[Task] | None) -> list[Task]:
    tasks = plan.tasks if chosen is None else chosen
    return [task for task in tasks if state_of(task, states).status not in DROPPED]


def _boxes(plan: Plan, tasks: list[Task]) -> tuple[list[_Box], str]:
    """What is drawn, at most :data:`LIMIT`, and how it was drawn together."""
    if len(tasks) <= LIMIT:
        return [_Box(task.id, task.title, (task,)) for task in tasks], ""
    said = f"{len(tasks)} tasks are too many to draw"
    by_story: dict[str, list[Task]] = {}
    for task in tasks:
        by_story.setdefault(task.story, []).append(task)
    stories = [_Box(story.id, story.title, tuple(by_story[story.id])) for story in plan.stories if story.id in by_story]
    if len(stories) <= LIMIT:
        return stories, f"{said}: a box is a story"
    by_epic: dict[str, list[Task]] = {}
    epic_of = {story.id: story.epic for story in plan.stories}
    for task in tasks:
        by_epic.setdefault(epic_of[task.story], []).append(task)
    epics = [_Box(epic.id, epic.title, tuple(by_epic[epic.id])) for epic in plan.epics if epic.id in by_epic]
    left = f"; the first {LIMIT} of {len(epics)} are drawn" if len(epics) > LIMIT else ""
    return epics[:LIMIT], f"{said}: a box is an epic{left}"


def _label(box: _Box, states: States) -> str:
    name = f"{box.id} {box.title}"
    if len(box.tasks) == 1 and box.tasks[0].id == box.id:
        return _short(name)
    done = sum(state_of(task, states).status == "done" for task in box.tasks)
    return f"{_short(name)} ({done} of {len(box.tasks)} done)"


def _is_critical(box: _Box, name: str) -> bool:
    return any(task.id == name and task.schedule.critical for task in box.tasks)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _comment(note: str) -> list[str]:
    return [f"  %% {note}"] if note else []
