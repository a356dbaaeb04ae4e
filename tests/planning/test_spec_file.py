"""project-spec.md loses nothing: not what the plan holds, and not what a person wrote by hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.facts import read_facts
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
from nootropic_kernel.planning.spec_file import dump, read

HOSTILE = (
    "yes", "12:30", "0123", "null", "```", "```yaml plan", "---", "## E1 · x", "#### T1 · x", "- [ ] AC1: x", "# x",
    "<!-- body -->", "<!-- /body -->", "\\<!-- /body -->", "  verify: \"x\"", "a\nb", "\r\n", "\u2028", "\x00", "\x85",
    "\ufeff", " lead", "trail ", '"', '"quoted"', "{x}", "🙂", "", "\n", "\n\n", "schema: 1", "\t",
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
        parent_revision=draw(st.none() | st.integers(1, 99)), goals=draw(texts), budget=draw(records),
        words=draw(words), bindings=draw(records), tree=tuple(draw(st.lists(node, max_size=2))),
        agents=tuple(draw(st.lists(records, max_size=2))), epics=tuple(epics), stories=tuple(stories),
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


@settings(max_examples=150, deadline=None)
@given(plans())
def test_every_plan_comes_back_equal_and_its_file_byte_for_byte(plan: Plan) -> None:
    written = dump(plan)
    written.encode("utf-8")
    spec = read(written)
    assert spec.plan == plan
    assert spec.notes == ()
    assert dump(spec.plan) == written


@settings(max_examples=100, deadline=None)
@given(plans())
def test_front_matter_is_yaml_with_the_same_values(plan: Plan) -> None:
    written = dump(plan)
    front = written.split("\n---\n", 1)[0].removeprefix("---\n")
    parsed = yaml.safe_load(front)
    assert parsed["revision"] == plan.revision
    assert parsed["id"] == plan.id


@settings(max_examples=100, deadline=None)
@given(st.data(), text)
def test_no_line_written_by_hand_is_lost(data: st.DataObject, line: str) -> None:
    written = dump(example()).split("\n")
    line = line.replace("\n", " ").replace("\r", " ")
    place = data.draw(st.integers(1, len(written)))
    edited = "\n".join([*written[:place], line, *written[place:]])
    try:
        spec = read(edited)
    except (SpecUnreadable, SpecForeign):
        return  # told, and the file is left as it is
    if line.strip():
        bodies = [part.body for part in (spec.plan, *spec.plan.epics, *spec.plan.stories, *spec.plan.tasks)]
        assert line.strip() in dump(spec.plan) or any(line.strip() in body for body in bodies)
    assert read(dump(spec.plan)).plan == spec.plan
    for note in spec.notes:
        assert edited.split("\n")[note.line - 1].strip() == note.text


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


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('status: "pending"', "status: pending", "not JSON"),
        ('status: "pending"', 'status: "pending"\nstatus: "done"', "there twice"),
        ('status: "pending"', 'statsu: "pending"', "not a known key"),
        ('status: "pending"', "status: 3", "a text in quotes"),
        ("#### T2 ·", "#### T1 ·", "there twice"),
        ("## E1 · What it is about", "", "stands above the first epic"),
        ("<!-- /body -->", "", "is not closed"),
        ('schema: "nootropic-plan/1"', 'schema: "nootropic-plan/9"', "schema must be"),
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


@pytest.mark.parametrize("foreign", ["", "# My project\n\nNotes.\n", "---\ntitle: x\n---\n", "\x00\x01"])
def test_a_file_of_somebody_else_is_not_taken_for_a_plan(foreign: str) -> None:
    with pytest.raises(SpecForeign):
        read(foreign)


def test_line_ends_of_windows_and_a_mark_at_the_start_are_borne() -> None:
    written = dump(example())
    assert read("\ufeff" + written.replace("\n", "\r\n")).plan == example()
