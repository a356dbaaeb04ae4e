"""How kept things belong together: `bookmarks with tags`, `comments on posts`; and which of them a task is about.

Only what a brief says becomes a field: the holder of a list names its parts (``tags``), a part names its one holder
(``post``). Both hold what the other is known by, as the library's own fields do (``customer`` of an order).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from nootropic_kernel.planning.reading.actions import Action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.pronouns import Mention, Pronouns
from nootropic_kernel.planning.reading.small_words import BELONG, HOLD, HOLD_OF, MODALS, VERB
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Token, Tokens
from nootropic_kernel.planning.reading.wording import identifier, is_participle, listing, own_name, plural, singular

_HOLDS = HOLD | {"with", "has", "have", "having"}
_HOLDS_OF = HOLD_OF | {"made"}  # … of
_PART_OF = frozenset({"of", "on", "for", "per"})
_TO = frozenset({"to", "by", "for", "with"})  # behind `assigned`, `written`
_JOINING = BELONG | HOLD | _HOLDS_OF
TOGETHER = "tells how things belong together; no task of its own"
_PASSED = ARTICLES | {
    "each", "every", "all", "any", "one", "several", "many", "multiple", "more", "own", "different", "various", "no",
}  # fmt: skip
_RELATIVE = MODALS | {"that", "which", "who", "is", "are", "also", "was", "were", "been", "be"}
_JOINS = frozenset({",", "and", "or", "&"})
_CLAUSES = frozenset({"but", "then", "while", "when", "so"})
_PRONOUN = re.compile(r"(\w+(?: (?:up|off|out|down|in|on|back|over|aside))?) (?:it|them)\b", re.I)
_THING, _FIELD = "a thing to keep", "a field"


class Relations:
    """Reads how the kept things of a brief belong together, and gives them the fields that say so."""

    def __init__(self, tokens: Tokens, things: Things, lexicon: Lexicon) -> None:
        self.tokens, self.things, self.lexicon = tokens, things, lexicon
        self.mentions = {mention.start: mention for mention in self._found()}
        self.pronouns = Pronouns(tokens, lexicon, list(self.mentions.values()))

    def read(self) -> None:
        """Give each holder or part its field."""
        heads: dict[int, str] = {}  # `reservations of seats for a screening` are for it, not the seats
        for mention in self.mentions.values():
            place = self._past(mention.end, _RELATIVE)
            word, after = self._word(place), self._word(place + 1)
            if mention.end == place and self.tokens[place - 1].lower.endswith(("'s", "s'")):
                if owned := self._at(place):
                    self._one(owned.name, mention.name)
            elif word in _HOLDS or (word in _HOLDS_OF and self._word(self._past(place + 1, {"up"})) == "of"):
                opening = place + 1 if word in _HOLDS else self._past(place + 1, {"up"}) + 1
                for part in self._listed(opening):
                    self._several(mention.name, part)
            elif word in _PART_OF and (other := self._at(self._past(place + 1, _PASSED))):
                if word == "of":
                    heads[other.start] = mention.name
                if word == "of" and other.several and not mention.several:
                    self._several(mention.name, other)  # "a box of letters"
                else:
                    self._one(heads.get(mention.start, mention.name), other.name)
            elif _leads_to(word, after) and (other := self._at(self._past(place + 2, _PASSED))):
                self._one(mention.name, other.name)

    def about(self, at: int) -> tuple[str, ...]:
        """The kept things that what is asked for at a place of the brief is about.

        They are named in the rest of its clause, a pronoun stands for one there, or they are named before it in its
        sentence.
        """
        index = self._place(at)
        end = self._clause_end(index)
        if meant := self.pronouns.meant(index):
            others = [self._named(self.tokens[place]) for place in range(index, end)]
            return tuple(dict.fromkeys([*(each.name for each in meant), *filter(None, others)]))
        start = index
        while start > 0 and self.tokens[start - 1].text not in SENTENCE_ENDS:
            start -= 1
        for first, last in ((index, end), (start, index)):
            named = [self._named(self.tokens[place]) for place in range(first, last)]
            if found := tuple(dict.fromkeys(name for name in named if name)):
                return found
        return ()

    def told(self, action: Action) -> Action:
        """The action with the things that it is about; `grade it` says what it stands for: `Grade the homework`."""
        about = self.about(action.at)
        meant = self.pronouns.meant(self._place(action.at))
        said = _PRONOUN.match(action.title)
        if not meant or said is None:
            return replace(action, about=about)
        nouns = [" ".join(token.lower for token in self.tokens[each.start : each.end]) for each in meant]
        title = f"{said[1]} the {listing(nouns)}{action.title[said.end() :]}"
        for token in self.tokens:
            if token.meaning == f"to be done: {action.title}":
                token.meaning = f"to be done: {title}"
        return replace(action, title=title, name=own_name(f"{said[1]} {nouns[0]}".lower(), "action"), about=about)

    def _place(self, at: int) -> int:
        return next((i for i, token in enumerate(self.tokens) if token.at >= at), len(self.tokens))

    def _clause_end(self, index: int) -> int:
        """Where the clause of a verb ends: before who acts in the next one, `… and teachers grade it`."""
        end = index + 1
        while end < len(self.tokens) and self.tokens[end].text not in SENTENCE_ENDS and self.tokens[end].part != VERB:
            end += 1
        if end < len(self.tokens) and self.tokens[end].part == VERB:
            joins = [place for place in range(index + 1, end) if self.tokens[place].lower in _JOINS | _CLAUSES]
            return joins[-1] if joins else end
        return end

    def _found(self) -> Iterator[Mention]:
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            name = token.meaning.rpartition(": ")[2] if token.meaning.startswith(_THING) else ""
            end = index + 1
            if name in self.things.fields:
                while end < len(self.tokens) and self.tokens[end].meaning == token.meaning:
                    end += 1
                last = self.tokens[end - 1].lower
                yield Mention(name, index, end, singular(last) != last)
            index = end

    def _named(self, token: Token) -> str:
        """The kept thing that a word stands for, also within what is to be done."""
        if token.meaning.startswith(_THING):
            name = token.meaning.rpartition(": ")[2]
            return name if name in self.things.fields else ""
        if token.kind != "word" or token.part == VERB:
            return ""
        word = token.lower.removesuffix("'s")
        return next((n for n in (self.lexicon.thing(word), own_name(singular(word))) if n in self.things.fields), "")

    def _listed(self, place: int) -> Iterator[Mention]:
        """The kept things of a list: fields between them are passed over, what has a list of its own ends it."""
        joined = ""
        while place < len(self.tokens):
            place = self._past(place, _PASSED)
            mention = self._at(place)
            if mention is None:
                if place >= len(self.tokens) or not self.tokens[place].meaning.startswith(_FIELD):
                    return
                end = place + 1
                while end < len(self.tokens) and self.tokens[end].meaning == self.tokens[place].meaning:
                    end += 1
            else:
                end = mention.end
                if joined and self._says_more(end):
                    return
                yield mention
            if joined == "and" or self._sign(end) not in _JOINS:
                return
            joined, place = self._sign(end), end + 1
            if joined == "," and self._word(place) in ("and", "or"):
                joined, place = "and", place + 1

    def _says_more(self, place: int) -> bool:
        """Whether what stands there says something of the thing before it: it opens another clause then."""
        of = self._word(place) in _PART_OF and self._at(self._past(place + 1, _PASSED)) is not None
        return of or self._word(place) in _HOLDS | BELONG or self._sign(place) == "("

    def _several(self, holder: str, part: Mention) -> None:
        if part.several:
            self._field(holder, part.name, identifier(plural(part.name.replace("_", " "))), "list[str]")
        else:
            self._one(holder, part.name)

    def _one(self, holder: str, part: str) -> None:
        self._field(holder, part, part, "str")

    def _field(self, holder: str, part: str, field: str, kind: str) -> None:
        """The field, unless one of the two names the other already."""
        fields = self.things.fields
        if holder != part and not names(fields[holder], part) and not names(fields[part], holder):
            fields[holder][field] = kind

    def _past(self, place: int, passed: frozenset[str] | set[str]) -> int:
        while place < len(self.tokens) and (
            self.tokens[place].lower in passed or self.tokens[place].lower in self.lexicon.words("qualities")
        ):
            place += 1
        return place

    def _at(self, place: int) -> Mention | None:
        return self.mentions.get(place)

    def _word(self, place: int) -> str:
        return self.tokens[place].lower if 0 <= place < len(self.tokens) and self.tokens[place].kind == "word" else ""

    def _sign(self, place: int) -> str:
        return self.tokens[place].lower if place < len(self.tokens) else ""


def names(fields: dict[str, str], thing: str) -> bool:
    """Whether one of the fields names a thing, or several of them."""
    many = identifier(plural(thing.replace("_", " ")))
    return any(f"_{field}".endswith((f"_{thing}", f"_{many}")) for field in fields)


def joins_things(tokens: Tokens, index: int) -> bool:
    """`songs belong to albums`, `tasks reviewed by editors`: a word that says how two things belong together."""
    word, before = tokens[index].lower, tokens.beside(index, -1)
    if word in _JOINING:
        return bool(before) and before not in ARTICLES
    return is_participle(word) and tokens.beside(index, +1) in _TO and before not in ARTICLES


def _leads_to(word: str, after: str) -> bool:
    return (word in BELONG and after == "to") or (is_participle(word) and after in _TO)
