"""Three-way merge of plans: two who edited the same revision of project-spec.md at once both keep their edits.

It merges what the file means, not its lines: elements by their id, their fields one by one, lists by what was added
and removed. The same field changed to two values is a conflict; it is named, and nobody's value is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from nootropic_kernel.planning.errors import SpecConflict
from nootropic_kernel.planning.model import Acceptance, Epic, Node, Plan, Schedule, Story, Task
from nootropic_kernel.planning.spec.records import encode, to_plain

K = TypeVar("K", bound=Hashable)

_IDENTIFIED = (Epic, Story, Task, Node, Acceptance)
# What a revision says about itself follows from who wrote it last.
_BOOKKEEPING = frozenset({"revision", "parent_revision"})
_NOTHING = object()


@dataclass(frozen=True)
class Conflict:
    """One field that both sides changed, each to another value; ``place`` is the element's id."""

    place: str
    field: str
    ours: str
    theirs: str

    def sentence(self) -> str:
        """The conflict for people."""
        return f"{' '.join(filter(None, [self.place, self.field]))}: {self.ours} and {self.theirs}"


def merge(base: Plan, ours: Plan, theirs: Plan) -> Plan:
    """The plan with what ``ours`` and ``theirs`` changed in ``base``; its revision is that of ``ours``.

    :raises SpecConflict: when both changed the same thing in two ways.
    """
    merging = _Merging()
    merged: Plan = merging.record("", base, ours, theirs, leave_out=_BOOKKEEPING)
    if merging.conflicts:
        raise SpecConflict([conflict.sentence() for conflict in merging.conflicts])
    return replace(merged, revision=ours.revision, parent_revision=ours.parent_revision)


def changes(before: Plan, after: Plan) -> list[str]:
    """What differs between two plans, an element a line; times, which follow from the rest, are left out."""
    found = _field_changes("", before, after, _BOOKKEEPING | {"epics", "stories", "tasks", "tree"})
    for name in ("epics", "stories", "tasks"):
        old: dict[str, Any] = {each.id: each for each in getattr(before, name)}
        new: dict[str, Any] = {each.id: each for each in getattr(after, name)}
        found += [f"{key} removed" for key in old if key not in new]
        found += [f"{key} added: {each.title}" for key, each in new.items() if key not in old]
        for key, each in new.items():
            if key in old:
                found += _field_changes(key, old[key], each, frozenset({"schedule"}))
        if [key for key in old if key in new] != [key for key in new if key in old]:
            found.append(f"the order of {name}")
    return found


def _field_changes(place: str, before: Any, after: Any, leave_out: frozenset[str]) -> list[str]:
    return [
        f"{place} {entry.name}: {_called(getattr(before, entry.name))} → {_called(getattr(after, entry.name))}".strip()
        for entry in fields(before)
        if entry.name not in leave_out and not _same(getattr(before, entry.name), getattr(after, entry.name))
    ]


