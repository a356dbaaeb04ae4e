"""Unknown nouns of a brief that become things to keep, and those that only name the program or say whom it is for."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.planning.reading.limits import Limit
from nootropic_kernel.planning.reading.nouns import CALLED, PROGRAMS, Nouns
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.things import MAX_THINGS, Things
from nootropic_kernel.planning.reading.tokens import Token
from nootropic_kernel.planning.reading.whom_for import FOR_WHOM, heading_end, is_made_for
from nootropic_kernel.planning.reading.wording import identifier, own_name, singular

_ADJECTIVE = ("'s", "al", "ic", "ful", "ive", "able", "ible", "ous", "less", "ish", "ary", "ed", "-hand")


class NewThings:
    """Adds things that no list knows; what may name the program waits until it is known whether anything is kept."""

    def __init__(self, nouns: Nouns, things: Things, limits: Sequence[Limit]) -> None:
        self.nouns = nouns
        self.tokens, self.lexicon, self.choice = nouns.tokens, nouns.lexicon, nouns.choice
        self.things = things
        self.limits = limits
        self.subject = ""
        self._heading = heading_end(nouns.tokens)
        self._names: list[list[Token]] = []
        self._for: list[list[Token]] = []

    def read(self, index: int, token: Token) -> None:
        """Unknown words in a row are one thing; with a known noun after them, a sort of it: `gift vouchers`."""
        run = self.nouns.run(index, token)
        place = index + len(run)
        following = self.tokens.follower(place - 1)
        following = None if following is not None and following.part == VERB else following  # "nurses note the time"
        if following is None and len(run) == 1 and (known := self._sort_named(singular(token.lower))):
            token.mark("matched", f"a thing to keep: {known}")
            return
        if run[-1].lower.endswith("'s"):
            for part in run:
                part.mark("assumed", FOR_WHOM)
            return
        opens = len(run) == 1 and self.nouns.opens_as_program(index)
        if opens or (following is None and index < self._heading) or self.nouns.is_in_a_name(place):
            self._name(run)
            return
        head = ""
        if following is not None and (self.nouns.is_plural_program(following) or self.nouns.is_list_of(following)):
            run.append(following)
        elif following is not None and following.lower in self.lexicon.words("program_words") | PROGRAMS:
            self._name(run)
            return
        elif following is not None and self.lexicon.is_known_noun(following.lower):
            tells = run[-1].lower.endswith(_ADJECTIVE) or not self.lexicon.is_thing(following.lower)
            if tells or self.is_excluded(following.lower) or self._sells(following.lower):
                for part in run:
                    part.mark("assumed", f"tells which {following.lower}; no task of its own")
                return
            run.append(following)
            head = self.lexicon.thing(following.lower)
        self.add(run, head)

    def add(self, run: list[Token], head: str = "") -> None:
        """A thing that is called as these words are; with the fields of ``head``, where there is one."""
        name = _name_of(run)
        if self.things.full and name not in self.things.fields:
            self.things.left_out.append(" ".join([*(part.lower for part in run[:-1]), singular(run[-1].lower)]))
            for part in run:
                part.mark("not understood", f"left out: a plan takes {MAX_THINGS} things at most")
            return
        self.things.add(name, like=head)
        fields = f"with the fields of {head}" if head else "with fields to be settled"
        for part in run:
            part.mark("assumed", f"a thing to keep, {fields}: {name}")

    def made_for(self, run: list[Token]) -> None:
        """`web app for lamps` says what it is about, unless that is people or the brief keeps something else."""
        for part in run:
            part.mark("assumed", FOR_WHOM)
        if is_made_for(self.tokens, run, self.lexicon):
            self._for.append(run)

    def settle(self) -> None:
        """Decide about the words that waited."""
        archetype = self.choice.archetype
        keeps = archetype.keeps_things and not archetype.reads and archetype.name != "game"
        for run in self._names:
            if keeps and not self.things.fields:  # `kettle app`, but not `pizza place app` with orders
                self.add(run)
            for part in run:
                part.mark("assumed", CALLED)
        alone = keeps and all(self.lexicon.is_of_people(name) for name in self.things.fields)
        for run in self._for:
            name = _name_of(run)
            if alone or name in self.things.fields or (keeps and self._has_something(run)):
                for part in run:
                    part.verdict = ""
                self.add(run)
                self.things.first(name)

    def _has_something(self, run: list[Token]) -> bool:
        """`an app for dogs: their vaccinations`"""
        end = self.tokens.index(run[-1])
        return "their" in [token.lower for token in self.tokens[end + 1 : end + 3]]

    def is_excluded(self, word: str) -> bool:
        """Whether the brief says that this is to be left out."""
        words = [each.lower() for limit in self.limits if limit.kind not in ("keep", "demand") for each in limit.words]
        return self.lexicon.thing(word) in {self.lexicon.thing(each) for each in words}

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

    def _sells(self, word: str) -> bool:
        """Whether the word is brought by the sort of project: `handmade candles` in a shop are its products."""
        return any(word in entry.get("brings", ()) for sign in self.choice.signs for entry in sign.entries.values())


def _name_of(run: list[Token]) -> str:
    return own_name(" ".join([*(part.lower for part in run[:-1]), singular(run[-1].lower)]))
