"""What single words of a brief mean: the sort of project, a thing, an ability, a field, a verb, or none of these."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.planning.ability_phrases import asked_by, phrase_of
from nootropic_kernel.planning.amounts import NUMBER_WORDS
from nootropic_kernel.planning.archetype_choice import GLUE, Choice, Sign, is_setting
from nootropic_kernel.planning.lexicon import Lexicon
from nootropic_kernel.planning.limits import Limit
from nootropic_kernel.planning.reading import Ability
from nootropic_kernel.planning.things import MAX_THINGS, Things
from nootropic_kernel.planning.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.wording import identifier, singular

TELLS = "tells about the task; no task of its own"
_SETTING_BEFORE = frozenset({"for", "run", "running", "own"})
_SETTING_AFTER = frozenset({"needs", "wants", "has"})
_OBJECT = frozenset({"a", "an", "the", "it", "them", "each", "all", "every", "my", "our", "their", "this", "that"})
_AREA_BEFORE = frozenset({"to", "in", "into", "of", "from", "on"})
_LISTED_ALREADY = "the brief lists the fields itself; no field follows from this word"
_KEEPS = frozenset({"keep records", "show records", "find records", "change records", "remove records", "send"})
_UNNAMED = ("bug-fix", "refactor", "documentation", "migration", "notebook-analysis", "ml-training")


class WordRoles:
    """Gives every word of a brief that nothing else took its meaning."""

    def __init__(
        self, tokens: Tokens, lexicon: Lexicon, choice: Choice, things: Things, limits: Sequence[Limit]
    ) -> None:
        self.tokens = tokens
        self.lexicon = lexicon
        self.choice = choice
        self.things = things
        self.limits = limits
        self.abilities: dict[str, Ability] = {}
        self.subject = ""

    def read(self) -> None:
        """Look at every word once."""
        for sign in self.choice.signs:
            if not all(token.verdict for token in self.tokens[sign.start : sign.end] if token.lower not in GLUE):
                self._sign(sign)
        for index, token in enumerate(self.tokens):
            if not token.used:
                self._word(index, token)
        self.things.settle()
        if not self.things.fields:
            self.tokens.relabel(("a field",), "a property of nothing that is kept; no task of its own")

    def _sign(self, sign: Sign) -> None:
        """A word that points to a sort of project; only the sort that was chosen is shaped by it."""
        library, archetype = self.lexicon.library, self.choice.archetype
        mine = archetype.name in sign.entries
        chosen = archetype if mine else library.archetypes[next(iter(sign.entries))]
        brings = [str(name) for entry in sign.entries.values() for name in entry.get("brings", ())]
        passed = ARTICLES | self.lexicon.words("qualities")
        own = self.tokens.beside(sign.start, -1) in ("my", "our") and self.tokens.beside(sign.start - 1, -1) == "for"
        if not mine and not brings and is_setting(self.tokens, sign, self.lexicon):
            for token in self.tokens[sign.start : sign.end]:
                token.mark("assumed", "who or what it is for; no task of its own")
            return
        before = self.tokens.before(sign.start, passed)
        there = self.choice.extends and before == "for"  # "dark mode for the shop", where the shop is there
        area = bool(brings) and (own or there or before in _AREA_BEFORE)
        if not area and archetype.keeps_things:
            for name in brings:
                if not self._is_excluded(name):
                    self.things.add(name)
        if not self.subject and brings and archetype.name not in _UNNAMED:
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
        if setting := self._setting(index, token):
            self.subject = self.subject or identifier(setting[-1].lower)
            for part in setting:
                part.mark("assumed", "who or what it is for; no task of its own")
            return
        for check in (self._known_word, self._listed_word, self._property_word, self._unlisted_verb, self._no_thing):
            if check(index, token, word):
                return
        self._new_thing(index, token)

    def _known_word(self, index: int, token: Token, word: str) -> bool:
        """A thing the library knows, or an ability."""
        if self.lexicon.is_thing(word):
            thing = self.lexicon.thing(word)
            before = self.tokens.beside(index, -1)
            people = singular(before) != before and self.lexicon.is_known_noun(before)  # "customers book rooms"
            opens = not before or before in ("to", "and", "can") or people
            if self.lexicon.is_verb(word) and opens and self.tokens.beside(index, +1):
                return False
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
        ability = self.lexicon.table("abilities")[name]
        phrase = phrase_of(self.tokens, index, self.lexicon)
        words = [self.lexicon.base(token.lower), *(part.text for part in phrase[1:])]
        alone = asked_by(self.tokens, index, ability["title"], self.lexicon) if len(phrase) == 1 else ""
        title = alone or " ".join(words)
        self.abilities.setdefault(name, Ability(name, title[:1].upper() + title[1:], ability["file"], token.text))
        for part in phrase:
            if part.kind != "word" or part.lower in self.lexicon.words("stop") | self.lexicon.words("tools"):
                continue  # looked at by itself
            part.mark("matched", f"an ability: {ability['title'].lower()}")
        return True

    def _listed_word(self, index: int, token: Token, word: str) -> bool:
        """A verb, a quality, a word about code or programs."""
        programs = self.lexicon.words("program_words")
        opens = self.lexicon.is_verb(word) and self.tokens.beside(index, -1) in ("", "please", "to")
        if self.lexicon.is_quality(word):
            token.mark("not understood", "how it should be; no task follows from it yet")
        elif opens and self.tokens.beside(index, +1):
            token.mark("matched", f"to do: {self.lexicon.verb(word)}")
        elif word in programs or singular(word) in programs:
            token.mark("matched", "a program")
        elif word in self.lexicon.words("code_words"):
            token.mark("matched", "a part of the code")
        elif verb := self.lexicon.verb(word):
            if word.endswith("ed") and self._noun_follows(index):
                return False
            token.mark("matched", f"to do: {verb}")
        else:
            return False
        return True

    def _property_word(self, index: int, token: Token, word: str) -> bool:
        """`due dates` is a field of what was named before; `borrowed books` tells that a book can be borrowed."""
        kinds = self.lexicon.table("attributes")
        head = singular(word)
        if head in kinds:
            if self.things.attach({head: kinds[head]}, self._owner(index)):
                token.mark("matched", f"a field: {head} ({kinds[head]})")
            else:
                token.mark("not understood", _LISTED_ALREADY)
            return True
        following = self.tokens.follower(index)
        if following is not None and (last := singular(following.lower)) in kinds:
            name = identifier(f"{word} {last}")
            attached = self.things.attach({name: kinds[last]}, self._owner(index))
            meaning = f"a field: {name} ({kinds[last]})" if attached else _LISTED_ALREADY
            for part in (token, following):
                part.mark("matched" if attached else "not understood", meaning)
            return True
        if word.endswith("ed") and len(word) > 4 and self._noun_follows(index):
            self.things.later(identifier(word), "bool")
            token.mark("assumed", f"a field: {identifier(word)} (yes or no)")
            return True
        return False

    def _owner(self, index: int) -> str:
        """The thing right before `with`: `loans with due dates`; empty for none."""
        before = self.tokens[index - 1].lower if index else ""
        owner = self.tokens[index - 2] if index > 1 and before in ("with", "having") else None
        return owner.meaning.rpartition(": ")[2] if owner is not None and owner.meaning.startswith("a thing") else ""

    def _unlisted_verb(self, index: int, token: Token, word: str) -> bool:
        """`bake each`, `rate them`: what stands right before its object, and after no article, is something to do."""
        small = self.tokens.beside(index, -1) in ARTICLES | self.lexicon.words("qualities")
        if self.tokens.beside(index, +1) not in _OBJECT or small or singular(word) != word:
            return False
        token.mark("assumed", "something to do; no task of its own")
        return True

    def _no_thing(self, index: int, token: Token, word: str) -> bool:
        """Units, times, tools, abstract nouns and single letters are never things of their own."""
        forms = {word, singular(word)}
        if len(word) < 2 or forms & (self.lexicon.words("measures") | self.lexicon.words("abstract_nouns")):
            token.mark("not understood", TELLS)
        elif not self._is_kept(index):
            token.mark("not understood", "nothing says that it is kept; no task of its own")
        else:
            return False
        return True

    def _is_kept(self, index: int) -> bool:
        """Whether an unknown noun can be a thing to keep: by the sort of project, or by the verb before it."""
        known = self.lexicon.library.archetypes
        verbs = [self.lexicon.verb(token.lower) for token in self.tokens[:index] if token.kind == "word"]
        governing = next((verb for verb in reversed(verbs) if verb), None)
        if "actions" in self.choice.archetype.reads:
            return governing in _KEEPS - {"send"}
        if any(known[name].keeps_things for name in self.choice.scores):
            return True
        if any(token.meaning == "a program" for token in self.tokens):
            return True
        return (governing is None and not self.choice.scores) or governing in _KEEPS

    def _new_thing(self, index: int, token: Token) -> None:
        """Unknown words in a row are one thing."""
        run = self._run(index, token)
        following = self.tokens.follower(index + len(run) - 1)
        programs = self.lexicon.words("program_words")
        if following is not None and (
            self.lexicon.is_known_noun(following.lower) or (self.things.listed and following.lower in programs)
        ):
            for part in run:
                part.mark("assumed", f"tells which {following.lower}; no task of its own")
            return
        phrase = " ".join([*(part.lower for part in run[:-1]), singular(run[-1].lower)])
        name = identifier(phrase)
        if self.things.full and name not in self.things.fields:
            self.things.left_out.append(phrase)
            for part in run:
                part.mark("not understood", f"left out: a plan takes {MAX_THINGS} things at most")
            return
        self.things.add(name)
        for part in run:
            part.mark("assumed", f"a thing to keep, with fields to be settled: {name}")

    def _run(self, index: int, token: Token) -> list[Token]:
        """One to three unknown words in a row."""
        run = [token]
        while len(run) < 3 and (following := self.tokens.follower(index + len(run) - 1)) is not None:
            if not self.lexicon.is_unknown(following.lower):
                break
            run.append(following)
        return run

    def _setting(self, index: int, token: Token) -> list[Token]:
        """After `for`: who it is for. A thing the library knows, a verb or a phrase going on is something else."""
        if self.tokens.before(index, ARTICLES) == "as" and self.tokens.beside(index, +1) in ("i", "we", ""):
            return [token]  # "as a teacher I want …"
        after = self.tokens.beside(index, +1) in _SETTING_AFTER
        if not after and (
            self.tokens.before(index, ARTICLES | self.lexicon.words("qualities")) not in _SETTING_BEFORE
            or not any(each.verdict for each in self.tokens[:index])
        ):
            return []
        acts = self.tokens.beside(index, +1) in ("to", "who") and self.tokens.before(index, ARTICLES) == "for"
        if acts and self.lexicon.is_thing(token.lower) and singular(token.lower) != token.lower:
            return [token]  # "for teachers to record grades"
        if self.lexicon.is_known_noun(token.lower) or self.lexicon.verb(token.lower) is not None:
            return []
        if self.lexicon.is_quality(token.lower):
            return []
        run = self._run(index, token) if self.lexicon.is_unknown(token.lower) else [token]
        return [] if self.tokens.follower(index + len(run) - 1) is not None else run

    def _is_excluded(self, word: str) -> bool:
        """Whether the brief says that this is to be left out."""
        words = [each.lower() for limit in self.limits if limit.kind != "keep" for each in limit.words]
        return self.lexicon.thing(word) in {self.lexicon.thing(each) for each in words}

    def _noun_follows(self, index: int) -> bool:
        following = self.tokens.follower(index)
        return following is not None and not self.lexicon.is_verb(following.lower)
