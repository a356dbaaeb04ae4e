"""Briefs as people write them: limits, targets in the repository, listed fields, and what is never a class."""

from __future__ import annotations

import json
from datetime import date

import pytest

from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.spec.file import dump, read
from nootropic_kernel.planning.views.tree import word_lines

_CELL = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": "import re"}
CHARTS, SHOWN = "src/skylog/charts.py", "tests/test_spectra.py"  # what is new is shown by a test
TODAY = date(2026, 11, 27)  # a Friday
_KERNEL = {"name": "python3", "language": "python", "display_name": "Python"}


def observatory() -> RepositoryFacts:
    """A package under src, two modules, a notebook, a test."""
    notebook = {"cells": [_CELL], "metadata": {"kernelspec": _KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return read_facts(
        {
            "README.md": b"# Sky\n",
            "src/skylog/__init__.py": b"",
            "src/skylog/spectra.py": b"LIMIT = 3\n\ndef fold_curve(x):\n    return x\n\ndef _bin(x):\n    return x\n",
            "src/skylog/charts.py": b"class Canvas:\n    def stroke(self):\n        return 1\n",
            "notebooks/night.ipynb": json.dumps(notebook).encode(),
            "tests/test_spectra.py": b"def test_fold(): ...\n",
        }
    )


def planned(brief: str) -> Plan:
    plan = make_plan(brief, observatory(), today=TODAY)
    assert read(dump(plan)).plan == plan
    return plan


def classes(plan: Plan) -> dict[str, list[str]]:
    """The classes a plan writes, with their fields."""
    return {
        task.how.args["entity"]: [field["name"] for field in task.how.args["fields"]]
        for task in plan.tasks
        if task.kind == "entity-model"
    }


def edits(plan: Plan) -> list[Task]:
    return [task for task in plan.tasks if task.kind == "change-edit"]


@pytest.mark.parametrize(
    ("brief", "title", "files"),
    [
        ("please add retries to spectra.py", "Add retries to spectra.py", ["src/skylog/spectra.py", SHOWN]),
        ("Swap numpy for jax in skylog.spectra", "Swap numpy for jax in skylog.spectra", ["src/skylog/spectra.py"]),
        ("drop dead cells from night.ipynb", "Drop dead cells from night.ipynb", ["notebooks/night.ipynb"]),
        ("Simplify `_bin`", "Simplify `_bin`", ["src/skylog/spectra.py"]),
        ("raise LIMIT in src/skylog/spectra.py", "Raise LIMIT in src/skylog/spectra.py", ["src/skylog/spectra.py"]),
        ("Let Canvas draw 10 k points by March", "Let Canvas draw 10 k points", [CHARTS, "tests/test_charts.py"]),
        ("Add read/write locks to charts.py.", "Add read/write locks to charts.py", [CHARTS, "tests/test_charts.py"]),
        ("Add error handling to fold_curve", "Add error handling to fold_curve", ["src/skylog/spectra.py", SHOWN]),
    ],
)  # fmt: skip
def test_names_of_the_repository_are_targets(brief: str, title: str, files: list[str]) -> None:
    plan = planned(brief)
    (edit,) = edits(plan)
    assert (edit.title, list(edit.files), edit.how.kind) == (title, files, "model")
    assert not classes(plan)


def test_a_folder_is_a_target() -> None:
    (edit,) = edits(planned("Tidy src/skylog"))
    assert {"src/skylog/spectra.py", "src/skylog/charts.py"} <= set(edit.files)


@pytest.mark.parametrize(
    "brief", ["Vectorise fold_curve", "Add tests for fold_curve", "Add function slugify to text.py", "Mend fold_curve"]
)
def test_a_small_change_gets_no_task_that_nobody_asked_for(brief: str) -> None:
    touched = {path for task in planned(brief).tasks for path in task.files}
    assert touched and not [path for path in touched if not path.startswith(("src/", "tests/"))]


def test_each_clause_is_a_task_and_it_means_the_module_named_before() -> None:
    plan = planned("Put docstrings and type annotations into skylog.charts, then write tests for it")
    assert [task.title for task in edits(plan)] == [
        "Put docstrings and type annotations into skylog.charts",
        "Write tests for it",
    ]
    assert edits(plan)[1].files == ("tests/test_charts.py", "src/skylog/charts.py")
    assert [task.how.args["module"] for task in plan.tasks if task.how.recipe == "python.docstrings"] == [
        "src/skylog/charts.py"
    ]


def test_an_unknown_name_is_asked_about() -> None:
    plan = planned("Make unfold_wave faster")
    assert [task.how.kind for task in plan.tasks] == ["none"]
    assert "unfold_wave" in plan.tasks[0].how.why


@pytest.mark.parametrize(
    ("brief", "limit", "path"),
    [
        ("Tidy src/skylog but do not touch charts", "leave alone: charts", "src/skylog/charts.py"),
        ("Tidy src/skylog. Charts must not change.", "leave alone: Charts", "src/skylog/charts.py"),
        ("Don't edit the notebooks. Vectorise fold_curve", "leave alone: notebooks", "notebooks/night.ipynb"),
        ("Vectorise fold_curve, never change the README", "leave alone: README", "README.md"),
        ("Document all modules except charts", "leave alone: charts", "src/skylog/charts.py"),
        ("Refactor src/skylog and leave charts.py alone", "leave alone: charts.py", "src/skylog/charts.py"),
    ],
)
def test_what_is_to_be_left_alone_is_in_no_task(brief: str, limit: str, path: str) -> None:
    plan = planned(brief)
    assert plan.limits == (limit,)
    assert not [task for task in plan.tasks if path in task.files]
    assert all(limit in task.body for task in plan.tasks if task.how.kind == "model")
    assert f"Limits: {limit}" in list(word_lines(plan))


def test_a_name_left_alone_takes_the_recipe_of_its_file_away() -> None:
    plan = planned("Add docstrings to skylog.spectra except fold_curve")
    (task,) = [task for task in plan.tasks if "src/skylog/spectra.py" in task.files]
    assert task.how.kind == "model" and "leave alone: fold_curve" in task.body


@pytest.mark.parametrize(("untouched", "kind"), [("tasker/__init__.py", "recipe"), ("tasker/cli.py", "model")])
def test_a_rename_is_judged_by_the_files_that_it_would_change(untouched: str, kind: str) -> None:
    """Regression: any file that was to be left alone took the recipe away, and files that use the name were missing."""
    cli = b"from tasker.model import parse_due\n\n\ndef main():\n    print(parse_due('x'))\n"
    facts = read_facts({
        "tasker/__init__.py": b'"""Tasks."""\n',
        "tasker/model.py": b"def parse_due(text):\n    return text\n",
        "tasker/cli.py": cli,
        "tests/test_model.py": b"import tasker.model\n\n\ndef test_due():\n    assert tasker.model.parse_due('x')\n",
        "tests/test_other.py": b"def test_nothing():\n    assert True\n",
    })  # fmt: skip
    (task,) = make_plan(f"Rename parse_due to parse_date everywhere. Do not touch {untouched}", facts).tasks
    every = ["tasker/model.py", "tasker/cli.py", "tests/test_model.py"]
    assert (task.how.kind, list(task.files)) == (kind, [path for path in every if path != untouched])


@pytest.mark.parametrize(
    ("brief", "absent", "limits"),
    [
        ("Build a forum without comments", "Comment", ["leave out: comments"]),
        ("A shop with no carts and no search", "Cart", ["leave out: carts", "leave out: search"]),
        ("A shop without search, export or coupons", "Coupon", ["leave out: search export coupons"]),
        ("Track loans but don't add reminders", "Reminder", ["leave out: reminders"]),
    ],
)
def test_what_is_to_be_left_out_gets_no_task(brief: str, absent: str, limits: list[str]) -> None:
    plan = planned(brief)
    assert list(plan.limits) == limits
    assert absent not in classes(plan)
    assert not [task for task in plan.tasks if task.kind == "ability"]


def test_keeping_the_interface_is_a_limit_and_no_class() -> None:
    plan = planned("Vectorise fold_curve and keep its signature unchanged")
    assert plan.limits == ("keep: signature",)
    assert "keep: signature" in edits(plan)[0].body


def test_a_fault_told_with_not_is_no_limit() -> None:
    for brief in ("Fix fold_curve, it does not handle zeros", "Fix the crash of fold_curve when called without points"):
        plan = planned(brief)
        assert plan.archetype == "bug-fix" and not plan.limits


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        (
            "films (title, director, year) and viewers (nickname, email)",
            {"Film": ["title", "director", "year"], "Viewer": ["nickname", "email"]},
        ),
        ("Keep students with name, age and enrolment date", {"Student": ["name", "age", "enrolment_date"]}),
        ("every experiment has a title, a score and a method", {"Experiment": ["title", "score", "method"]}),
        ("each report has an author, a title and a date", {"Report": ["author", "title", "date"]}),
        ("Track kettles (brand: str, bought: date, watts: int)", {"Kettle": ["brand", "bought", "watts"]}),
        (
            "An app: invoices with number, customer and due date and members with name, email",
            {"Invoice": ["number", "customer", "due_date"], "Member": ["name", "email"]},
        ),
    ],
)
def test_listed_fields_win_and_stay_with_their_thing(brief: str, expected: dict[str, list[str]]) -> None:
    assert classes(planned(brief)) == expected


