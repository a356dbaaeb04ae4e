"""The verb `init` in folders with and without a repository; with a brief see tests/scaffold."""

from __future__ import annotations

from pathlib import Path

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.init import InitParams, init
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
    brief = "A command line tool that tracks tasks. Add tasks, and report them. One person, 4 hours"
    made = init(InitParams(path=str(tmp_path / "tasks"), brief=brief), session)
    assert any(note.startswith("Left for later, to keep the budget") for note in made.notes)
    assert any(note.endswith("h instead of 4 h nothing is left for later.") for note in made.notes)
    session.close()
