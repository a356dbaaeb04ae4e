"""Reading a brief by its own words: what it is about, and what became of every word of it.

Deterministic, and without a model: words are looked up in the library's lists and in the repository's own names; a
word in none of them is taken for a thing that the project is about, and marked as assumed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.facts import RepositoryFacts
from nootropic_kernel.planning.methods import Archetype, Library
from nootropic_kernel.planning.model import WordUse
from nootropic_kernel.planning.wording import identifier, singular, stems

MAX_CHARACTERS = 20_000
MAX_THINGS = 12

_TOKEN = re.compile(
    r"(?P<quoted>`[^`\n]+`)|(?P<symbol>[A-Za-z_][\w.]*\(\))|(?P<path>\.?[\w-]+(?:/[\w.-]+)+|[\w-]+\.(?:py|ipynb|md))"
    r"|(?P<arrow>->|=>|→)|(?P<word>[^\W\d_][\w]*(?:[-'’.][^\W_]\w*)*|_\w+)|(?P<number>[$€£]?\d[\w.,:%]*|--?[\w-]+)|(?P<stop>\n|[^\s\w])"
)
_CODE_LIKE = re.compile(r"\w_\w|\w\.\w")
_SETTING_BEFORE = frozenset({"for", "run", "running", "own"})
_SETTING_AFTER = frozenset({"needs", "wants", "has"})
_OBJECT = frozenset({"a", "an", "the", "it", "them", "each", "all", "every", "my", "our", "their", "this", "that"})
_AREA_BEFORE = frozenset({"to", "in", "into", "of", "from", "on"})
_RENAMED_TO = frozenset({"to", "into", "as", "with", "by", "->", "=>", "→"})
_ABOUT_THINGS = ("a thing", "a field", "an ability", "left out", "how it should be")
_SMALL = frozenset({"a", "an", "the", "my", "our", "your", "their", "this", "that", "some", "its", "his", "her"})


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


@dataclass(eq=False)
class _Token:
    text: str
    kind: str
    lower: str = ""
    verdict: str = ""
    meaning: str = ""
    used: bool = False


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
    if not any(not token.used or token.verdict for token in reader.words):
        raise BriefUnusable(
            "The brief has no word to plan from.", next="Write what is to be made, for example `Build a blog platform`."
        )
    return reader.read()


@dataclass
class _BriefReader:
    brief: str
    facts: RepositoryFacts
    library: Library
    things: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    abilities: dict[str, Ability] = field(default_factory=dict)
    renames: list[tuple[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    subject: str = ""
    left_out: list[str] = field(default_factory=list)
    pending: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tokens = [
            _Token(found.group(), str(found.lastgroup), found.group().lower().replace("’", "'"))
            for found in _TOKEN.finditer(self.brief)
        ]
        stop = self._set("stop")
        for token in self.tokens:
            if token.kind in ("stop", "arrow") or (token.kind == "word" and token.lower in stop):
                token.used = True
        self.words = [token for token in self.tokens if token.kind not in ("stop", "arrow")]

    def read(self) -> Reading:
        self._renames()
        self._symbols()
        self._phrases()
        for index, token in enumerate(self.tokens):
            if not token.used:
                self._word(index, token)
        if self.pending:
            self._attach(dict(self.pending))
        if not self.things:
            self._relabel(("a field",), "a property of nothing that is kept; no task of its own")
        archetype = self._archetype()
        if not archetype.keeps_things:
            self._no_things()
        return Reading(
            archetype=archetype,
            title=_title(self.brief),
            subject=self.subject or next(iter(self.things), "") or _title(self.brief),
            things=tuple(
                Thing(name, tuple(fields.items()), name not in self.unknown) for name, fields in self.things.items()
            ),
            abilities=tuple(self.abilities.values()),
            renames=tuple(dict.fromkeys(self.renames)),
            targets=tuple(dict.fromkeys(self.targets)),
            words=_accounted(self.tokens),
            left_out=tuple(self.left_out),
        )

    # ---- whole-brief patterns -------------------------------------------------------------------------------

    def _renames(self) -> None:
        """`rename A to B`, `replace A with B`, and more pairs after `and`."""
        tokens = [token for token in self.tokens if token.kind != "stop" or token.text != ","]
        skip = _SMALL | self._set("code_words") | {"name", "all", "from"}
        index = 0
        while index < len(tokens):
            if tokens[index].lower not in ("rename", "renaming", "replace"):
                index += 1
                continue
            verb, index = tokens[index], index + 1
            while True:
                old, index = _following(tokens, index, skip)
                if old is None or index >= len(tokens) or tokens[index].lower not in _RENAMED_TO:
                    break
                new, index = _following(tokens, index + 1, skip)
                if new is None:
                    break
                pair = _bare(old.text), _bare(new.text)
                if verb.lower == "replace" and pair[0].split(".")[-1] not in self.facts.names():
                    break
                self.renames.append(pair)
                self._mark(verb, "matched", "rename")
                here = bool(self.facts.defining(pair[0].split(".")[-1]))
                meaning = f"the name {pair[0]}" if here else f"a name that is not in this repository: {pair[0]}"
                self._mark(old, "matched" if here else "not understood", meaning)
                self._mark(new, "matched", f"the new name {pair[1]}")
                if index < len(tokens) and tokens[index].lower == "and":
                    index += 1
                    continue
                break
        if self.renames:
            self._score("refactor", 8)

    def _symbols(self) -> None:
        """Names that are written like code, or that are names of this repository."""
        for index, token in enumerate(self.tokens):
            if token.used or token.kind == "number" or token.lower in self._set("technologies"):
                continue
            bare = _bare(token.text)
            code = token.kind in ("quoted", "symbol", "path") or _CODE_LIKE.search(bare) is not None
            if self._is_target(bare, index, code):
                self.targets.append(bare)
                found = self._place(bare)
                meaning = f"{bare} in {found}" if found else f"a name that is not in this repository: {bare}"
                self._mark(token, "matched" if found else "not understood", meaning)

    def _is_target(self, name: str, index: int, code: bool) -> bool:
        if code:
            return True
        after = self._beside(index, +1)
        before = self._beside(index, -1)
        named = bool({after, before} & {"module", "function", "class", "package", "script", "notebook", "method"})
        if named and name.lower() not in self._set("code_words"):
            return name.lower() not in self._verbs and name.lower() not in self._set("qualities")
        if name in self.facts.names():
            return name.lower() not in self._verbs
        module = bool(self.facts.modules_named(name)) and name.lower() == name
        documents = any(token.lower in ("docs", "document", "documentation", "docstrings") for token in self.tokens)
        return module and documents and name not in self._verbs

    def _place(self, name: str) -> str:
        last = name.split(".")[-1]
        for module in [*self.facts.modules_named(name), *self.facts.defining(last)]:
            return module.path
        return next((path for path in sorted(self.facts.paths) if path == name or path.split("/")[-1] == name), "")

    def _phrases(self) -> None:
        """Words of two that belong together, as the archetypes list them."""
        for archetype in self.library.archetypes.values():
            for phrase, value in archetype.words.items():
                parts = phrase.split()
                if len(parts) < 2:
                    continue
                for index in range(len(self.tokens) - len(parts) + 1):
                    window = self.tokens[index : index + len(parts)]
                    if [self._one(token.lower) for token in window] == parts and not any(
                        token.used for token in window
                    ):
                        self._archetype_word(window, archetype, phrase, value, index)

    # ---- single words ---------------------------------------------------------------------------------------

    def _word(self, index: int, token: _Token) -> None:
        word = token.lower.removesuffix("'s")
        if token.kind != "word":
            self._mark(token, "not understood", "a number, an option or a sign; no task follows from it")
            return
        if setting := self._setting(index, token):
            self.subject = self.subject or identifier(setting[-1].lower)
            for part in setting:
                self._mark(part, "assumed", "who or what it is for; no task of its own")
            return
        for check in (self._lexicon_word, self._listed_word, self._property_word, self._unlisted_verb):
            if check(index, token, word):
                return
        self._new_thing(index, token, word)

    def _lexicon_word(self, index: int, token: _Token, word: str) -> bool:
        """A word of an archetype, a thing the library knows, an ability."""
        for archetype in self.library.archetypes.values():
            forms = (word,) if self._same(singular(word)) in self._map("entities") else (word, singular(word))
            for form in forms:
                if form in archetype.words:
                    self._archetype_word([token], archetype, form, archetype.words[form], index)
                    return True
        thing = self._same(singular(word))
        if thing in self._map("entities"):
            before = self._beside(index, -1)
            if word in self._verbs and (not before or before in ("to", "and", "can")) and self._beside(index, +1):
                return False
            self._thing(thing)
            self._mark(token, "matched", f"a thing to keep: {thing}")
            return True
        for name, ability in self._map("abilities").items():
            if word in ability["words"]:
                self.abilities.setdefault(name, Ability(name, ability["title"], ability["file"], token.text))
                self._mark(token, "matched", f"an ability: {ability['title'].lower()}")
                return True
        return False

    def _listed_word(self, index: int, token: _Token, word: str) -> bool:
        """A verb, a quality, a technology, a word about code or programs."""
        plain = {word, *stems(word.removesuffix("er")), *stems(word.removesuffix("est"))}
        if plain & self._set("qualities") or (word.endswith("ly") and len(word) > 4):
            self._mark(token, "not understood", "how it should be; no task follows from it yet")
        elif word in self._set("technologies"):
            self._mark(token, "not understood", "a technology; noted in the brief, no task is built on it yet")
        elif word in self._set("program_words") or singular(word) in self._set("program_words"):
            self._mark(token, "matched", "a program")
        elif word in self._set("code_words"):
            self._mark(token, "matched", "a part of the code")
        elif verb := next((form for form in stems(word) if form in self._verbs), None):
            if word.endswith("ed") and self._noun_follows(index):
                return False
            self._mark(token, "matched", f"to do: {self._verbs[verb]}")
        else:
            return False
        return True

    def _property_word(self, index: int, token: _Token, word: str) -> bool:
        """`due dates` is a field of what was named before; `borrowed books` tells that a book can be borrowed."""
        kinds = self._map("attributes")
        head = singular(word)
        if head in kinds:
            self._field(head, kinds[head])
            self._mark(token, "matched", f"a field: {head} ({kinds[head]})")
            return True
        following = self._follower(index)
        if following is not None and (last := singular(following.lower)) in kinds:
            name = identifier(f"{word} {last}")
            self._field(name, kinds[last])
            meaning = f"a field: {name} ({kinds[last]})"
            self._mark(token, "matched", meaning)
            self._mark(following, "matched", meaning)
            return True
        if word.endswith("ed") and len(word) > 4 and self._noun_follows(index):
            self.pending[identifier(word)] = "bool"
            self._mark(token, "assumed", f"a field: {identifier(word)} (yes or no)")
            return True
        return False

    def _unlisted_verb(self, index: int, token: _Token, word: str) -> bool:
        """`bake each`, `rate them`: what stands right before its object, and after no article, is something to do."""
        small = self._beside(index, -1) in _SMALL | self._set("qualities")
        if self._beside(index, +1) not in _OBJECT or small or singular(word) != word:
            return False
        self._mark(token, "assumed", "something to do; no task of its own")
        return True

    def _run(self, index: int, token: _Token) -> list[_Token]:
        """One to three unknown words in a row."""
        run = [token]
        while len(run) < 3 and (following := self._follower(index + len(run) - 1)) is not None:
            if not self._is_unknown(following):
                break
            run.append(following)
        return run

    def _new_thing(self, index: int, token: _Token, word: str) -> None:
        """Unknown words in a row are one thing."""
        run = self._run(index, token)
        if (following := self._follower(index + len(run) - 1)) is not None and self._is_known_noun(following.lower):
            for part in run:
                self._mark(part, "assumed", f"tells which {following.lower}; no task of its own")
            return
        phrase = " ".join([*(part.lower for part in run[:-1]), singular(run[-1].lower)])
        name = identifier(phrase)
        if len(self.things) >= MAX_THINGS and name not in self.things:
            self.left_out.append(phrase)
            for part in run:
                self._mark(part, "not understood", f"left out: a plan takes {MAX_THINGS} things at most")
            return
        self._thing(name)
        for part in run:
            self._mark(part, "assumed", f"a thing to keep, with fields to be settled: {name}")

    # ---- what was found -------------------------------------------------------------------------------------

    def _archetype_word(
        self, window: list[_Token], archetype: Archetype, phrase: str, value: Mapping[str, Any], index: int
    ) -> None:
        self._score(archetype.name, float(value["weight"]))
        brings = [str(name) for name in value.get("brings", ())]
        area = brings and self._before(index) in _AREA_BEFORE
        if not area:
            for name in brings:
                self._thing(name)
        if not self.subject and not archetype.name.startswith(("bug", "refactor", "documentation")):
            self.subject = identifier(phrase)
        meaning = f"{archetype.title.lower()}"
        if area:
            meaning += "; it is there already"
        elif brings:
            meaning += f"; usually about {', '.join(brings)}"
        for token in window:
            self._mark(token, "matched", meaning)

    def _thing(self, name: str) -> None:
        if name in self.things:
            return
        known = self._map("entities").get(name)
        if known is None:
            self.unknown.add(name)
        self.things[name] = dict(known if known is not None else self._map("unknown_fields"))
        pending, self.pending = self.pending, {}
        self.things[name] |= {key: kind for key, kind in pending.items() if key not in self.things[name]}

    def _no_things(self) -> None:
        """In a bug fix, a refactoring or documentation, unknown words tell about the task; nothing is kept."""
        self.things, self.abilities, self.left_out = {}, {}, []
        self._relabel(_ABOUT_THINGS, "tells about the task; no task of its own")

    def _relabel(self, meanings: tuple[str, ...], meaning: str) -> None:
        for token in self.tokens:
            if token.meaning.startswith(meanings):
                token.verdict, token.meaning = "not understood", meaning

    def _field(self, name: str, kind: str) -> None:
        self._attach({name: kind})

    def _attach(self, fields: dict[str, str]) -> None:
        """Give fields to the thing that was named first (a brief's later properties are about its subject)."""
        if not self.things:
            self.pending |= fields
            return
        target = self.things[next(iter(self.things))]
        for name, kind in fields.items():
            target.setdefault(name, kind)

    def _archetype(self) -> Archetype:
        known = self.library.archetypes
        order = list(known)
        if self.scores:
            best = min(self.scores, key=lambda name: (-self.scores[name], order.index(name)))
            return known[best]
        return known["application"] if "application" in known else known[order[0]]

    # ---- small questions ------------------------------------------------------------------------------------

    def _score(self, archetype: str, weight: float) -> None:
        if archetype in self.library.archetypes:
            self.scores[archetype] = self.scores.get(archetype, 0) + weight

    def _mark(self, token: _Token, verdict: str, meaning: str) -> None:
        if not token.verdict:
            token.used, token.verdict, token.meaning = True, verdict, meaning

    def _set(self, name: str) -> frozenset[str]:
        return self._sets[name]

    @cached_property
    def _sets(self) -> dict[str, frozenset[str]]:
        return {key: frozenset(value.split()) for key, value in self.library.words.items() if isinstance(value, str)}

    @cached_property
    def _verbs(self) -> Mapping[str, str]:
        return self._map("verbs")

    def _map(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.library.words.get(name, {})
        return found

    def _same(self, word: str) -> str:
        return str(self._map("same").get(word, word))

    def _one(self, word: str) -> str:
        return (
            word if any(word in archetype.words for archetype in self.library.archetypes.values()) else singular(word)
        )

    def _beside(self, index: int, step: int) -> str:
        """The word right before or after, in lower case; empty at the end of a clause."""
        place = index + step
        if 0 <= place < len(self.tokens) and self.tokens[place].kind != "stop":
            return self.tokens[place].lower
        return ""

    def _before(self, index: int) -> str:
        """The word before, articles and possessives skipped."""
        place = index - 1
        passed = _SMALL | self._set("qualities")
        while place >= 0 and self.tokens[place].lower in passed:
            place -= 1
        return self.tokens[place].lower if place >= 0 else ""

    def _setting(self, index: int, token: _Token) -> list[_Token]:
        """After `for`: who it is for. A thing the library knows, a verb or a phrase going on is something else."""
        after = self._beside(index, +1) in _SETTING_AFTER
        if not after and (
            self._before(index) not in _SETTING_BEFORE or not any(each.verdict for each in self.tokens[:index])
        ):
            return []
        if self._is_known_noun(token.lower) or any(form in self._verbs for form in stems(token.lower)):
            return []
        run = self._run(index, token) if self._is_unknown(token) else [token]
        return [] if self._follower(index + len(run) - 1) is not None else run

    def _follower(self, index: int) -> _Token | None:
        """The next word when it still is unused and no comma or small word lies between."""
        place = index + 1
        if place < len(self.tokens) and self.tokens[place].kind == "word" and not self.tokens[place].used:
            return self.tokens[place]
        return None

    def _noun_follows(self, index: int) -> bool:
        following = self._follower(index)
        return following is not None and following.lower not in self._verbs

    def _is_known_noun(self, word: str) -> bool:
        return self._same(singular(word)) in self._map("entities") or any(
            word in ability["words"] for ability in self._map("abilities").values()
        )

    def _is_unknown(self, token: _Token) -> bool:
        word = token.lower
        forms = (word, singular(word))
        listed = ("qualities", "technologies", "program_words", "code_words")
        return (
            not any(form in archetype.words for form in forms for archetype in self.library.archetypes.values())
            and not self._is_known_noun(word)
            and not any(form in self._set(name) for form in forms for name in listed)
            and singular(word) not in self._map("attributes")
            and not any(form in self._verbs for form in stems(word))
            and not word.endswith("ly")
        )


def _following(tokens: list[_Token], index: int, skip: frozenset[str] | set[str]) -> tuple[_Token | None, int]:
    """The next token that can be a name, and the index after it and after words such as `function`."""
    while index < len(tokens) and tokens[index].lower in skip:
        index += 1
    if index >= len(tokens) or tokens[index].kind not in ("quoted", "symbol", "word"):
        return None, index
    found = tokens[index]
    index += 1
    while index < len(tokens) and tokens[index].lower in skip - {"from"}:
        index += 1
    return found, index


def _bare(text: str) -> str:
    return text.strip("`").removesuffix("()").strip()


def _title(brief: str) -> str:
    """The first sentence of the brief, on one line."""
    line = next(line.strip() for line in brief.splitlines() if line.strip())
    line = re.split(r"(?<=[.!?])\s", re.sub(r"\s+", " ", line.lstrip("#*->• ") or line))[0].rstrip(" .!?:;")
    return (line if len(line) <= 72 else line[:71].rsplit(" ", 1)[0] + "…") or "Plan"


def _accounted(tokens: list[_Token]) -> tuple[WordUse, ...]:
    """Every content word once (a word that comes again with the same meaning is the same), phrases joined."""
    uses: dict[tuple[str, str], WordUse] = {}
    before: _Token | None = None
    text = ""
    for token in [*tokens, None]:
        joins = token is not None and before is not None and token.meaning == before.meaning
        if joins and token is not None and token.meaning.startswith(("a field", "a thing")):
            text = f"{text} {token.text}"
        else:
            if before is not None and before.verdict:
                uses.setdefault((text.lower(), before.meaning), WordUse(text, before.verdict, before.meaning))
            text = token.text if token is not None else ""
        before = token
    return tuple(uses.values())
