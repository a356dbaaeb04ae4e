"""Whether an amount in a brief is meant as a constraint of the plan, told by the words around it."""

from __future__ import annotations

import re
from collections.abc import Container

_NEAR = 600  # characters: longer sentences are told by what stands nearest
_SENTENCE = re.compile(r"[.!?](?=\s|$)|[\n;]")
_PART = re.compile(r"[,;(\n•*–—]|[.!?:](?=\s|$)|\s-\s|^-\s|\band\b|\bwith\b", re.I | re.M)
_OPENS_RELATIVE = re.compile(r"\b(?:that|which|who|whose|where|when|if|while|so|after|for|every|each)\b", re.I)
_TO = re.compile(r"\bto\s+([a-z-]+)", re.I)
_PRICED = re.compile(r"(?:\b(?:priced?|worth|costing|sold|fees?|prices?|shipping|than|values?))\s*$", re.I)
_PLURAL = re.compile(r"(?<!s)s\s*$", re.I)
_LOOKS_FOR = re.compile(
    r"\b(?:find|finds|finding|show|shows|list|lists|listing|filter|filters|search|alert|alerts|notify|sells?|selling"
    r"|order(?:s|ed)|remind|reminds|group(?:ed)?|sort(?:ed)?|offers?|charges?|refund|discount)\b",
    re.I,
)
# "for two people under $20": whom it is for opens no clause that the amount belongs to.
_FOR_SO_MANY = re.compile(
    r"\bfor\s+(?:\w+\s+){1,2}(?:people|persons|users|customers|developers|colleagues)\s*,?\s*$", re.I
)
_FOR = re.compile(r"\bfor\b(?!\s+(?:each|every|up)\b)", re.I)
_FOR_PRICE = re.compile(r"\bfor\s*$", re.I)
_SMALL = re.compile(
    r"^(?:(?:and|but|so|please|also|it|all|this|in|for|on|to|a|the|of|is|are|do|build|finish|done|ready|must|should|be)"
    r"\b\s*)*$",
    re.I,
)


def counts(
    brief: str, match: re.Match[str], verbs: Container[str], *, price: bool = False, strict: bool = True
) -> bool:
    """Whether an amount is a constraint: labelled as one, a part of a list by itself, or the end of a plain sentence.

    :param verbs: words that, after `to`, open a clause about what is to be built.
    :param price: an amount of money, which may also be the price of what stands before it.
    :param strict: a plain sentence only counts with a limit word; a deadline always has one.
    """
    if _group(match, "label"):
        return not (price and _LOOKS_FOR.search(_before(brief, match)))
    limited = not strict or bool(_group(match, "limit") or _group(match, "trail"))
    if limited and opened(brief, match):
        return True
    if not strict and not re.search(r"\b(?:sort|group|filter|order|plot|chart)\w*\s*$", _before(brief, match), re.I):
        return not _relative(_before(brief, match), verbs) or match["how"].lower() in ("by", "no later than")
    if not limited:
        return opened(brief, match)
    before = _FOR_SO_MANY.sub("", _before(brief, match))
    if whole := price and _FOR_PRICE.search(before):
        before = _FOR.sub("", before)  # "for labels for under $20": the price of the whole, not of labels
    priced = price and (_PRICED.search(before) or (not whole and _PLURAL.search(before)))
    return not (_relative(before, verbs) or _LOOKS_FOR.search(before) or priced)


def opened(brief: str, match: re.Match[str]) -> bool:
    """Whether it stands by itself between two separators, and nothing looks for things in between."""
    before = brief[max(0, match.start() - _NEAR) : match.start()]
    cuts = list(_PART.finditer(before))
    start = cuts[-1].end() if cuts else 0
    after = brief[match.end() : match.end() + _NEAR]
    following = _PART.search(after)
    rest = after[: following.start() if following else len(after)]
    joined = re.match(r"(?:with|by|using|we|team|i)\b", match.group(), re.I) is not None
    if not _closes(rest) or not (joined or _SMALL.match(before[start:].strip())):
        return False
    return joined or bool(cuts) or not before.strip()


def _relative(text: str, verbs: Container[str]) -> bool:
    """Whether the words before open a clause about the thing to be built, which an amount then belongs to."""
    return bool(_OPENS_RELATIVE.search(text)) or any(found[1].lower() in verbs for found in _TO.finditer(text))


def _closes(rest: str) -> bool:
    """What may follow: nothing, or words that go on with another constraint."""
    return not rest.strip() or bool(
        re.match(
            r"\s*(?:by|before|within|in|under|for|on|at|each|total|please|alone|altogether|of\s+work)\b", rest, re.I
        )
    )


def _before(brief: str, match: re.Match[str]) -> str:
    """The sentence up to the match."""
    text = brief[max(0, match.start() - _NEAR) : match.start()]
    ends = [found.end() for found in _SENTENCE.finditer(text)]
    return text[ends[-1] :] if ends else text


def _group(match: re.Match[str], name: str) -> str:
    return (match.groupdict().get(name) or "").strip()
