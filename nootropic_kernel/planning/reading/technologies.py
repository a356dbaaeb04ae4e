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
_GOES = frozenset({"drop", "remove", "end", "stop", "discontinue", "retire", "deprecate", "abandon", "delete"})
_SUPPORT = frozenset({"support", "supporting", "supports", "supported", "compatibility", "for", "with", "of"})
_NUMBER = re.compile(r"v?\d+(?:\.\d+)*\+?(?:-\d+(?:\.\d+)*)?")
_RANGE = frozenset({"to", "through", "until", "till", "-", "–", "—"})
_LIST = frozenset({",", "and", "or", "&", "/"})
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
        version = _version(tokens, index + 1, lexicon)
        text = " ".join([title_of(lexicon, name), _said(version)]).strip()
        if _goes(tokens, index, index + 1 + len(version), lexicon):
            _mark([token, *version], f"what goes: {text}")
        elif before in _OLD_BEFORE and moved:
            old[name] = None
            token.mark("noted", f"what is there now: {title_of(lexicon, name)}")
        else:
            wanted[name] = None
            token.mark("matched", f"technology: {title_of(lexicon, name)}")
            joints = [each.lower for each in version]
            if "to" in joints and _is_moved(tokens, index, lexicon):
                version = version[joints.index("to") + 1 :]  # "upgrade Python 3.9 to 3.13"
                text = f"{title_of(lexicon, name)} {_said(version)}"
            if version:
                versions[text] = None
                _mark(version, f"demand: {text}")
    return Technologies(tuple(wanted), tuple(_avoided(limits, lexicon)), tuple(old), tuple(versions))


def _version(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """The versions right behind a technology: `3.9`, `3.10 and newer`, `17+`, `3.10 to 3.13`; empty for none."""
    start = index + (tokens.beside(index, 0) in ("from", "between"))
    if not _is_version(tokens, start):
        return []
    then = [each.lower for each in tokens[start + 1 : start + 3]]
    if then[:1] and singular(then[0]) in lexicon.words("measures"):
        return []  # "in Python 3 hours"
    end = start + 1
    while (following := _next_version(tokens, end)) > end:
        end = following
    then = [each.lower for each in tokens[end : end + 2]]
    end += 2 if len(then) == 2 and then[0] in ("and", "or") and then[1] in _LATER else 1 if then[:1] == ["+"] else 0
    return tokens[index:end]


def _is_version(tokens: Tokens, index: int) -> bool:
    return index < len(tokens) and not tokens[index].used and bool(_NUMBER.fullmatch(tokens[index].lower))


def _next_version(tokens: Tokens, index: int) -> int:
    """Where one more version ends that a word or sign joins to those before `index`; `index` where none does."""
    joined = index
    while joined < min(len(tokens), index + 2) and tokens[joined].lower in _RANGE | _LIST:
        joined += 1
    counts = "." not in tokens[joined].text and tokens.follower(joined) if joined < len(tokens) else None
    return joined + 1 if joined > index and _is_version(tokens, joined) and not counts else index


def _said(version: list[Token]) -> str:
    """Versions as they stand in the brief."""
    return re.sub(r" (?=[,+–—-])|(?<=[–—-]) ", "", " ".join(each.text for each in version))


def _mark(words: list[Token], meaning: str) -> None:
    for each in words:
        if each.kind != "stop" or each.text == "+":
            each.mark("matched", meaning)


def _goes(tokens: Tokens, index: int, end: int, lexicon: Lexicon) -> bool:
    """`drop support for Python 3.7`, `end Python 2 support`: what is not to be supported any longer.

    :param end: the place behind its versions.
    """
    supported = end > index + 1 or tokens.beside(end, 0) in _SUPPORT
    place = index - 1
    while place >= 0 and (tokens[place].lower in ARTICLES | _SUPPORT | _LIST or _is_named_too(tokens[place], lexicon)):
        supported = supported or tokens[place].lower in _SUPPORT
        place -= 1
    longer = place > 0 and (tokens[place - 1].lower, tokens[place].lower) == ("no", "longer")
    return supported and place >= 0 and (longer or lexicon.base(tokens[place].lower) in _GOES)


def _is_named_too(token: Token, lexicon: Lexicon) -> bool:
    """Another technology, or its version, of the same list."""
    return technology(token, lexicon) is not None or token.kind == "number"


def _is_moved(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`upgrade Python 3.9 to 3.13`"""
    return any(lexicon.base(each.lower) in _MOVES | {"bump", "update", "raise"} for each in tokens[:index])


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
