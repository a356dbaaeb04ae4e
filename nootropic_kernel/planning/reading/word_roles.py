"""What single words of a brief mean: the sort of project, a thing, an ability, a field, a verb, or none of these."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.planning.reading.ability_phrases import take_ability
from nootropic_kernel.planning.reading.amounts import NUMBER_WORDS
from nootropic_kernel.planning.reading.limits import LEAVE_OUT, Limit
from nootropic_kernel.planning.reading.new_things import NewThings
from nootropic_kernel.planning.reading.nouns import NEEDED, PROGRAMS, Nouns
from nootropic_kernel.planning.reading.property_words import property_word
from nootropic_kernel.planning.reading.records import Ability
from nootropic_kernel.planning.reading.relations import TOGETHER, joins_things
from nootropic_kernel.planning.reading.small_words import NOUN, OBJECT_OPENS, VERB
from nootropic_kernel.planning.reading.sort_words import SortWords
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token
from nootropic_kernel.planning.reading.whom_for import is_place, setting_at
from nootropic_kernel.planning.reading.word_places import is_where
from nootropic_kernel.planning.reading.wording import identifier, own_name, singular

TELLS = "tells about the task; no task of its own"


class WordRoles:
    """Gives every word of a brief that nothing else took its meaning."""

    def __init__(self, nouns: Nouns, things: Things, limits: Sequence[Limit]) -> None:
        self.nouns = nouns
        self.tokens, self.lexicon, self.choice = nouns.tokens, nouns.lexicon, nouns.choice
        self.things = things
        self.limits = limits
        self.abilities: dict[str, Ability] = {}
        self.new = NewThings(nouns, things, limits)

    def read(self) -> None:
        """Look at every word once."""
        SortWords(self.new).read()
        for index, token in enumerate(self.tokens):
            if not token.used:
                self._word(index, token)
        self.new.settle()
        self.things.settle()
        self.things.drop(word.lower() for limit in self.limits if limit.kind == LEAVE_OUT for word in limit.words)
        if not self.things.fields:
            self.tokens.relabel(("a field",), "a property of nothing that is kept; no task of its own")

    def _word(self, index: int, token: Token) -> None:
        word = token.lower.removesuffix("'s")
        if token.kind != "word" or word in NUMBER_WORDS:
            token.mark("not understood", "a number, an option or a sign; no task follows from it")
            return
        if token.part != VERB and self.tokens.follower(index) is None and self._is_listed(token):
            token.mark("matched", f"a thing to keep: {own_name(singular(word))}")
            return
        run = self.nouns.run(index, token) if self.nouns.unknown(token) else []
        if setting := setting_at(self.tokens, index, run, self.lexicon):
            if is_place(self.tokens, setting):
                self.new.subject = self.new.subject or identifier(setting[-1].lower)
            self.new.made_for(setting)
            return
        for check in (
            self._means,
            self._known_word,
            self._listed_word,
            self._needed,
            self._sort_of,
            self._property,
            self._unlisted_verb,
            self._no_thing,
        ):
            if check(index, token, word):
                return
        self.new.read(index, token)

    def _is_listed(self, token: Token) -> bool:
        """Whether the brief lists its fields somewhere."""
        return own_name(singular(token.lower)) in self.things.fields and not self.lexicon.is_quality(token.lower)

    def _means(self, index: int, token: Token, word: str) -> bool:
        how = self.nouns.tells_how(index, word)
        if how:
            token.mark("assumed", how)
        return bool(how)

    def _known_word(self, index: int, token: Token, word: str) -> bool:
        """A thing the library knows, or an ability."""
        if self.lexicon.is_thing(word):
            thing = self.lexicon.thing(word)
            before = self.tokens.beside(index, -1)
            people = singular(before) != before and self.lexicon.is_known_noun(before)  # "customers book rooms"
            opens = not before or before in ("to", "and", "can") or people
            acts = self.lexicon.is_verb(word) and opens and bool(self.tokens.beside(index, +1))
            if token.part == VERB or (acts and token.part != NOUN):
                return False
            if index and word in PROGRAMS and self.tokens[index - 1].meaning == self.choice.archetype.title.lower():
                token.mark("matched", "a program")  # "an intranet page"
                return True
            if self.choice.extends and self.choice.intent == "add to what is there" and is_where(self.tokens, index):
                token.mark("noted", "what it is added to; it is there already")
                return True
            self.things.add(thing)
            token.mark("matched", f"a thing to keep: {thing}")
            return True
        name = self.lexicon.ability(word)
        if name is None:
            return False
        if self.new.is_excluded(word):
            token.mark("matched", "left out, as the brief says")
            return True
        self.abilities.setdefault(name, take_ability(self.tokens, index, name, self.lexicon))
        return True

    def _listed_word(self, index: int, token: Token, word: str) -> bool:
        """A verb, a quality, a word about code or programs."""
        programs = self.lexicon.words("program_words")
        opens = self.lexicon.is_verb(word) and self.tokens.beside(index, -1) in ("", "please", "to")
        opens = token.part != NOUN and (opens or (token.part == VERB and self.lexicon.verb(word) is not None))
        if self.lexicon.is_quality(word):
            token.mark("not understood", "how it should be; no task follows from it yet")
        elif self.nouns.is_ordinary(index, token):
            return False
        elif opens and self.tokens.beside(index, +1):
            token.mark("matched", f"to do: {self.lexicon.verb(word)}")
        elif self.nouns.modifies_a_list(index, word):
            return False  # `set lists`
        elif word in programs or singular(word) in programs:
            token.mark("matched", "a program")
        elif word in self.lexicon.words("code_words"):
            if self.nouns.tells_which(index):
                token.mark("assumed", f"tells which {self.tokens[index + 1].lower}; no task of its own")
            else:
                token.mark("matched", "a part of the code")
        elif token.part != NOUN and (verb := self.lexicon.verb(word)):
            if word.endswith("ed") and self.nouns.noun_follows(index):
                return False
            token.mark("matched", f"to do: {verb}")
        else:
            return False
        return True

    def _needed(self, index: int, token: Token, word: str) -> bool:
        """`plants need water`: what cannot be counted, and something else needs, is nothing to keep."""
        if not self.nouns.is_needed(index):
            return False
        token.mark("assumed", NEEDED)
        return True

    def _sort_of(self, index: int, token: Token, word: str) -> bool:
        """`line items`, `time slots`: a word that is no thing by itself tells the sort of the next one."""
        if not self.nouns.is_sort_of(index, {word, singular(word)}):
            return False
        following = self.tokens[index + 1]
        self.new.add(
            [token, following], self.lexicon.thing(following.lower) if self.lexicon.is_thing(following.lower) else ""
        )
        return True

    def _property(self, index: int, token: Token, word: str) -> bool:
        return property_word(self.nouns, self.things, index, token, word)

    def _unlisted_verb(self, index: int, token: Token, word: str) -> bool:
        """`bake each`, `rate them`: what stands right before its object, and after no article, is something to do."""
        if token.part == VERB:
            token.mark("assumed", "something to do; no task of its own")
            return True
        if joins_things(self.tokens, index):
            token.mark("assumed", TOGETHER)
            return True
        small = self.tokens.beside(index, -1) in ARTICLES | self.lexicon.words("qualities")
        if self.tokens.beside(index, +1) not in OBJECT_OPENS or small or singular(word) != word:
            return False
        token.mark("assumed", "something to do; no task of its own")
        return True

    def _no_thing(self, index: int, token: Token, word: str) -> bool:
        """Units, times, tools, abstract nouns and single letters are never things of their own."""
        forms = {word, singular(word)}
        if self.nouns.unknown(token) and self.nouns.is_state(index):
            token.mark("assumed", "a state that something is in; no task of its own")
        elif self.nouns.is_ordinary(index, token):
            return False
        elif len(word) < 2 or forms & (self.lexicon.words("measures") | self.lexicon.words("abstract_nouns")):
            token.mark("not understood", TELLS)
        elif not self.nouns.is_kept(index):
            token.mark("not understood", "nothing says that it is kept; no task of its own")
        else:
            return False
        return True
