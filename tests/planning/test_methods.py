"""The shipped methods are sound, and a broken methods file of a workspace is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from nootropic_kernel.planning.errors import MethodsInvalid, NoWayFound
from nootropic_kernel.planning.methods.binding_names import LISTS, NAMES
from nootropic_kernel.planning.methods.bindings import bindings_of
from nootropic_kernel.planning.methods.htn import decompose
from nootropic_kernel.planning.methods.library import (
    Item,
    Library,
    TaskTemplate,
    Way,
    fill,
    load_library,
    shipped_library,
)
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.reading.brief import read_brief
from nootropic_kernel.planning.repository.facts import read_facts
from nootropic_kernel.planning.repository.recipe_arguments import FIELD_TYPES, known_recipes
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.plugin_folders import trust, write_greeter


def test_every_shipped_entity_has_fields_that_a_recipe_can_write() -> None:
    words = shipped_library().words
    for name, fields in [*words["entities"].items(), ("unknown", words["unknown_fields"])]:
        assert fields and all(field.isidentifier() for field in fields), name
        assert set(fields.values()) <= FIELD_TYPES, name
    assert {*words["attributes"].values(), *words["counts"].values()} <= FIELD_TYPES


def test_every_recipe_that_the_methods_name_has_its_arguments_checked() -> None:
    named = {how.recipe for task in shipped_library().tasks.values() for how in task.how if how.recipe}
    assert named <= known_recipes()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("kind: nonsense\n", "must be words, tasks or archetype"),
        ("- a list\n", "must be a mapping"),
        ("kind: tasks\ntasks: {x: {title: X, how: [{model: yes}]}}\n", "provides nothing"),
        ("kind: tasks\ntasks: {x: {title: X, provides: [a], how: [{recipe: r}]}}\n", "last `how`"),
        ("kind: tasks\ntasks: {x: {title: X, provides: [a], hours: [3, 2, 1], how: [{model: y}]}}\n", "three numbers"),
        ("kind: tasks\ntasks: {x: {tilte: X}}\n", "not known"),
        ("kind: tasks\ntasks: {x: {title: X, provides: [a], files: [a/], how: [{model: y}]}}\n", "the folder a/"),
        ("kind: archetype\nname: x\ntitle: X\nroot: nowhere\n", "has no ways"),
        (
            "kind: archetype\nname: x\ntitle: X\nroot: x\nways: {x: [{way: w, do: [no-such-task]}]}\n",
            "neither task nor compound",
        ),
        ("kind: tasks\n", "`tasks` must be a mapping"),
        ("kind: tasks\ntasks: {x: {title: '{entitty}', provides: [a], how: [{model: y}]}}\n", "{entitty}"),
        ("kind: tasks\ntasks: {x: {title: X, provides: [a], how: [{model: y}], accept: [{txt: y}]}}\n", "'txt'"),
        ("kind: archetype\nname: x\ntitle: X\nroot: x\nintents: {build: much}\nways: {x: []}\n", "'build'"),
        ("kind: archetype\nname: x\ntitle: X\nroot: x\nreads: [tea]\nways: {x: []}\n", "'tea'"),
        ("kind: archetype\nname: x\ntitle: X\nroot: x\nphases: [brew]\nways: {x: []}\n", "'brew'"),
        (
            "kind: archetype\nname: x\ntitle: X\nroot: x\nways: {x: [{way: w, do: [{task: ci, each: kettles}]}]}\n",
            "'kettles'",
        ),
        ("kind: words\nentities: {kettle: {litres: litre}}\n", "'litres'"),
        ("kind: words\nkettles: {}\n", "'kettles'"),
        ("kind: words\nstop: [a, b]\n", "`stop`"),
        ("kind: words\nabilities: {boil: {title: Boil, file: boil}}\n", "'boil'"),
    ],
)
def test_a_broken_file_of_the_workspace_is_named(repo: Path, content: str, problem: str) -> None:
    folder = repo / "experiments" / "methods"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(content)
    with pytest.raises(MethodsInvalid) as refused:
        load_library(Workspace.find(repo))
    assert problem in str(refused.value)


def test_a_workspace_adds_words_and_ways_of_its_own(repo: Path) -> None:
    folder = repo / "experiments" / "methods"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("kind: words\nentities:\n  kettle: {litres: float}\n")
    plan = make_plan("Track kettles", read_facts({}), load_library(Workspace.find(repo)))
    assert plan.tasks[0].how.args["fields"] == [{"name": "litres", "type": "float"}]
    assert [use.text for use in plan.words if use.verdict == "assumed"] == ["…"], "only the sort of project"


def test_word_lists_of_a_workspace_are_added_to_the_shipped_ones(repo: Path) -> None:
    folder = repo / "experiments" / "methods"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("kind: words\ntools: samovar\n")
    words = load_library(Workspace.find(repo)).words
    assert {"samovar", "airflow"} <= set(words["tools"].split())


def test_a_plugin_ships_methods_and_only_a_trusted_one_counts(repo: Path, tmp_path: Path) -> None:
    folder = write_greeter(repo, tmp_path / "imported")
    (folder / "methods").mkdir()
    (folder / "methods" / "tea.yaml").write_text(
        "kind: archetype\nname: tea\ntitle: Tea\nroot: tea\nwords: {samovar: 9}\n"
        "ways: {tea: [{way: boil, epic: Tea, story: Tea, do: [brief-edit]}]}\n"
    )
    workspace = Workspace.find(repo)
    assert "tea" not in load_library(workspace).archetypes
    trust(folder)
    library = load_library(workspace)
    assert make_plan("Build a samovar", read_facts({}), library).archetype == "tea"
    (folder / "methods" / "tea.yaml").write_text("kind: nonsense\n")
    assert "tea" not in load_library(workspace).archetypes, "what changed is not trusted any more"
    assert not (tmp_path / "imported").exists(), "nothing of it is imported for its methods"


def test_every_name_that_texts_may_use_is_bound_to_something() -> None:
    code = {"a/__init__.py": b"", "a/b.py": b"def run(): ...\n"}
    bound: set[str] = set()
    for brief, files in (
        ("Keep kettles with search. It converts tea to coffee", {}),
        ("Rename run to go", code),
        ("Add docstrings to b.py, then add a retry to run and tests to `missing`", code),
        ("Write docs for b.py and for the missing module", code),
        ("load a.csv, clean it, sum it, plot it, save it. Is it tea?", {}),
        ("train a classifier and evaluate it", {}),
    ):
        facts, library = read_facts(files), shipped_library()
        _names_of(bindings_of(brief, read_brief(brief, facts, library), facts, library), bound)
    assert bound >= NAMES | LISTS, (NAMES | LISTS) - bound


def _names_of(value: object, found: set[str]) -> None:
    if isinstance(value, dict):
        found |= set(value)
        for each in value.values():
            _names_of(each, found)
    elif isinstance(value, list):
        for each in value:
            _names_of(each, found)


def task(name: str, requires: tuple[str, ...] = ()) -> TaskTemplate:
    return TaskTemplate(name, name, how=(), requires=requires, provides=(f"done:{name}",))


def library(**compounds: list[tuple[str, ...]]) -> Library:
    ways = {
        name: tuple(Way(f"way {index}", tuple(Item(part) for part in parts)) for index, parts in enumerate(found))
        for name, found in compounds.items()
    }
    tasks = {"a": task("a"), "b": task("b", ("done:a",)), "c": task("c", ("never",))}
    return Library({}, ways, tasks, {})


def test_a_way_that_fails_late_is_taken_back_and_another_tried() -> None:
    found = decompose(library(root=[("x", "b")], x=[("a", "c"), ("a",)]), "root", {}, set())
    assert [step.template.name for step in found.steps] == ["a", "b"]
    assert [node.way.name for node in found.nodes] == ["way 0", "way 1"]


def test_an_impossible_compound_names_what_is_missing() -> None:
    with pytest.raises(NoWayFound) as refused:
        decompose(library(root=[("a", "c"), ("b",)]), "root", {}, set())
    assert "needs" in refused.value.why


def test_a_method_that_contains_itself_ends() -> None:
    with pytest.raises(NoWayFound):
        decompose(library(root=[("root",)]), "root", {}, set())


def test_a_way_without_parts_is_a_way() -> None:
    assert decompose(library(root=[("x",)], x=[()]), "root", {}, set()).steps == ()


def test_two_thousand_tasks_are_broken_down_linked_and_kept() -> None:
    parts = {"each": [{"n": str(number)} for number in range(2000)]}
    template = TaskTemplate("t", "t {n}", how=(), provides=("done:{n}",))
    found = decompose(
        Library({}, {"root": (Way("all", (Item("t", each="each"),)),)}, {"t": template}, {}), "root", parts, set()
    )
    assert len(found.steps) == 2000


def test_bound_text_is_never_filled_again() -> None:
    assert fill("{a} {b}", {"a": "{b}", "b": "x"}) == "{b} x"
    assert fill("{a.__class__} {missing}", {"a": 1}) == "{a.__class__} {missing}"
