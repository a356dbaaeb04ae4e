"""Reading a brief by its own words: what it is about, and what became of every word of it.

Deterministic, and without a model: words are looked up in the library's lists and in the repository's own names; a
word in none of them is taken for a thing that the project is about, and marked as assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.planning.changes_asked import Change, find_changes
from nootropic_kernel.planning.code_names import find_renames, find_targets
from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.facts import RepositoryFacts
from nootropic_kernel.planning.field_lists import find_field_lists
from nootropic_kernel.planning.lexicon import Lexicon
from nootropic_kernel.planning.limits import Limit, find_limits
from nootropic_kernel.planning.methods import Archetype, Library
from nootropic_kernel.planning.model import WordUse
from nootropic_kernel.planning.tokens import ARTICLES, Token, Tokens, accounted
from nootropic_kernel.planning.wording import identifier, singular

MAX_CHARACTERS = 20_000
MAX_THINGS = 12

_SETTING_BEFORE = frozenset({"for", "run", "running", "own"})
_SETTING_AFTER = frozenset({"needs", "wants", "has"})
_OBJECT = frozenset({"a", "an", "the", "it", "them", "each", "all", "every", "my", "our", "their", "this", "that"})
_AREA_BEFORE = frozenset({"to", "in", "into", "of", "from", "on"})
_TELLS = "tells about the task; no task of its own"
_LISTED_ALREADY = "the brief lists the fields itself; no field follows from this word"
_CREATES = frozenset({"build", "create", "develop", "make", "design", "implement", "write"})
_KEEPS = frozenset({"keep records", "show records", "find records", "change records", "remove records", "send"})
_ABOUT_THINGS = ("a thing", "a field", "an ability", "left out", "how it should be")


@dataclass(frozen=True)
class Thing:
    """Something the project keeps: its Python name, its fields, and whether the library knew it."""

    name: str
    fields: tuple[tuple[str, str], ...]
    known: bool


@dataclass(frozen=True)
class Ability:
    """Something the project can do, and the word that asked for it."""

    name: str
    title: str
    file: str
    word: str


@dataclass(frozen=True)
class Reading:
    """What a brief says, as far as it was understood."""

    archetype: Archetype
    title: str
    subject: str
    things: tuple[Thing, ...]
    abilities: tuple[Ability, ...]
    renames: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    words: tuple[WordUse, ...]
    left_out: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    changes: tuple[Change, ...] = ()


def read_brief(brief: str, facts: RepositoryFacts, library: Library) -> Reading:
    """Read a brief.

    :raises BriefUnusable: when it is empty, too long, or holds no word to plan from.
    """
    if not brief.strip():
        raise BriefUnusable(
            "The brief is empty.", next="Write what is to be made, for example `Build a blog platform`."
        )
    if len(brief) > MAX_CHARACTERS:
        raise BriefUnusable(
            f"The brief is {len(brief):,} characters long.",
            why=f"A plan reads at most {MAX_CHARACTERS:,}; nothing was planned or written.",
            next="Say in a few sentences what is to be made, and keep the rest in a file.",
        )
    reader = _BriefReader(brief, facts, library)
    if all(token.used for token in reader.tokens):
        raise BriefUnusable(
            "The brief has no word to plan from.", next="Write what is to be made, for example `Build a blog platform`."
        )
    return reader.read()


class _BriefReader:
    def __init__(self, brief: str, facts: RepositoryFacts, library: Library) -> None:
        self.brief = brief
        self.facts = facts
        self.lexicon = Lexicon(library)
        self.tokens = Tokens.of(brief, self.lexicon.words("stop"))
        self.things: dict[str, dict[str, str]] = {}
        self.unknown: set[str] = set()
        self.abilities: dict[str, Ability] = {}
        self.scores: dict[str, float] = {}
        self.subject = ""
        self.left_out: list[str] = []
        self.pending: dict[str, str] = {}  # fields that were named before any thing
        self.listed: set[str] = set()  # things whose fields the brief lists itself
        self.limits: list[Limit] = []

    def read(self) -> Reading:
        self.limits = find_limits(self.tokens, self.lexicon)
        for listed in find_field_lists(self.tokens, self.lexicon):
            self.things[listed.thing] = self.things.get(listed.thing, {}) | listed.fields
            self.listed.add(listed.thing)
        renames = find_renames(self.tokens, self.lexicon, self.facts)
        targets = find_targets(self.tokens, self.lexicon, self.facts)
        self._phrases()
        for index, token in enumerate(self.tokens):
            if not token.used:
                self._word(index, token)
        if self.pending:
            self._attach(dict(self.pending))
        if not self.things:
            self.tokens.relabel(("a field",), "a property of nothing that is kept; no task of its own")
        archetype = self._archetype(bool(renames))
        self._demote(archetype)
        changes = find_changes(self.brief, self.tokens, self.lexicon, self.facts)
        if self._asks_for_changes(changes) and "change" in self.lexicon.library.archetypes:
            archetype = self.lexicon.library.archetypes["change"]
        else:
            changes = []
        if not archetype.keeps_things:
            # In a bug fix, a refactoring or documentation, unknown words tell about the task; nothing is kept.
            self.things, self.abilities, self.left_out = {}, {}, []
            self.tokens.relabel(_ABOUT_THINGS, _TELLS)
        return Reading(
            archetype=archetype,
            title=_title(self.brief),
            subject=self.subject or next(iter(self.things), "") or _title(self.brief),
            things=tuple(
                Thing(name, tuple(fields.items()), name not in self.unknown) for name, fields in self.things.items()
            ),
            abilities=tuple(self.abilities.values()),
            renames=tuple(renames),
            targets=tuple(targets),
            words=accounted(self.tokens),
            left_out=tuple(self.left_out),
            limits=tuple(self.limits),
            changes=tuple(changes),
        )

    def _phrases(self) -> None:
        """Words of two that belong together, as the archetypes list them."""
        for archetype in self.lexicon.library.archetypes.values():
            for phrase, value in archetype.words.items():
                parts = phrase.split()
                if len(parts) < 2:
                    continue
                for index in range(len(self.tokens) - len(parts) + 1):
                    window = self.tokens[index : index + len(parts)]
                    if any(token.used for token in window):
                        continue
                    if [self._form(token.lower) for token in window] == parts:
                        self._archetype_word(window, archetype, phrase, value, index)

    # ---- single words ---------------------------------------------------------------------------------------

    def _word(self, index: int, token: Token) -> None:
        word = token.lower.removesuffix("'s")
        if token.kind != "word":
            token.mark("not understood", "a number, an option or a sign; no task follows from it")
            return
        if setting := self._setting(index, token):
            self.subject = self.subject or identifier(setting[-1].lower)
            for part in setting:
                part.mark("assumed", "who or what it is for; no task of its own")
            return
        for check in (self._lexicon_word, self._listed_word, self._property_word, self._unlisted_verb, self._no_thing):
            if check(index, token, word):
                return
        self._new_thing(index, token, word)

    def _lexicon_word(self, index: int, token: Token, word: str) -> bool:
        """A word of an archetype, a thing the library knows, an ability."""
        for archetype in self.lexicon.library.archetypes.values():
            forms = (word,) if self.lexicon.is_thing(word) else (word, singular(word))
            for form in forms:
                if form in archetype.words:
                    self._archetype_word([token], archetype, form, archetype.words[form], index)
                    return True
        if self.lexicon.is_thing(word):
            thing = self.lexicon.thing(word)
            before = self.tokens.beside(index, -1)
            if (
                self.lexicon.is_verb(word)
                and (not before or before in ("to", "and", "can"))
                and self.tokens.beside(index, +1)
            ):
                return False
            self._thing(thing)
            token.mark("matched", f"a thing to keep: {thing}")
            return True
        name = self.lexicon.ability(word)
        if name is None:
            return False
        if self._is_excluded(word):
            token.mark("matched", "left out, as the brief says")
            return True
        ability = self.lexicon.table("abilities")[name]
        phrase = self._phrase(index, token)
        title = " ".join(part.text for part in phrase) if len(phrase) > 1 else ability["title"]
        self.abilities.setdefault(name, Ability(name, title[:1].upper() + title[1:], ability["file"], token.text))
        for part in phrase:
            if part.kind != "word" or part.lower in self.lexicon.words("stop") | self.lexicon.words("tools"):
                continue  # looked at by itself
            part.mark("matched", f"an ability: {ability['title'].lower()}")
        return True

    def _phrase(self, index: int, token: Token) -> list[Token]:
        """`export loans as CSV`: a verb with its object, up to the end of the clause; else the word alone."""
        before = self.tokens.beside(index, -1)
        opens = not before or before in ("and", "to", "can", "then", "also", "that", "please", "could")
        if not opens or not self.lexicon.is_verb(token.lower) or self.tokens.beside(index, +1) in ("", "and", "or"):
            return [token]
        phrase = [token]
        for following in self.tokens[index + 1 :]:
            if following.kind == "stop" or following.lower in ("and", "but", "then") or following.verdict:
                break
            phrase.append(following)
        while phrase[-1].lower in self.lexicon.words("stop"):
            phrase.pop()
        return phrase

    def _no_thing(self, index: int, token: Token, word: str) -> bool:
        """Units, times, tools, abstract nouns and single letters are never things of their own."""
        forms = {word, singular(word)}
        if forms & self.lexicon.words("tools"):
            token.mark("noted", f"uses {token.text}")
        elif len(word) < 2 or forms & (self.lexicon.words("measures") | self.lexicon.words("abstract_nouns")):
            token.mark("not understood", _TELLS)
        elif not self._is_kept(index):
            token.mark("not understood", "nothing says that it is kept; no task of its own")
        else:
            return False
        return True

    def _is_kept(self, index: int) -> bool:
        """Whether an unknown noun can be a thing to keep: by the sort of project, or by the verb before it."""
        library = self.lexicon.library
        if any(library.archetypes[name].keeps_things for name in self.scores):
            return True
        if any(token.meaning == "a program" for token in self.tokens):
            return True
        verbs = [self.lexicon.verb(token.lower) for token in self.tokens[:index] if token.kind == "word"]
        governing = next((verb for verb in reversed(verbs) if verb), None)
        return (governing is None and not self.scores) or governing in _KEEPS

    def _is_excluded(self, word: str) -> bool:
        """Whether the brief says that this is to be left out."""
        words = [each.lower() for limit in self.limits if limit.kind != "keep" for each in limit.words]
        return self.lexicon.thing(word) in {self.lexicon.thing(each) for each in words}

    def _demote(self, archetype: Archetype) -> None:
        """Words that point to a sort of project that was not chosen shaped nothing."""
        others = {other.title.lower() for other in self.lexicon.library.archetypes.values() if other != archetype}
        for token in self.tokens:
            if token.meaning in others:
                told = f"could be a {token.meaning}; planned as {archetype.title.lower()}"
                token.verdict, token.meaning = "noted", told

    def _asks_for_changes(self, changes: list[Change]) -> bool:
        """Whether the brief is about code that is there, rather than something to build, document or mend."""
        aimed = [change for change in changes if change.names]
        keeps = [score for name, score in self.scores.items() if self.lexicon.library.archetypes[name].keeps_things]
        if self.listed or not any(change.files or change.missing for change in aimed):
            return False
        creates = any(token.lower in _CREATES for token in self.tokens[:3])
        if keeps and ((creates and max(keeps) >= 2) or not any(change.files for change in aimed)):
            return False
        kinds = {change.kind for change in aimed}
        if kinds == {"edit"}:
            return True
        return len(kinds) > 1 or (len(changes) > len(aimed) and any(change.kind == "edit" for change in changes))

    def _listed_word(self, index: int, token: Token, word: str) -> bool:
        """A verb, a quality, a technology, a word about code or programs."""
        if self.lexicon.is_quality(word):
            token.mark("not understood", "how it should be; no task follows from it yet")
        elif word in self.lexicon.words("technologies") | self.lexicon.words("tools"):
            token.mark("noted", f"uses {token.text}")
        elif word in self.lexicon.words("program_words") or singular(word) in self.lexicon.words("program_words"):
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
            if self._attach({head: kinds[head]}):
                token.mark("matched", f"a field: {head} ({kinds[head]})")
            else:
                token.mark("not understood", _LISTED_ALREADY)
            return True
        following = self.tokens.follower(index)
        if following is not None and (last := singular(following.lower)) in kinds:
            name = identifier(f"{word} {last}")
            attached = self._attach({name: kinds[last]})
            meaning = f"a field: {name} ({kinds[last]})" if attached else _LISTED_ALREADY
            for part in (token, following):
                part.mark("matched" if attached else "not understood", meaning)
            return True
        if word.endswith("ed") and len(word) > 4 and self._noun_follows(index):
            self.pending[identifier(word)] = "bool"
            token.mark("assumed", f"a field: {identifier(word)} (yes or no)")
            return True
        return False

    def _unlisted_verb(self, index: int, token: Token, word: str) -> bool:
        """`bake each`, `rate them`: what stands right before its object, and after no article, is something to do."""
        small = self.tokens.beside(index, -1) in ARTICLES | self.lexicon.words("qualities")
        if self.tokens.beside(index, +1) not in _OBJECT or small or singular(word) != word:
            return False
        token.mark("assumed", "something to do; no task of its own")
        return True

    def _run(self, index: int, token: Token) -> list[Token]:
        """One to three unknown words in a row."""
        run = [token]
        while len(run) < 3 and (following := self.tokens.follower(index + len(run) - 1)) is not None:
            if not self.lexicon.is_unknown(following.lower):
                break
            run.append(following)
        return run

    def _new_thing(self, index: int, token: Token, word: str) -> None:
        """Unknown words in a row are one thing."""
        run = self._run(index, token)
        following = self.tokens.follower(index + len(run) - 1)
        if following is not None and (
            self.lexicon.is_known_noun(following.lower)
            or (self.listed and following.lower in self.lexicon.words("program_words"))
        ):
            for part in run:
                part.mark("assumed", f"tells which {following.lower}; no task of its own")
            return
        phrase = " ".join([*(part.lower for part in run[:-1]), singular(run[-1].lower)])
        name = identifier(phrase)
        if len(self.things) >= MAX_THINGS and name not in self.things:
            self.left_out.append(phrase)
            for part in run:
                part.mark("not understood", f"left out: a plan takes {MAX_THINGS} things at most")
            return
        self._thing(name)
        for part in run:
            part.mark("assumed", f"a thing to keep, with fields to be settled: {name}")

    # ---- what was found -------------------------------------------------------------------------------------

    def _archetype_word(
        self, window: list[Token], archetype: Archetype, phrase: str, value: Mapping[str, Any], index: int
    ) -> None:
        self.scores[archetype.name] = self.scores.get(archetype.name, 0.0) + float(value["weight"])
        brings = [str(name) for name in value.get("brings", ())]
        area = brings and self.tokens.before(index, ARTICLES | self.lexicon.words("qualities")) in _AREA_BEFORE
        if not area:
            for name in brings:
                if not self._is_excluded(name):
                    self._thing(name)
        if not self.subject and not archetype.name.startswith(("bug", "refactor", "documentation")):
            self.subject = identifier(phrase)
        meaning = f"{archetype.title.lower()}"
        if area:
            meaning += "; it is there already"
        elif brings:
            meaning += f"; usually about {', '.join(brings)}"
        for token in window:
            token.mark("matched", meaning)

    def _thing(self, name: str) -> None:
        if name in self.things:
            return
        known = self.lexicon.table("entities").get(name)
        if known is None:
            self.unknown.add(name)
        self.things[name] = dict(known if known is not None else self.lexicon.table("unknown_fields"))
        pending, self.pending = self.pending, {}
        self.things[name] |= {key: kind for key, kind in pending.items() if key not in self.things[name]}

    def _attach(self, fields: dict[str, str]) -> bool:
        """Give fields to the thing that was named first (a brief's later properties are about its subject)."""
        if not self.things:
            self.pending |= fields
            return True
        open_things = [name for name in self.things if name not in self.listed]
        if not open_things:
            return False
        target = self.things[open_things[0]]
        for name, kind in fields.items():
            target.setdefault(name, kind)
        return True

    def _archetype(self, renames: bool) -> Archetype:
        known = self.lexicon.library.archetypes
        order = list(known)
        if renames and "refactor" in known:
            return known["refactor"]
        if self.listed:
            self.scores = {name: score for name, score in self.scores.items() if known[name].keeps_things}
        if self.scores:
            return known[min(self.scores, key=lambda name: (-self.scores[name], order.index(name)))]
        return known.get("application", known[order[0]])

    # ---- small questions ------------------------------------------------------------------------------------

    def _form(self, word: str) -> str:
        return word if self.lexicon.points_to_archetype(word) else singular(word)

    def _setting(self, index: int, token: Token) -> list[Token]:
        """After `for`: who it is for. A thing the library knows, a verb or a phrase going on is something else."""
        after = self.tokens.beside(index, +1) in _SETTING_AFTER
        if not after and (
            self.tokens.before(index, ARTICLES | self.lexicon.words("qualities")) not in _SETTING_BEFORE
            or not any(each.verdict for each in self.tokens[:index])
        ):
            return []
        if self.lexicon.is_known_noun(token.lower) or self.lexicon.verb(token.lower) is not None:
            return []
        run = self._run(index, token) if self.lexicon.is_unknown(token.lower) else [token]
        return [] if self.tokens.follower(index + len(run) - 1) is not None else run

    def _noun_follows(self, index: int) -> bool:
        following = self.tokens.follower(index)
        return following is not None and not self.lexicon.is_verb(following.lower)


def _title(brief: str) -> str:
    """The first sentence of the brief, on one line."""
    line = next(line.strip() for line in brief.splitlines() if line.strip())
    line = re.split(r"(?<=[.!?])\s", re.sub(r"\s+", " ", line.lstrip("#*->• ") or line))[0].rstrip(" .!?:;")
    return (line if len(line) <= 72 else line[:71].rsplit(" ", 1)[0] + "…") or "Plan"
