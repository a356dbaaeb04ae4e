"""Commands that a brief names in quotes: each is planned, and gives neither the package nor a class its name."""

from __future__ import annotations

import pytest

from tests.planning.test_briefs_of_strangers import classes
from tests.planning.test_new_projects import planned

PRIMERS = (
    "A command line tool for sequencing primers: subcommands 'trim' (cut primers off reads), 'stats' (print N50 and"
    " GC) and 'merge' (join paired reads). One person, 4 hours"
)


@pytest.mark.parametrize(
    ("brief", "titles"),
    [
        (PRIMERS, ["trim: cut primers off reads", "stats: print N50 and GC", "merge: join paired reads"]),
        ("A CLI for wines. Commands:\n- 'pour': note what was drunk\n- `cellar`", ["pour: note", "The command"]),
        ("A command line tool with commands 'add', 'list' and 'done' for chores", ["The command done for chores"]),
        ("A “start” and a “stop” command for a timer in the terminal", ["The command start", "The command stop"]),
        ("A CLI to sort photos, with the option '--fast' to skip thumbnails", ["--fast: skip", "The option"]),
    ],
)
def test_each_command_that_is_named_has_its_task(brief: str, titles: list[str]) -> None:
    plan = planned(brief)
    assert plan.archetype == "cli-tool"
    for title in titles:
        assert any(task.title.startswith(title) for task in plan.tasks), title


def test_the_package_is_named_by_what_the_tool_is_for() -> None:
    assert planned(PRIMERS).bindings["package"] == "sequencing_primers"
    assert planned("A CLI for wines with the commands 'pour' and 'cellar'").bindings["package"] == "wines"


def test_every_word_in_quotes_is_accounted_for() -> None:
    plan = planned("A command line tool with commands 'add', 'list' and 'done' for chores")
    meanings = {use.text: use.meaning for use in plan.words if use.verdict == "matched"}
    assert {"add", "list", "done", "chores"} <= set(meanings)
    assert "Commands to add, list and remove chores" in [task.title for task in plan.tasks]
    assert list(classes(plan)) == ["Chore"]


def test_options_of_something_else_are_no_commands() -> None:
    plan = planned("A poll web app with the options 'yes' and 'no'")
    assert not [task for task in plan.tasks if task.kind == "action-edit"]


def test_what_a_command_is_not_is_no_command() -> None:
    plan = planned("A CLI for notes. The command isn't 'slow'.")
    assert not [task for task in plan.tasks if task.kind == "action-edit"]
