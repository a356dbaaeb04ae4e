"""Whatever a brief says, the names and files that a plan makes of it are names and files."""

from __future__ import annotations

import builtins
import keyword
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts
from tests.planning.test_words_accounted import GLUE, HOSTILE, WORDS

_PATH = re.compile(r"(?:\.?[\w-]+/)*\.?[\w.-]*[\w-]/?", re.A)
_NOUNS = [
    "class", "list", "type", "none", "true", "exception", "aux", "con", "import", "kernel's_status", "neighbour's kids",
    "tv-show", "3d print", "e-mail", "λ", "naïve", "ß", "__init__", "a.b.c", "../up", "x" * 80, "o'clock", "5", "C++",
]  # fmt: skip


def wrong_names(plan: Plan) -> list[str]:
    """Names of the plan that Python does not take or that hide one of its own, and paths that lead elsewhere."""
    taken = set(dir(builtins)) | set(keyword.kwlist)
    wrong = []
    for thing in plan.bindings["entities"]:
        wrong += [name for name in (thing["entity"], thing["Entity"]) if not name.isidentifier() or name in taken]
        wrong += [
            field["name"]
            for field in thing["fields"]
            if not field["name"].isidentifier() or keyword.iskeyword(field["name"])
        ]
    wrong += [a["action"] for a in plan.bindings["actions"] if not a["action"].isidentifier() or a["action"] in taken]
    wrong += [plan.bindings["package"]] if not plan.bindings["package"].isidentifier() else []
    paths = [path for task in plan.tasks for path in task.files]
    wrong += [path for path in paths if not _PATH.fullmatch(path) or ".." in path.split("/") or len(path) > 160]
    return wrong


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.text(max_size=120))
def test_any_text_gives_names_that_python_takes(text: str) -> None:
    try:
        plan = make_plan(text, read_facts({}), today=date(2026, 11, 27))
    except BriefUnusable:
        return
    assert wrong_names(plan) == []


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.sampled_from(WORDS) | st.sampled_from(GLUE) | st.sampled_from(HOSTILE) | st.sampled_from(_NOUNS),
        min_size=1,
        max_size=25,
    )
)
def test_any_words_give_names_that_python_takes(parts: list[str]) -> None:
    try:
        plan = make_plan("Web app to track " + " ".join(parts), read_facts({}), today=date(2026, 11, 27))
    except BriefUnusable:
        return
    assert wrong_names(plan) == []


@pytest.mark.parametrize(
    ("brief", "name", "title"),
    [
        ("Track my neighbour's kettles", "kettle", "Kettle"),
        ("Web app with TV shows and guest books", "tv_show", "TvShow"),
        ("App for clients, invoices with line items", "line_item", "LineItem"),
        ("An app to manage classes and pupils", "class_item", "ClassItem"),
        ("Web app to keep maps and kettles", "map_item", "MapItem"),
    ],
)
def test_things_have_names_of_their_own(brief: str, name: str, title: str) -> None:
    things = {thing["entity"]: thing["Entity"] for thing in make_plan(brief, read_facts({})).bindings["entities"]}
    assert things.get(name) == title, things
