"""What a brief says is *not* to be done: "do not touch …", "without …", "keep the public API"."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import MODALS, NOUN, OBJECT_OPENS, PREPOSITIONS, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Tokens
from nootropic_kernel.planning.reading.wording import singular

# How the limits begin that become a check of every task that a model or a person writes.
CHECKED = ("demand: ", "leave out: ")
LEAVE_OUT = "leave out"
_LONGEST_ITEM = 3  # words of an entry in a list of what is left out
_ENDS = frozenset({".", ";", "\n", "!", "?", ":", "(", ")", "—", "–"})
_DONT = frozenset({"don't", "dont", "never", "avoid"})
_MODAL = frozenset({"do", "must", "should", "may", "shall", "please"})
_MUST_NOT = frozenset({"mustn't", "shouldn't"})
_SAYS = frozenset({"is", "are", "was", "were", "has", "have", "says", "or"})
_NO_NOUN = frozenset({"later", "more", "longer", "matter", "less", "one", "way", "doubt"})
_TELLS_A_FAULT = frozenset({"called", "run", "started", "used", "invoked", "when", "crashes", "fails", "works", "runs"})
LETS = frozenset({"let", "allow", "permit"})
# With these the clause goes on behind a noun phrase, and with those it ends.
_FINITE = MODALS | {"is", "are", "was", "were", "has", "have", "had", "does", "do", "did"}
_ITS_OBJECT = OBJECT_OPENS - {"each", "all", "every", "this", "that", "these", "those", "any", "some"}
_CLAUSE_ENDS = _ENDS | {
    ",", "and", "but", "then", "when", "while", "because", "that", "which", "who", "if", "so", "since", "as", "unless",
    "where", "to", "than", "it", "i", "we", "you", "they", "for", "please", "until",
}  # fmt: skip
TOUCH = frozenset(
    {"touch", "change", "modify", "edit", "alter", "break", "move", "delete", "remove", "rewrite", "affect", "update"}
    | {"refactor", "rename", "overwrite", "changed", "touched", "modified", "altered", "broken", "removed", "be"}
)
_OPENS = frozenset({"with", "then", "but", "also", "please", "use", "make", "no", "without", "not", "do"}) | _DONT
_LASTING = frozenset(
    {"api", "apis", "interface", "interfaces", "signature", "signatures", "behaviour", "behavior", "compatible",
     "compatibility", "unchanged", "intact", "alone", "untouched", "stable"}
)  # fmt: skip
_SMALL = ARTICLES | {"any", "all", "to", "be", "of", "ever", "existing", "please", "anything", "about", "it"}


@dataclass(frozen=True)
class Limit:
    """One limit: how it is meant (``leave alone``, ``leave out``, ``keep``, ``demand``) and the words it is about."""

    kind: str
    words: tuple[str, ...]

    def sentence(self) -> str:
        """The limit for people."""
        return f"{self.kind}: {' '.join(self.words)}"


def find_limits(tokens: Tokens, lexicon: Lexicon) -> list[Limit]:
    """The limits of a brief; their words are marked, so that nothing else is made of them."""
    found: list[Limit] = []
    index = 0
    while index < len(tokens):
        start, first, kind = _opening(tokens, index, lexicon)
        if not kind or tokens[index].verdict:
            index += 1
            continue
        end = clause_end(tokens, first, kind, lexicon)
        span = tokens[start:end]
        content = [token for token in span if token.kind != "stop" and token.lower not in _SMALL]
        skipped = (first - start) if first > index else 0
        if tokens[index].lower in _MUST_NOT or start < index - 1:  # "X must not change"
            words = [token.text for token in tokens[start:index] if token.lower not in _SMALL | {"must", "should"}]
        else:
            words = [t.text for t in tokens[first:end] if t.kind != "stop" and t.lower not in _SMALL | {"and", "or"}]
        if not words and kind == "leave alone":
            words = [t.text for t in tokens[first:end] if t.kind != "stop"]
        if kind == "keep" or tokens[index].lower == "leave":
            words = [word for word in words if word.lower() not in ("unchanged", "intact", "alone", "untouched")]
        if words and (content or skipped):
            limit = Limit(kind, tuple(words))
            found.append(limit)
            for token in span:
                if not token.verdict:
                    token.mark("matched", limit.sentence())
        index = max(end, index + 1)
    return list(dict.fromkeys(found))


def _opening(tokens: Tokens, index: int, lexicon: Lexicon) -> tuple[int, int, str]:
    """Where a limit announced at ``index`` starts, where what it is about starts, and its kind ("" for none)."""
    word = tokens[index].lower
    before = tokens.beside(index, -1)
    after = tokens.beside(index, +1)
    opens = not before or before in {"but", "and", "please", "also", "just", "so", "then", "or"}
    first, start = index + 1, index
    if word in ("without", "except", "excluding"):
        if before in _TELLS_A_FAULT or not after or _tells_which(tokens, index, lexicon):
            return index, index, ""
        if lexicon.verb(after) and after.endswith("ing") and after[:-3] in {s.removesuffix("e") for s in TOUCH}:
            return index, index + 2, "leave alone"
        first += word == "except" and after in ("for", "in")
        return index, first, "leave alone" if word != "without" else "leave out"
    if word == "no" and after and after not in _NO_NOUN and before not in _SAYS:
        return index, first, "leave out"
    if word in ("keep", "preserve", "leave") and opens:
        end = clause_end(tokens, first, "keep", lexicon)
        said = {token.lower for token in tokens[first:end]}
        return (index, first, "keep" if word != "leave" else "leave alone") if said & _LASTING else (index, index, "")
    if word in _DONT and opens:
        pass
    elif word == "not" and before in _MODAL:
        start = index - 1
        if before in ("must", "should", "may", "shall"):
            start = clause_start(tokens, index - 1)
            if start < index - 1 and not {t.lower for t in tokens[index + 1 : index + 4]} & TOUCH:
                return index, index, ""
        elif tokens.beside(start, -1) not in ("", "but", "and", "please", "also", "so", "then", "or"):
            return index, index, ""  # "they do not arrive" tells a fault
    elif word in _MUST_NOT:
        start = clause_start(tokens, index)
    else:
        return index, index, ""
    if (start < index - 1 and tokens[index - 1].lower in ("must", "should", "may", "shall")) or word in _MUST_NOT:
        return start, first, "leave alone"
    while first < len(tokens) and tokens[first].lower in ("ever", "to"):
        first += 1
    verb = tokens[first].lower if first < len(tokens) else ""
    if verb in LETS and lexicon.technology(tokens.beside(first, +1)) is None:
        return index, index, ""  # "do not let people …" is what the program is to do
    if verb in TOUCH:
        return start, first + 1, "leave alone"
    return start, first + (lexicon.is_verb(verb) or verb in ("use", "make", "have", "need")), "leave out"


def _tells_which(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`rows without an amount are dropped`: the clause goes on with a verb behind the noun phrase of `without`.

    No noun phrase goes on with an article, so what stands right before one is a verb as well, where the clause has had
    none: `rows without a date crash the import`.
    """
    if tokens.beside(index, +1) == "one" and not tokens.beside(index + 1, +1):
        return True  # "rows without one" points back, and names nothing
    small = lexicon.words("stop") | PREPOSITIONS | OBJECT_OPENS
    nouns = 0
    for place in range(index + 1, len(tokens)):
        word, after = tokens[place].lower, tokens.beside(place, +1)
        if word in _CLAUSE_ENDS or (not nouns and word.endswith("ing")):
            return False
        if nouns and word in _FINITE:
            return True
        if nouns and word not in small and (after in _ITS_OBJECT or (not after and word in _TELLS_A_FAULT)):
            return _is_subject(tokens, index, lexicon)
        nouns += word not in OBJECT_OPENS
    return False


