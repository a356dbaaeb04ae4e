"""What can be done to a thing, said of the thing: `recipes that can be rated, searched and exported as PDF`."""

from __future__ import annotations

from nootropic_kernel.planning.reading.actions import Action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.records import Ability
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Token, Tokens
from nootropic_kernel.planning.reading.wording import IRREGULAR, is_participle, own_name, plural, singular

_MAY = frozenset({"can", "could", "may"})
_RELATIVE = frozenset({"that", "which", "who", "also", "then"})
_EACH = ARTICLES | {"each", "every", "all", "any"}
# Done to whatever is kept: no task of its own follows.
_KEPT = frozenset(
    {"add", "create", "keep", "store", "save", "enter", "record", "list", "show", "view", "see", "display", "find",
     "edit", "change", "update", "delete", "remove", "make", "hold"}
)  # fmt: skip
_ENDS = frozenset(
    {"and", "or", "but", "then", "until", "when", "while", "if", "unless", "because", "so", "which", "that"}
)
_LONGEST_REST = 5


def find_passives(tokens: Tokens, lexicon: Lexicon) -> tuple[list[Ability], list[Action]]:
    """The abilities and the actions that are said in the passive voice; their words are marked."""
    abilities: list[Ability] = []
    actions: list[Action] = []
    for index, token in enumerate(tokens):
        if token.lower != "be" or tokens.beside(index, -1) not in _MAY:
            continue
        subject = _subject(tokens, index - 2, lexicon)
        for place in _participles(tokens, index + 1, lexicon) if subject else ():
            said = tokens[place]
            verb = _verb(said.lower, lexicon)
            name = lexicon.ability(said.lower) or lexicon.ability(verb)
            if name is None and verb in _KEPT:
                continue
            rest = _rest(tokens, place + 1)
            words = [*subject[:-1], plural(singular(subject[-1])), *(each.text for each in rest)]
            title = " ".join([verb, *words] if verb else [*words[: len(subject)], "can be", said.text])
            title = title[:1].upper() + title[1:]
            if name is not None:
                known = lexicon.table("abilities")[name]
                abilities.append(Ability(name, title, known["file"], said.text, said.at))
                meaning = f"an ability: {known['title'].lower()}"
            else:
                actions.append(Action(own_name(title.lower(), "action"), title, said.text, said.at))
                meaning = f"to be done: {title}"
            for each in (said, *rest):
                if each.lower not in lexicon.words("stop"):
                    each.mark("matched", meaning)
    return abilities, actions


def _subject(tokens: Tokens, last: int, lexicon: Lexicon) -> list[str]:
    """The words of the noun before `that can be`; after `and`, the noun that the sentence begins with."""
    while last >= 0 and tokens[last].lower in _RELATIVE:
        last -= 1
    if last < 0 or tokens[last].text in SENTENCE_ENDS:
        return []
    if tokens[last].lower in ("and", ","):
        while last > 0 and tokens[last - 1].text not in SENTENCE_ENDS and tokens[last - 1].lower != "where":
            last -= 1
        while last < len(tokens) and tokens[last].lower in _EACH:
            last += 1
    return [singular(tokens[last].lower)] if _is_noun(tokens[last], lexicon) else []


def _is_noun(token: Token, lexicon: Lexicon) -> bool:
    word = token.lower
    small = word in lexicon.words("stop") | lexicon.words("program_words") or lexicon.is_quality(word)
    return token.kind == "word" and not small and (lexicon.is_known_noun(word) or lexicon.is_unknown(word, noun=True))


def _participles(tokens: Tokens, index: int, lexicon: Lexicon) -> list[int]:
    """`rated, searched and exported`: the places of the participles that share one `be`."""
    found: list[int] = []
    while index < len(tokens):
        token = tokens[index]
        if token.kind != "word" or token.verdict or not is_participle(token.lower):
            break
        found.append(index)
        index += 1 + len(_rest(tokens, index + 1))
        joined = index
        while index < len(tokens) and tokens[index].lower in (",", "and", "or"):
            index += 1
        if index == joined:
            break
    return found


def _verb(word: str, lexicon: Lexicon) -> str:
    """The verb of a participle; empty where no list knows it."""
    base = IRREGULAR.get(word) or lexicon.base(word)
    return "" if base == word and lexicon.verb(word) is None else base


def _rest(tokens: Tokens, index: int) -> list[Token]:
    """What follows a participle in its part of the list, without who does it: `as PDF`, `by tag`."""
    found: list[Token] = []
    for token in tokens[index : index + _LONGEST_REST]:
        if token.kind == "stop" or token.lower in _ENDS or is_participle(token.lower):
            break
        found.append(token)
    if len(found) > 1 and found[0].lower == "by" and found[1].lower in ARTICLES:
        return []  # who does it: `approved by a manager`
    while found and found[-1].lower in ("as", "by", "to", "in", "with", "for", "at", "on", "from"):
        found.pop()
    return found
