"""Names of code in a brief: what is to be renamed to what, and which parts of the repository are meant."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.repository.facts import RepositoryFacts

_DOMAINS = frozenset({"io", "com", "org", "net", "dev", "ai", "app", "eu", "de", "uk", "js", "g", "e"})
_ONE_NAME = re.compile(r"[^\s=(){}\[\]]+")
FILE_NAME = re.compile(
    r"(?:[\w.-]+/)*[\w.-]+\.(?:py|ipynb|md|rst|toml|ya?ml|cfg|ini|json|js|jsx|ts|tsx|css|html|sql|txt|rs|go|java|rb|php)"
)
_CODE_LIKE = re.compile(r"\w_\w|\w\.\w")
_RENAMED_TO = frozenset({"to", "into", "as", "with", "by", "->", "=>", "→"})
_ONLY_REPLACED = frozenset({"with", "by"})
_TELLS_OF = frozenset({"to", "that", "which", "can", "for"})
_NAMED = frozenset({"module", "function", "class", "package", "script", "notebook", "method", "rename", "renaming"})
_PLACED = frozenset({"in", "into", "of", "to", "from", "inside", "on", "against", "across"})
_LEADS_TO = frozenset(
    {"to", "into", "as", "called", "named", "module", "modules", "file", "files", "create", "add", "write"}
)
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
        told = index > 1 and words[index - 2].lower in _TELLS_OF  # "a tool to rename photos" renames nothing here
        while going_on:
            old, index = _following(words, index, skip)
            joined = words[index].lower if index < len(words) else ""
            if old is None or joined not in _RENAMED_TO or (joined in _ONLY_REPLACED and verb.lower != "replace"):
                break
            new, index = _following(words, index + 1, skip)
            if new is None or ((verb.lower == "replace" or told) and not _is_here(old.bare, facts)):
                break
            if not _is_here(old.bare, facts) and facts.places(old.bare):
                break  # a method, or a name in another language: no recipe renames it
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
        if token.kind == "quoted" and not _ONE_NAME.fullmatch(token.bare):
            continue  # a line of code or a sentence, which names no part
        called = index + 1 < len(tokens) and tokens[index + 1].text == "(" and tokens[index + 1].at == token.end
        code = token.kind in ("quoted", "symbol", "path") or _CODE_LIKE.search(token.bare) is not None
        if token.part == VERB and not code and token.bare not in facts.names():
            continue  # "when a notebook holds secrets"
        code = code or (called and bool(facts.places(token.bare) or facts.users(token.bare)))
        names = _NAMED if facts.paths else _NAMED - {"rename", "renaming"}  # "a tool to rename photos"
        named = bool({tokens.beside(index, +1), tokens.beside(index, -1)} & names)
        placed = tokens.before(index, ARTICLES) in _PLACED
        there = placed and tokens.beside(index, -1) in ("the", "our", "this")
        if placed and token.bare in facts.names() and lexicon.is_verb(token.lower):
            named = True  # "to draw", where the repository has a function of that name
        if code or _is_target(token.bare, named, documents or placed, lexicon, facts, there=there):
            if token.bare.lower() in lexicon.words("tools"):
                continue
            found = facts.places(token.bare) or facts.users(token.bare)
            nowhere = not found
            if nowhere and token.kind == "word" and token.lower.rpartition(".")[2] in _DOMAINS:
                continue  # "crates.io" is a place elsewhere
            if nowhere and (not (code or named) or (token.kind == "path" and "." not in token.bare)):
                continue  # "read/write" is no file
            targets.append(token.bare)
            token.target = True
            if found:
                where = found[0] if len(found) == 1 else f"{found[0]} and {len(found) - 1} more"
                token.mark("matched", f"{token.bare} in {where}")
            elif _is_new(tokens, index):
                token.mark("matched", f"a new file: {token.bare}")
            else:
                token.mark("not understood", f"a name that is not in this repository: {token.bare}")
    return list(dict.fromkeys(targets))


def new_files(names: Iterable[str], facts: RepositoryFacts) -> list[str]:
    """Names of files that are not there yet."""
    return [name for name in names if FILE_NAME.fullmatch(name) and not facts.places(name)]


def _is_new(tokens: Tokens, index: int) -> bool:
    """`split it into a.py and b.py`, `a module c.py`: a file that is to be made."""
    if not FILE_NAME.fullmatch(tokens[index].bare):
        return False
    before = index - 1
    while before >= 0 and (tokens[before].lower in (",", "and") or tokens[before].meaning.startswith("a new file")):
        before -= 1
    return before >= 0 and tokens[before].lower in _LEADS_TO


def _is_target(
    name: str, named: bool, documents: bool, lexicon: Lexicon, facts: RepositoryFacts, *, there: bool = False
) -> bool:
    """Whether a plain word is meant as a name of code."""
    lower = name.lower()
    if lexicon.is_verb(lower) and not (named and name in facts.names()):
        return False
    if named and lower not in lexicon.words("code_words"):
        return lower not in lexicon.words("qualities")
    if there and lexicon.ability(lower) is not None and any(m.name == lower for m in facts.modules_named(lower)):
        return True  # "to the login", where there is a module login
    if name in facts.names():
        return name != lower or lexicon.is_unknown(lower)
    unknown = lexicon.is_unknown(lower) or (not lexicon.is_known_noun(lower) and documents is not False)
    return documents and lower == name and unknown and bool(facts.modules_named(name))


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
