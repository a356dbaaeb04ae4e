"""The plan as a page for readers: its tasks, and what waits for what, as a Mermaid graph."""

from __future__ import annotations

import re

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.planning.views.mermaid import mermaid_graph

PATH = "docs/plan.md"
_MARKUP = re.compile(r"[^\w .,:/()'+=-]")


def plan_page(plan: Plan) -> str:
    """The page, in Markdown; the plan itself stays in project-spec.md."""
    title = _MARKUP.sub(" ", " ".join(plan.title.split()))
    lines = [
        f"# Plan: {title}",
        "",
        f"As it was when the project was started. {FILE_NAME} holds the plan, `noo board` shows how far it is.",
        "",
        "```mermaid",
        mermaid_graph(plan, {}),
        "```",
    ]
    return "\n".join([*lines, ""])
