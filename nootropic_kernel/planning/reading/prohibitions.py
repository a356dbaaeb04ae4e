"""What a brief rules out in other words than "no X": technologies (`X-free`, `instead of X`), and behaviour.

"It must not overwrite files" is about the program that is made, "the API must not change" about code that is there: the
first is a demand, which tasks are checked by; the second a limit on what tasks touch (see :mod:`limits`).
"""

from __future__ import annotations

from collections.abc import Iterator

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.limits import LEAVE_OUT, LETS, TOUCH, Limit, clause_end, clause_start
from nootropic_kernel.planning.reading.small_words import OBJECT_OPENS
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import singular, stems

DEMAND = "demand"
_STRONG = frozenset({"must", "may", "shall"})
_NOT = frozenset({"not", "never"})
_ITSELF = frozenset({"it", "this", "that", "which", "everything", "nothing"})
_PEOPLE = frozenset({"i", "we", "you"})
_JOINED = frozenset({"", "but", "and", "please", "also", "so", "then", "or"})
_USES = frozenset({"use", "uses", "make", "makes", "have", "has", "need", "needs", "depend", "depends"})
_OF_THE_WORK = frozenset({"test", "readme", "notebook", "code", "api", "interface", "signature", "module", "function"})
_TOUCHES_CODE = frozenset(
    {"touch", "change", "modify", "edit", "alter", "break", "rewrite", "affect", "refactor", "rename", "update"}
)
_PARTICIPLES = frozenset({"changed", "touched", "modified", "edited", "altered", "broken", "rewritten", "affected"})
_BY_MEANS_OF = frozenset({"in", "with", "using", "on", "via", "through", "by"})
_BUT = frozenset({("anything", "but"), ("everything", "but"), ("whatever", "but"), ("other", "than")})
_INSTEAD = frozenset({("instead", "of"), ("rather", "than"), ("place", "of")})
_AVERSE = frozenset({"want", "like", "need", "use", "wish", "accept", "allow"})
_BANNED = frozenset(
    {
        "forbidden",
        "banned",
        "prohibited",
        "excluded",
        "unwanted",
        "undesired",
        "taboo",
        "disallowed",
        "out",
        "off-limits",
    }
)
_ORDERS = _STRONG | {"should", "can"}
_NOT_GRANTED = frozenset({"allowed", "wanted", "permitted", "welcome", "acceptable", "desired"})
_ASKED = frozenset({"required", "mandatory", "preferred", "needed", "obligatory", "compulsory", "given", "set"})
_MOVES = frozenset({"migrate", "port", "switch", "move", "upgrade", "replace", "swap"})
_TELLS_A_FAULT = frozenset({"called", "run", "started", "used", "invoked", "when", "crashes", "fails", "works", "runs"})


def find_prohibitions(tokens: Tokens, lexicon: Lexicon, *, has_code: bool = False) -> list[Limit]:
    """The limits that are put that way; their words are marked.

    :param has_code: `do not let people …` then asks for a change to the code that is there, and is no limit.
    """
    found: list[Limit] = []
    for index, token in enumerate(tokens):
        if token.verdict or token.kind != "word":
            continue
        lets = () if has_code else _not_let(tokens, index, lexicon)
        for kind, start, first, end in (*lets, *_openings(tokens, index, lexicon)):
            span = tokens[start:end]
            if kind == DEMAND:
                words = tuple(each.text for each in span if each.lower not in ("it", "this", "which", "that", ","))
            else:
                words = tuple(_without_free(each) for each in tokens[first:end] if each.kind in ("word", "quoted"))
                words = tuple(word for word in words if word.lower() not in ARTICLES | {"and", "or", "nor", "any"})
            limit = Limit(kind, words)
            if words and limit not in found:
                found.append(limit)
            for each in span:
                if each.kind != "stop":
                    each.mark("matched", limit.sentence())
            break
    return found


def _openings(tokens: Tokens, index: int, lexicon: Lexicon) -> Iterator[tuple[str, int, int, int]]:
    """What the word at ``index`` may announce: its kind, where it starts, where what it rules out starts and ends."""
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    if (word in _NOT and before in _STRONG) or word == "mustn't":
        yield from _forbidden_behaviour(tokens, index, lexicon)
    elif word == "never" and before in _ITSELF and lexicon.verb(after):
        yield DEMAND, index - 1, index, clause_end(tokens, index + 1, DEMAND, lexicon)
    elif word == "never" and before in _JOINED and _is_behaviour(tokens, index + 1, lexicon):
        yield DEMAND, index, index, clause_end(tokens, index + 1, DEMAND, lexicon)
    elif word in ("nothing", "no") and not before.startswith(("is", "has", "have")):
        end = clause_end(tokens, index + 1, DEMAND, lexicon)
        if any(each.lower in _ORDERS for each in tokens[index + 1 : end]):
            yield DEMAND, index, index, end
    elif word == "without" and before not in _TELLS_A_FAULT and _is_doing(after, lexicon):
        yield DEMAND, index, index, clause_end(tokens, index + 1, DEMAND, lexicon)
    if word.endswith("-free") and _is_named(word.removesuffix("-free"), lexicon):
        yield LEAVE_OUT, index, index, index + 1
    yield from _ruled_out(tokens, index, lexicon)


def _not_let(tokens: Tokens, index: int, lexicon: Lexicon) -> Iterator[tuple[str, int, int, int]]:
    """`do not let people …`: what is made has to see to it."""
    word, before = tokens[index].lower, tokens.beside(index, -1)
    start = index - (word == "not")
    if word in ("don't", "never") or (word == "not" and before == "do"):
        opens = tokens.beside(start, -1) in ("", "but", "and", "please", "also", "so", "then")
        named = lexicon.technology(tokens.beside(index + 1, +1)) is not None
        if opens and tokens.beside(index, +1) in LETS and not named:
            yield DEMAND, start, start, clause_end(tokens, index + 2, DEMAND, lexicon)


