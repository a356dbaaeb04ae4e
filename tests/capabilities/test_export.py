"""The verb export on a real plan: what it shows, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
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


def test_a_link_or_a_pipe_in_the_folder_harms_nothing_and_a_home_is_a_home(
    session: Session, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a link that was called like our draft led the export into any file, and a pipe hung it."""
    plan(PlanParams(brief="Build a blog platform"), session)
    precious, build = tmp_path / "precious", repo / "build"
    precious.write_text("mine")
    build.mkdir()
    (build / ".plan.json.noo").symlink_to(precious)
    export(ExportParams(format="json", out="build"), session)
    assert precious.read_text() == "mine" and not (build / "plan.json").is_symlink()
    (build / "plan.mmd").symlink_to(precious)
    os.mkfifo(build / "schedule.mmd")
    for name in ("mermaid", "gantt"):
        with pytest.raises(UsageError, match="already"):
            export(ExportParams.model_validate({"format": name, "out": "build"}), session)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (written,) = export(ExportParams(format="json", out="~/plans"), session).written
    assert written == str(tmp_path / "home/plans/plan.json") and not (repo / "~").exists()


@pytest.mark.parametrize("out", ["~nobody-of-this-name/x", "a\0b", "\ud800"])
def test_what_is_no_path_is_said_so(session: Session, out: str) -> None:
    plan(PlanParams(brief="Build a blog platform"), session)
    with pytest.raises(UsageError, match="is no path"):
        export(ExportParams(format="json", out=out), session)
