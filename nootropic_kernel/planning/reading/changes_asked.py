"""Changes to code that is there: each thing that a brief asks for, in its own words, with where and what it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from nootropic_kernel.planning.reading.change_sorts import DOCSTRINGS, MAKES, NO_BEHAVIOUR, ChangeSorts
from nootropic_kernel.planning.reading.clauses import IS, PRONOUNS, Clause, find_clauses, text_of
from nootropic_kernel.planning.reading.code_names import FILE_NAME
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.report_sections import LEAVES, SHOWS, TELLS
from nootropic_kernel.planning.reading.tokens import Tokens
from nootropic_kernel.planning.reading.tracebacks import Traceback
from nootropic_kernel.planning.reading.word_places import WordPlaces
from nootropic_kernel.planning.repository.facts import RepositoryFacts, is_document

_SETS_UP = MAKES | {"set", "introduce", "install", "build", "implement", "include", "provide", "extend", "delete"}
_WHATEVER = frozenset({"whatever", "anything", "everything", "what"})  # "fix whatever breaks"
_ASKS_WHY = ("why ", "how come ", "what ")
_SHORT = 4
_LONGEST_TITLE = 72
_MAX_FILES = 8


@dataclass(frozen=True)
class Change:
    """One thing asked for: its words, the names of code in it, the files they stand for, and what sort of change it is.

    ``details`` are further sentences about it, ``places`` files that plain words point to.
    """

    text: str
    names: tuple[str, ...]
    files: tuple[str, ...]
    missing: tuple[str, ...]
    kind: str  # edit | document | fix | rename | rename-other | delete | speed | upgrade | move | shape | tests | clean
    docstrings: bool = False
    tests: bool = False
    adds: bool = False  # something new that a test has to show
    asked: bool = True  # it opens with a verb, rather than telling how things are
    verb: str = ""
    details: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()  # names of what is to be deleted

    @property
    def title(self) -> str:
        """The clause as a title."""
        text = self.text
        text = text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"
        if text.startswith(self.names):
            return text  # a name of code is written as it is
        return text[:1].upper() + text[1:]

    @property
    def body(self) -> str:
        """All that the brief says about it."""
        return "\n".join([self.text, *self.details])


def find_changes(
    brief: str, tokens: Tokens, lexicon: Lexicon, facts: RepositoryFacts, trace: Traceback | None = None
) -> list[Change]:
    """Everything that is asked for, in order; `it` stands for what was named before.

    A sentence that asks for nothing tells about the change before it, or about the one after it where none is.
    """
    data = [token.bare for token in tokens if token.meaning.startswith("data: ")]
    reader = _Reader(brief, lexicon, facts, data)
    changes: list[Change] = []
    context: list[str] = []
    shown = False
    before: tuple[str, ...] = ()
    for clause in find_clauses(tokens, lexicon):
        text = text_of(brief, clause.tokens)
        if not text or all(token.used and not token.verdict for token in clause.tokens):
            continue
        names = tuple(dict.fromkeys(token.bare for token in clause.tokens if token.target))
        follows = PRONOUNS | ({"test", "tests"} if len(clause.tokens) <= _SHORT else set())  # "… and add tests"
        own = names
        if not names and before and any(token.lower in follows for token in clause.tokens):
            names = before
        before = names or before
        change = reader.change(text, names, clause)
        if clause.section == LEAVES:
            continue
        if clause.section in (SHOWS, TELLS):
            shown = shown or clause.section == SHOWS
            context = reader.told_below(changes, context, text, clause)
            continue
        if _is_heading(clause) and not changes:
            context.append(change.text)
            continue
        if change.kind == "edit" and reader.is_name(clause) and (reader.wants(clause) or not (changes or context)):
            change = replace(change, asked=True)
        if changes and not reader.wants(clause) and _tells_about(change, own, changes[-1]):
            changes[-1] = _with_detail(changes[-1], change)
        elif not changes and not reader.needs(clause) and _says_nothing(change):
            context.append(change.text)
        else:
            changes.append(change if changes else replace(change, details=tuple(context)))
    if context and not changes:
        changes = [reader.change_of_context(context, shown)]
    if trace is not None and changes:
        changes[0] = _traced(changes[0], trace)
    return changes


def _is_heading(clause: Clause) -> bool:
    """`Things to do:` right before a list."""
    return clause.tokens[-1].text == ":" and not clause.names


def _says_nothing(change: Change) -> bool:
    """`We use it every day.`: it asks for nothing, complains of nothing and points nowhere."""
    return not change.asked and not change.files and change.kind == "edit"


def _tells_about(change: Change, own: Sequence[str], before: Change) -> bool:
    """Whether a clause only says more about the change before it."""
    words = change.text.lower().split()
    if not change.asked:
        complains = change.kind in ("fix", "speed", "upgrade")
        return not (complains and (own or change.places)) or words[0] in PRONOUNS
    if change.verb == "keep" or (change.verb == "fix" and len(words) > 1 and words[1] in _WHATEVER):
        return True
    if before.asked or own:
        return False
    if _points_back(change.text):
        return True  # "The page crashes. Please fix it."
    if change.kind == "tests":
        return before.kind == "fix"  # which brings a test
    return not change.places and change.kind == "edit" and words[0] not in _SETS_UP


def _with_detail(change: Change, more: Change) -> Change:
    kind = more.kind if change.kind == "edit" and more.kind != "edit" and not change.asked else change.kind
    files = tuple(dict.fromkeys([*change.files, *more.files]))
    names = tuple(dict.fromkeys([*change.names, *more.names]))
    question = change.text.lower().startswith(_ASKS_WHY)
    if not change.asked and more.asked and change.kind == "edit" and (question or not _points_back(more.text)):
        told = (change.text, *change.details)  # "We want it in French too. Internationalise the templates."
        return replace(more, kind=kind, details=told, files=files, names=names, missing=change.missing)
    return replace(change, kind=kind, details=(*change.details, more.text), files=files, names=names)


def _points_back(text: str) -> bool:
    return bool(set(re.findall(r"[\w']+", text.lower())) & {"it", "them", "that", "this"})


def _traced(change: Change, trace: Traceback) -> Change:
    others = [path for path in change.files if not trace.files or path not in change.places]  # it tells where
    files = tuple(dict.fromkeys([*trace.files, *others]))
    details = (*change.details, f"The traceback ends in: {trace.error}") if trace.error else change.details
    names = tuple(dict.fromkeys([*trace.names, *change.names]))
    return replace(change, kind="fix", files=files, details=details, names=names, missing=())


class _Reader:
    """Reads single clauses of one brief."""

    def __init__(self, brief: str, lexicon: Lexicon, facts: RepositoryFacts, data: list[str]) -> None:
        self.brief = brief
        self.lexicon = lexicon
        self.facts = facts
        self.data = data
        self.word_places = WordPlaces(facts, lexicon)
        self.sorts = ChangeSorts(lexicon, self.word_places, data)
        self.need = frozenset(lexicon.table("change_signs").get("need", ()))

    def told_below(self, changes: list[Change], context: list[str], text: str, clause: Clause) -> list[str]:
        """Keep what stands below `Steps to reproduce` and the like with the change before it, or for the one after."""
        if not changes:
            return [*context, text]
        change = changes[-1]
        named = [path for token in clause.names for path in self.facts.places(token.bare)]
        files = [*change.files, *named[:_MAX_FILES], *self.word_places.routed(clause.tokens)]
        tells = change.kind == "edit" and change.text.lower().split()[0] not in _SETS_UP
        kind = "fix" if clause.section == SHOWS and tells else change.kind
        changes[-1] = replace(
            change, kind=kind, details=(*change.details, text), files=tuple(dict.fromkeys(files))
        )  # fmt: skip
        return context

    def change_of_context(self, context: list[str], shown: bool) -> Change:
        """What a brief is about that asks for nothing: its first sentence, or what happened in the end."""
        text, details = (context[-1], context[:-1]) if shown else (context[0], context[1:])
        change = self.change(text, (), Clause([]))
        return replace(change, kind="fix" if shown else change.kind, details=tuple(details))

    def needs(self, clause: Clause) -> bool:
        """Whether a statement says that something is wanted, or is only the name of it: `dark mode for the shop`."""
        return bool({token.lower for token in clause.tokens} & self.need) or self.is_name(clause)

    def is_name(self, clause: Clause) -> bool:
        """Whether it says nothing, and only names something: no verb stands in it as verbs of sentences do."""
        words = [token.lower for token in clause.tokens]
        if len(clause.tokens) > 1 and clause.tokens[0].target:
            return False  # "export_all forgets …" tells what it does
        return clause.verb is None and not any(
            word in IS or (self.lexicon.verb(word) and not self.lexicon.is_verb(word)) for word in words
        )

    def wants(self, clause: Clause) -> bool:
        """Whether words without a verb are a wish of their own: an entry of a list, or one said with `please`."""
        polite = any(token.lower == "please" for token in clause.tokens)
        return clause.listed or (polite and clause.verb is None and self.needs(clause))

    def change(self, text: str, names: tuple[str, ...], clause: Clause) -> Change:
        words = clause.words
        files: list[str] = []
        missing: list[str] = []
        for name in names:
            found = self.facts.places(name) or self.facts.users(name)
            files += found[:_MAX_FILES]
            if not found:
                (files if FILE_NAME.fullmatch(name) else missing).append(name)
        files += [token.bare for token in clause.tokens if token.bare in self.data and token.bare in self.facts.paths]
        if "readme" in words:
            files.append(self.facts.tooling.readme or "README.md")
        if files or MAKES - {"make"} & set(words):
            missing = []
        places = self.word_places.of(clause.tokens, clause.verb) if self.facts.paths else []
        gone, going = self._going(clause) if clause.sort == "delete" else ((), [])
        kind = self.sorts.of(text, clause, bool(going))
        if kind == "delete":
            files, places = [*going], []
        elif kind == "fix" and files and not [path for path in files if not is_document(path)]:
            kind = "edit"  # no test shows a typo
        if kind == "clean" and not files:
            files += self.data
        if kind == "rename-other":
            files += [path for name in names for path in self.facts.users(name.split(".")[-1])][:_MAX_FILES]
        if places and (not files or kind in ("move", "upgrade")):
            files += [path for path in places if path not in files]
        if kind == "edit" and (commands := self.word_places.of_new_command(clause.tokens, clause.verb)):
            files = [*commands, *(path for path in files if path in names)]  # whatever it is called and acts on
            missing = []
        docstrings = bool(DOCSTRINGS & set(words))
        tests = bool({"test", "tests"} & set(words) and MAKES & set(words))
        verbs = {self.lexicon.verb(word) for word in words}
        adds = kind == "edit" and clause.sort in ("", "edit", "forbid") and not docstrings and not tests
        adds = adds and not set(words) & NO_BEHAVIOUR
        lets = clause.sort == "forbid" or bool({"let", "allow", "support", "accept"} & set(words))
        adds = adds and (lets or "add to what is there" in verbs)
        return Change(
            text, names, tuple(dict.fromkeys(files)), tuple(missing), kind, docstrings, tests, adds,
            asked=clause.verb is not None, verb=clause.sort, places=tuple(places), gone=gone,
        )  # fmt: skip

    def _going(self, clause: Clause) -> tuple[tuple[str, ...], list[str]]:
        """What is to be deleted, by name, and the files it is in: names of code, a package, or what words mean."""
        about = clause.object
        names = [token.bare for token in about if token.target]
        if names:
            found = [path for name in names for path in self.facts.places(name)[:_MAX_FILES]]
            whole = [self.facts.modules[path].name for path in names if path in self.facts.modules]
            named = [name.rsplit(".", 1)[-1] for name in names if not FILE_NAME.fullmatch(name)]
            short = [PurePosixPath(name).stem for name in names if FILE_NAME.fullmatch(name)]
            return tuple(dict.fromkeys([*named, *whole, *short])), found
        content = [token for token in about if token.kind == "word" and token.lower not in self.lexicon.words("stop")]
        packages = self.word_places.packages(content[:1])
        if packages:
            return (packages[0].bare,), self.word_places.moved(content[:1])
        found = self.word_places.named(about, None, least=0.5)
        modules = [self.facts.modules[path].name for path in found if path in self.facts.modules]
        return tuple(dict.fromkeys(modules)), found