def test_things_in_a_list_are_things_and_not_fields() -> None:
    assert list(classes(planned("A shop with products, carts and coupons"))) == ["Product", "Cart", "Order", "Coupon"]


def test_amending_adds_a_field_until_the_task_is_finished() -> None:
    old = planned("each experiment has a title, a score and a date")
    model = next(task for task in old.tasks if task.kind == "entity-model")
    brief = "each experiment has a title, a score and a date and an owner"
    after = amend_plan(old, brief, observatory(), set()).plan.task(model.id)
    assert after is not None and [field["name"] for field in after.how.args["fields"]][-1] == "owner"
    finished = amend_plan(old, brief, observatory(), {model.id}).plan.task(model.id)
    assert finished == model


@pytest.mark.parametrize(
    "brief",
    [
        "Compute the median delay per series with smoothing",
        "Send the weekly report to slack every Tuesday with airflow",
        "Make it run in 3 s for 2 million rows",
        "Check values with pandera and store results in s3",
        "Tune the xgboost baseline until August",
    ],
)
def test_units_times_tools_and_abstract_nouns_are_no_classes(brief: str) -> None:
    assert not classes(planned(brief))


def test_tools_are_noted() -> None:
    plan = planned("Keep kettles and write them to slack")
    assert list(classes(plan)) == ["Kettle"]
    assert {use.text: use.verdict for use in plan.words}["slack"] == "matched"
    assert all("Technology: slack." in task.body for task in plan.tasks if task.how.kind == "model")


