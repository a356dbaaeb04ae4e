"""Slips of the pen: a word that no list knows, and that is one letter away from one that some list does."""

from __future__ import annotations

import string
from collections.abc import Iterator

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.tokens import Token, Tokens
from nootropic_kernel.planning.repository.facts import RepositoryFacts

_SHORTEST, _LONGEST = 5, 24  # longer ones are no words that a list knows
_READ_AS = "; read as "


def mend_typos(tokens: Tokens, lexicon: Lexicon, facts: RepositoryFacts) -> list[Token]:
    """Read such words as what they are near to; their text stays. Names of the repository are no slips.

    Two letters that changed places, one that is missing, or one that is there twice: no other slip is guessed, since
    a letter put in the place of another makes too many good words.
    """
    mended: list[Token] = []
    names = {name.lower() for name in facts.names()} | {module.name.lower() for module in facts.modules.values()}
    for token in tokens:
        word = token.lower
        if (
            token.used
            or token.kind != "word"
            or not _SHORTEST <= len(word) <= _LONGEST
            or not word.isascii()
            or not word.isalpha()
        ):
            continue
        if word in names or not lexicon.is_unknown(word):
            continue
        if _is_agent(word, lexicon):
            continue  # who pays is a payer, and no player
        near = next((other for other in _near(word) if other in lexicon.vocabulary), None)
        if near is not None:
            token.lower = near
            token.used = near in lexicon.words("stop")
            mended.append(token)
    return mended


def _is_agent(word: str, lexicon: Lexicon) -> bool:
    one = word.removesuffix("s")
    forms = (one[:-2], one[:-1]) if one.endswith(("er", "or")) else ()
    return any(lexicon.verb(form) is not None or lexicon.ability(form) is not None for form in forms)


def tell(mended: list[Token]) -> None:
    """Say in the meaning of each mended word what it was read as."""
    for token in mended:
        if token.verdict and token.lower not in token.meaning.split():
            token.meaning = f"{token.meaning}{_READ_AS}{token.lower}"


def _near(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        if word[at] != word[at + 1]:
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at in range(1, len(word)):
        if word[at] == word[at - 1]:
            yield word[:at] + word[at + 1 :]
    for at in range(1, len(word)):  # neither before the first letter nor after the last: that makes other words
        for letter in string.ascii_lowercase:
            yield word[:at] + letter + word[at:]
