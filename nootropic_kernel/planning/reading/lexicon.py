"""Questions about single words, answered from the library's lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from nootropic_kernel.planning.methods.templates import Library
from nootropic_kernel.planning.reading.wording import IRREGULAR, plural, singular, stems

_LIKE_A_QUALITY = re.compile(
    r"\w+-(?:driven|based|friendly|oriented|like|free|only|ready|first|wide|time|tenant|factor)"
)
_PEOPLE = ("er", "or", "ist", "ant", "ee", "ian")
_LISTED = ("qualities", "technologies", "tools", "program_words", "code_words", "measures", "abstract_nouns")


class Lexicon:
    """The words of a library, ready to be asked."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._verbs: dict[str, str] = {}  # a word and the listed form of it, empty for none: asked again and again

    def words(self, name: str) -> frozenset[str]:
        """One of the word lists (``stop``, ``qualities`` …)."""
        return self._lists.get(name, frozenset())

    def table(self, name: str) -> Mapping[str, Any]:
        """One of the tables (``entities``, ``abilities``, ``attributes`` …)."""
        found: Mapping[str, Any] = self.library.words.get(name, {})
        return found

    def is_verb(self, word: str) -> bool:
        """Whether the word as it stands is a listed verb."""
        return word in self.table("verbs")

    def verb(self, word: str) -> str | None:
        """What a verb in any of its forms means; None for other words."""
        found = self._listed_verb(word)
        return str(self.table("verbs")[found]) if found else None

    def base(self, word: str) -> str:
        """The listed form of a verb: converts → convert; the word itself where it is none."""
        return self._listed_verb(word) or word

    def particle_verb(self, word: str, after: str) -> str:
        """The verb that a word is together with the small word after it: `hands in` → hand; empty for none."""
        table = self.table("particle_verbs")
        return next((form for form in stems(word) if after in str(table.get(form, "")).split()), "")

    def ability_of_verb(self, word: str, particle: str) -> str | None:
        """The ability that a verb asks for with the small word after it: `logged in`."""
        said = {f"{form} {particle}" for form in stems(word)}
        table = self.table("abilities")
        return next((str(name) for name, entry in table.items() if said & set(entry.get("verbs", ()))), None)

    def technology(self, word: str) -> str | None:
        """The name of the technology that a word stands for."""
        found = self._technologies.get(word)
        if found is None and word in self.words("technologies") | self.words("tools"):
            return word
        return found

    def thing(self, word: str) -> str:
        """The singular of a word, and what a synonym stands for."""
        one = singular(word)
        return str(self.table("same").get(word) or self.table("same").get(one, one))

    def is_thing(self, word: str) -> bool:
        """Whether the library knows fields for it."""
        return self.thing(word) in self.table("entities")

    def ability(self, word: str) -> str | None:
        """The ability that a word asks for."""
        return self._abilities.get(word)

    def is_known_noun(self, word: str) -> bool:
        """Whether it is a thing or an ability that the library knows."""
        return self.is_thing(word) or self.ability(word) is not None

    def is_of_people(self, name: str) -> bool:
        """Whether a noun in the singular, or a name that ends in it, is somebody, or a group or a place of people."""
        word = name.rpartition("_")[2]
        if word in self.words("people") or "email" in self.table("entities").get(word, {}):
            return True
        made = any(word == each or word[3:].endswith(each) for each in self.words("no_people"))  # wall|paper
        return word.endswith(_PEOPLE) and not made and not self.is_thing(word)

    def is_quality(self, word: str) -> bool:
        """Whether it says how something should be: listed, compared, or an adverb."""
        plain = {word, *stems(word.removesuffix("er")), *stems(word.removesuffix("est"))}
        if _LIKE_A_QUALITY.fullmatch(word):
            return True
        return bool(plain & self.words("qualities")) or (word.endswith("ly") and len(word) > 4)

    def points_to_archetype(self, word: str) -> bool:
        """Whether some archetype lists the word."""
        return word in self.signs

    def is_unknown(self, word: str, *, noun: bool = False) -> bool:
        """Whether no list knows the word.

        :param noun: it stands as a noun, so that a verb of that form (`shows`) is another word.
        """
        forms = (word, singular(word))
        return not (
            len(word) < 2
            or any(self.points_to_archetype(form) for form in forms)
            or self.is_known_noun(word)
            or any(form in self.words(name) for form in forms for name in _LISTED)
            or word in self._technologies
            or singular(word) in self.table("attributes")
            or (not noun and self.verb(word) is not None)
            or word.endswith("ly")
        )

    @cached_property
    def signs(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Words and phrases that point to archetypes, with the entry of each archetype."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for name, archetype in self.library.archetypes.items():
            for phrase, entry in archetype.words.items():
                found.setdefault(phrase, {})[name] = entry
        return found

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Words that say what is to be made or done, in the forms that are listed."""
        abilities = {word for entry in self.table("abilities").values() for word in entry["words"]}
        things = set(self.table("entities"))
        plurals = {plural(word) for word in things}
        single = {phrase for phrase in self.signs if " " not in phrase} | {p for s in self.signs for p in s.split()}
        listed = self.words("program_words") | self.words("abstract_nouns") | self.words("code_words")
        return frozenset({*self.table("verbs"), *things, *plurals, *single, *abilities, *self._technologies, *listed})

    def _listed_verb(self, word: str) -> str:
        if word not in self._verbs:
            forms = [*stems(word), IRREGULAR.get(word, "")]
            self._verbs[word] = next((form for form in forms if self.is_verb(form)), "")
        return self._verbs[word]

    @cached_property
    def _abilities(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, entry in self.table("abilities").items():
            for word in entry["words"]:
                found.setdefault(str(word), str(name))
        return found

    @cached_property
    def _technologies(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for name, entry in self.table("technology").items():
            names |= dict.fromkeys([str(name), *map(str, entry.get("words", ()))], str(name))
        return names

    @cached_property
    def _lists(self) -> dict[str, frozenset[str]]:
        return {key: frozenset(value.split()) for key, value in self.library.words.items() if isinstance(value, str)}
