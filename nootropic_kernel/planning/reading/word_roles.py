"""What single words of a brief mean: the sort of project, a thing, an ability, a field, a verb, or none of these."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.planning.reading.ability_phrases import take_ability
from nootropic_kernel.planning.reading.amounts import NUMBER_WORDS
from nootropic_kernel.planning.reading.archetype_choice import GLUE, Sign, is_setting
from nootropic_kernel.planning.reading.limits import LEAVE_OUT, Limit
from nootropic_kernel.planning.reading.nouns import CALLED, PROGRAMS, Nouns
from nootropic_kernel.planning.reading.parts_of_speech import NOUN, OBJECT_OPENS, VERB
from nootropic_kernel.planning.reading.property_words import property_word
from nootropic_kernel.planning.reading.records import Ability
from nootropic_kernel.planning.reading.relations import TOGETHER, joins_things
from nootropic_kernel.planning.reading.things import MAX_THINGS, Things
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token
from nootropic_kernel.planning.reading.whom_for import FOR_WHOM, heading_end, is_place, setting_at
from nootropic_kernel.planning.reading.wording import identifier, own_name, singular

TELLS = "tells about the task; no task of its own"
_ADJECTIVE = ("'s", "al", "ic", "ful", "ive", "able", "ible", "ous", "less", "ish", "ary", "ed", "-hand")
_AREA_BEFORE = frozenset({"to", "in", "into", "of", "from", "on"})
_UNNAMED = ("bug-fix", "refactor", "documentation", "migration", "notebook-analysis", "ml-training")


class WordRoles:
    """Gives every word of a brief that nothing else took its meaning."""

    def __init__(self, nouns: Nouns, things: Things, limits: Sequence[Limit]) -> None:
        self.nouns = nouns
        self.tokens, self.lexicon, self.choice = nouns.tokens, nouns.lexicon, nouns.choice
        self.things = things
        self.limits = limits
        self.abilities: dict[str, Ability] = {}
        self.subject = ""
        self._heading = heading_end(nouns.tokens)
        self._names: list[list[Token]] = []  # unknown words that name the program, or else what it keeps

    def read(self) -> None:
        """Look at every word once."""
        for sign in self.choice.signs:
            if not all(token.verdict for token in self.tokens[sign.start : sign.end] if token.lower not in GLUE):
                self._sign(sign)
        for index, token in enumerate(self.tokens):
            if not token.used:
                self._word(index, token)
        for run in self._names:
            self._called(run)
        self.things.settle()
        self.things.drop(word.lower() for limit in self.limits if limit.kind == LEAVE_OUT for word in limit.words)
        if not self.things.fields:
            self.tokens.relabel(("a field",), "a property of nothing that is kept; no task of its own")

    def _sign(self, sign: Sign) -> None:
        """A word that points to a sort of project; only the sort that was chosen is shaped by it."""
        library, archetype = self.lexicon.library, self.choice.archetype
        mine = archetype.name in sign.entries
        if not mine and " " not in sign.phrase and archetype.keeps_things and self.lexicon.is_known_noun(sign.phrase):
            return  # a game that is kept, a chart that is shown
        others = [each for each in self.choice.signs if each.start < sign.start and archetype.name in each.entries]
        if mine and others and self.lexicon.ability(sign.phrase) is not None:
            return  # a dashboard of a web application
        chosen = archetype if mine else library.archetypes[next(iter(sign.entries))]
        brings = [str(name) for entry in sign.entries.values() for name in entry.get("brings", ())]
        passed = ARTICLES | self.lexicon.words("qualities")
        near = [token.lower for token in self.tokens[max(0, sign.start - 3) : sign.start]]
        own = bool({"my", "our"} & set(near)) and is_setting(self.tokens, sign, self.lexicon)
        if not mine and not brings and is_setting(self.tokens, sign, self.lexicon):
            for token in self.tokens[sign.start : sign.end]:
                token.mark("assumed", FOR_WHOM)
            return
        if not mine and all(float(entry["weight"]) < 1.5 for entry in sign.entries.values()):
            brings = []  # a word that alone tells no sort of project: `a catalogue of stamps` sells nothing
        if len(brings) == 1 and self.nouns.has_its_noun(sign):
            brings = []  # `server inventory` is one of servers
        before = self.tokens.before(sign.start, passed)
        there = self.choice.extends and before == "for"  # "dark mode for the shop", where the shop is there
        area = bool(brings) and (own or there or before in _AREA_BEFORE)
        if not area and archetype.keeps_things:
            for name in brings:
                if not self._is_excluded(name):
                    self.things.add(name)
        names = bool(brings) or (mine and archetype.name == "game" and "game" not in sign.phrase)
        if not self.subject and names and archetype.name not in _UNNAMED:
            self.subject = identifier(sign.phrase)
        title = chosen.title.lower()
        article = "an" if title[:1] in "aeiou" else "a"
        meaning = title if mine else f"could be {article} {title}; planned as {archetype.title.lower()}"
        if area:
            meaning = f"{title}; it is there already"
        elif brings and archetype.keeps_things:
            mine, meaning = True, f"{title}; usually about {', '.join(brings)}"
        for token in self.tokens[sign.start : sign.end]:
            if token.lower not in self.lexicon.words("stop"):
                token.mark("matched" if mine else "noted", meaning)

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
                self.subject = self.subject or identifier(setting[-1].lower)
            for part in setting:
                part.mark("assumed", FOR_WHOM)
            return
        for check in (
            self._means,
            self._known_word,
            self._listed_word,
            self._sort_of,
            self._property,
            self._unlisted_verb,
            self._no_thing,
        ):
            if check(index, token, word):
                return
        self._new_thing(index, token)

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
            there = (
                self.tokens.beside(index, -1) in ("the", "our") and self.tokens.beside(index - 1, -1) in _AREA_BEFORE
            )
            if self.choice.extends and self.choice.intent == "add to what is there" and there:
                token.mark("noted", "what it is added to; it is there already")
                return True
            self.things.add(thing)
            token.mark("matched", f"a thing to keep: {thing}")
            return True
        name = self.lexicon.ability(word)
        if name is None:
            return False
        if self._is_excluded(word):
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

    def _sort_of(self, index: int, token: Token, word: str) -> bool:
        """`line items`, `time slots`: a word that is no thing by itself tells the sort of the next one."""
        if not self.nouns.is_sort_of(index, {word, singular(word)}):
            return False
        following = self.tokens[index + 1]
        self._add(
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

    def _new_thing(self, index: int, token: Token) -> None:
        """Unknown words in a row are one thing; with a known noun after them, a sort of it: `gift vouchers`."""
        run = self.nouns.run(index, token)
        place = index + len(run)
        following = self.tokens.follower(place - 1)
        if following is None and len(run) == 1 and (known := self._sort_named(singular(token.lower))):
            token.mark("matched", f"a thing to keep: {known}")
            return
        if run[-1].lower.endswith("'s"):
            for part in run:
                part.mark("assumed", FOR_WHOM)
            return
        if (following is None and index < self._heading) or self.nouns.is_in_a_name(place):
            self._name(run)
            return
        head = ""
        if following is not None and (self.nouns.is_plural_program(following) or self.nouns.is_list_of(following)):
            run.append(following)
        elif following is not None and following.lower in self.lexicon.words("program_words"):
            self._name(run)
            return
        elif following is not None and self.lexicon.is_known_noun(following.lower):
            tells = run[-1].lower.endswith(_ADJECTIVE) or not self.lexicon.is_thing(following.lower)
            if tells or self._is_excluded(following.lower) or self._sells(following.lower):
                for part in run:
                    part.mark("assumed", f"tells which {following.lower}; no task of its own")
                return
            run.append(following)
            head = self.lexicon.thing(following.lower)
        self._add(run, head)

    def _add(self, run: list[Token], head: str = "") -> None:
        phrase = " ".join([*(part.lower for part in run[:-1]), singular(run[-1].lower)])
        name = own_name(phrase)
        if self.things.full and name not in self.things.fields:
            self.things.left_out.append(phrase)
            for part in run:
                part.mark("not understood", f"left out: a plan takes {MAX_THINGS} things at most")
            return
        self.things.add(name, like=head)
        fields = f"with the fields of {head}" if head else "with fields to be settled"
        for part in run:
            part.mark("assumed", f"a thing to keep, {fields}: {name}")

    def _sort_named(self, noun: str) -> str:
        """The thing that the noun is short for: `instruments` after `musical instruments`."""
        ending = f"_{identifier(noun)}"
        return next((name for name in self.things.unknown if name.endswith(ending)), "")

    def _name(self, run: list[Token]) -> None:
        """Keep words that name the program until it is known whether anything else is kept."""
        self._names.append(run)
        for part in run:
            part.used = True
        if self.choice.archetype.name == "game":
            self.subject = self.subject or identifier(" ".join(part.lower for part in run))

    def _called(self, run: list[Token]) -> None:
        """`pizza place app` names the program, unless nothing else is there to be kept: `kettle app`."""
        archetype = self.choice.archetype
        if not self.things.fields and archetype.keeps_things and not archetype.reads and archetype.name != "game":
            self._add(run)
            return
        for part in run:
            part.mark("assumed", CALLED)

    def _sells(self, word: str) -> bool:
        """Whether the word is brought by the sort of project: `handmade candles` in a shop are its products."""
        return any(word in entry.get("brings", ()) for sign in self.choice.signs for entry in sign.entries.values())

    def _is_excluded(self, word: str) -> bool:
        """Whether the brief says that this is to be left out."""
        words = [each.lower() for limit in self.limits if limit.kind not in ("keep", "demand") for each in limit.words]
        return self.lexicon.thing(word) in {self.lexicon.thing(each) for each in words}
