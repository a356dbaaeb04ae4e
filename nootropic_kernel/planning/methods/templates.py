"""What a library of methods is made of: archetypes, ways, tasks; and how their texts are filled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME = re.compile(r"\{(\w+)\}")

Bindings = Mapping[str, Any]


@dataclass(frozen=True)
class HowTemplate:
    """One way to get a primitive task done: used when its conditions hold and its arguments fit the facts."""

    kind: str
    when: tuple[str, ...] = ()
    recipe: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class TaskTemplate:
    """A primitive task; it waits for what it names in ``after`` only where a task before it provides that."""

    name: str
    title: str
    how: tuple[HowTemplate, ...]
    body: str = ""
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] | str = ()
    provides: tuple[str, ...] = ()
    files: tuple[str, ...] | str = ()
    hours: tuple[float, float, float] = (0.5, 1.0, 2.0)
    accept: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Item:
    """One entry of a way: a task or compound, once, or once for each element of a list binding."""

    name: str
    each: str | None = None
    bind: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way to break a compound down; the first whose conditions hold, and whose parts work out, is taken."""

    name: str
    items: tuple[Item, ...]
    when: tuple[str, ...] = ()
    epic: str = ""
    story: str = ""
    about: str = ""


@dataclass(frozen=True)
class Archetype:
    """A sort of project.

    ``words`` maps a word or phrase to its weight and the entities it brings along; ``intents`` what a brief's first
    verb (or its meaning) adds. ``builds``: something new is made. ``reads``: ``actions`` where what is acted on is no
    thing to keep, ``steps`` where the brief's clauses are steps of data work; ``phases`` are the kinds of steps that it
    always has, ``steps`` takes verbs (or kinds) for another kind.
    """

    name: str
    title: str
    root: str
    words: Mapping[str, Mapping[str, Any]]
    about: str = ""
    keeps_things: bool = True
    builds: bool = True
    intents: Mapping[str, float] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """Everything the planner knows beforehand."""

    archetypes: Mapping[str, Archetype]
    compounds: Mapping[str, tuple[Way, ...]]
    tasks: Mapping[str, TaskTemplate]
    words: Mapping[str, Any]


def fill(template: Any, bindings: Bindings) -> Any:
    """A template with its bindings in place; unknown names stay as they are. Bound text is never filled again."""
    if isinstance(template, str):
        if template.startswith("=") and template[1:] in bindings:
            return bindings[template[1:]]
        return NAME.sub(lambda found: str(bindings.get(found.group(1), found.group())), template)
    if isinstance(template, Mapping):
        return {key: fill(value, bindings) for key, value in template.items()}
    if isinstance(template, Sequence):
        return [fill(value, bindings) for value in template]
    return template


def holds(conditions: Sequence[str], state: set[str], bindings: Bindings) -> bool:
    """Whether every condition is in ``state`` (one that starts with ``not `` must be absent)."""
    for condition in conditions:
        wanted = str(fill(condition, bindings))
        absent = wanted.startswith("not ")
        if (wanted.removeprefix("not ") in state) == absent:
            return False
    return True
