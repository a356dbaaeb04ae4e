"""Reads and checks one methods file; whatever is wrong is told with the file and the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nootropic_kernel.planning.errors import MethodsInvalid
from nootropic_kernel.planning.methods.binding_names import LISTS, NAMES, STEP_KINDS
from nootropic_kernel.planning.methods.templates import NAME, Archetype, HowTemplate, Item, Library, TaskTemplate, Way
from nootropic_kernel.planning.repository.recipe_arguments import FIELD_TYPES

_TASK_KEYS = {"title", "body", "requires", "after", "provides", "files", "how", "hours", "accept"}
_WAY_KEYS = {"way", "when", "epic", "story", "about", "do"}
_ARCHETYPE_KEYS = {
    "kind", "name", "title", "about", "words", "root", "keeps_things", "builds", "intents", "reads", "phases", "steps",
    "ways",
}  # fmt: skip
_READS = {"steps", "actions"}
_HOW_KEYS = {"when", "recipe", "args", "why"}
_ACCEPT_KEYS = {"text", "verify", "test"}
_WORD_LISTS = {
    "stop", "qualities", "code_words", "program_words", "technologies", "measures", "abstract_nouns", "tools",
    "change_helpers", "old_words", "dealings", "people", "no_people",
    "page_parts",
}  # fmt: skip
_WORD_TABLES = {
    "verbs", "attributes", "entities", "same", "unknown_fields", "abilities", "steps", "technology", "technology_kinds",
    "change_verbs", "change_signs", "change_places", "report_sections", "counts",
    "particle_verbs", "data_formats",
}  # fmt: skip
_PHRASES = {"change_verbs", "change_signs", "change_places", "report_sections"}


class MethodsReader:
    """Checks one file and turns it into templates."""

    def __init__(self, file: str) -> None:
        self.file = file

    def words(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Check a file of words: lists are texts, tables are mappings, fields have types that recipes can write."""
        found = {str(key): value for key, value in document.items() if key != "kind"}
        self._known(found, _WORD_LISTS | _WORD_TABLES, "the file")
        for key, value in found.items():
            if key in _WORD_LISTS and not isinstance(value, str):
                raise MethodsInvalid(self.file, f"`{key}` must be a text of words with spaces between them.")
            if key in _WORD_TABLES:
                self.mapping(value, f"`{key}`")
        for thing, fields in found.get("entities", {}).items():
            for name, kind in self.mapping(fields, f"the entity {thing!r}").items():
                if kind not in FIELD_TYPES or not str(name).isidentifier():
                    raise MethodsInvalid(
                        self.file,
                        f"The field {name!r} of the entity {thing!r} has the type {kind!r}.",
                    )
        for name, entry in found.get("abilities", {}).items():
            given = self.mapping(entry, f"the ability {name!r}")
            for key in ("title", "file"):
                self._text(given, key, f"the ability {name!r}")
            self._list(given.get("words"), f"`words` of the ability {name!r}")
            self._list(given.get("verbs", []), f"`verbs` of the ability {name!r}")
        for table in _PHRASES & set(found):
            for name, phrases in found[table].items():
                self._list(phrases, f"`{name}` of `{table}`")
        for name, entry in found.get("technology", {}).items():
            given = self.mapping(entry, f"the technology {name!r}")
            self._known(given, {"title", "words", "is", "points", "language"}, f"the technology {name!r}")
        return found

    def tasks(self, document: Mapping[str, Any]) -> dict[str, TaskTemplate]:
        """The tasks of a file of tasks."""
        self._known(document, {"kind", "tasks"}, "the file")
        given = self.mapping(document.get("tasks"), "`tasks`")
        return {str(key): self.task(str(key), value) for key, value in given.items()}

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
        reads = tuple(map(str, self._list(document.get("reads", []), "`reads`")))
        if wrong := set(reads) - _READS:
            raise MethodsInvalid(self.file, f"`reads` names {min(wrong)!r}; known: {', '.join(sorted(_READS))}.")
        phases = tuple(map(str, self._list(document.get("phases", []), "`phases`")))
        steps = {str(word): str(kind) for word, kind in self.mapping(document.get("steps", {}), "`steps`").items()}
        if wrong := {*phases, *steps.values()} - set(STEP_KINDS):
            raise MethodsInvalid(self.file, f"{min(wrong)!r} is no kind of step; known: {', '.join(STEP_KINDS)}.")
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
            phases,
            steps,
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
        files = self._names(given, "files")
        for path in files if isinstance(files, tuple) else ():
            if path.endswith("/"):
                raise MethodsInvalid(self.file, f"`files` of task {name} names the folder {path}; name files in it.")
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
            after=self._names(given, "after"),
            provides=tuple(map(str, given["provides"])),
            files=files,
            hours=(float(hours[0]), float(hours[1]), float(hours[2])),
            accept=tuple(self._accept(name, each) for each in self._list(given.get("accept", []), f"accept of {name}")),
        )

    def _names(self, given: Mapping[str, Any], key: str) -> tuple[str, ...] | str:
        """Names one by one, or one `=binding` that holds a list of them."""
        return given[key] if isinstance(given.get(key), str) else tuple(map(str, given.get(key, ())))

    def _accept(self, task: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, str):
            return {"text": value}
        given = self.mapping(value, f"an entry of accept of {task}")
        self._known(given, _ACCEPT_KEYS, f"accept of {task}")
        self._text(given, "text", f"accept of {task}")
        return given

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


def check_references(library: Library, origin: Mapping[str, str]) -> None:
    """Whether everything that ways and tasks name is there.

    :param origin: the file of each compound and task.
    """
    for archetype in library.archetypes.values():
        if archetype.root not in library.compounds:
            raise MethodsInvalid(archetype.name, f"Its root {archetype.root!r} has no ways.")
    given = {str(key) for _, item in _items(library) for key in item.bind}
    for compound, item in _items(library):
        file = origin.get(compound, compound)
        if item.name not in library.compounds and item.name not in library.tasks:
            raise MethodsInvalid(file, f"{compound} uses {item.name!r}, which is neither task nor compound.")
        if item.each is not None and item.each not in LISTS:
            known = ", ".join(sorted(LISTS))
            raise MethodsInvalid(file, f"{compound} repeats {item.name!r} for each of {item.each!r}; known: {known}.")
    for compound, ways in library.compounds.items():
        for way in ways:
            texts = [way.epic, way.story, *way.when, *(value for item in way.items for value in item.bind.values())]
            _check_names(origin.get(compound, compound), f"the way {way.name!r} of {compound}", texts, given)
    for name, task in library.tasks.items():
        texts = [task.title, task.body, *task.requires, task.after, *task.provides, task.files, *task.accept]
        texts += [value for how in task.how for value in (how.args, how.why, *how.when)]
        _check_names(origin.get(name, name), f"task {name}", texts, given)


def _check_names(file: str, where: str, texts: Any, given: set[str]) -> None:
    for text in _texts(texts):
        named = [text[1:]] if text.startswith("=") else NAME.findall(text)
        for name in named:
            if name not in NAMES | LISTS | given:
                raise MethodsInvalid(file, f"{where} names {{{name}}}, which nothing is bound to.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _items(library: Library) -> Iterator[tuple[str, Item]]:
    for compound, ways in library.compounds.items():
        for way in ways:
            for item in way.items:
                yield compound, item
