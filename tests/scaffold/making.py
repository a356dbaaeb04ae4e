"""Projects made for tests: from a document, in memory or in a folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from nootropic_kernel.agents.scaffolder import Scaffold, build_scaffold, choose_template
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.projects.scaffold import project_from_document, project_from_plan
from nootropic_kernel.planning.projects.templates import TemplateLibrary
from nootropic_kernel.planning.repository.facts import read_facts

DAY = date(2026, 11, 27)
TEMPLATES = tuple(template.name for template in TemplateLibrary(None).all())
THINGS = {
    "post": {"title": "str", "price": "Decimal", "published": "date", "tags": "list[str]", "draft": "bool"},
    "loan item": {"borrower": "str", "since": "datetime", "returned": "date | None", "count": "int", "share": "float"},
}


def made(document: dict[str, Any], library: TemplateLibrary | None = None) -> Scaffold:
    """The scaffold of a spec.yaml's document."""
    library = library or TemplateLibrary(None)
    project = project_from_document(document)
    return build_scaffold(library, choose_template(library, project), project, DAY)


def from_brief(brief: str) -> Scaffold:
    """The scaffold of what a plan makes of a brief."""
    library = TemplateLibrary(None)
    project = project_from_plan(make_plan(brief, read_facts({}), today=DAY))
    return build_scaffold(library, choose_template(library, project), project, DAY)


def write(scaffold: Scaffold, folder: Path) -> Path:
    """Its files in a folder."""
    for path, file in scaffold.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.content)
    return folder
