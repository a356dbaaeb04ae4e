"""Names of code in a brief: what is to be renamed to what, and which parts of the repository are meant."""

from __future__ import annotations

import re

from nootropic_kernel.planning.facts import RepositoryFacts
from nootropic_kernel.planning.lexicon import Lexicon
from nootropic_kernel.planning.tokens import ARTICLES, Token, Tokens

_CODE_LIKE = re.compile(r"\w_\w|\w\.\w")
_RENAMED_TO = frozenset({"to", "into", "as", "with", "by", "->", "=>", "→"})
_NAMED = frozenset({"module", "function", "class", "package", "script", "notebook", "method"})
_DOCUMENTS = frozenset({"docs", "document", "documentation", "docstrings"})


def find_renames(tokens: Tokens, lexicon: Lexicon, facts: RepositoryFacts) -> list[tuple[str, str]]:
    """`rename A to B`, `replace A with B`, and more pairs after `and`; the tokens are marked."""
    words = [token for token in tokens if token.kind != "stop" or token.text != ","]
    skip = ARTICLES | lexicon.words("code_words") | {"name", "all", "from"}
    pairs: list[tuple[str, str]] = []
    index = 0
    while index < len(words):
        verb, index = words[index], index + 1
        going_on = verb.lower in ("rename", "renaming", "replace")
        while going_on:
            old, index = _following(words, index, skip)
            if old is None or index >= len(words) or words[index].lower not in _RENAMED_TO:
                break
            new, index = _following(words, index + 1, skip)
            if new is None or (verb.lower == "replace" and not _is_here(old.bare, facts)):
                break
            pairs.append((old.bare, new.bare))
            _mark_pair(verb, old, new, facts)
            going_on = index < len(words) and words[index].lower == "and"
            index += going_on
    return list(dict.fromkeys(pairs))


def find_targets(tokens: Tokens, lexicon: Lexicon, facts: RepositoryFacts) -> list[str]:
    """Names that are written like code, or that are names of this repository; the tokens are marked."""
    documents = any(token.lower in _DOCUMENTS for token in tokens)
    targets: list[str] = []
    for index, token in enumerate(tokens):
        if token.used or token.kind == "number" or token.lower in lexicon.words("technologies"):
            continue
        code = token.kind in ("quoted", "symbol", "path") or _CODE_LIKE.search(token.bare) is not None
        named = bool({tokens.beside(index, +1), tokens.beside(index, -1)} & _NAMED)
        if code or _is_target(token.bare, named, documents, lexicon, facts):
            targets.append(token.bare)
            if found := _place(token.bare, facts):
                token.mark("matched", f"{token.bare} in {found}")
            else:
                token.mark("not understood", f"a name that is not in this repository: {token.bare}")
    return list(dict.fromkeys(targets))


def _is_target(name: str, named: bool, documents: bool, lexicon: Lexicon, facts: RepositoryFacts) -> bool:
    """Whether a plain word is meant as a name of code."""
    lower = name.lower()
    if lexicon.is_verb(lower):
        return False
    if named and lower not in lexicon.words("code_words"):
        return lower not in lexicon.words("qualities")
    return name in facts.names() or (documents and lower == name and bool(facts.modules_named(name)))


def _place(name: str, facts: RepositoryFacts) -> str:
    """The file that a name stands for or is defined in."""
    for module in [*facts.modules_named(name), *facts.defining(name.split(".")[-1])]:
        return module.path
    return next((path for path in sorted(facts.paths) if path == name or path.split("/")[-1] == name), "")


def _is_here(name: str, facts: RepositoryFacts) -> bool:
    return bool(facts.defining(name.split(".")[-1]))


def _mark_pair(verb: Token, old: Token, new: Token, facts: RepositoryFacts) -> None:
    verb.mark("matched", "rename")
    if _is_here(old.bare, facts):
        old.mark("matched", f"the name {old.bare}")
    else:
        old.mark("not understood", f"a name that is not in this repository: {old.bare}")
    new.mark("matched", f"the new name {new.bare}")


def _following(words: list[Token], index: int, skip: frozenset[str]) -> tuple[Token | None, int]:
    """The next word that can be a name, and the index after it and after words such as `function`."""
    while index < len(words) and words[index].lower in skip:
        index += 1
    if index >= len(words) or words[index].kind not in ("quoted", "symbol", "word"):
        return None, index
    found = words[index]
    index += 1
    while index < len(words) and words[index].lower in skip - {"from"}:
        index += 1
    return found, index
