"""Abilities that a brief says with a verb and its particle (`teachers log in`), and who does without."""

from __future__ import annotations

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.limits import Limit
from nootropic_kernel.planning.reading.records import Ability
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens

_OBJECTS = (ARTICLES | {"each", "every", "all", "any"}) - {"that", "this"}
_WHERETO = frozenset({"for", "to"})  # "sign up for a shift" is no account
_DO_NOT = frozenset({"don't", "dont", "needn't", "can't", "cannot", "won't", "shouldn't", "mustn't"})
_DO = frozenset({"do", "need", "may", "must", "can", "should", "will"})
_NEAR = 16  # words behind it in which somebody is excepted
_LONGEST_NOUN = 3


def find_verbs_of_abilities(tokens: Tokens, lexicon: Lexicon) -> tuple[list[Ability], list[Limit]]:
    """The abilities, and a demand for each group of people that does without; the words of both are marked."""
    abilities: dict[str, Ability] = {}
    limits: list[Limit] = []
    for index, token in enumerate(tokens):
        particle = tokens.beside(index, +1)
        name = lexicon.ability_of_verb(token.lower, particle) if token.kind == "word" and not token.verdict else None
        if name is None or not _stands_alone(tokens, index + 2, particle, lexicon):
            continue
        if tokens.beside(index, -1) in ("no", "without"):
            continue  # "no sign in" is a limit
        known = lexicon.table("abilities")[name]
        token.part = VERB
        done = f"{lexicon.base(token.lower)} {particle}"
        if limit := _denied(tokens, index, done, lexicon):
            limits.append(limit)
            continue
        abilities.setdefault(name, Ability(name, known["title"], known["file"], f"{token.text} {particle}", token.at))
        for part in tokens[index : index + 2]:
            part.mark("matched", f"an ability: {known['title'].lower()}")
        limits += _excepted(tokens, index + 2, done, lexicon)
    return list(abilities.values()), limits


def _stands_alone(tokens: Tokens, place: int, particle: str, lexicon: Lexicon) -> bool:
    """Without an object: `log in`, but not `log in workouts`."""
    after = tokens[place] if place < len(tokens) else None
    if after is None or after.kind == "stop" or after.part == VERB:
        return True
    small = after.lower in lexicon.words("stop") or after.lower.endswith("ly")
    return small and after.lower not in _OBJECTS and not (particle == "up" and after.lower in _WHERETO)


def _excepted(tokens: Tokens, start: int, done: str, lexicon: Lexicon) -> list[Limit]:
    """`students do not`: whoever is said to do without, right behind what others do."""
    found: list[Limit] = []
    for place in range(start, min(start + _NEAR, len(tokens))):
        not_done = _not_done(tokens, place)
        end = place + len(not_done)
        closed = end >= len(tokens) or tokens[end].kind == "stop" or tokens[end].lower in ("and", "but")
        who = _who(tokens, place, lexicon)
        if not_done and closed and who and not not_done[0].verdict:
            limit = Limit("demand", (*(token.text for token in who), "do not", done))
            for part in not_done:
                part.mark("matched", limit.sentence())
            found.append(limit)
    return found


def _denied(tokens: Tokens, index: int, done: str, lexicon: Lexicon) -> Limit | None:
    """`guests cannot log in`: that alone asks for no account."""
    start = next((at for at in (index - 1, index - 2) if at >= 0 and at + len(_not_done(tokens, at)) == index), index)
    who = _who(tokens, start, lexicon)
    if start == index or not who:
        return None
    limit = Limit("demand", (*(token.text for token in who), "do not", done))
    for part in tokens[start : index + 2]:
        part.mark("matched", limit.sentence())
    return limit


def _not_done(tokens: Tokens, place: int) -> list[Token]:
    if tokens[place].lower in _DO_NOT:
        return tokens[place : place + 1]
    return tokens[place : place + 2] if tokens[place].lower in _DO and tokens.beside(place, +1) == "not" else []


def _who(tokens: Tokens, end: int, lexicon: Lexicon) -> list[Token]:
    start = end
    while start > 0 and end - start < _LONGEST_NOUN and tokens[start - 1].kind == "word":
        if tokens[start - 1].lower in lexicon.words("stop") or tokens[start - 1].part == VERB:
            break
        start -= 1
    return tokens[start:end]
