"""A project that is started in a folder where something lies: proposed once, and its tasks are done with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.capabilities.accept import AcceptParams, accept
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.init import InitParams, InitResult, init
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.reject import RejectParams, reject
from nootropic_kernel.capabilities.scaffold import ScaffoldParams, scaffold
from nootropic_kernel.capabilities.undo import UndoParams, undo
from nootropic_kernel.workspace.location import Workspace
from tests.scaffold.started import states

BRIEF = "A command line tool that keeps tasks with a title and a due date in a JSON file"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Session]:
    """A person in a folder with a README of their own."""
    (tmp_path / "README.md").write_text("# Mine\n")
    session = Session(Workspace.find(tmp_path))
    yield session
    session.close()


def proposed(session: Session) -> InitResult:
    made = init(InitParams(brief=BRIEF), session)
    assert made.project is not None and made.project.action == "proposed" and made.project.left == ["README.md"]
    return made


def of_all(session: Session) -> set[str]:
    return set(states(session.workspace.root).values())


def test_what_a_project_provides_is_in_review_with_it_and_done_once_it_is_accepted(there: Session) -> None:
    made = proposed(there)
    assert made.project is not None and made.project.tasks and of_all(there) == {"review"}
    accept(AcceptParams(refs=["P1"], allow_executable=True), there)
    assert of_all(there) == {"done"}
    undo(UndoParams(), there)
    assert "done" not in of_all(there) and "ready" in of_all(there)


def test_a_project_of_which_a_part_is_rejected_leaves_its_tasks_to_do(there: Session) -> None:
    proposed(there)
    reject(RejectParams(refs=["P1:1"]), there)
    accept(AcceptParams(refs=["P1"], allow_executable=True), there)
    assert of_all(there) <= {"ready", "pending"}


def test_no_second_project_is_proposed_while_the_first_is_to_be_decided(there: Session) -> None:
    first = proposed(there)
    again = scaffold(ScaffoldParams(), there)
    assert first.project is not None
    assert (again.proposal, again.paths, again.tasks) == ("P1", first.project.paths, first.project.tasks)
    assert "`noo review P1`" in again.text() and proposed(there).project == again


def test_a_task_whose_own_file_is_left_as_it_is_stays_to_be_done_also_without_git(there: Session) -> None:
    plan(PlanParams(brief=BRIEF), there)
    (there.workspace.root / ".gitignore").write_text("mine\n")
    made = scaffold(ScaffoldParams(), there)
    tasks = current_spec(there.workspace).plan.tasks
    (ignoring,) = (task.id for task in tasks if task.files == (".gitignore",))
    assert set(made.tasks) == {task.id for task in tasks} - {ignoring}
    accept(AcceptParams(refs=["P1"], allow_executable=True), there)
    assert {name for name, state in states(there.workspace.root).items() if state == "done"} == set(made.tasks)
