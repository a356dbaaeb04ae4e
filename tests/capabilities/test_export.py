"""The verb export on a real plan: what it shows, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import NoPlan
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.export import FORMATS, ExportParams, export
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.planning.strips import read


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()


def test_each_format_is_shown_or_written_and_nothing_is_overwritten_unasked(session: Session, repo: Path) -> None:
    with pytest.raises(NoPlan):
        export(ExportParams(format="pddl"), session)
    made = plan(PlanParams(brief="Build a blog platform"), session)
    tasks = [task.id for epic in made.epics for story in epic.stories for task in story.tasks]
    assert set(FORMATS) == set(ExportParams.model_json_schema()["properties"]["format"]["enum"])
    for name in FORMATS:
        shown = export(ExportParams.model_validate({"format": name}), session)
        assert shown.files and not shown.written and all(text in shown.text() + "\n" for text in shown.files.values())
        written = export(ExportParams.model_validate({"format": name, "out": f"build/{name}"}), session)
        assert {Path(path).name: Path(path).read_text() for path in written.written} == shown.files
    pddl = export(ExportParams(format="pddl"), session).files
    world = read(pddl["domain.pddl"], pddl["problem.pddl"])
    assert {fact[1].upper() for fact in world.goal if fact[0] == "done"} == set(tasks)
    document = json.loads((repo / "build/json/plan.json").read_text())
    assert [task["id"] for task in document["plan"]["tasks"]] == tasks

    mine = repo / "build/pddl/problem.pddl"
    mine.write_text("mine")
    (repo / "build/pddl/domain.pddl").unlink()
    with pytest.raises(UsageError, match="already"):
        export(ExportParams(format="pddl", out="build/pddl"), session)
    assert mine.read_text() == "mine" and not (repo / "build/pddl/domain.pddl").exists()
    export(ExportParams(format="pddl", out="build/pddl", overwrite=True), session)
    assert mine.read_text() == pddl["problem.pddl"]
    (repo / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        export(ExportParams(format="json", out="file"), session)
