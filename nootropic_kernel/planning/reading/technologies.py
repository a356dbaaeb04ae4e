"""Technologies of a brief: those it wants, those it rules out, and those that are there and are to go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.limits import Limit
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import singular

_MOVES = frozenset({"migrate", "port", "switch", "move", "convert", "upgrade", "replace", "swap", "away"})
_LATER = frozenset({"newer", "later", "up", "above", "higher", "upwards"})
_OLD_BEFORE = frozenset({"from", "old", "existing", "current", "off", "than", "away", "replace", "our", "my", "legacy"})


@dataclass(frozen=True)
class Technologies:
    """Names of technologies. ``old`` ones are what the brief wants to leave, or says is there.

    ``versions`` are demands such as `Python 3.9 or newer`.
    """

    wanted: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def atoms(self, lexicon: Lexicon) -> Iterator[str]:
        """What conditions of ways may ask for: `uses:…` and `avoids:…`, by name and by kind."""
        for name in self.wanted:
            yield from (f"uses:{each}" for each in (name, *_kinds(lexicon, name)))
        yield from (f"avoids:{name}" for name in self.avoided)


def find_technologies(tokens: Tokens, limits: Iterable[Limit], lexicon: Lexicon) -> Technologies:
    """The technologies of a brief; their words are marked."""
    wanted: dict[str, None] = {}
    old: dict[str, None] = {}
    versions: dict[str, None] = {}
    for index, token in enumerate(tokens):
        if token.used or token.kind not in ("word", "quoted"):
            continue
        name = technology(token, lexicon)
        if name is None or _is_verb_here(tokens, index, lexicon):
            continue
        before = tokens.before(index, ARTICLES - {"our", "my"})
        moved = before != "from" or any(lexicon.base(each.lower) in _MOVES for each in tokens[:index])
        if before in _OLD_BEFORE and moved:
            old[name] = None
            token.mark("noted", f"what is there now: {title_of(lexicon, name)}")
        else:
            wanted[name] = None
            token.mark("matched", f"technology: {title_of(lexicon, name)}")
            if version := _version(tokens, index + 1, lexicon):
                text = " ".join([title_of(lexicon, name), *(each.text.rstrip(".,") for each in version)])
                versions[text] = None
                for each in version:
                    each.mark("matched", f"demand: {text}")
    return Technologies(tuple(wanted), tuple(_avoided(limits, lexicon)), tuple(old), tuple(versions))


def _version(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """The version right behind a technology: `3.9`, `3.10 and newer`, `17+`; empty for none."""
    following = tokens[index : index + 3]
    if not following or not re.fullmatch(r"v?\d+(?:\.\d+)*[.,]?", following[0].lower) or following[0].used:
        return []
    if following[0].text.endswith(","):
        return following[:1]
    then = [each.lower for each in following[1:]]
    if then[:1] and singular(then[0]) in lexicon.words("measures"):
        return []  # "in Python 3 hours"
    more = 3 if len(then) == 2 and then[0] in ("and", "or") and then[1] in _LATER else 2 if then[:1] == ["+"] else 1
    return following[:more]


def technology(token: Token, lexicon: Lexicon) -> str | None:
    """The name of the technology that a word stands for."""
    return lexicon.technology(token.bare.lower())


def title_of(lexicon: Lexicon, name: str) -> str:
    """How people write its name."""
    entry: Mapping[str, Any] = lexicon.table("technology").get(name, {})
    return str(entry.get("title", name))


def _kinds(lexicon: Lexicon, name: str) -> list[str]:
    return [str(kind) for kind in lexicon.table("technology").get(name, {}).get("is", ())]


def _avoided(limits: Iterable[Limit], lexicon: Lexicon) -> Iterator[str]:
    kinds = lexicon.table("technology_kinds")
    for limit in limits:
        if limit.kind != "leave out":
            continue
        for word in (word.lower().strip("`") for word in limit.words):
            yield from (str(kind) for kind, words in kinds.items() if word in words)
            if (name := lexicon.technology(word)) is not None:
                yield name


def _is_verb_here(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`click` and `spark` are also verbs: before an object they are no technology."""
    token = tokens[index]
    return lexicon.is_verb(token.lower) and tokens.before(index, ARTICLES) not in (
        "with",
        "in",
        "using",
        "use",
        "via",
        "by",
        "on",
        "and",
        "+",
    )
