"""Whether a brief is about code that is there: a list of changes to it, rather than one sort of project."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nootropic_kernel.planning.reading.archetype_choice import Choice
from nootropic_kernel.planning.reading.changes_asked import Change
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.tokens import Tokens
from nootropic_kernel.planning.reading.word_places import is_on_a_page
from nootropic_kernel.planning.reading.wording import class_name
from nootropic_kernel.planning.repository.facts import RepositoryFacts

_ADDS = "add to what is there"
_MAKES = "make something new"
_PLACES = "put"  # says where something goes, rather than that it is kept
_CREATES = frozenset({"build", "create", "develop", "make", "design", "implement", "write"})
_A_SORT = 1.5  # what a word needs to tell a sort of project: `a blog with posts`
_A_PROGRAM = 5.0  # a word of that weight names a program of its own: `a CLI`, `a REST API`
# Sorts of change that have an archetype of their own, where nothing else is asked for.
_OWN = {
    "bug-fix": {"fix"},
    "refactor": {"shape", "rename"},
    "migration": {"move", "upgrade"},
    "documentation": {"document"},
    "documentation-site": {"document"},
}
_BESIDE = frozenset({"delete", "speed", "fix", "upgrade", "move", "rename-other"})
_DEFINITE = re.compile(r"\w+(?: \w+){0,2}? (?:the|our|my|all|these|this|that) ", re.I)
_REQUIRES = re.compile(r"\b(?:must|should|shall|(?:has|have|needs?) to)\b", re.I)
_ONLY_HERE = frozenset({"delete", "speed", "rename-other"})


@dataclass(frozen=True)
class Evidence:
    """What was read of a brief that may be about code that is there.

    :ivar choice: the sort of project or task that its words name.
    :ivar abilities: whether it asks for abilities of a program (sign-in, search).
    :ivar actions: whether it asks for actions of a program.
    """

    changes: Sequence[Change]
    choice: Choice
    tokens: Tokens
    things: Things
    abilities: bool
    actions: bool
    facts: RepositoryFacts
    lexicon: Lexicon


def asks_for_changes(read: Evidence) -> bool:
    """Whether the brief is about code that is there, rather than something to build, document or mend."""
    changes, choice, tokens, facts = read.changes, read.choice, read.tokens, read.facts
    builds = choice.buildable(read.lexicon.library.archetypes)
    if read.things.listed or not changes:
        return False
    new = _makes_a_program(choice, tokens)
    if facts.has_code and not new and changes[0].verb == "forbid":
        return True  # "do not let people …" is about what can be done now
    kept = choice.intent == _MAKES or (choice.intent == "keep records" and choice.verb != _PLACES)
    if facts.has_code and not new and not kept and choice.archetype.builds and is_on_a_page(tokens, read.lexicon):
        return True  # "add opening hours to the contact page"
    there = facts.has_code or not choice.archetype.builds or _is_about_something_there(changes, choice)
    if there and not new and (decided := _by_kind(changes, choice)) is not None:
        return decided
    aimed = [change for change in changes if change.names]
    if not any(change.files or change.missing for change in aimed):
        return not new and _unnamed(read)
    creates = any(token.lower in _CREATES for token in tokens[:3])
    if builds and ((creates and builds >= 2) or not any(change.files for change in aimed)):
        return False
    kinds = {change.kind for change in aimed}
    if kinds <= {"edit", "tests"}:
        meant = bool(choice.archetype.intents.get(choice.verb))
        return choice.archetype.builds or not meant or len(changes) > 1
    return len(kinds) > 1 or (len(changes) > len(aimed) and any(change.kind == "edit" for change in changes))


def beside(changes: Sequence[Change]) -> list[Change]:
    """The changes to code that is there of a brief that makes something: `…, and delete the old importer`."""
    return [change for change in changes if change.asked and change.kind in _BESIDE]


def _is_about_something_there(changes: Sequence[Change], choice: Choice) -> bool:
    """`speed up the report`, `delete the old page`: also where nothing of it is found here."""
    asked = {change.kind for change in changes if change.asked}
    return bool(asked & (_ONLY_HERE - {"rename-other"})) or _deletes_a_part(changes, choice)


def _deletes_a_part(changes: Sequence[Change], choice: Choice) -> bool:
    """Whether a part is to be deleted; `scrape adverts, remove the duplicates` is a step of what is built."""
    if "steps" in choice.archetype.reads or choice.intent in (_MAKES, "keep records"):
        return False
    return any(change.verb == "delete" and _DEFINITE.match(change.text) for change in changes)


def _makes_a_program(choice: Choice, tokens: Tokens) -> bool:
    """`build a forum`, `a CLI that …`: something new, in a repository that has something else."""
    if not choice.archetype.builds:
        return False
    if choice.signs and choice.signs[0].start == 1 and tokens[0].lower in ("a", "an") and choice.strongest() >= _A_SORT:
        return True
    if choice.strongest() < _A_PROGRAM:
        return False
    if choice.intent or choice.extends or not choice.signs:
        return choice.intent in (_MAKES, "keep records")
    return tokens.beside(choice.signs[0].start, -1) in ("", "a", "an")


def _by_kind(changes: Sequence[Change], choice: Choice) -> bool | None:
    """What the sorts of change decide; None where they decide nothing."""
    kinds = {change.kind for change in changes}
    if kinds & _ONLY_HERE or kinds == {"clean"} or _deletes_a_part(changes, choice):
        return True
    if "steps" in choice.archetype.reads and kinds <= {"edit", "clean", "tests"}:
        return None  # "load it, clean it, plot it" are the steps of data work
    if choice.archetype.builds and (kinds == {"fix"} or (not choice.intent and kinds - {"edit", "tests", "document"})):
        return True
    if choice.archetype.name == "migration" and not any(each.verb in ("move", "upgrade") for each in changes):
        return None if kinds & _OWN["migration"] else True  # "read host and port from the settings" moves nothing
    if choice.archetype.name == "bug-fix" and all(each.verb == "fix" and each.kind == "edit" for each in changes):
        return True  # "fix the typo in the README": no test shows it
    own = _OWN.get(choice.archetype.name)
    if own is not None and len(changes) > 1:
        if not kinds <= own:
            return True
        if kinds != {"rename"} and kinds & {"fix", "move", "upgrade"}:
            return True  # two faults, two moves: one story each
    if len(changes) > 1 and len(kinds) > 1 and kinds - {"edit", "tests", "document"}:
        return True
    return None


def _adds_things(tokens: Tokens, lexicon: Lexicon) -> bool:
    """Whether what is added is a thing that is kept: not so in `add a man page`, where `man` tells that it is not."""
    for index, token in enumerate(tokens):
        if token.lower in (".", ";", "!", "\n"):
            return False
        before = tokens.beside(index, -1)
        small = not before or before in lexicon.words("stop") or lexicon.verb(before) is not None
        if token.meaning.startswith("a thing to keep: ") and token.verdict == "matched" and small:
            return True
    return False


def _unnamed(read: Evidence) -> bool:
    """No part of the repository is named: still a change where there is code, and nothing to build is told."""
    changes, choice, things, facts = read.changes, read.choice, read.things, read.facts
    if not facts.has_code or (choice.intent in (_MAKES, "keep records") and changes[0].kind != "tests"):
        return False
    if not choice.archetype.builds:  # "translate the README" documents nothing
        supported = choice.intent in ("", _ADDS, "change records", *choice.archetype.intents)
        return choice.archetype.name == "documentation" and not supported
    there = [name for name in things.fields if facts.defining(class_name(name))]
    if there and (choice.intent != _ADDS or len(there) == len(things.fields)):
        return True  # it is about what the repository keeps already
    if changes[0].kind == "tests" or (changes[0].places and choice.intent != _ADDS and changes[0].verb):
        return True  # "deploy the report", where there is a report
    known_things = any(name not in things.unknown for name in things.fields)
    if choice.extends and not choice.intent and not known_things:
        return True  # "dark mode for the shop"
    if changes[0].verb not in ("", "edit"):
        return True  # `move the prices`: done to what is there
    if not choice.intent and (changes[0].verb or not changes[0].asked):
        return True  # `retry the post`, `the coverage is at 60 %`: nothing is kept
    if not choice.intent and _REQUIRES.search(changes[0].body):
        return True  # "prices must carry a currency": of what is there
    if not choice.intent and things.fields and len(changes) == 1 and not changes[0].details:
        return False
    if choice.intent == _ADDS:
        known_things = known_things and _adds_things(read.tokens, read.lexicon)
    if known_things or read.abilities:
        return False
    builds = choice.buildable(read.lexicon.library.archetypes)
    if read.actions and choice.intent != _ADDS and not (choice.intent and builds < 2):
        return False
    return builds < 2 or (choice.intent == _ADDS and choice.strongest() < _A_PROGRAM)
