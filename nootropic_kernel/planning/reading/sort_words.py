"""Words that point to a sort of project: what it is usually about, and what it is of: `an inventory for reagents`."""

from __future__ import annotations

from nootropic_kernel.planning.reading.archetype_choice import GLUE, Sign, is_setting
from nootropic_kernel.planning.reading.new_things import NewThings
from nootropic_kernel.planning.reading.things import NAMES
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token
from nootropic_kernel.planning.reading.whom_for import FOR_WHOM
from nootropic_kernel.planning.reading.wording import identifier

AREA_BEFORE = frozenset({"to", "in", "into", "of", "from", "on"})
_UNNAMED = ("bug-fix", "refactor", "documentation", "migration", "notebook-analysis", "ml-training")


class SortWords:
    """Gives the signs of a brief their meaning; only the sort that was chosen is shaped by them."""

    def __init__(self, new: NewThings) -> None:
        self.new = new
        self.nouns, self.things = new.nouns, new.things
        self.tokens, self.lexicon, self.choice = new.tokens, new.lexicon, new.choice

    def read(self) -> None:
        """Look at every sign once."""
        for sign in self.choice.signs:
            if not all(token.verdict for token in self.tokens[sign.start : sign.end] if token.lower not in GLUE):
                self._sign(sign)

    def _sign(self, sign: Sign) -> None:
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
        area = bool(brings) and (own or there or before in AREA_BEFORE)
        if not area and archetype.keeps_things:
            brings = self._brought(sign, brings)
        names = bool(brings) or (mine and archetype.name == "game" and "game" not in sign.phrase)
        if not self.new.subject and names and archetype.name not in _UNNAMED:
            self.new.subject = identifier(sign.phrase)
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

    def _brought(self, sign: Sign, brings: list[str]) -> list[str]:
        """Add the things that it brings; what the brief says it is of takes the place of the one that stands for it."""
        stands = {str(entry["any"]) for entry in sign.entries.values() if entry.get("any") in brings}
        place = self._behind(sign) if stands else len(self.tokens)
        listed = place < len(self.tokens) and self.tokens[place].meaning.startswith("a thing to keep: ")
        of = sign.end < len(self.tokens) and self.tokens[sign.end].lower != "for"
        goods = self.nouns.several_at(place, of=of)
        for name in brings:
            if name in stands and (goods or listed) and not self._is_named(name, sign):
                self._add_goods(goods, name)
            elif not self.new.is_excluded(name):
                self.things.add(name)
        return brings

    def _behind(self, sign: Sign) -> int:
        """Where the nouns begin that say what it is of: `inventory of books`, `shop for handmade candles`."""
        place = sign.end
        if place >= len(self.tokens) or self.tokens[place].lower not in ("of", "for", "selling"):
            return len(self.tokens)
        place += 1
        while place < len(self.tokens) and (
            self.tokens[place].lower in ARTICLES or self.lexicon.is_quality(self.tokens[place].lower)
        ):
            place += 1
        return place

    def _add_goods(self, goods: list[Token], like: str) -> None:
        if not goods:
            return  # the brief lists its fields
        known = self.lexicon.thing(goods[-1].lower) if len(goods) == 1 else ""
        if not self.lexicon.is_thing(known):
            self.new.add(goods, like)
            return
        self.things.add(known)
        fields = self.things.fields[known]
        usual = self.lexicon.table("entities")[like]
        named = NAMES if NAMES & set(fields) else frozenset()
        self.things.fields[known] = fields | {key: kind for key, kind in usual.items() if key not in {*fields, *named}}
        goods[0].mark("matched", f"a thing to keep: {known}")

    def _is_named(self, name: str, sign: Sign) -> bool:
        """Whether the brief speaks of it by that name as well: `a shop for candles, where products …`."""
        outside = [*self.tokens[: sign.start], *self.tokens[sign.end :]]
        return any(self.lexicon.thing(token.lower) == name for token in outside if token.kind == "word")
