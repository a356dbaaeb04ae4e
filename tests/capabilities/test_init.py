"""The verb `init` in folders with and without a repository; with a brief see tests/scaffold."""

from __future__ import annotations

from pathlib import Path

from nootropic_kernel.agents.planner import current_plan
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.init import InitParams, init
from nootropic_kernel.planning.spec.file import read
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git


def test_init_prepares_a_folder_and_says_what_it_did(tmp_path: Path, person_home: Path) -> None:
    session = Session(Workspace.find(tmp_path))
    first = init(InitParams(path=str(tmp_path / "new project"), git=True), session)
    root = tmp_path / "new project"
    assert first.has_git and (root / ".git").is_dir() and (root / ".nootropic" / ".gitignore").exists()
    assert person_home.is_dir() and "Made a Git repository." in first.done
    assert git(root, "status", "--porcelain") == ""
    second = init(InitParams(path=str(root), git=True), session)
    assert not [line for line in second.done if line.startswith("Made")]
    session.close()


def test_init_asks_before_it_makes_a_repository(tmp_path: Path) -> None:
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    session = Session(Workspace.find(tmp_path), approve=refuse)
    assert not init(InitParams(), session).has_git
    assert asked and not (tmp_path / ".git").exists()
    session.close()


def test_init_says_what_of_the_brief_it_did_not_understand_and_what_its_budget_leaves_out(tmp_path: Path) -> None:
    session = Session(Workspace.find(tmp_path))
    made = init(InitParams(path=str(tmp_path / "docs"), brief="Give every public function a docstring"), session)
    assert any(note.startswith("Not understood: public") for note in made.notes)
    brief = "A blog with posts and comments, with login and full-text search. One person, 6 hours"
    made = init(InitParams(path=str(tmp_path / "blog"), brief=brief), session)
    # Its pages do not fit either, but come with the start of the project.
    (left,) = [note for note in made.notes if note.startswith("Left for later, to keep the budget")]
    assert "Full-text" in left
    assert any(note.endswith("h instead of 6 h nothing is left for later.") for note in made.notes)
    blog = Session(Workspace.find(tmp_path / "blog"))
    planned = current_plan(blog.workspace, blog.database())
    blog.close()
    assert made.project is not None
    assert {planned.states[name].status for name in made.project.tasks} == {"done"}
    assert [task.kind for task in planned.plan.tasks if task.status == "deferred"] == ["search-simple"]
    session.close()


def test_what_the_project_does_at_once_takes_no_time_of_the_budget(tmp_path: Path) -> None:
    session = Session(Workspace.find(tmp_path))
    brief = "A command line tool that tracks tasks. Add tasks, and report them. One person, 4 hours"
    params = InitParams(path=str(tmp_path / "tasks"), brief=brief)
    made = init(params, session)
    assert not any(note.startswith("Left for later") for note in made.notes)
    assert any(line.startswith("Scheduled what is left (commit ") for line in made.done)
    root = tmp_path / "tasks"
    plan = read((root / "project-spec.md").read_text()).plan
    assert made.project is not None
    left = [task for task in plan.tasks if task.id not in made.project.tasks]
    assert left and {task.status for task in left} == {"pending"} and left[0].schedule.start_h == 0.0
    assert git(root, "status", "--porcelain") == ""
    head = git(root, "rev-parse", "HEAD")
    assert not any(line.startswith("Scheduled") for line in init(params, session).done)
    assert git(root, "rev-parse", "HEAD") == head
    session.close()