def _is_doing(word: str, lexicon: Lexicon) -> bool:
    """`sending`, but not `changing`: that is about code which is there."""
    return word.endswith("ing") and lexicon.verb(word) is not None and not set(stems(word)) & _TOUCHES_CODE


def _is_behaviour(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`never overwrites a file`: of what is made; `never edit the README` and `never use Redis` are about the work.

    An order to delete, move or overwrite is about the work as well, where it names a file or a part of the code.
    """
    verb = tokens[index] if index < len(tokens) else None
    if verb is None or verb.kind != "word" or verb.lower in LETS | _USES:
        return False
    rest = tokens[index + 1 : clause_end(tokens, index + 1, DEMAND, lexicon)]
    if not rest or any(_is_named(each.bare.lower(), lexicon) for each in rest):
        return False
    if singular(verb.lower) != verb.lower:
        return lexicon.verb(verb.lower) is not None or rest[0].lower in OBJECT_OPENS
    own = any(each.kind in ("path", "symbol", "quoted") or singular(each.lower) in _OF_THE_WORK for each in rest)
    listed = lexicon.is_verb(verb.lower) or verb.lower in TOUCH or rest[0].lower in OBJECT_OPENS
    return listed and verb.lower not in _TOUCHES_CODE and not (own and verb.lower in TOUCH)


def _forbidden_behaviour(tokens: Tokens, index: int, lexicon: Lexicon) -> Iterator[tuple[str, int, int, int]]:
    modal = index if tokens[index].lower == "mustn't" else index - 1
    start = clause_start(tokens, modal)
    subject = [each.lower for each in tokens[start:modal] if each.lower not in ARTICLES - {"this", "that"}]
    verb, then = tokens.beside(index, +1), tokens.beside(index + 1, +1)
    touches = verb in _TOUCHES_CODE or (verb == "be" and then in _PARTICIPLES)
    itself = bool(subject) and (subject[-1] in _ITSELF or subject[-1] in lexicon.words("program_words"))
    end = clause_end(tokens, index + 1, DEMAND, lexicon)
    if touches and subject and subject[-1] in _PEOPLE:
        yield "leave alone", start, index + 2, end
    elif verb and (itself or not touches):
        if itself or not subject:
            start = modal - bool(subject and subject[-1] in _ITSELF)
        yield DEMAND, start, modal, end


def _ruled_out(tokens: Tokens, index: int, lexicon: Lexicon) -> Iterator[tuple[str, int, int, int]]:
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    if (word, after) in _INSTEAD | _BUT and (end := _named(tokens, index + 2, lexicon)) > index + 2:
        moved = any(lexicon.base(each.lower) in _MOVES for each in tokens[:index])
        if not ((word, after) in _INSTEAD and moved):
            yield LEAVE_OUT, index - (before == "in"), index + 2, end
    elif word == "neither" and (end := _named(tokens, index + 1, lexicon)) > index + 1:
        yield LEAVE_OUT, index - (before in _BY_MEANS_OF), index + 1, end
    elif word == "not" and before not in _STRONG | {"do"}:
        first = index + 1 + (after in _BY_MEANS_OF)
        if (end := _named(tokens, first, lexicon)) > first:
            yield LEAVE_OUT, index, first, end
    elif word in ("don't", "won't") or (word == "not" and before in ("do", "will")):
        who = clause_start(tokens, index)
        if tokens[who].lower in _PEOPLE and after in _AVERSE and who >= index - 2:
            yield LEAVE_OUT, who, index + 2, clause_end(tokens, index + 2, LEAVE_OUT, lexicon)
    elif _is_named(word, lexicon) and (end := _named(tokens, index, lexicon)) > index:
        yield from _said_of_it(tokens, index, end)


def _said_of_it(tokens: Tokens, index: int, end: int) -> Iterator[tuple[str, int, int, int]]:
    """`Kafka is forbidden`, `Docker is not allowed`; of `Redis is required` only what says so is marked here."""
    said = [each.lower for each in tokens[end : end + 3]]
    if not said or said[0] not in ("is", "are", "must", "was"):
        return
    if said[1:2] and said[1] in _BANNED:
        tokens[end + 1].mark("matched", f"{LEAVE_OUT}: {tokens[index].text}")
        yield LEAVE_OUT, index, index, end
    elif said[1:3] and said[1] == "not" and said[2] in _NOT_GRANTED:
        tokens[end + 2].mark("matched", f"{LEAVE_OUT}: {tokens[index].text}")
        yield LEAVE_OUT, index, index, end
    elif said[1:2] and said[1] in _ASKED:
        tokens[end + 1].mark("matched", f"asks for {tokens[index].text}")


def _named(tokens: Tokens, index: int, lexicon: Lexicon) -> int:
    """Where a row of technologies that begins at ``index`` ends (`Docker nor Terraform`); ``index`` where none does."""
    end = index
    while index < len(tokens):
        while index < len(tokens) and tokens[index].lower in ARTICLES:
            index += 1
        if index >= len(tokens) or not _is_named(tokens[index].bare.lower(), lexicon):
            break
        end = index = index + 1
        if index < len(tokens) and tokens[index].lower in ("and", "or", "nor", ",", "/"):
            index += 1
    return end


def _is_named(word: str, lexicon: Lexicon) -> bool:
    kinds = lexicon.table("technology_kinds")
    return lexicon.technology(word) is not None or any(word in words for words in kinds.values())


def _without_free(token: Token) -> str:
    text = token.bare
    return text[:-5] if text.lower().endswith("-free") else text