class _Merging:
    def __init__(self) -> None:
        self.conflicts: list[Conflict] = []

    def record(self, place: str, base: Any, ours: Any, theirs: Any, leave_out: frozenset[str] = frozenset()) -> Any:
        """A dataclass, field by field."""
        merged = {
            entry.name: self.value(place, entry.name, *(getattr(side, entry.name) for side in (base, ours, theirs)))
            for entry in fields(base)
            if entry.name not in leave_out
        }
        return replace(ours, **merged)

    def value(self, place: str, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        """One value; a conflict is noted where both changed it and no part of it can be told apart."""
        if _same(ours, theirs) or _same(base, theirs):
            return ours
        if _same(base, ours):
            return theirs
        sides = (base, ours, theirs)
        if all(isinstance(side, dict) for side in sides):
            return self._mapping(place, name, *sides)
        if all(is_dataclass(side) for side in sides):
            return self.record(f"{place} {name}".strip(), *sides)
        if all(isinstance(side, tuple) for side in sides):
            return self._sequence(place, name, *sides)
        if name == "body" and (both := _both_appended(*sides)) is not None:
            return both
        return self._conflict(place, name, ours, theirs)

    def _mapping(self, place: str, name: str, base: Mapping[Any, Any], ours: Any, theirs: Any) -> dict[Any, Any]:
        merged = {}
        for key in dict.fromkeys([*ours, *theirs, *base]):
            found = self.value(place, f"{name}.{key}", *(side.get(key, _NOTHING) for side in (base, ours, theirs)))
            if found is not _NOTHING:
                merged[key] = found
        return merged

    def _sequence(self, place: str, name: str, base: Any, ours: Any, theirs: Any) -> tuple[Any, ...]:
        everything = (*base, *ours, *theirs)
        if all(isinstance(each, _IDENTIFIED) for each in everything):
            return self._elements(place, name, (base, ours, theirs), lambda each: str(each.id))
        if all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in everything):
            return self._elements(place, name, (base, ours, theirs), lambda each: str(each["id"]))
        if all(isinstance(each, Hashable) for each in everything):
            return self._elements(place, name, (base, ours, theirs), lambda each: cast(Hashable, each))
        return cast(tuple[Any, ...], self._conflict(place, name, ours, theirs))

    def _elements(
        self, place: str, name: str, sides: tuple[Any, Any, Any], key_of: Callable[[Any], Hashable]
    ) -> tuple[Any, ...]:
        base, ours, theirs = ({key_of(each): each for each in side} for side in sides)
        if (len(base), len(ours), len(theirs)) != tuple(map(len, sides)):  # one of them is there twice
            return cast(tuple[Any, ...], self._conflict(place, name, sides[1], sides[2]))
        merged = {}
        for key in dict.fromkeys([*ours, *theirs, *base]):
            known = tuple(side.get(key, _NOTHING) for side in (base, ours, theirs))
            found = self._element(place, str(key), name, *known)
            if found is not _NOTHING:
                merged[key] = found
        order = _order(list(base), list(ours), list(theirs), merged)
        if order is None:
            self._conflict(place, f"order of {name}", list(ours), list(theirs))
            order = list(merged)
        return tuple(merged[key] for key in order)

    def _element(self, place: str, key: str, name: str, base: Any, ours: Any, theirs: Any) -> Any:
        where = f"{place} {key}".strip()
        if all(is_dataclass(side) for side in (base, ours, theirs)):
            return self.record(where, base, ours, theirs)
        if all(isinstance(side, dict) for side in (base, ours, theirs)):
            return self._mapping(where, name, base, ours, theirs)
        # One side lacks it. What only moved in time did not change for anybody.
        if _same(_timeless(ours), _timeless(theirs)) or _same(_timeless(base), _timeless(theirs)):
            return ours
        return theirs if _same(_timeless(base), _timeless(ours)) else self._conflict(where, "", ours, theirs)

    def _conflict(self, place: str, name: str, ours: Any, theirs: Any) -> Any:
        self.conflicts.append(Conflict(place, name, _called(ours), _called(theirs)))
        return theirs


def _both_appended(base: str, ours: str, theirs: str) -> str | None:
    """Prose to which both added something at its end: with both additions."""
    if not (ours.startswith(base) and theirs.startswith(base)):
        return None
    if ours.startswith(theirs) or theirs.startswith(ours):  # one knew the other's addition
        return max(ours, theirs, key=len)
    return f"{ours}\n{theirs[len(base) :].lstrip(chr(10))}"


def _order(base: list[K], ours: list[K], theirs: list[K], kept: Iterable[K]) -> list[K] | None:
    """The merged order of what is kept; None where both sides sorted anew, each in another way."""
    wanted = set(kept)
    common = set(base) & set(ours) & set(theirs)
    old, mine, other = ([key for key in side if key in common] for side in (base, ours, theirs))
    if mine in (old, other):
        lead, following = theirs, ours
    elif other == old:
        lead, following = ours, theirs
    else:
        return None
    merged = [key for key in lead if key in wanted]
    placed = set(merged)
    for index, key in enumerate(following):
        if key in wanted and key not in placed:
            before = next((each for each in reversed(following[:index]) if each in placed), None)
            merged.insert(0 if before is None else merged.index(before) + 1, key)
            placed.add(key)
    return merged


def _same(one: Any, other: Any) -> bool:
    """Equality that tells ``1`` from ``true``, as the file does."""
    if one is other:
        return True
    if one is _NOTHING or other is _NOTHING or one != other:
        return False
    return not _is_loose(one) or encode(to_plain(one)) == encode(to_plain(other))


def _is_loose(value: Any) -> bool:
    """Whether a value may hold what compares equal and is written in two ways."""
    if isinstance(value, str):
        return False
    return not isinstance(value, tuple) or any(not isinstance(each, str) for each in cast(Sequence[Any], value))


def _timeless(value: Any) -> Any:
    return replace(value, schedule=Schedule()) if isinstance(value, Task) else value


def _called(value: Any) -> str:
    if value is _NOTHING:
        return "(removed)"
    text = encode(to_plain(value))
    return text if len(text) <= 80 else text[:79] + "…"
