"""What `it` and `them` stand for: kept things that are named before, as far as the place of their names tells."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.reading.actions import PARTICLES
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import HOLD, MODALS, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Token, Tokens
from nootropic_kernel.planning.reading.who_acts import is_object_pronoun
from nootropic_kernel.planning.reading.wording import singular

_BESIDE = frozenset({"on", "in", "at", "into", "from", "by", "to", "for"})  # says where or for whom
_HAS = HOLD | {"has", "have"}
_RELATIVE = MODALS | {"that", "which", "who", "also"}
_BETWEEN = ARTICLES | {"and", ",", "each", "every", "all"}


@dataclass(frozen=True)
class Mention:
    """Where a kept thing is named: tokens ``start`` to ``end``; ``several`` where it stands in the plural."""

    name: str
    start: int
    end: int
    several: bool


class Pronouns:
    """Answers what the pronoun behind a verb stands for."""

    def __init__(self, tokens: Tokens, lexicon: Lexicon, mentions: list[Mention]) -> None:
        self.tokens, self.lexicon = tokens, lexicon
        self.groups: list[list[Mention]] = []  # `a message and a photo` are several
        for mention in mentions:
            joined = self.groups and self._only(self.groups[-1][-1].end, mention.start, _BETWEEN)
            joined = joined and not self._acts([mention])
            self.groups[-1].append(mention) if joined else self.groups.append([mention])

    def meant(self, verb: int) -> list[Mention]:
        """The mentions that the object of the verb stands for: the last that fit, and neither act nor say where."""
        place = verb + 1
        if place < len(self.tokens) and self.tokens[place].lower in PARTICLES:
            place += 1
        if not is_object_pronoun(self.tokens, place, self.lexicon):
            return []
        several = self.tokens[place].lower == "them"
        before = [group for group in self.groups if group[-1].end <= verb and not self._acts(group)]
        fitting = [group for group in before if several == (len(group) > 1 or group[0].several)]
        if several and fitting and self._others_between(fitting[-1][-1].end, verb):
            return []
        objects = [group for group in fitting if self.tokens[group[0].start - 1].lower not in _BESIDE] or fitting
        return self._holder(objects[-1]) if objects else []

    def _acts(self, group: list[Mention]) -> bool:
        """Whether a verb follows that says what it does: `guests leave a message; staff read it`."""
        place = group[-1].end
        while place < len(self.tokens) and self.tokens[place].lower in _RELATIVE:
            place += 1
        return place < len(self.tokens) and self.tokens[place].part == VERB

    def _holder(self, group: list[Mention]) -> list[Mention]:
        """`songs have a title and notes`: what has them, where they are only told as its parts."""
        place = group[0].start
        while place > 0 and self.tokens[place - 1].text not in SENTENCE_ENDS:
            place -= 1
            if self.tokens[place].lower in _HAS:
                return next((each for each in self.groups if each[-1].end == place and each[-1].several), group)
        return group

    def _others_between(self, start: int, end: int) -> bool:
        """Whether several of something that is not kept are nearer: `… upload reports, and tutors comment them`."""
        return any(
            self._is_several(token) and not self._only(place + 1, end, _RELATIVE)
            for place, token in enumerate(self.tokens[start:end], start)
        )

    def _is_several(self, token: Token) -> bool:
        small = self.lexicon.words("stop") | self.lexicon.words("measures")
        noun = token.kind == "word" and token.part != VERB and token.lower not in small
        return noun and singular(token.lower) != token.lower and not token.meaning.startswith(("a thing", "a field"))

    def _only(self, start: int, end: int, passed: frozenset[str]) -> bool:
        return all(token.lower in passed for token in self.tokens[start:end])
