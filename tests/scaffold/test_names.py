"""Whatever a project and its things are called: names that Python takes, or an error that says which name it was."""

from __future__ import annotations

import ast
import json
import keyword
import re
import sys
import tomllib
from datetime import date

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.agents.repository_facts import repository_facts
from nootropic_kernel.agents.scaffolder import build_scaffold, choose_template
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.scaffold import template_library
from nootropic_kernel.checks.recipes.names import snake
from nootropic_kernel.planning.methods.library import load_library
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.projects.scaffold import (
    ScaffoldInvalid,
    free_package_name,
    project_from_document,
    project_from_plan,
    shown_text,
)
from nootropic_kernel.planning.reading.wording import class_name, identifier
from nootropic_kernel.workspace.rules import lexical_fault
from tests.scaffold.making import made

pytestmark = pytest.mark.slow

HOSTILE = [
    "Café \"Zürich\" \\ 'n' Söhne",
    "{{ 7*7 }} {% raw %} {# no #}",
    "../../etc/passwd",
    "class",
    "42 things",
    "x" * 500,
    "日本語のブログ",
    '"""',
    "a\nb\r\x00\x1b[31mred",
    "<script>alert(1)</script> & `rm -rf`",
    "flask",
    "random",
    "tests",
    "🦆",
    "-",
    "${{ secrets.TOKEN }} $(make)",
]
LINES = st.one_of(st.text(max_size=80), st.sampled_from(HOSTILE))


@settings(deadline=None, max_examples=50)
@given(LINES)
def test_every_title_gives_a_package_name_that_hides_nothing(title: str) -> None:
    name = free_package_name(title)
    assert name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    assert name not in sys.stdlib_module_names and name not in ("flask", "pytest", "tests")
    assert re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", name.replace("_", "-").strip("-"))


@settings(deadline=None, max_examples=300)
@given(LINES | st.text("abXY01 _-", max_size=12))
def test_a_thing_has_one_name_for_its_module_and_its_class(phrase: str) -> None:
    """Regression: of a thing with a number, the class was looked for in a module that was called otherwise."""
    name = identifier(phrase)
    assert name.isidentifier() and identifier(name) == name == snake(class_name(name))


@settings(deadline=None, max_examples=12)
@given(name=LINES, description=LINES, author=LINES)
def test_texts_stay_texts_wherever_they_stand(name: str, description: str, author: str) -> None:
    document = {"name": name, "description": description, "author": author, "template": "web-application"}
    document["entities"] = {"post": {"title": "str"}}
    if not shown_text(name):
        with pytest.raises(ScaffoldInvalid):
            made(document)
        return
    scaffold = made(document)
    project = scaffold.project
    for path, file in scaffold.files.items():
        assert not lexical_fault(path)
        text = file.content.decode("utf-8")
        if path.endswith(".py"):
            tree = ast.parse(text)
            titles = [node.value for node in tree.body if isinstance(node, ast.Assign) and _named(node, "TITLE")]
            assert all(ast.literal_eval(value) == project.title for value in titles)
        elif path.endswith(".yml"):
            assert yaml.safe_load(text)
        elif path.endswith(".toml"):
            told = tomllib.loads(text)["project"]
            assert told["description"] == project.description
            assert told["name"] == project.slug
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".html"):
            assert "<script>alert" not in text
    assert sum(path.endswith("/web.py") for path in scaffold.files) == 1


def _named(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


@pytest.mark.parametrize("template", ["documentation-site", "jupyterlab-extension", "notebook-analysis"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_titles_in_every_sort_of_file(template: str, name: str) -> None:
    scaffold = made({"name": name, "description": name, "template": template})
    for path, file in scaffold.files.items():
        text = file.content.decode("utf-8")
        if path.endswith(".py"):
            ast.parse(text)
        elif path.endswith((".json", ".ipynb")):
            json.loads(text)
        elif path.endswith(".yml"):
            assert yaml.safe_load(text)
        elif path.endswith(".toml"):
            assert tomllib.loads(text)
        assert "49" not in (text if path == "README.md" else "")


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(LINES, st.dictionaries(LINES, st.sampled_from(["str", "int", "money", "date?", "what"]))))
def test_things_have_names_that_python_takes_or_are_refused(entities: dict[str, dict[str, str]]) -> None:
    try:
        project = project_from_document({"name": "x", "entities": entities})
    except ScaffoldInvalid as error:
        assert error.what and error.next
        return
    modules = [name for thing in project.things for name in (thing.name, f"{thing.name}_store")]
    assert len(set(modules)) == len(modules)
    for thing in project.things:
        for name in (thing.name, thing.title, *(field for field, _ in thing.fields)):
            assert name.isidentifier() and not keyword.iskeyword(name)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": ""}, "name"),
        ({"nmae": "x"}, "nmae"),
        ({"storage": "oracle"}, "oracle"),
        ({"license": "GPL"}, "gpl"),
        ({"javascript": "no"}, "javascript"),
        ({"entities": ["post"]}, "entities"),
        ({"entities": {"exception": {}}}, "exception"),
        ({"entities": {"post": {}, "post store": {}}}, "post_store"),
        ({"entities": {"post": {"row id": "int"}}}, "row_id"),
        ({"entities": {"post": {"title": "blob"}}}, "post"),
        ({"entities": {"post": {"tags": "list[str]"}}}, "post"),
        ({"entities": {"database": {"name": "str"}, "database item": {"name": "str"}}}, "database"),
        ({"entities": {f"thing{n}": {} for n in range(60)}}, "60"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(ScaffoldInvalid, match=re.escape(named)) as refused:
        made({"name": "Blog", "template": "web-application", **change})
    assert refused.value.next


@pytest.mark.parametrize(
    "brief",
    [
        "A shop where people put pens into a cart. No customer accounts.",
        "Keep teams (labels, places) for a club",
        "An app for decimals, sequences and paths",
        "A blog with warnings and exceptions",
        "A playlist app: playlists hold songs, without names",
        "Keep track of pytests",
        "A website about flasks",
    ],
)
def test_what_a_planner_chooses_for_any_brief_becomes_a_project(brief: str, desk: Session) -> None:
    """Regression: things and packages of the planner's own naming were refused, with the plan committed already."""
    workspace, today = desk.workspace, date.today()
    plan = make_plan(brief, repository_facts(workspace), load_library(workspace), today=today)
    project, library = project_from_plan(plan), template_library(workspace)
    scaffold = build_scaffold(library, choose_template(library, project), project, today)
    for thing in project.things:
        assert any(not kind.startswith("list[") for _, kind in thing.fields), thing.name
    assert scaffold.files


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("data-pipeline", ("load", "extract", "transform", "pipeline", "database")),
        ("web-application", ("web", "database", "records")),
        ("cli-tool", ("value", "values")),
    ],
)
def test_a_thing_gets_out_of_the_way_of_a_file_that_the_template_has(template: str, names: tuple[str, ...]) -> None:
    scaffold = made({"name": "x", "template": template, "entities": {name: {"name": "str"} for name in names}})
    for thing in scaffold.project.things:
        assert f"x/{thing.name}.py" in scaffold.files and {f"entity:{thing.name}"} <= scaffold.provides
        ast.parse(scaffold.files[f"x/{thing.name}.py"].content)
    renamed = [name for name in names if name not in {thing.name for thing in scaffold.project.things}]
    assert renamed and len(scaffold.notes) == len(renamed)
    for name in renamed:
        assert any(f"{name!r} is called {name}_item" in note for note in scaffold.notes)
        assert f"entity:{name}" in scaffold.provides, "the plan's task for it is done"
