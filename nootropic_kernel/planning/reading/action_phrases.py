"""Where the words of something that a project does begin and end: the verb, its object, and no clause beside it."""

from __future__ import annotations

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import NOUN, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import singular

_ENDS = frozenset({".", ";", "\n", "!", "?", ":", "(", ")", "—", "–", "•"})
_MODALS = frozenset({"can", "should", "must", "will", "could", "may", "would", "to"})
_JOINS = frozenset({",", "and", "or", "then", "but"})
_PRONOUNS = frozenset({"it", "them", "him", "her"})
_CONDITIONS = frozenset({"when", "if", "until", "unless", "once"})
_ASKS = frozenset({"when", "where", "who", "which", "what", "how"})
_LONGEST = 12


def phrase_of_action(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """The verb, verbs that share its object, and the object up to the end of the clause."""
    phrase = [tokens[index]]
    place = index + 1
    while (
        place + 1 < len(tokens)
        and len(phrase) < _LONGEST
        and tokens[place].lower in (",", "and", "or")
        and _same_form(tokens, index, place + 1, lexicon)
    ):
        if tokens.beside(place + 1, +1) not in (",", "and", "or") and len(phrase) == 1 and tokens[place].lower == ",":
            break
        phrase += tokens[place : place + 2]
        place += 2
    while place < len(tokens) and len(phrase) < _LONGEST:
        token = tokens[place]
        if token.lower in _ENDS or token.meaning.startswith(("leave", "keep:")):
            break
        said = any(each.lower not in lexicon.words("stop") for each in phrase[1:])
        if token.lower in ("that", "which", "who", "so", "when", "because", "while", "but", "then") and said:
            break
        if token.lower in _JOINS and _new_clause(tokens, place + 1, lexicon):
            break
        phrase.append(token)
        place += 1
    while phrase and (phrase[-1].kind == "stop" or phrase[-1].lower in lexicon.words("stop") | _JOINS):
        if phrase[-1].lower in ("them", "it", "other", "ones"):
            break
        if lexicon.particle_verb(phrase[0].lower, phrase[-1].lower) or (
            phrase[-2:-1] and phrase[-2].lower in _PRONOUNS
        ):
            break  # "pick them up", "mark it done"
        if phrase[-1].lower in ("is", "are") and {each.lower for each in phrase} & _ASKS:
            break  # "see when practice is"
        phrase.pop()
    return phrase


def _same_form(tokens: Tokens, index: int, other: int, lexicon: Lexicon) -> bool:
    """Whether another verb stands in the same form: `reading and writing`, `resize, crop and rotate`."""
    one, word = tokens[index].lower, tokens[other].lower
    ending = next((end for end in ("ing", "s") if one.endswith(end) and not lexicon.is_verb(one)), "")
    return lexicon.verb(word) is not None and (word.endswith(ending) if ending else lexicon.is_verb(word))


def _new_clause(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether what follows a comma or `and` is a clause with a verb of its own."""
    while index < len(tokens) and tokens[index].lower in ("and", "then", "also", "or", "please", *_MODALS):
        index += 1
    if index + 2 < len(tokens) and tokens[index].lower in ARTICLES and tokens[index + 2].part == VERB:
        return True  # "…, the pharmacist approves"
    if index >= len(tokens):
        return True
    token = tokens[index]
    acts = lexicon.is_verb(token.lower) or (lexicon.verb(token.lower) and token.lower.endswith(("s", "ing")))
    if token.part == VERB or (acts and token.part != NOUN):
        return True
    if singular(token.lower) != token.lower and tokens.beside(index + 1, +1) in _PRONOUNS:
        return True  # "…, and teachers grade it"
    place = index + 1
    while place < len(tokens) and place < index + 3 and tokens[place].kind == "word" and not tokens[place].part:
        place += 1
    if place < len(tokens) and tokens[place].part == VERB:
        return True  # "…, donors drop goods"
    after = tokens[index + 1].lower if index + 1 < len(tokens) else ""
    return after in _MODALS - {"to"} or token.meaning.startswith(("leave", "keep:"))


def is_condition(tokens: Tokens, index: int) -> bool:
    """`… a badge when they show up`, `if stock runs low, …`: what tells when something else is done."""
    start = index
    while start > 0 and tokens[start - 1].kind != "stop" and tokens[start - 1].lower not in _CONDITIONS:
        start -= 1
    if start == 0 or tokens[start - 1].lower not in _CONDITIONS:
        return False
    opens = start == 1 or tokens[start - 2].kind == "stop"
    end = next((place for place in range(index, len(tokens)) if tokens[place].kind == "stop"), len(tokens))
    return not opens or (end < len(tokens) and tokens[end].text == ",")  # else the main clause may have begun
