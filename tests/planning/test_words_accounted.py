"""Every word of a brief stands in what the plan says about its words: whatever is written, once and no more."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import VERDICTS, Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts
from tests.planning.random_repository import random_repository

pytestmark = pytest.mark.slow

_WORD = re.compile(r"[^\W\d_]{2,}")
_LIBRARY = shipped_library()
SMALL = {part for word in _LIBRARY.words["stop"].split() for part in _WORD.findall(word)}
WORDS = sorted(
    {
        *_LIBRARY.words["verbs"], *_LIBRARY.words["entities"], *_LIBRARY.words["attributes"],
        *_LIBRARY.words["technology"], *_LIBRARY.words["tools"].split(), *_LIBRARY.words["qualities"].split(),
        *(word for archetype in _LIBRARY.archetypes.values() for word in archetype.words),
        *(word for ability in _LIBRARY.words["abilities"].values() for word in ability["words"]),
        "within 10 hours", "under $20", "by Friday", "a team of 3", "€30", "90 % coverage", "in two weeks",
    }
)  # fmt: skip
GLUE = ["and", "with", "for", "that", "to", "a", "the", ",", ".", "\n- ", ":", "(", ")", "without", "no", "?", "from"]
HOSTILE = [
    "{entity}",
    "Ünïcode",
    "日本語",
    "it's",
    "<b>bold</b>",
    "x" * 90,
    "a_b",
    "foo()",
    "`code`",
    "$",
    "--x",
    "é́",
    "C++",
]


def missing_words(plan: Plan) -> set[str]:
    """Words of the brief, small ones aside, that stand in no entry."""
    told = Counter(word for use in plan.words for word in _WORD.findall(use.text.lower().replace("’", "'")))
    there = Counter(_WORD.findall(plan.brief.lower().replace("’", "'")))
    assert {use.verdict for use in plan.words} <= set(VERDICTS)
    assert all(use.meaning for use in plan.words)
    twice = {word for word, count in told.items() if count > there[word]}
    assert not twice, f"told more often than written: {twice}"
    return {word for word in there if not told[word] and word not in SMALL}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS) | st.sampled_from(GLUE) | st.sampled_from(HOSTILE), min_size=1, max_size=30),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_words_of_lists_and_hostile_ones_are_all_accounted_for(parts: list[str], seed: int, there: bool) -> None:
    facts = read_facts(random_repository(random.Random(seed)).files if there else {})
    try:
        plan = make_plan(" ".join(parts), facts, today=date(2026, 11, 25))
    except BriefUnusable:
        return
    assert missing_words(plan) == set()


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn", "Co", "Mn", "Me"]), max_size=120))
def test_any_text_is_accounted_for(text: str) -> None:
    try:
        plan = make_plan(text, read_facts({}), today=date(2026, 11, 25))
    except BriefUnusable:
        return
    assert missing_words(plan) == set()


def test_a_slip_of_the_pen_is_read_and_told() -> None:
    plan = make_plan("Bulid a comand line tool that convrets CSV to JSON", read_facts({}))
    assert plan.archetype == "cli-tool"
    meanings = {use.text: use.meaning for use in plan.words}
    assert "read as build" in meanings["Bulid"] and "read as command" in meanings["comand"]
    names = read_facts({"shop/__init__.py": b"", "shop/bulid.py": b"def comand(): ...\n"})
    told = make_plan("Make comand in bulid faster", names).words
    assert not any("read as" in use.meaning for use in told), "names of the repository are no slips"
