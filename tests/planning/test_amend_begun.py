"""An amended brief of a project that is being made: what the plan wrote by now makes no change request of it."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.healing.late_fields import fields_left_out
from nootropic_kernel.planning.model import GIVEN_UP, Plan
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts


def written(plan: Plan) -> tuple[RepositoryFacts, set[str]]:
    """The repository once the classes of a plan are written, and the tasks that wrote them."""
    done = {task.id for task in plan.tasks if task.kind == "entity-model"}
    package = plan.bindings["package_dir"]
    files = {f"{package}/__init__.py": b"", "tests/test_first.py": b"def test(): ...\n"}
    for thing in plan.bindings["entities"]:
        files[f"{package}/{thing['entity']}.py"] = f"class {thing['Entity']}:\n    name = ''\n".encode()
    return read_facts(files), done


@pytest.mark.parametrize(
    ("brief", "edited"),
    [
        ("A CLI tool that tracks expenses", "A CLI tool that tracks expenses and exports CSV"),
        ("Build a blog", "Build a blog with tags"),
        ("Keep kettles", "Keep kettles and lanterns, remove broken ones"),
        ("Users can borrow books. They pay fines.", "Users can borrow books. They pay fines. Send them reminders."),
        ("A Python library that parses BibTeX", "A Python library that parses BibTeX and RIS"),
    ],
)
def test_a_project_at_work_goes_on_as_one_and_is_declared(brief: str, edited: str) -> None:
    old = make_plan(brief, read_facts({}))
    facts, done = written(old)
    made = amend_plan(old, edited, facts, done).plan
    assert made.archetype == old.archetype
    live = [task for task in made.tasks if task.status not in GIVEN_UP]
    assert [task.title for task in live if "manifest" in task.provides] == [
        task.title for task in old.tasks if "manifest" in task.provides
    ]
    for name in done:
        assert made.task(name) == old.task(name)
    assert sum(task.status in GIVEN_UP for task in made.tasks) <= 1


@pytest.mark.parametrize(
    ("brief", "edited"),
    [
        ("Build a blog", "load sales.csv, clean it, plot revenue by month"),
        ("Keep kettles", "A Python library that keeps kettles"),
        ("A CLI tool that tracks expenses", "Train a classifier on expenses"),
    ],
)
def test_who_declares_the_project_stays_when_the_sort_of_project_changes(brief: str, edited: str) -> None:
    old = make_plan(brief, read_facts({}))
    facts, done = written(old)
    made = amend_plan(old, edited, facts, done).plan
    assert made.archetype != old.archetype
    declaring = [task for task in made.tasks if "manifest" in task.provides and task.status not in GIVEN_UP]
    assert len(declaring) == 1 and declaring[0].files == ("pyproject.toml",)


def test_nobody_declares_it_twice() -> None:
    old = make_plan("Build a web shop", read_facts({}))
    made = amend_plan(old, "A JupyterLab extension that shows products", read_facts({}), ()).plan
    live = [task for task in made.tasks if task.status not in GIVEN_UP and "pyproject.toml" in task.files]
    assert "project-manifest" not in {task.kind for task in live}


def test_what_is_to_change_beside_is_a_story_of_its_own() -> None:
    old = make_plan("Build a blog", read_facts({}))
    facts, done = written(old)
    made = amend_plan(old, "Build a blog with tags, and speed up the list of posts", facts, done)
    added = [task.kind for name in made.added if (task := made.plan.task(name)) is not None]
    assert {"speed-measure", "speed-up", "speed-verify", "entity-model"} <= set(added)


def test_a_field_that_comes_too_late_for_its_task_is_told() -> None:
    """Regression: the new field counted as understood, and neither a task nor a word was about it."""
    old = make_plan("Keep members (name, phone) of a club", read_facts({}))
    facts, done = written(old)
    made = amend_plan(old, "Keep members (name, phone, street) of a club", facts, done).plan
    (told,) = fields_left_out(old, made, done)
    assert told.startswith("Not planned: street of member, as T1 was begun") and "noo replan T1 --kind wrong" in told
    again = amend_plan(old, "Keep members (name, phone, street) of a club", read_facts({}), set()).plan
    assert list(fields_left_out(old, again, set())) == [], "the task was not begun: it makes the field"
