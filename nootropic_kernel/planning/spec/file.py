"""project-spec.md: the plan as one Markdown file that a person can read and edit, and that loses nothing.

Front matter and the blocks fenced as ``yaml plan`` hold one ``key: <JSON value>`` a line; headings hold ids and titles;
check boxes hold acceptance; prose stands between body markers. What a hand edit leaves outside this grammar is kept
in the body of the element it stands in, and reported with its line; what cannot be understood at all is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.model import Epic, Plan, Story, Task
from nootropic_kernel.planning.spec.reader import (
    BODY,
    BODY_END,
    FENCE,
    FENCE_END,
    LIST_END,
    MARKER_LIKE,
    Spec,
    SpecNote,
    heading,
    is_ours,
    is_plain,
    load,
    read,
)
from nootropic_kernel.planning.spec.records import TURNING, encode, shown

__all__ = ["FILE_NAME", "Spec", "SpecNote", "canonical", "dump", "is_ours", "load", "read"]

FILE_NAME = "project-spec.md"

# Shown even at their default, because people look for them and edit them.
_ALWAYS = frozenset({"revision", "status"})
_READ_FIRST = ("schema", "id", "revision", "title", "brief", "goals", "limits", "budget", "agents")
_UNSAFE_BODY = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff{TURNING}]")


def dump(plan: Plan) -> str:
    """The plan as project-spec.md."""
    return "\n".join(_lines(canonical(plan))) + "\n"


def canonical(plan: Plan) -> Plan:
    """The plan with stories in the order of their epics, and tasks in the order of their stories."""
    epics = {epic.id: place for place, epic in enumerate(plan.epics)}
    try:
        stories = tuple(sorted(plan.stories, key=lambda story: epics[story.epic]))
        places = {story.id: place for place, story in enumerate(stories)}
        tasks = tuple(sorted(plan.tasks, key=lambda task: places[task.story]))
    except KeyError as missing:
        raise ValueError("a story or task belongs to nothing in the plan") from missing
    return replace(plan, stories=stories, tasks=tasks)


def _lines(plan: Plan) -> Iterator[str]:
    yield "---"
    outside = frozenset({"schema", "title", "epics", "stories", "tasks", "body", "words", "tree", "bindings", "ext"})
    fields = shown(plan, leave_out=outside, always=_ALWAYS)
    words = [[word.text, word.verdict, word.meaning] for word in plan.words]
    # What people read comes first; what only programs read, the tree and what it was made from, comes last.
    record = {"schema": plan.schema, **_titled(fields, plan.title), **_bodied(plan.body)}
    first = [key for key in _READ_FIRST if key in record]
    for key in (*first, *(key for key in record if key not in first)):
        yield f"{key}: {encode(record[key])}"
    yield from _entries("words", words)
    for key in ("ext", "bindings"):
        if value := getattr(plan, key):
            yield f"{key}: {encode(value)}"
    yield from _entries("tree", [shown(node) for node in plan.tree])
    yield from ("---", "", f"# {heading(plan.title)}", "")
    yield from _prose(plan.body)
    for epic in plan.epics:
        yield from _element("##", epic, frozenset({"id", "title", "body"}))
        for story in plan.stories_of(epic.id):
            yield from _element("###", story, frozenset({"id", "title", "body", "epic", "acceptance"}))
            for task in plan.tasks_of(story.id):
                yield from _element("####", task, frozenset({"id", "title", "body", "story", "acceptance"}))


def _entries(key: str, entries: Sequence[Any]) -> Iterator[str]:
    """A list with an entry a line."""
    if entries:
        lines = [encode(entry) for entry in entries]
        yield from (f"{key}: [", *(f"  {line}," for line in lines[:-1]), f"  {lines[-1]}", LIST_END)


def _element(level: str, element: Epic | Story | Task, outside: frozenset[str]) -> Iterator[str]:
    yield from (f"{level} {element.id} · {heading(element.title)}", "")
    record = {**_titled(shown(element, leave_out=outside, always=_ALWAYS), element.title), **_bodied(element.body)}
    if isinstance(element, Task):
        record["how"] = shown(element.how)
    if record:
        yield FENCE
        for key, value in record.items():
            yield f"{key}: {encode(value)}"
        yield from (FENCE_END, "")
    checks = getattr(element, "acceptance", ())
    for check in checks:
        text = check.text if is_plain(check.text) and not check.text.startswith('"') else encode(check.text)
        yield f"- [{'x' if check.met else ' '}] {check.id}: {text}"
        if check.verify is not None:
            yield f"  verify: {encode(check.verify)}"
    if checks:
        yield ""
    yield from _prose(element.body)


def _prose(body: str) -> Iterator[str]:
    if body and not _UNSAFE_BODY.search(body):
        yield BODY
        for line in body.split("\n"):
            yield "\\" + line if MARKER_LIKE.fullmatch(line) else line
        yield from (BODY_END, "")


def _titled(record: dict[str, Any], title: str) -> dict[str, Any]:
    return record if is_plain(title) else {"title": title, **record}


def _bodied(body: str) -> dict[str, Any]:
    return {"body": body} if _UNSAFE_BODY.search(body) else {}
