"""Requests to change a repository: everything asked for is planned or told, in the files that it is about."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.spec.file import dump, read

_SCRIPT = Path(__file__).resolve().parents[2] / "experiments/benchmarks/change_requests.py"


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("change_requests", _SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["change_requests"] = module
    spec.loader.exec_module(module)
    return module


BENCHMARK = _benchmark()
REPOSITORIES, REQUESTS = BENCHMARK.load()
DESK = read_facts(
    {
        "pyproject.toml": b'[project]\nname = "desk"\ndependencies = ["flask>=3", "pandas"]\n',
        "desk/__init__.py": b"",
        "desk/tickets.py": b"import pandas as pd\n\n\nclass Ticket:\n    def close(self):\n        return pd\n",
        "desk/old_export.py": b"from desk.tickets import Ticket\n\n\ndef export_all():\n    return Ticket\n",
        "desk/app.py": b"import flask\n\nfrom desk.old_export import export_all\n\nROUTES = ['/export']\n",
        "tests/test_tickets.py": b"from desk.tickets import Ticket\n\n\ndef test_close():\n    assert Ticket\n",
        "README.md": b"# Desk\n",
    }
)


def planned(brief: str, facts: RepositoryFacts = DESK) -> Plan:
    plan = make_plan(brief, facts)
    assert read(dump(plan)).plan == plan
    return plan


def kinds(plan: Plan) -> list[str]:
    return [task.kind for task in plan.tasks]


def of_kind(plan: Plan, kind: str) -> Task:
    (task,) = [task for task in plan.tasks if task.kind == kind]
    return task


@pytest.mark.parametrize("request_asked", REQUESTS, ids=[request["id"] for request in REQUESTS])
def test_every_change_asked_for_is_in_a_task_or_told_and_nothing_is_made_up(request_asked: dict[str, Any]) -> None:
    facts = REPOSITORIES[request_asked["repository"]]
    plan = planned(request_asked["brief"], facts)
    wrong = BENCHMARK.results(plan, request_asked, facts)
    assert not any(wrong[name] for name in ("sound", "changes", "new files told", "nothing made up")), wrong
    assert not [task for task in plan.tasks if task.kind.startswith("entity")]


def test_a_speed_up_is_measured_made_and_verified_against_the_figure_that_was_said() -> None:
    plan = planned("Closing all tickets takes 12 minutes, it should take under 3")
    assert kinds(plan) == ["speed-measure", "speed-up", "speed-verify"]
    assert "3 minutes" in of_kind(plan, "speed-measure").acceptance[0].text
    assert "12 minutes" in of_kind(plan, "speed-measure").body
    verify = of_kind(plan, "speed-verify")
    assert "3 minutes" in verify.acceptance[0].text and of_kind(plan, "speed-up").id in verify.depends_on
    assert of_kind(plan, "speed-up").files == ("desk/tickets.py",)


def test_a_deletion_finds_who_uses_it_first_and_searches_for_what_is_left() -> None:
    plan = planned("Delete the old export, and make Ticket hashable")
    users, gone = of_kind(plan, "delete-users"), of_kind(plan, "delete-it")
    assert "desk/app.py" in users.body and users.id in gone.depends_on
    assert set(gone.files) == {"desk/old_export.py", "desk/app.py"}
    assert [entry.verify for entry in gone.acceptance] == ["! git grep -nw -e old_export", "python -m pytest"]
    assert of_kind(plan, "change-edit").files == ("desk/tickets.py",)


def test_a_part_that_goes_from_a_file_deletes_no_file() -> None:
    plan = planned("Remove the commented lines from desk/tickets.py")
    assert kinds(plan) == ["change-edit"]


def test_a_traceback_tells_the_files_and_the_error_and_is_no_brief() -> None:
    brief = (
        "Closing a ticket twice breaks:\n\nTraceback (most recent call last):\n"
        '  File "/usr/lib/python3.12/site-packages/flask/app.py", line 9, in dispatch\n    return view()\n'
        '  File "/home/me/work/desk/tickets.py", line 6, in close\n    raise Broken("closed")\nBroken.Error: closed\n'
    )
    plan = planned(brief)
    assert kinds(plan) == ["failing-test", "mend"]
    mend = of_kind(plan, "mend")
    assert mend.files[0] == "desk/tickets.py" and "desk/app.py" not in mend.files
    assert "Broken.Error: closed" in mend.body and "dispatch" not in mend.body
    assert any(use.meaning == "a traceback: desk/tickets.py" for use in plan.words)


def test_nothing_but_a_traceback_is_a_bug_report() -> None:
    plan = planned('Traceback (most recent call last):\n  File "desk/tickets.py", line 6, in close\n    x\nKeyError: 7')
    assert kinds(plan) == ["failing-test", "mend"] and "KeyError" in plan.title
    assert of_kind(plan, "mend").files == ("desk/tickets.py",)


def test_new_files_that_the_brief_names_are_said_to_be_new() -> None:
    plan = planned("Split tickets.py into models.py and actions.py")
    task = of_kind(plan, "refactor-edit")
    assert task.files == ("desk/tickets.py", "desk/models.py", "desk/actions.py")
    assert "New: desk/models.py and desk/actions.py." in task.body


def test_a_move_away_from_a_package_is_about_the_files_that_import_it() -> None:
    plan = planned("Switch from pandas to polars and add a --json flag")
    assert kinds(plan) == ["change-move", "change-move-clean", "change-edit"]
    assert set(of_kind(plan, "change-move").files) == {"desk/tickets.py", "pyproject.toml"}


def test_a_list_asks_for_each_of_its_entries() -> None:
    plan = planned("Please:\n\n- dark mode\n- mail the owner when a ticket is closed\n* drop old_export.py\n")
    assert kinds(plan) == ["change-edit", "change-edit", "delete-users", "delete-it"]


def test_what_says_how_belongs_to_the_change_before_it() -> None:
    plan = planned("export_all forgets closed tickets. Please fix it. It must work for archived ones too.")
    assert kinds(plan) == ["failing-test", "mend"]
    assert of_kind(plan, "mend").files[0] == "desk/old_export.py"


def test_names_in_other_languages_are_found() -> None:
    facts = read_facts({"package.json": b"{}", "src/cart.js": b"function total(items) {}\nconst Cart = class {}\n"})
    plan = planned("total() ignores the discount, and rename Cart to Basket", facts)
    assert all(task.files for task in plan.tasks) and not [task for task in plan.tasks if task.how.kind == "none"]
    assert {path for task in plan.tasks for path in task.files if path in facts.paths} == {"src/cart.js"}


def test_something_new_is_still_built_where_there_is_code() -> None:
    plan = planned("Build a web shop that sells tickets")
    assert plan.archetype == "shop"
    plan = planned("A web shop that sells mugs, and delete the old export")
    assert plan.archetype == "shop" and "delete-it" in kinds(plan)


_PIECES = st.sampled_from(
    ["delete the old export", "rename Ticket to Issue", "speed up close()", "it takes 4 s", "under 2", "fix it", "- ",
     "\n", ". ", ", and ", "then ", "could you ", "please ", "don't touch app.py", "into a.py and b.py", "why?",
     "upgrade pandas to 3", "Traceback (most recent call last):\n", '  File "desk/app.py", line 1, in f\n',
     "KeyError: 1\n", "there are no tests", "use polars instead of pandas", "`x y`", "/export "]
)  # fmt: skip


@given(st.lists(_PIECES, min_size=1, max_size=9))
def test_any_mix_of_requests_gives_a_sound_plan_that_can_be_read_again(pieces: list[str]) -> None:
    brief = " ".join(pieces)
    if any(sign.isalnum() for sign in brief):
        with contextlib.suppress(BriefUnusable):  # "please then" has no word to plan from
            plan = planned(brief)
            assert plan.tasks and not BENCHMARK.problems(plan)


@pytest.mark.parametrize(
    ("brief", "archetype"),
    [
        ("load sales.csv, clean it, plot revenue by month", "notebook-analysis"),
        ("Build a forum. Delete the old posts every night.", "web-application"),
        ("Keep mugs and remove old ones", "application"),
        ("Scrape adverts every morning, remove the duplicates and store them in SQLite", "data-pipeline"),
    ],
)
@pytest.mark.parametrize("facts", [DESK, read_facts({})], ids=["code", "empty"])
def test_what_is_built_or_computed_stays_that(brief: str, archetype: str, facts: RepositoryFacts) -> None:
    assert planned(brief, facts).archetype == archetype


@pytest.mark.parametrize("facts", [DESK, read_facts({})], ids=["code", "empty"])
def test_each_of_several_requests_is_planned_also_where_its_subject_is_not_found(facts: RepositoryFacts) -> None:
    plan = planned("rename foo to bar and delete the old billing page", facts)
    assert kinds(plan) == ["rename-missing", "change-edit"]
    plan = planned("Migrate the tests from unittest to pytest, and rename foo to bar", facts)
    assert {"change-move", "rename-missing"} <= set(kinds(plan))


def test_data_are_put_right_by_code_that_can_be_run_again() -> None:
    plan = planned("Clean the CSV data/rows.csv and fix the dates", read_facts({}, ["data/rows.csv", "README.md"]))
    assert [task.title for task in plan.tasks if "clean" in task.kind][-2:] == [
        "Clean the CSV data/rows.csv",
        "Fix the dates",
    ]
    assert not [task for task in plan.tasks if "fault" in task.title.lower()]


def test_a_field_for_what_is_there_is_a_change_to_it() -> None:
    plan = planned("Add due dates to tickets")
    assert kinds(plan) == ["change-edit"] and plan.tasks[0].files[0] == "desk/tickets.py"


def test_the_sections_of_a_report_say_more_about_one_fault() -> None:
    brief = (
        "### Bug report\n\n**Steps to reproduce**\n1. Sign in\n2. Open /export\n3. Press enter\n\n"
        "**Expected behaviour**\nA file.\n\n**Actual behaviour**\nAn empty page\n"
    )
    plan = planned(brief)
    assert kinds(plan) == ["failing-test", "mend"]
    assert "An empty page" in plan.title and "Press enter" in of_kind(plan, "mend").body
    plan = planned(
        "Export loses tickets.\n\nSteps:\n1. close one\n2. export\n\nExpected: it is in the file. Actual: it is not."
    )
    assert kinds(plan) == ["change-failing-test", "change-mend"]


def test_the_tasks_of_a_ticket_are_asked_for_and_what_is_out_of_scope_is_not() -> None:
    brief = (
        "## Goal\nThe export should have owners.\n\n## Tasks\n- [ ] add an owner column to the export\n"
        "- [ ] tell it in the README\n\n## Out of scope\n- owners of closed tickets\n"
    )
    titles = [task.title for task in planned(brief).tasks]
    assert "Add an owner column to the export" in titles and "Tell it in the README" in titles
    assert not [title for title in titles if title.startswith(("Goal", "Tasks", "Out of", "Owners"))]


TILL = read_facts(
    {
        "till/__init__.py": b"",
        "till/models.py": b"class Cart:\n    def add(self, item):\n        return item\n",
        "till/reader.py": b"def read_rows(path):\n    return []\n",
    }
)


@pytest.mark.parametrize(
    "brief",
    [
        "Rows without an amount are silently dropped: count them and print a warning",
        "Rows without a date crash the reader",
        "Orders without a customer choke the reader, and so do rows without one",
        "Make sure that rows without a date are counted by the reader",
    ],
)
def test_what_something_is_without_is_no_limit(brief: str) -> None:
    plan = make_plan(brief, TILL)
    assert not [use for use in plan.words if "leave out" in use.meaning]
    assert plan.archetype in ("change", "bug-fix")
    assert any("rows" in f"{task.title} {task.body}".lower() for task in plan.tasks)


@pytest.mark.parametrize(
    "brief",
    [
        "Add a cache to the reader without Redis",
        "A report without big charts every Monday",
        "A reader without pandas that is slow",
    ],
)
def test_what_is_to_be_done_without_something_is_a_limit(brief: str) -> None:
    assert any(use.meaning.startswith("leave out: ") for use in make_plan(brief, TILL).words)


@pytest.mark.parametrize(
    "wish",
    [
        "Do not let people put more in the cart than is in stock",
        "Don't allow negative amounts in the cart",
        "Prevent people from putting more in the cart than is in stock",
        "Stop people from putting more in the cart than is in stock",
    ],
)
def test_what_people_must_not_be_let_do_is_a_change(wish: str) -> None:
    plan = make_plan(f"{wish}. Leave reader.py alone.", TILL)
    assert plan.archetype == "change"
    assert wish in [task.title for task in plan.tasks]
    assert not [use for use in plan.words if "leave out" in use.meaning]
    assert not [task for task in plan.tasks if "till/reader.py" in task.files]


@pytest.mark.parametrize(
    "asked",
    ["List the public functions of tasker.model in the README.", "Document tasker.model.", "Document all modules."],
)
def test_what_lists_names_waits_for_the_new_name_of_one_of_them(asked: str) -> None:
    """Regression: the README listed the old name, whichever of the two was accepted first."""
    facts = read_facts({"tasker/__init__.py": b"", "tasker/model.py": b"def parse_due(text):\n    return text\n"})
    plan = planned(f"Rename parse_due to parse_date everywhere. {asked}", facts)
    rename = of_kind(plan, "rename")
    assert len(plan.tasks) > 1
    for task in plan.tasks:
        if task is not rename:
            assert task.depends_on == (rename.id,)
            assert "parse_due" not in task.title and "parse_due" not in str(task.how.args)


def test_docstrings_asked_for_alone_bring_no_other_document() -> None:
    """Regression: `a docstring` for each function was read as documents of all there is: README, guides."""
    facts = read_facts({"tasker/__init__.py": b"", "tasker/model.py": b"def f():\n    return 1\n"})
    assert kinds(planned("Give every public function a docstring", facts)) == ["docstrings"]
    assert "guide" in kinds(planned("Give every public function a docstring, and write documentation", facts))
    done = read_facts({"tasker/__init__.py": b"", "tasker/model.py": b'def f():\n    """One."""\n'})
    assert kinds(planned("Give every public function a docstring", done)) == ["change-edit"]


@pytest.mark.parametrize(
    "brief",
    [
        "Add a 'done' command",
        "Add a done command that marks a task as done",
        "Add a command to mark a task as done",
        "Add `done` and `undone` commands for tasks",
    ],
)
def test_a_new_command_goes_where_the_commands_are(brief: str) -> None:
    """Regression: it went into model.py, which defines what the command acts on."""
    files = {
        "tasker/__init__.py": b"",
        "tasker/model.py": b"class Task:\n    done: bool = False\n",
        "tasker/cli.py": b"import argparse\n\n\ndef main():\n    argparse.ArgumentParser()\n",
        "tests/test_cli.py": b"def test_main():\n    pass\n",
    }
    assert of_kind(planned(brief, read_facts(files)), "change-edit").files == ("tasker/cli.py", "tests/test_cli.py")


def test_a_plan_holds_no_check_of_a_coverage_that_nobody_asked_for() -> None:
    assert "None" not in planned("Add a report").bindings["coverage_check"]
    assert planned("Add a report, with 90% coverage").bindings["coverage_check"].endswith("--cov-fail-under=90")
