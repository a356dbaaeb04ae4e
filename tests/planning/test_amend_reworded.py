"""A clause of a brief told in more words is the same task, under the same id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import read_facts

FACTS = read_facts(
    {
        "tasker/__init__.py": b"",
        "tasker/cli.py": b"import argparse\n\n\ndef main():\n    argparse.ArgumentParser()\n",
        "tests/test_cli.py": b"def test_main():\n    pass\n",
    }
)
BRIEF = "Colour what is overdue. Add a 'done' command{}. Fix the crash of main on empty files. Add a report."


def test_a_clause_with_more_words_is_the_same_task_and_story() -> None:
    """Regression: with `, in tasker/cli.py` added, the task was superseded by another one with a new id."""
    old = make_plan(BRIEF.format(""), FACTS)
    longer = amend_plan(old, BRIEF.format(", in tasker/cli.py"), FACTS, set())
    assert not longer.superseded and not longer.added
    (changed,) = (longer.plan.task(name) for name in longer.changed)
    assert changed is not None and changed.title == "Add a 'done' command, in tasker/cli.py"
    stories = {story.id: story.title for story in longer.plan.stories}
    assert stories[changed.story] == changed.title and len(stories) == len(old.stories)
    shorter = amend_plan(longer.plan, BRIEF.format(""), FACTS, set()).plan
    assert [(task.id, task.title) for task in shorter.tasks] == [(task.id, task.title) for task in old.tasks]


@pytest.mark.parametrize("status", ["done", "review"])
def test_what_is_done_already_is_not_taken_for_the_longer_clause(status: str) -> None:
    old = make_plan(BRIEF.format(""), FACTS)
    task = next(task for task in old.tasks if task.title == "Add a 'done' command")
    begun = replace(old, tasks=tuple(replace(t, status=status) if t.id == task.id else t for t in old.tasks))
    amended = amend_plan(begun, BRIEF.format(" with an undo"), FACTS, {task.id})
    assert len(amended.added) == 1 and task.id in amended.kept


def test_of_two_clauses_that_could_be_meant_neither_is() -> None:
    old = make_plan("Add a 'done' command. Colour what is overdue.", FACTS)
    amended = amend_plan(
        old,
        "Add a 'done' command with one bell. Add a 'done' command with two bells. Colour what is overdue.",
        FACTS,
        set(),
    )
    assert len(amended.added) == 2 and len(amended.superseded) == 1
