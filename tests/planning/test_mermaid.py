"""Graphs and Gantt charts in Mermaid's language: no title breaks out of its label, and large plans stay small."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.views.board import lanes
from nootropic_kernel.planning.views.mermaid import LIMIT, drawn_as, escaped, mermaid_gantt, mermaid_graph
from nootropic_kernel.workspace.plain_text import visible
from tests.planning.random_plans import partly_done, synthetic_plan

pytestmark = pytest.mark.slow

# What Mermaid's lexers give a meaning to: quotes, brackets, comments, directives, tags, statement ends.
SIGNS = ['"', "'", "`", "[", "]", "(", ")", "{", "}", "|", ">", "<", ":", ":::", ";", "#", "%%", "%%{init: {}}%%", "&",
         "-->", "==>", "\\", "/", "@", "\n", "\r", "\t", "---", "end", "click T1 call evil()", "section x", "#quot;",
         "style a:#fff;", "crit, done, T9, 0, 3s", "\u202e", "\x1b[2J", "é", "日", "💥", ",", "T1", " "]  # fmt: skip
titles = st.one_of(st.lists(st.sampled_from(SIGNS), min_size=1, max_size=12).map("".join), st.text(min_size=1))

NODE = re.compile(r'  ([EST]\d+)\["((?:[\w .,!?()–…-]|#\d+;)*)"\]:::([a-z]+)')
EDGE = re.compile(r"  ([EST]\d+) (-->|==>) ([EST]\d+)")
CLASS = re.compile(r"  classDef [a-z]+ stroke:#[0-9a-f]{6}")
BAR = re.compile(
    r"  ([EST]\d+(?: (?:[\w .,!?()–…-]|#\d+;)*)?) :((?:crit, |done, |active, )*)([EST]\d+), (\d+), (\d+)ms"
)
WORDS = re.compile(r"  (?:title|section) (?:[\w .,!?()–…-]|#\d+;)*")


def read_back(label: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label)


def titled(plan: Plan, found: list[str]) -> Plan:
    """The plan with these titles everywhere, in turns."""
    name = iter(found * (len(plan.tasks) + len(plan.stories) + len(plan.epics) + 1))
    return replace(
        plan,
        title=next(name),
        epics=tuple(replace(each, title=next(name)) for each in plan.epics),
        stories=tuple(replace(each, title=next(name)) for each in plan.stories),
        tasks=tuple(replace(each, title=next(name)) for each in plan.tasks),
    )


def with_epics(plan: Plan, count: int) -> Plan:
    """The plan with its stories dealt out to so many epics."""
    epics = tuple(replace(plan.epics[0], id=f"E{number}") for number in range(1, count + 1))
    stories = tuple(replace(each, epic=epics[k * count // len(plan.stories)].id) for k, each in enumerate(plan.stories))
    return replace(plan, epics=epics, stories=stories)


@settings(max_examples=300, deadline=None)
@given(titles)
def test_a_label_says_the_title_and_nothing_but_letters_and_character_numbers(title: str) -> None:
    label = escaped(title)
    assert re.fullmatch(r"(?:[\w .,!?()–…-]|#\d+;)*", label)
    assert read_back(label) == visible(" ".join(title.split()))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(titles, min_size=1, max_size=8), st.sampled_from([8, 30, 80]))
def test_hostile_titles_change_no_line_of_a_drawing(seed: int, found: list[str], tasks: int) -> None:
    rng = random.Random(seed)
    plan, _ = synthetic_plan(rng, tasks)
    states = partly_done(rng, plan, 0.5)
    hostile = titled(plan, found)
    lines, plain = mermaid_graph(hostile, states).split("\n"), mermaid_graph(plan, states).split("\n")
    assert lines[0] == "graph LR" and len(lines) == len(plain)
    for line, same in zip(lines[1:], plain[1:], strict=True):
        if node := NODE.fullmatch(line):
            other = NODE.fullmatch(same)
            assert other is not None and (node[1], node[3]) == (other[1], other[3])
        else:
            assert line == same and (EDGE.fullmatch(line) or CLASS.fullmatch(line) or line.startswith("  %% "))
    bars = mermaid_gantt(hostile, states).split("\n")
    assert bars[0] == "gantt"
    for line in bars[1:]:
        assert (
            BAR.fullmatch(line) or WORDS.fullmatch(line) or line.startswith(("  dateFormat", "  axisFormat", "  %% "))
        )


def test_a_small_plan_is_drawn_task_by_task() -> None:
    plan, _ = synthetic_plan(random.Random(3), 20)
    drawing = mermaid_graph(plan, {})
    live = list(plan.tasks)
    assert drawn_as(plan, {}) == ""
    assert {found[1] for found in NODE.finditer(drawing)} == {task.id for task in live}
    edges = {(name, task.id) for task in live for name in task.depends_on}
    assert {(found[1], found[3]) for found in EDGE.finditer(drawing)} == edges
    assert all(
        (plan.task(a).schedule.critical and plan.task(b).schedule.critical) == (arrow == "==>")  # type: ignore[union-attr]
        for a, arrow, b in EDGE.findall(drawing)
    )
    bars = {found[3]: found for found in BAR.finditer(mermaid_gantt(plan, {}))}
    for task in live:
        assert (int(bars[task.id][4]), int(bars[task.id][5])) == (
            round(1000 * task.schedule.start_h),
            round(1000 * (task.schedule.end_h - task.schedule.start_h)),
        )
        assert ("crit" in bars[task.id][2]) == task.schedule.critical


def test_two_thousand_tasks_are_drawn_together_within_mermaids_limits() -> None:
    plan, _ = synthetic_plan(random.Random(1), 2000)
    for count in (1, 8, 100):
        several = with_epics(plan, count)
        states = partly_done(random.Random(2), several, 0.3)
        for drawing in (mermaid_graph(several, states), mermaid_gantt(several, states)):
            assert len(drawing) < 50_000 and drawing.count("-->") + drawing.count("==>") < 500
            assert 1 <= len(NODE.findall(drawing)) + len(BAR.findall(drawing)) <= LIMIT
            assert "2000 tasks" in drawing or f"{len(plan.tasks)} tasks are too many to draw" in drawing
        lane = lanes(several, states)[0]
        chosen = [task for column in lane.columns for task in column.tasks][:LIMIT]
        assert set(re.findall(r"(T\d+)\[", mermaid_graph(several, states, chosen))) == {task.id for task in chosen}


def test_what_is_dropped_is_not_drawn_and_what_is_put_off_takes_no_time() -> None:
    plan, _ = synthetic_plan(random.Random(5), 12)
    first, second = plan.tasks[0].id, plan.tasks[1].id
    states = {first: TaskState("cancelled"), second: TaskState("deferred")}
    drawing, chart = mermaid_graph(plan, states), mermaid_gantt(plan, states)
    assert f"  {first}[" not in drawing and f" :{first}," not in chart
    assert ":::deferred" in drawing and not re.search(rf"\b{second}, \d", chart)
    gone = {task.id: TaskState("superseded") for task in plan.tasks}
    assert mermaid_graph(plan, gone) == mermaid_gantt(plan, gone) == ""