def _is_subject(tokens: Tokens, end: int, lexicon: Lexicon) -> bool:
    """Whether the clause up to there has a noun and no verb; one that opens with `orders` opens with a noun."""
    said = tokens[clause_start(tokens, end) : end]
    rest = said[1:] if said and singular(said[0].lower) != said[0].lower else said
    return bool(said) and all(token.part == NOUN or lexicon.verb(token.lower) is None for token in rest)


def clause_start(tokens: Tokens, index: int) -> int:
    """Where the clause starts that ``index`` stands in."""
    while index > 0 and tokens[index - 1].kind != "stop" and tokens[index - 1].lower not in ("but", "and"):
        index -= 1
    return index


def clause_end(tokens: Tokens, index: int, kind: str, lexicon: Lexicon) -> int:
    """Where a limit ends: with its sentence, before `but`, before the next verb after `and` or a comma."""
    while index < len(tokens):
        word = tokens[index].lower
        if word in _ENDS or word in ("but", "then", "when", "while", "because"):
            return index
        if word == "and" and _opens_a_clause(tokens, index + 1, lexicon):
            return index
        if word == ",":
            rest = _until_end(tokens, index + 1)
            alternatives = bool({"or", "nor"} & set(rest)) or (kind == "leave alone" and "and" in rest)
            alternatives = alternatives or (kind == LEAVE_OUT and _is_list(tokens, index, len(rest), lexicon))
            if kind == "demand" or not alternatives or _opens_a_clause(tokens, index + 1, lexicon):
                return index
        index += 1
    return index


def _is_list(tokens: Tokens, comma: int, words: int, lexicon: Lexicon) -> bool:
    """`without photos, prices and an owner`: nouns between commas up to the end, the last behind `and`."""
    without = next((t.lower for t in reversed(tokens[:comma]) if t.lower in ("without", "no") or t.text in _ENDS), "")
    rest = tokens[comma + 1 : comma + 1 + words]
    items = " ".join("," if token.lower in (",", "and") else token.lower for token in rest).split(",")
    nouns = all(
        token.part != VERB
        and (token.lower in ARTICLES | {",", "and"} or token.lower not in lexicon.words("stop"))
        and (token.part == NOUN or lexicon.verb(token.lower) is None)
        for token in rest
    )
    short = all(1 <= len(item.split()) <= _LONGEST_ITEM for item in items)
    return without == "without" and nouns and short and "and" in [token.lower for token in rest]


def _opens_a_clause(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    after, beyond = (tokens[at].lower if at < len(tokens) else "" for at in (index, index + 1))
    return after in _OPENS or (lexicon.is_verb(after) and beyond not in _ENDS | {",", "or", "nor", "and", ""})


def _until_end(tokens: Tokens, index: int) -> list[str]:
    words: list[str] = []
    while index < len(tokens) and tokens[index].lower not in _ENDS:
        words.append(tokens[index].lower)
        index += 1
    return words
