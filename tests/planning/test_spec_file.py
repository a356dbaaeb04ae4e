"""project-spec.md loses nothing: not what the plan holds, and not what a person wrote by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.model import (
    STATUSES,
    Acceptance,
    Epic,
    Estimate,
    How,
    Node,
    Plan,
    Schedule,
    Story,
    Task,
    WordUse,
)
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts
from nootropic_kernel.planning.spec.file import dump, read
from nootropic_kernel.planning.spec.records import TURNING, encode, from_plain, to_plain

HOSTILE = (
    "yes", "12:30", "0123", "null", "```", "```yaml plan", "---", "## E1 · x", "#### T1 · x", "- [ ] AC1: x", "# x",
    "<!-- body -->", "<!-- /body -->", "\\<!-- /body -->", "  verify: \"x\"", "a\nb", "\r\n", "\u2028", "\x00", "\x85",
    "\ufeff", " lead", "trail ", '"', '"quoted"', "{x}", "🙂", "", "\n", "\n\n", "schema: 1", "\t",
    "\u202eturned\u2066 round\u202c",
)  # fmt: skip
text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=30),
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=5).map("\n".join),
)
number = st.floats(0, 1e6, allow_nan=False)
texts = st.lists(text, max_size=3).map(tuple)
json_value: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(text, json_value, max_size=2)
limits = st.dictionaries(st.sampled_from(("hours", "cost_usd", "tokens", "deadline")), number | text, max_size=2)
staff = st.dictionaries(st.sampled_from(("id", "capacity", "speed", "kinds")), number | text, max_size=2)


def checks() -> st.SearchStrategy[tuple[Acceptance, ...]]:
    one = st.tuples(text, st.booleans(), st.none() | text)
    return st.lists(one, max_size=3).map(
        lambda found: tuple(Acceptance(f"AC{i}", t, met, v) for i, (t, met, v) in enumerate(found, 1))
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    epics, stories, tasks = [], [], []
    for _ in range(draw(st.integers(0, 2))):
        epics.append(Epic(f"E{len(epics) + 1}", draw(text), draw(text), draw(text)))
        for _ in range(draw(st.integers(0, 2))):
            name = f"S{len(stories) + 1}"
            stories.append(Story(name, epics[-1].id, draw(text), draw(text), draw(texts), draw(checks()), draw(text)))
            for _ in range(draw(st.integers(0, 2))):
                tasks.append(draw(a_task(f"T{len(tasks) + 1}", name)))
    node = st.builds(Node, text, text, text, text, texts, records, text, text, records)
    words = st.lists(st.builds(WordUse, text, text, text), max_size=3).map(tuple)
    return Plan(
        id=draw(text), title=draw(text), brief=draw(text), archetype=draw(text), revision=draw(st.integers(1, 99)),
        parent_revision=draw(st.none() | st.integers(1, 99)), goals=draw(texts), budget=draw(limits),
        words=draw(words), bindings=draw(records), tree=tuple(draw(st.lists(node, max_size=2))),
        agents=tuple(draw(st.lists(staff, max_size=2))), epics=tuple(epics), stories=tuple(stories),
        tasks=tuple(tasks), ext=draw(records), body=draw(text),
    )  # fmt: skip


@st.composite
def a_task(draw: st.DrawFn, name: str, story: str) -> Task:
    return Task(
        id=name, story=story, kind=draw(text), title=draw(text),
        how=draw(st.builds(How, text, st.none() | text, records, text)), status=draw(st.sampled_from(STATUSES)),
        depends_on=draw(texts), requires=draw(texts), provides=draw(texts), files=draw(texts),
        agent=draw(st.none() | text), estimate=draw(st.builds(Estimate, number, number, number, text)),
        schedule=draw(st.builds(Schedule, number, number, number, st.booleans())), acceptance=draw(checks()),
        origin=draw(text), supersedes=draw(st.none() | text), locked=draw(st.booleans()), ext=draw(records),
        body=draw(text),
    )  # fmt: skip


def check_round_trip(plan: Plan) -> None:
    written = dump(plan)
    written.encode("utf-8")
    spec = read(written)
    assert spec.plan == plan
    assert spec.notes == ()
    assert dump(spec.plan) == written


def check_front_matter(plan: Plan) -> None:
    front = dump(plan).split("\n---\n", 1)[0].removeprefix("---\n")
    pyyaml, ruamel = yaml.safe_load(front), YAML(typ="safe", pure=True).load(front)
    plain = to_plain(plan)
    for parsed in (pyyaml, ruamel):
        for key, value in parsed.items():
            if key == "words":
                assert parsed[key] == [list(word.values()) for word in plain[key]]
            elif key == "tree":
                assert [from_plain(Node, node) for node in value] == list(plan.tree)
            else:
                assert json.dumps(value, sort_keys=True) == json.dumps(plain[key], sort_keys=True), key


def check_edit(lines: list[tuple[float, str]]) -> None:
    """Lines written by hand into the example are in what is written next, or the file is refused with a line."""
    edited = dump(example()).split("\n")
    for place, line in lines:
        edited.insert(1 + int(place * (len(edited) - 1)), line)
    try:
        spec = read("\n".join(edited))
    except SpecForeign:
        return
    except SpecUnreadable as refused:
        assert 1 <= refused.data["line"] <= len(edited)
        return
    again = dump(spec.plan)
    plan = spec.plan
    prose = [line for each in (plan, *plan.epics, *plan.stories, *plan.tasks) for line in each.body.split("\n")]
    for _, line in lines:
        said = line.strip()
        if said == 'body: "mine"' and "mine" in prose:
            continue  # among the plan's keys such a line is prose
        assert not said or said in EMPTY or said in again or encode(said)[1:-1] in again, line
    back = read(again)
    assert back.plan == spec.plan and back.notes == ()
    for note in spec.notes:
        assert edited[note.line - 1].strip() == note.text


# Lines that say what goes without saying; a marker around prose is not prose.
EMPTY = (
    "ext: {}",
    "depends_on: []",
    "locked: false",
    "<!-- body -->",
    "<!-- /body -->",
    "```yaml plan",
    "```",
    "\ufeff",
)
hand_lines = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.one_of(
            text.map(lambda found: " ".join(found.replace("\r", " ").split("\n"))),
            st.sampled_from(
                [
                    "#### T99 · Mine",
                    "### S99 · Mine",
                    "## E99 · Mine",
                    "# Another title",
                    "- [x] AC9: by hand",
                    '  verify: "make"',
                    "depends_on: []",
                    "ext: {}",
                    'ext: {"mine": 1}',
                    "locked: true",
                    "locked: false",
                    'status: "done"',
                    "TODO: ask Maria",
                    "- [ ] no id here",
                    "1. first",
                    "> quoted",
                    "| a | b |",
                    "```python",
                    "estimate: 3",
                    "key: value",
                    'body: "mine"',
                    "<!-- a comment -->",
                    "\\<!-- body -->",
                    "words: [",
                ]
            ),
        ),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(plans())
def test_every_plan_comes_back_equal_and_its_file_byte_for_byte(plan: Plan) -> None:
    check_round_trip(plan)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_front_matter_is_yaml_with_the_same_values(plan: Plan) -> None:
    check_front_matter(plan)


@settings(max_examples=200, deadline=None)
@given(hand_lines)
def test_no_line_written_by_hand_is_lost(lines: list[tuple[float, str]]) -> None:
    check_edit(lines)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("check", [check_round_trip, check_front_matter])
def test_ten_thousand_plans(check: Callable[[Plan], None]) -> None:
    settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))(given(plans())(check))()


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_ten_thousand_edits_by_hand() -> None:
    settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))(
        given(hand_lines)(check_edit)
    )()


@settings(max_examples=100, deadline=None)
@given(plans())
def test_nothing_in_the_file_turns_the_order_of_words(plan: Plan) -> None:
    assert not re.search(f"[{TURNING}]", dump(plan))


def test_a_heading_edited_by_hand_counts_where_the_title_could_not_stand_there() -> None:
    plan = example()
    turned = replace(plan.tasks[0], title="Write \u202etsoP the class")
    text = dump(replace(plan, tasks=(turned, *plan.tasks[1:])))
    assert read(text).plan.tasks[0] == turned
    edited = text.replace("#### T1 · Write tsoP the class", "#### T1 · Write the Post class")
    assert read(edited).plan.tasks[0].title == "Write the Post class"


def test_what_people_read_first_stands_first() -> None:
    front = dump(replace(example(), budget={"hours": 9})).split("\n---\n", 1)[0]
    keys = re.findall(r"^([a-z_]+):", front, re.M)
    assert keys == ["schema", "id", "revision", "brief", "goals", "budget", "archetype", "words", "bindings", "tree"]


@cache
def example() -> Plan:
    return make_plan("Build a blog platform", read_facts({"web/__init__.py": b""}))


def test_a_stray_line_is_kept_and_reported_with_its_line() -> None:
    lines = dump(example()).split("\n")
    place = lines.index("### S1 · Posts") + 1
    lines.insert(place, "Ask Maria about this first.")
    spec = read("\n".join(lines))
    (note,) = spec.notes
    assert (note.line, note.kept_in) == (place + 1, "S1")
    assert spec.plan.stories[0].body == "Ask Maria about this first."
    assert read(dump(spec.plan)).notes == ()


@pytest.mark.parametrize("which", range(1, 4))
def test_an_end_of_prose_that_was_deleted_swallows_no_task(which: int) -> None:
    """Regression: everything up to the next end mark became prose of the task before, and nobody was told."""
    parts = dump(example()).split("<!-- /body -->\n")
    kept = "<!-- /body -->\n".join(parts[:which]) + "<!-- /body -->\n".join(parts[which:])
    with pytest.raises(SpecUnreadable, match="is not closed") as refused:
        read(kept)
    assert kept.splitlines()[int(refused.value.data["line"]) - 1] == "<!-- body -->"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('status: "pending"', "status: pending", "not JSON"),
        ('status: "pending"', 'status: "pending"\nstatus: "done"', "there twice"),
        ('status: "pending"', 'statsu: "pending"', "not a known key"),
        ('status: "pending"', "status: 3", "a text in quotes"),
        ("\nrevision: 1\n", f"\nrevision: {10**30}\n", "too large a number"),
        ("\nrevision: 1\n", f'\nrevision: 1\nbudget: {{"hours": {10**400}}}\n', "too large a number"),
        ("#### T2 ·", "#### T1 ·", "there twice"),
        ("## E1 · What it is about", "", "stands above the first epic"),
        ("<!-- /body -->", "", "is not closed"),
        ('schema: "nootropic-plan/1"', 'schema: "nootropic-plan/9"', "schema must be"),
        ('status: "pending"', 'status: "pending"\nbody: 5', "'body' must be a text"),
        ('status: "pending"', 'status: "pending"\ntitle: "Another"', "is called"),
        ('  verify: "', "  verify: " + "[" * 100_000 + '"', "is not JSON"),
    ],
)
def test_what_breaks_the_grammar_is_refused_with_its_line(old: str, new: str, problem: str) -> None:
    written = dump(example())
    assert old in written
    with pytest.raises(SpecUnreadable) as refused:
        if old == "<!-- /body -->":
            read(written.replace(old, new))
        else:
            read(written.replace(old, new, 1))
    assert problem in str(refused.value)
    assert refused.value.data["line"] >= 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            'budget: {"hours": 9, "cost": 20}',
            "the budget has no key 'cost'; did you mean 'cost_usd'? Known: hours, cost_usd",
        ),
        ('budget: {"hour": 9}', "did you mean 'hours'?"),
        ('budget: {"zzz": 9}', "the budget has no key 'zzz'; known: hours, cost_usd, tokens, deadline, start"),
        ('agents: [{"id": "ada", "capasity": 2}]', "the agent ada has no key 'capasity'; did you mean 'capacity'?"),
        ('agents: [{"id": "ada", "usd": 2}]', "did you mean 'cost_usd_per_hour'?"),
        ('agents: [\n  {"id": "ada"},\n  {"id": "bob", "speeed": 2}\n  ]', "the agent bob has no key 'speeed'"),
    ],
)
def test_an_unknown_key_of_a_limit_is_told_with_its_line(line: str, problem: str) -> None:
    written = dump(example()).replace("\nrevision: 1\n", f"\nrevision: 1\n{line}\n", 1)
    with pytest.raises(SpecUnreadable) as refused:
        read(written)
    assert problem in str(refused.value)
    faulty = written.split("\n")[refused.value.data["line"] - 1]
    assert faulty.startswith(("budget: ", "agents: [{", '  {"id": "bob"'))


@pytest.mark.parametrize("foreign", ["", "# My project\n\nNotes.\n", "---\ntitle: x\n---\n", "\x00\x01"])
def test_a_file_of_somebody_else_is_not_taken_for_a_plan(foreign: str) -> None:
    with pytest.raises(SpecForeign):
        read(foreign)


def test_line_ends_of_windows_and_a_mark_at_the_start_are_borne() -> None:
    written = dump(example())
    assert read("\ufeff" + written.replace("\n", "\r\n")).plan == example()


def test_paragraphs_written_between_tasks_stay_paragraphs() -> None:
    spec = read(dump(example()).replace("#### T2 ·", "First of all.\n\nThen the rest.\n\n#### T2 ·", 1))
    assert spec.plan.tasks[0].body.endswith("First of all.\n\nThen the rest.")
    assert read(dump(spec.plan)).plan == spec.plan
