"""Which task of an edited brief is one of the plan's, its clause only said in more or fewer words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from nootropic_kernel.planning.model import Story, Task

_One = TypeVar("_One", Task, Story)


def same_tasks(old: Iterable[Task], new: Iterable[Task]) -> dict[str, Task]:
    """By the id of each new task the old one of its kind whose products name the same clause."""
    return _pairs(old, new, lambda one, other: one.kind == other.kind and _all_same(one.provides, other.provides))


def same_stories(old: Iterable[Story], new: Iterable[Story], epics: Mapping[str, str]) -> dict[str, Story]:
    """By the id of each new story the old one of the same clause.

    :param epics: the id that the epic of each new story has among the old ones.
    """

    def same(one: Story, other: Story) -> bool:
        return one.epic == epics[other.epic] and _same_clause(one.title, other.title)

    return _pairs(old, new, same)


def _pairs(old: Iterable[_One], new: Iterable[_One], same: Callable[[_One, _One], bool]) -> dict[str, _One]:
    """Those that fit one another and nothing else: where two could be meant, neither is."""
    olds, news = list(old), list(new)
    fitting = {each.id: [one for one in olds if same(one, each)] for each in news}
    often = [one.id for found in fitting.values() for one in found]
    return {name: found[0] for name, found in fitting.items() if len(found) == 1 and often.count(found[0].id) == 1}


def _all_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(one) == len(other) and all(
        mine == theirs or (mine.partition(":")[0] == theirs.partition(":")[0] and _same_clause(mine, theirs))
        for mine, theirs in zip(one, other, strict=True)
    )


def _same_clause(one: str, other: str) -> bool:
    """Whether the words of one stand in the other, in their order; a single word is a name, and no clause."""
    few, many = sorted((_words(one), _words(other)), key=len)
    rest = iter(many)
    return len(few) > 1 and " " in one and " " in other and all(word in rest for word in few)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w./-]*\w", text.partition(":")[2] or text)
