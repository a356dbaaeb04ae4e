"""The library of methods: YAML data that says how projects, stories and tasks are broken down.

Three kinds of file in ``experiments/methods/``:

- ``kind: words`` – what words of a brief mean (verbs, entities with their fields, features, attributes);
- ``kind: tasks`` – the primitive tasks: title, needs, products, files, how they are done, acceptance;
- ``kind: archetype`` – a sort of project: the words that point to it, and ways to break its compounds down.

A text may name bindings in braces, ``{entity}``; a value ``=fields`` stands for the binding itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from nootropic_kernel.planning.errors import MethodsInvalid
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import list_names, load_yaml

_NAME = re.compile(r"\{(\w+)\}")
_TASK_KEYS = {"title", "body", "requires", "provides", "files", "how", "hours", "accept"}
_WAY_KEYS = {"way", "when", "epic", "story", "about", "do"}
_ARCHETYPE_KEYS = {"kind", "name", "title", "about", "words", "root", "keeps_things", "builds", "intents", "reads", "phases", "steps", "ways"}
_READS = {"steps", "actions"}
_HOW_KEYS = {"when", "recipe", "args", "why"}

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
    """A primitive task."""

    name: str
    title: str
    how: tuple[HowTemplate, ...]
    body: str = ""
    requires: tuple[str, ...] = ()
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

    ``words`` maps a word or phrase to its weight and the entities it brings along; ``intents`` what a brief's first verb
    (or its meaning) adds. ``builds``: something new is made. ``reads``: ``actions`` where what is acted on is no thing
    to keep, ``steps`` where the brief's clauses are steps of data work; ``phases`` are the
    kinds of steps that it always has, ``steps`` takes verbs (or kinds) for another kind.
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


@cache
def shipped_library() -> Library:
    """The library that comes with Nootropic."""
    return load_library(None)


def load_library(workspace: Workspace | None) -> Library:
    """Read and validate all methods files, the workspace's own in place of shipped ones of the same name.

    :raises MethodsInvalid: naming the file and what is wrong in it.
    """
    archetypes: dict[str, Archetype] = {}
    compounds: dict[str, tuple[Way, ...]] = {}
    tasks: dict[str, TaskTemplate] = {}
    words: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name in list_names("methods", workspace):
        document = load_yaml("methods", name, workspace)
        reader = _Reader(name)
        kind = reader.mapping(document, "the file").get("kind")
        if kind == "words":
            for part, value in document.items():
                if part != "kind":
                    words[part] = _merged(words.get(part), value)
        elif kind == "tasks":
            tasks |= {key: reader.task(key, value) for key, value in reader.mapping(document["tasks"], "tasks").items()}
        elif kind == "archetype":
            archetype, ways = reader.archetype(document)
            archetypes[archetype.name] = archetype
            compounds |= ways
            origin |= dict.fromkeys(ways, name)
        else:
            raise MethodsInvalid(name, f"`kind` is {kind!r}; it must be words, tasks or archetype.")
    library = Library(archetypes, compounds, tasks, words)
    _check_references(library, origin)
    return library


def fill(template: Any, bindings: Bindings) -> Any:
    """A template with its bindings in place; unknown names stay as they are. Bound text is never filled again."""
    if isinstance(template, str):
        if template.startswith("=") and template[1:] in bindings:
            return bindings[template[1:]]
        return _NAME.sub(lambda found: str(bindings.get(found.group(1), found.group())), template)
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


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | new
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    return new


class _Reader:
    """Checks one file and turns it into templates."""

    def __init__(self, file: str) -> None:
        self.file = file

    def archetype(self, document: Mapping[str, Any]) -> tuple[Archetype, dict[str, tuple[Way, ...]]]:
        self._known(document, _ARCHETYPE_KEYS, "the file")
        words = {
            str(word): value if isinstance(value, Mapping) else {"weight": value}
            for word, value in self.mapping(document.get("words", {}), "words").items()
        }
        for word, value in words.items():
            if not isinstance(value.get("weight"), int | float):
                raise MethodsInvalid(self.file, f"The word {word!r} has no weight.")
        ways = {
            str(compound): tuple(self._way(compound, way) for way in self._list(given, f"ways of {compound}"))
            for compound, given in self.mapping(document.get("ways", {}), "ways").items()
        }
        name, root = self._text(document, "name", "the file"), self._text(document, "root", "the file")
        title = self._text(document, "title", "the file")
        intents = self.mapping(document.get("intents", {}), "intents")
        for word, value in intents.items():
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise MethodsInvalid(self.file, f"`intents` gives {word!r} no number.")
        reads = tuple(map(str, self._list(document.get("reads", []), "reads")))
        if wrong := set(reads) - _READS:
            raise MethodsInvalid(self.file, f"`reads` names {min(wrong)!r}; known: {', '.join(sorted(_READS))}.")
        archetype = Archetype(
            name,
            title,
            root,
            words,
            str(document.get("about", "")),
            self._flag(document, "keeps_things"),
            self._flag(document, "builds"),
            {str(word): float(value) for word, value in intents.items()},
            reads,
            tuple(map(str, self._list(document.get("phases", []), "phases"))),
            {str(word): str(kind) for word, kind in self.mapping(document.get("steps", {}), "steps").items()},
        )
        return archetype, ways

    def task(self, name: str, value: Any) -> TaskTemplate:
        given = self.mapping(value, f"task {name}")
        self._known(given, _TASK_KEYS, f"task {name}")
        hours = given.get("hours", [0.5, 1.0, 2.0])
        if not isinstance(hours, list) or len(hours) != 3 or sorted(hours) != hours:
            raise MethodsInvalid(self.file, f"`hours` of task {name} must be three numbers: low, likely, high.")
        if not given.get("provides"):
            raise MethodsInvalid(self.file, f"Task {name} provides nothing, so nothing could follow it.")
        how = tuple(self._how(name, entry) for entry in self._list(given.get("how", []), f"how of {name}"))
        if not how or how[-1].when or how[-1].kind == "recipe":
            raise MethodsInvalid(
                self.file, f"The last `how` of task {name} must be model, person or none, without `when`."
            )
        return TaskTemplate(
            name=name,
            title=self._text(given, "title", f"task {name}"),
            how=how,
            body=str(given.get("body", "")).strip(),
            requires=tuple(map(str, given.get("requires", ()))),
            provides=tuple(map(str, given["provides"])),
            files=given["files"] if isinstance(given.get("files"), str) else tuple(map(str, given.get("files", ()))),
            hours=(float(hours[0]), float(hours[1]), float(hours[2])),
            accept=tuple(
                entry if isinstance(entry, Mapping) else {"text": str(entry)} for entry in given.get("accept", ())
            ),
        )

    def _how(self, task: str, value: Any) -> HowTemplate:
        given = self.mapping(value, f"how of {task}")
        kinds = [kind for kind in ("recipe", "model", "person", "none") if kind in given]
        if len(kinds) != 1:
            raise MethodsInvalid(self.file, f"Each `how` of task {task} names one of recipe, model, person, none.")
        self._known(given, _HOW_KEYS | set(kinds), f"how of {task}")
        recipe = str(given["recipe"]) if kinds == ["recipe"] else None
        why = given.get("why") or ("" if recipe else given[kinds[0]])
        return HowTemplate(kinds[0], tuple(given.get("when", ())), recipe, given.get("args", {}), str(why or ""))

    def _way(self, compound: str, value: Any) -> Way:
        given = self.mapping(value, f"a way of {compound}")
        self._known(given, _WAY_KEYS, f"a way of {compound}")
        return Way(
            name=self._text(given, "way", f"a way of {compound}"),
            items=tuple(self._item(compound, entry) for entry in given.get("do") or ()),
            when=tuple(map(str, given.get("when", ()))),
            epic=str(given.get("epic", "")),
            story=str(given.get("story", "")),
            about=str(given.get("about", "")),
        )

    def _item(self, compound: str, value: Any) -> Item:
        if isinstance(value, str):
            return Item(value)
        given = self.mapping(value, f"an entry of {compound}")
        self._known(given, {"task", "each", "with"}, f"an entry of {compound}")
        return Item(self._text(given, "task", f"an entry of {compound}"), given.get("each"), given.get("with", {}))

    def mapping(self, value: Any, what: str) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise MethodsInvalid(self.file, f"{what} must be a mapping.")
        return value

    def _list(self, value: Any, what: str) -> list[Any]:
        if not isinstance(value, list):
            raise MethodsInvalid(self.file, f"{what} must be a list.")
        return value

    def _text(self, given: Mapping[str, Any], key: str, what: str) -> str:
        if not isinstance(given.get(key), str) or not given[key].strip():
            raise MethodsInvalid(self.file, f"`{key}` is missing in {what}.")
        return str(given[key])

    def _flag(self, given: Mapping[str, Any], key: str) -> bool:
        if not isinstance(given.get(key, True), bool):
            raise MethodsInvalid(self.file, f"`{key}` must be true or false.")
        return bool(given.get(key, True))

    def _known(self, given: Mapping[str, Any], known: set[str], what: str) -> None:
        for key in given:
            if key not in known:
                raise MethodsInvalid(self.file, f"{key!r} is not known in {what}; known: {', '.join(sorted(known))}.")


def _check_references(library: Library, origin: Mapping[str, str]) -> None:
    for archetype in library.archetypes.values():
        if archetype.root not in library.compounds:
            raise MethodsInvalid(archetype.name, f"Its root {archetype.root!r} has no ways.")
    for compound, item in _items(library):
        if item.name not in library.compounds and item.name not in library.tasks:
            raise MethodsInvalid(
                origin[compound], f"{compound} uses {item.name!r}, which is neither task nor compound."
            )


def _items(library: Library) -> Iterator[tuple[str, Item]]:
    for compound, ways in library.compounds.items():
        for way in ways:
            for item in way.items:
                yield compound, item
