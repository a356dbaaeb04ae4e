"""Tasks that say a recipe does them are done by that recipe, in repositories made at random."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.changeset import ChangeSet, build_changeset
from nootropic_kernel.checks.recipes.files import MemoryFiles
from nootropic_kernel.checks.recipes.gates import run_recipe
from nootropic_kernel.checks.recipes.registry import get_recipe, list_recipes
from nootropic_kernel.planning.model import Task
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts
from nootropic_kernel.planning.repository.recipe_arguments import known_recipes
from nootropic_kernel.planning.schedule.critical_path import in_order
from tests.planning.random_repository import random_brief, random_repository


def change(files: MemoryFiles, task: Task) -> ChangeSet:
    """What the task's recipe proposes."""
    return build_changeset(run_recipe(get_recipe(task.how.recipe or ""), files, task.how.args).edits)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_every_recipe_task_changes_something_when_its_turn_comes(seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng)
    plan = make_plan(random_brief(rng, repository), read_facts(repository.files))
    files = MemoryFiles(repository.files)
    for task in in_order(plan.tasks):
        if task.how.kind == "recipe":
            outcome = run_recipe(get_recipe(task.how.recipe or ""), files, task.how.args)
            assert outcome.edits, f"{task.id} {task.title} changed nothing"
            files = files.with_edits(outcome.edits)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_two_tasks_can_be_done_at_once_one_with_several_hunks_one_in_a_notebook_cell(seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng, notebook=True)
    plan = make_plan(random_brief(rng, repository, about_things=True), read_facts(repository.files))
    files = MemoryFiles(repository.files)
    free = [task for task in plan.tasks if not task.depends_on and task.how.kind == "recipe"][:3]
    hunks = {task.id: change(files, task).hunks for task in free}
    assert len(hunks) >= 2
    assert any(len(found) >= 2 for found in hunks.values())
    assert any(hunk.kind == "cell" for found in hunks.values() for hunk in found)


def test_every_recipe_that_a_plan_may_promise_exists() -> None:
    assert known_recipes() <= {recipe.name for recipe in list_recipes()}
