"""The plan as a page for readers: its tasks, and what waits for what, as a Mermaid graph."""

from __future__ import annotations

import re

from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.spec_file import FILE_NAME

PATH = "docs/plan.md"
_SPECIAL = re.compile(r"[^\w .,:/()'+=-]")


def plan_page(plan: Plan) -> str:
    """The page, in Markdown; the plan itself stays in project-spec.md."""
    lines = [
        f"# Plan: {_words(plan.title)}",
        "",
        f"As it was when the project was started. {FILE_NAME} holds the plan, `noo board` shows how far it is.",
        "",
        "```mermaid",
        "flowchart LR",
    ]
    for epic in plan.epics:
        lines.append(f'  subgraph {epic.id}["{_words(epic.title)}"]')
        for story in plan.stories_of(epic.id):
            lines += [f"    {_node(task)}" for task in plan.tasks_of(story.id)]
        lines.append("  end")
    epics = {epic.id for epic in plan.epics}
    inside = {story.id for story in plan.stories if story.epic in epics}
    lines += [f"  {_node(task)}" for task in plan.tasks if task.story not in inside]
    known = {task.id for task in plan.tasks}
    lines += [f"  {needed} --> {task.id}" for task in plan.tasks for needed in task.depends_on if needed in known]
    return "\n".join([*lines, "```", ""])


def _node(task: Task) -> str:
    return f'{task.id}["{task.id} {_words(task.title)}"]'


def _words(text: str) -> str:
    """Text that Mermaid and Markdown take for text."""
    return _SPECIAL.sub(" ", " ".join(text.split()))[:100].strip()
