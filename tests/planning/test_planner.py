"""Plans of random briefs in random repositories keep what plans promise."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.repository.recipe_arguments import problem
from nootropic_kernel.planning.schedule.critical_path import in_order
from nootropic_kernel.planning.spec.file import dump, read
from nootropic_kernel.planning.validate import problems
from nootropic_kernel.planning.views.board import ready_tasks
from tests.planning.random_repository import random_brief, random_repository

seeds = st.integers(0, 10**9)


def initial_states(plan: Plan) -> dict[str, TaskState]:
    """What a plan's tasks are before anything was done."""
    return {
        task.id: TaskState("pending" if task.depends_on else "blocked" if task.how.kind == "none" else "ready")
        for task in plan.tasks
    }


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_plan_of_anything_is_sound_deterministic_and_survives_its_file(seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng)
    facts = read_facts(repository.files)
    brief = random_brief(rng, repository)
    plan = make_plan(brief, facts)
    assert problems(plan) == []
    assert make_plan(brief, read_facts(dict(reversed(repository.files.items())))) == plan
    assert read(dump(plan)).plan == plan
    provided: set[str] = set()
    for task in in_order(plan.tasks):
        assert task.title and task.acceptance and "{" not in task.title + task.body + str(task.files), task
        if task.how.kind == "recipe":
            given_before = provided | {f"new:{item.removeprefix('entity:')}" for item in provided}
            assert problem(task.how.recipe or "", task.how.args, facts, given_before) == ""
        else:
            assert task.how.why, f"{task.id} does not say why no recipe does it"
        provided.update(task.provides)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_the_first_tasks_change_a_notebook_that_exists_and_can_be_done_at_once(seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng, notebook=True)
    plan = make_plan(random_brief(rng, repository, about_things=True), read_facts(repository.files))
    ready = [task for task in ready_tasks(plan, initial_states(plan)) if task.how.kind == "recipe"]
    assert len(ready) >= 2
    assert any(repository.notebook in task.files for task in ready[:3]), [t.title for t in ready]


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_without_a_notebook_no_task_touches_one(seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng, notebook=False)
    plan = make_plan(random_brief(rng, repository), read_facts(repository.files))
    assert not [task for task in plan.tasks if any(path.endswith(".ipynb") for path in task.files)]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_plan_or_says_why_not(brief: str) -> None:
    facts = read_facts({"shelf/__init__.py": b"", "shelf/books.py": b"def by_title(books): ...\n"})
    try:
        plan = make_plan(brief, facts)
    except BriefUnusable as refusal:
        assert refusal.next
        return
    assert problems(plan) == []
    assert read(dump(plan)).plan == plan


VOCABULARY = (
    *shipped_library().words["entities"], *shipped_library().words["attributes"], *shipped_library().words["verbs"],
    *shipped_library().words["qualities"].split(), "and", "with", "for", "to", "a", "the", ",", ".", "\n", "`x`",
    *(word for archetype in shipped_library().archetypes.values() for word in archetype.words),
    *(word for ability in shipped_library().words["abilities"].values() for word in ability["words"]),
    "load()", "a/b.py", "foo_bar", "$20", "--json", "Ünïcode", "日本語", "🙂", "it's", "<b>", "{x}", "Node.js",
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=25), seeds)
def test_any_mixture_of_known_words_gives_a_sound_plan(words: list[str], seed: int) -> None:
    facts = read_facts(random_repository(random.Random(seed)).files)
    try:
        plan = make_plan(" ".join(words), facts)
    except BriefUnusable:
        return
    assert problems(plan) == []
    assert read(dump(plan)).plan == plan
    assert not [task for task in plan.tasks if "{" in task.title + task.body and "{x}" not in words]


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_amending_keeps_ids_and_touched_tasks(seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng)
    facts = read_facts(repository.files)
    old = make_plan(random_brief(rng, repository), facts)
    touched = {task.id for task in old.tasks if rng.random() < 0.3}
    brief = random_brief(rng, repository)
    amendment = amend_plan(old, brief, facts, touched)
    new = amendment.plan
    assert problems(new) == []
    if amendment.patch.empty:  # the same brief once more
        assert new == old
        return
    assert (new.revision, new.parent_revision, new.id) == (old.revision + 1, old.revision, old.id)
    for task in old.tasks:
        after = new.task(task.id)
        assert after is not None and after.key == task.key
        if task.id in touched:
            assert (after.title, after.how, after.status, after.acceptance) == (
                task.title, task.how, task.status, task.acceptance,
            )  # fmt: skip
    assert not {task.id for task in old.tasks} & set(amendment.added)
    wanted = {task.key for task in make_plan(brief, facts).tasks}
    assert wanted <= {task.key for task in new.tasks if task.status != "superseded"}
    again = amend_plan(new, brief, facts, touched)
    assert not again.added and not again.superseded
    assert read(dump(new)).plan == new


@pytest.mark.parametrize(
    ("brief", "archetype", "things"),
    [
        ("Build a blog platform", "web-application", ["Post", "Comment", "Author"]),
        ("Add a cart and coupons to the shop", "shop", ["Cart", "Coupon"]),
        ("Track borrowed books for a library with due dates", "application", ["Book"]),
        ("Build a REST API for invoices", "rest-service", ["Invoice"]),
        ("A command line tool that tracks expenses", "cli-tool", ["Expense"]),
        ("Build a Python library for parsing chess games", "python-library", []),
        ("Build a data pipeline that loads weather CSV files into SQLite every night", "data-pipeline", []),
        ("Analyse the readings of our sensors", "notebook-analysis", []),
        ("Rename by_title to sort_by_title", "refactor", []),
        ("Fix the crash in by_title when the list is empty", "bug-fix", []),
        ("Write docs for the books module", "documentation", []),
    ],
)
def test_briefs_are_matched_by_their_own_words(brief: str, archetype: str, things: list[str]) -> None:
    plan = make_plan(brief, small_repository())
    assert plan.archetype == archetype
    assert [task.how.args["entity"] for task in plan.tasks if task.kind == "entity-model"] == things


