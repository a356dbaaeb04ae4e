"""The things that a brief is about, as they are found: with the fields that are named for them, before or after."""

from __future__ import annotations

from collections.abc import Iterable

from nootropic_kernel.planning.reading.field_lists import Listed
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.wording import identifier, singular

MAX_THINGS = 12
NAMES = frozenset({"name", "title"})


class Things:
    """Collects things and their fields in the order of the brief."""

    def __init__(self, lexicon: Lexicon, listed: Iterable[Listed]) -> None:
        self._lexicon = lexicon
        self.fields: dict[str, dict[str, str]] = {}
        self.unknown: set[str] = set()
        self.listed: set[str] = set()  # things whose fields the brief lists itself
        self.left_out: list[str] = []
        self._pending: dict[str, str] = {}  # fields that were named before any thing
        self._dropped: set[str] = set()  # words of fields that the brief leaves out
        for each in listed:
            if not each.whole:
                self.fields[each.thing] = self.fields.get(each.thing) or self._known_by(each)
                self.fields[each.thing] |= each.fields
                continue
            self.fields[each.thing] = self.fields.get(each.thing, {}) | each.fields
            self.listed.add(each.thing)

    def _known_by(self, said: Listed) -> dict[str, str]:
        """What a thing is called by where its one field does not say that: the first of the usual ones."""
        usual = self._lexicon.table("entities").get(said.thing)
        if usual is None:
            self.unknown.add(said.thing)
        usual = usual or self._lexicon.table("unknown_fields")
        return {} if NAMES & set(said.fields) else dict(list(usual.items())[:1])

    @property
    def full(self) -> bool:
        """Whether a plan takes no more of them."""
        return len(self.fields) >= MAX_THINGS

    def add(self, name: str, *, like: str = "") -> None:
        """A thing with the fields that the library knows for it, or for what it is ``like``, or usual ones."""
        if name in self.fields:
            return
        known = self._lexicon.table("entities").get(like or name)
        if known is None:
            self.unknown.add(name)
        self.fields[name] = dict(known if known is not None else self._lexicon.table("unknown_fields"))
        pending, self._pending = self._pending, {}
        self.fields[name] |= {key: kind for key, kind in pending.items() if key not in self.fields[name]}

    def first(self, name: str) -> None:
        """The thing of that name is what the brief is about in the first place."""
        if name in self.fields:
            self.fields = {name: self.fields[name]} | self.fields

    def later(self, field: str, kind: str) -> None:
        """A field of the next thing."""
        self._pending[field] = kind

    def attach(self, fields: dict[str, str], owner: str = "") -> bool:
        """Give fields to their owner, or to the thing that was named first (later properties are about the subject)."""
        if not self.fields:
            self._pending |= fields
            return True
        open_things = [name for name in self.fields if name not in self.listed]
        if not open_things:
            return False
        target = self.fields[owner if owner in open_things else open_things[0]]
        for name, kind in fields.items():
            target.setdefault(name, kind)
        return True

    def settle(self) -> None:
        """Fields that waited for a thing go to the first one, if there is any."""
        if self._pending:
            self.attach(dict(self._pending))

    def drop(self, words: Iterable[str]) -> None:
        """Take away the usual fields that the brief leaves out (`without e-mail`); one at least stays."""
        named = {identifier(singular(word)) for word in words}
        self._dropped |= named
        for fields in self.fields.values():
            gone = [field for field in fields if {field, field.rpartition("_")[2]} & named]
            if len(gone) < len(fields):
                for field in gone:
                    del fields[field]

    def identify(self) -> None:
        """Give a thing of which only lists are kept what tells one from another: a name if it usually has one, else a
        number."""
        for thing, fields in self.fields.items():
            if all(kind.startswith("list[") for kind in fields.values()):
                usual = self._lexicon.table("entities").get(thing) or self._lexicon.table("unknown_fields")
                key = {"name": "str"} if NAMES & set(usual) and "name" not in self._dropped else {"number": "int"}
                self.fields[thing] = key | fields

    def clear(self) -> None:
        """Nothing is kept after all."""
        self.fields, self.left_out, self._pending = {}, [], {}
