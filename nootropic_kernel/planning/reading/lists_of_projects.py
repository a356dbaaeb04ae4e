"""Lists behind what a project is for, and behind what each of its pages is about: `for vans: plate, mileage`."""

from __future__ import annotations

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import plural, singular

ONE_OF = "one of the "  # how the meaning of an example begins
_LONGEST = 3  # words of a field
_LIST_ENDS = frozenset({".", ";", "\n", "!", "?", ")"})
_PAGES = frozenset({"page", "chapter", "section", "article", "post", "tutorial", "guide", "lesson", "screen", "tab"})
_ADJECTIVE = ("al", "ic", "ful", "ive", "able", "ible", "ous", "less", "ish", "ary", "ed")


def fields_of_what_it_is_for(tokens: Tokens, start: int, opening: int, lexicon: Lexicon) -> list[list[Token]]:
    """The singular nouns of a list behind what the project is for: `REST API for vans: plate, mileage, drivers`.

    What is in the plural is a thing of its own. One word of another sort (a verb, a technology) makes it no such list.

    :param start: where the noun begins that the list stands behind.
    :param opening: the colon or bracket.
    """
    owner = tokens[opening - 1].lower
    if singular(owner) == owner or lexicon.is_of_people(singular(owner)):
        return []
    items = _items(tokens, opening + 1)
    sure = any(singular(item[-1].lower) in lexicon.table("attributes") for item in items)
    if not _stands_for(tokens, start, lexicon, sure=sure):
        return []
    single = [item for item in items if singular(item[-1].lower) == item[-1].lower]
    return single if all(_can_be_field(item, lexicon, sure=sure) for item in single) else []


def mark_examples(tokens: Tokens, lexicon: Lexicon) -> None:
    """`a page per procedure (hydrant, ladder, pump)`: in the brackets stands what there is a page of, and no fields."""
    for index, token in enumerate(tokens):
        if token.text != "(" or not _is_one_each(tokens, index):
            continue
        items = _items(tokens, index + 1)
        if any(singular(item[-1].lower) in lexicon.table("attributes") for item in items):
            continue
        for part in (part for item in items for part in item):
            part.mark("assumed", f"{ONE_OF}{plural(singular(tokens[index - 1].lower))}; no task of its own")


def _is_one_each(tokens: Tokens, end: int) -> bool:
    """Whether `a page per`, or `a page for each`, and one to three words stand before that place."""
    for place in range(end - 2, max(-1, end - 2 - _LONGEST), -1):
        word = tokens[place].lower
        if tokens[place].kind == "stop":
            return False
        if word == "per" or (word in ("each", "every") and tokens.beside(place, -1) == "for"):
            return singular(tokens.beside(place - (word != "per"), -1)) in _PAGES
    return False


def _items(tokens: Tokens, index: int) -> list[list[Token]]:
    """The phrases up to the end of the sentence or bracket, between commas and `and`; none where one is too long."""
    items: list[list[Token]] = [[]]
    told = False
    while index < len(tokens) and tokens[index].text not in _LIST_ENDS:
        token = tokens[index]
        if token.text == "," or token.lower in ("and", "or", "&", "plus"):
            items.append([])
            told = False
        elif token.kind != "word":
            return []
        elif token.lower == "in" or told:
            told = True  # "weight in grams"
        elif token.lower not in ARTICLES:
            items[-1].append(token)
        index += 1
    found = [item for item in items if item]
    return found if all(len(item) <= _LONGEST for item in found) else []


def _stands_for(tokens: Tokens, start: int, lexicon: Lexicon, *, sure: bool) -> bool:
    """`API for`, `app for our`: a sort of project stands before; one that does things only with a sure property."""
    while start > 0 and tokens[start - 1].lower in ARTICLES:
        start -= 1
    if start < 2 or tokens[start - 1].lower != "for":
        return False
    program = tokens[start - 2].lower
    sorts = [lexicon.library.archetypes[name] for name in lexicon.signs.get(program, {})]
    phrase = f"{tokens[start - 3].lower} {program}" if start > 2 else program
    sorts += [lexicon.library.archetypes[name] for name in lexicon.signs.get(phrase, {})]
    if sorts:
        keeping = (sort for sort in sorts if sort.keeps_things and sort.name != "game")
        return any(sure or not sort.reads for sort in keeping)
    return sure and program in lexicon.words("program_words")


def _can_be_field(item: list[Token], lexicon: Lexicon, *, sure: bool) -> bool:
    head = item[-1]
    if head.lower in lexicon.table("attributes"):
        return True
    if any(each.part == VERB or not each.text.islower() for each in item) or lexicon.verb(item[0].lower) is not None:
        return False
    if lexicon.is_quality(head.lower) or head.lower.endswith(_ADJECTIVE) or lexicon.ability(head.lower) is not None:
        return False
    if lexicon.is_thing(head.lower):
        return sure
    return lexicon.is_unknown(head.lower) or (len(item) > 1 and lexicon.technology(head.lower) is None)