def small_repository() -> RepositoryFacts:
    return read_facts({"shelf/__init__.py": b"", "shelf/books.py": b"def by_title(books):\n    return sorted(books)\n"})


def test_fields_and_unknown_words_are_told() -> None:
    plan = make_plan("Track borrowed books for a library with due dates", small_repository())
    model = next(task for task in plan.tasks if task.kind == "entity-model")
    fields = {entry["name"]: entry["type"] for entry in model.how.args["fields"]}
    assert fields["due_date"] == "date" and fields["borrowed"] == "bool"
    verdicts = {use.text: use.verdict for use in plan.words}
    assert verdicts == {
        "Track": "noted", "borrowed": "assumed", "books": "matched", "library": "assumed", "due dates": "matched",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("brief", "things"),
    [
        ("Build an API for a veterinary clinic: pets, owners and invoices", ["Pet", "Owner", "Invoice"]),
        ("I want an app where people can share recipes and rate them", ["Recipe"]),
        ("The gym needs software to manage memberships and trainers", ["Membership", "Trainer"]),
        ("Set up a to-do list with priorities and deadlines", ["Todo"]),
        ("A tool to organise my photo collection by date and place", ["Photo"]),
        ("Keep track of the weather station's readings", ["Reading"]),
        ("Create an inventory system for a small workshop with low stock alerts", ["Item"]),
        ("Migrate the database to PostgreSQL", []),
        ("Add type hints everywhere", []),
    ],
)
def test_people_who_write_differently_are_understood(brief: str, things: list[str]) -> None:
    plan = make_plan(brief, small_repository())
    assert [task.how.args["entity"] for task in plan.tasks if task.kind == "entity-model"] == things


@pytest.mark.parametrize("arrow", ["to", "into", "->", "=>", "→", "as"])
def test_renames_are_written_in_many_ways(arrow: str) -> None:
    task = make_plan(f"rename the function by_title {arrow} `sorted_titles`, please", small_repository()).tasks[0]
    assert task.how.args == {"old": "by_title", "new": "sorted_titles"}


def test_unknown_nouns_become_things_marked_as_assumed() -> None:
    plan = make_plan("Keep zorgs and frobnicators", small_repository())
    assert [task.how.args["entity"] for task in plan.tasks if task.kind == "entity-model"] == ["Zorg", "Frobnicator"]
    assert {use.text: use.verdict for use in plan.words}["zorgs"] == "assumed"


def test_what_is_not_there_is_said_and_not_invented() -> None:
    for brief, name in (("Rename foo to bar", "foo"), ("Write docs for the foo module", "foo")):
        plan = make_plan(brief, small_repository())
        (task,) = plan.tasks
        assert task.how.kind == "none" and name in task.how.why


def test_a_thing_that_exists_is_not_written_again() -> None:
    source = b"from dataclasses import dataclass\n\n\n@dataclass\nclass Post:\n    title: str\n"
    plan = make_plan("Build a blog platform", read_facts({"web/__init__.py": b"", "web/post.py": source}))
    kinds = [(task.kind, task.how.kind) for task in plan.tasks if task.provides[0].endswith(":post")]
    assert ("entity-store", "recipe") in kinds and not [kind for kind, _ in kinds if kind == "entity-model"]


def test_a_file_in_the_way_takes_the_recipe_away() -> None:
    facts = read_facts({"web/__init__.py": b"", "web/post.py": b"x = 1\n"})
    task = next(task for task in make_plan("Build a blog platform", facts).tasks if task.kind == "entity-model")
    assert task.how.kind == "model" and "web/post.py is there already" in task.how.why


def test_another_language_gets_no_python_recipes() -> None:
    facts = read_facts({}, paths=["index.js", "lib/cart.js"])
    plan = make_plan("Build a blog platform", facts)
    assert not [task for task in plan.tasks if (task.how.recipe or "").startswith(("python.", "notebook."))]


def test_a_command_line_without_package_or_things_gets_a_package_first() -> None:
    plan = make_plan("Write a command line tool", read_facts({"notes.py": b"x = 1\n"}))
    assert [task.kind for task in plan.tasks][:2] == ["brief-edit", "package-start"]


def test_an_empty_folder_gets_a_package_of_its_own() -> None:
    plan = make_plan("Build a blog platform", read_facts({}))
    assert plan.tasks[0].how.args["package_dir"] == "blog"
    assert plan.tasks[0].how.kind == "recipe"


@pytest.mark.parametrize("brief", ["", "  \n\t ", "...", "🙂", "x" * 1_000_000, "the and of"])
def test_unusable_briefs_are_refused_with_a_way_on(brief: str) -> None:
    with pytest.raises(BriefUnusable) as refused:
        make_plan(brief, small_repository())
    assert refused.value.next and len(str(refused.value)) < 400


def test_broken_files_do_not_stop_planning() -> None:
    files = {
        "a.py": b"def broken(:\n",
        "n.ipynb": b"{",
        "m.ipynb": b'{"cells": [{"cell_type": 3}]}',
        "b.py": b"\xff\xfe\x00",
    }
    facts = read_facts(files)
    assert set(facts.unreadable) == set(files)
    assert problems(make_plan("Build a blog platform", facts)) == []
