"""What a project is called where its brief gives no name: its package, and what its texts speak of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nootropic_kernel.planning.methods.library import Archetype
from nootropic_kernel.planning.reading.actions import Action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import MODALS, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.whom_for import heading_end
from nootropic_kernel.planning.reading.wording import identifier, own_name

_HEADING = (2, 3)  # words of a heading that is a name: `Recipe box`
_OBJECT = 3  # words of what is acted on


def subject_of(
    tokens: Tokens,
    lexicon: Lexicon,
    archetype: Archetype,
    called: str,
    things: Iterable[str],
    actions: Sequence[Action],
) -> str:
    """A heading, the word that the sort of project or whom it is for gives, what is kept, or what it does.

    :param called: what the words of the brief gave on the way.
    """
    kept = list(things)
    return (
        _heading(tokens, lexicon)
        or called
        or _kept(tokens, kept)
        or _done(actions, lexicon)
        or _first_words(tokens, lexicon, archetype)
        or next((action.name for action in actions), "")
    )


def _heading(tokens: Tokens, lexicon: Lexicon) -> str:
    """A heading of two or three nouns: `Recipe box`."""
    words = tokens[: heading_end(tokens)]
    if not _HEADING[0] <= len(words) <= _HEADING[1]:
        return ""
    small = lexicon.words("stop") | lexicon.words("program_words") | lexicon.words("code_words")
    for token in words:
        sign = lexicon.points_to_archetype(token.lower) and not lexicon.is_thing(token.lower)
        if token.kind != "word" or token.lower in small or sign or lexicon.is_quality(token.lower):
            return ""
        if token.verdict == "not understood" or lexicon.ability(token.lower) is not None:
            return ""
    return identifier(" ".join(token.lower for token in words))


def _kept(tokens: Tokens, kept: Sequence[str]) -> str:
    """The first kept thing that does nothing itself: `members can book courts` is about courts."""
    acting = {name for index, name in _first_mentions(tokens) if _acts(tokens, index)}
    name = next((name for name in kept if name not in acting), next(iter(kept), ""))
    plain = name.removesuffix("_item")
    return plain if own_name(plain) == name else name


def _first_mentions(tokens: Tokens) -> list[tuple[int, str]]:
    """The place of the last word of each kept thing, where it is named first."""
    found: dict[str, int] = {}
    for index, token in enumerate(tokens):
        name = token.meaning.rpartition(": ")[2] if token.meaning.startswith("a thing to keep") else ""
        goes_on = index + 1 < len(tokens) and tokens[index + 1].meaning == token.meaning
        if name and not goes_on:
            found.setdefault(name, index)
    return [(index, name) for name, index in found.items()]


def _acts(tokens: Tokens, index: int) -> bool:
    following: Token | None = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None:
        return False
    return following.part == VERB or (following.lower in MODALS and tokens.beside(index + 1, +1) not in ("be", "have"))


def _done(actions: Sequence[Action], lexicon: Lexicon) -> str:
    """`Rename photos by their date` is rename_photos: the first action, if it is long up to its first small word."""
    if not actions:
        return ""
    verb, *rest = actions[0].title.lower().replace(",", " , ").split()
    if len(rest) <= _OBJECT:
        return identifier(" ".join([verb, *rest]))
    while rest and (rest[0] in ARTICLES or lexicon.is_quality(rest[0])):
        rest.pop(0)
    said: list[str] = []
    for word in rest:
        if word in lexicon.words("stop") or not word[:1].isalpha() or len(said) == _OBJECT:
            break
        said.append(word)
    return identifier(" ".join([verb, *said])) if said else ""


def _first_words(tokens: Tokens, lexicon: Lexicon, archetype: Archetype) -> str:
    """What the brief is about in two words: the first ones that are no verb, no quality and no word about programs."""
    passed = (
        lexicon.words("stop") | lexicon.words("program_words") | lexicon.words("measures") | lexicon.words("code_words")
    )
    words = [
        token
        for token in tokens
        if token.kind in ("word", "path")
        and token.part != VERB
        and token.lower not in passed
        and lexicon.verb(token.lower) is None
        and not lexicon.is_quality(token.lower)
        and not token.meaning.startswith(("technology", "leave", "keep:", "looks ", archetype.title.lower()))
    ]
    about = [token for token in words if not token.meaning.startswith("to be done: ")] or words
    return "_".join(list(dict.fromkeys(token.bare.split(".")[0].lower() for token in about))[:2])