def test_an_ability_is_called_what_the_brief_calls_it() -> None:
    plan = planned("export invoices as XML")
    (ability,) = [task for task in plan.tasks if task.kind == "ability"]
    assert ability.title == "Export invoices as XML" and ability.how.kind == "model"
    assert not classes(plan) and plan.archetype == "application"


def test_only_words_that_shaped_the_plan_are_understood() -> None:
    plan = planned("Please create a nice forum application with a fast database")
    verdicts = {use.text: use.verdict for use in plan.words}
    assert verdicts["forum"] == "matched"
    assert {verdicts[word] for word in ("create", "application", "database")} == {"noted"}
    assert {verdicts[word] for word in ("nice", "fast")} == {"not understood"}


def test_words_of_the_brief_stand_one_a_line_behind_what_is_read_first() -> None:
    front = dump(planned("Build a forum")).split("\n---\n", 1)[0].split("\n")
    start = front.index("words: [")
    end = front.index("  ]", start)
    assert end - start > 1 and all(len(line) < 120 for line in front[start : end + 1])
    assert front.index('brief: "Build a forum"') < start


def test_files_with_words_on_one_line_are_still_read() -> None:
    plan = planned("Build a forum")
    text = dump(plan)
    head, tail = text.split("words: [\n", 1)
    words = [{"text": use.text, "verdict": use.verdict, "meaning": use.meaning} for use in plan.words]
    rest = tail.split("  ]\n", 1)[1]
    older = f"{head}words: {json.dumps(words)}\n{rest}"
    assert read(older).plan == plan


def test_a_program_that_renames_is_no_renaming() -> None:
    for brief in (
        "A terminal program to rename photos by date",
        "A command line tool that renames kettles to lanterns",
    ):
        assert make_plan(brief, read_facts({})).archetype == "cli-tool"


def test_where_data_comes_from_is_wanted_and_what_is_left_is_not() -> None:
    def atoms(brief: str) -> set[str]:
        return {atom for atom in make_plan(brief, read_facts({})).bindings["atoms"] if atom.startswith("uses:")}

    assert "uses:s3" in atoms("Pull log files from S3 every hour and write Parquet")
    assert "uses:sqlite" not in atoms("Move the storage from SQLite to PostgreSQL")
