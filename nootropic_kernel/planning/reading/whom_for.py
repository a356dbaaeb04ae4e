"""Who or what a project is for, and what it is called: nouns that nothing is kept of."""

from __future__ import annotations

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import HAVE, NOUN, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Token, Tokens
from nootropic_kernel.planning.reading.wording import singular

FOR_WHOM = "who or what it is for; no task of its own"
_BEFORE = frozenset({"for", "run", "running", "own"})
_AFTER = frozenset({"needs", "wants", "has"})
_WE = frozenset({"i", "we", "i'm", "we're"})
_ARE = frozenset({"am", "are"})
_BULLETS = frozenset({"-", "*", "•", "–"})


def setting_at(tokens: Tokens, index: int, run: list[Token], lexicon: Lexicon) -> list[Token]:
    """The noun at ``index`` when it says whom it is for: `for our library`, `as a teacher I`, `we are a food bank`.

    :param run: the unknown words in a row that start there.
    """
    token = tokens[index]
    if tokens.before(index, ARTICLES) == "as" and tokens.beside(index, +1) in ("i", "we", ""):
        return [token]
    whole = _with_its_head(tokens, index, run, lexicon)
    if run and (_is_we(tokens, index) or _is_had(tokens, index, whole, lexicon)):
        return whole
    one = singular(token.lower) == token.lower and tokens.beside(index, -1) not in ("each", "every", "a", "an")
    after = one and tokens.beside(index, +1) in _AFTER
    articles = ARTICLES | lexicon.words("qualities")
    said = any(each.verdict or _names(each, lexicon) for each in tokens[:index])
    if not after and (tokens.before(index, articles) not in _BEFORE or not said):
        return run if run and _is_own(tokens, index, run, lexicon) else []
    acts = tokens.beside(index, +1) in ("to", "who") and tokens.before(index, ARTICLES) == "for"
    if acts and lexicon.is_thing(token.lower) and singular(token.lower) != token.lower:
        return [token]  # "for teachers to record grades"
    if lexicon.is_known_noun(token.lower) or (lexicon.verb(token.lower) is not None and token.part != NOUN):
        return []
    if lexicon.is_quality(token.lower):
        return []
    found = run or [token]
    end = index + len(found)
    if singular(found[-1].lower) != found[-1].lower:
        owned = tokens.beside(index, -1) in ("my", "our") and not lexicon.is_of_people(singular(found[-1].lower))
        if owned or (end < len(tokens) and tokens[end].text == ","):
            return []  # "for our solar panels", "for classes, teachers and pupils"
    return [] if tokens.follower(index + len(found) - 1) is not None else found


def _names(token: Token, lexicon: Lexicon) -> bool:
    """Whether it waits to be the program's name: `ticketing for a village fair`."""
    small = token.kind != "word" or token.lower in lexicon.words("stop")
    return token.used and not small and token.part != VERB


def is_made_for(tokens: Tokens, setting: list[Token], lexicon: Lexicon) -> bool:
    """`web app for lamps`: whether it says what the program is about, rather than the people whom it is for."""
    last = setting[-1].lower
    place = tokens.index(setting[0]) - 1
    while place >= 0 and (tokens[place].lower in ARTICLES or lexicon.is_quality(tokens[place].lower)):
        place -= 1
    if place < 1 or tokens[place].lower != "for" or singular(last) == last:
        return False
    program = tokens[place - 1]
    named = program.lower in lexicon.words("program_words") or program.meaning.startswith("a program")
    return (named or lexicon.points_to_archetype(program.lower)) and not lexicon.is_of_people(singular(last))


def is_place(tokens: Tokens, setting: list[Token]) -> bool:
    """Whether a project can be called after it: `my school`, not `friends`, `as a teacher`, `my wife and I`."""
    last = tokens.index(setting[-1])
    together = tokens.beside(last, +1) == "and" and tokens.beside(last + 1, +1) in _WE
    role = tokens.before(last - len(setting) + 1, ARTICLES) == "as"
    return not role and not together and singular(setting[-1].lower) == setting[-1].lower


def _is_we(tokens: Tokens, index: int) -> bool:
    """`we are a food bank`"""
    if tokens.before(index, ARTICLES) in ("i'm", "we're"):
        return True
    place = index - 1
    while place > 0 and tokens[place].lower in ARTICLES:
        place -= 1
    return place > 0 and tokens[place].lower in _ARE and tokens[place - 1].lower in _WE


def _with_its_head(tokens: Tokens, index: int, run: list[Token], lexicon: Lexicon) -> list[Token]:
    """`a youth football team`: unknown words with the known noun that they tell about."""
    following = tokens.follower(index + len(run) - 1) if run else None
    known = following is not None and following.part != VERB and lexicon.is_thing(following.lower)
    return [*run, following] if following is not None and known else run


def _is_had(tokens: Tokens, index: int, run: list[Token], lexicon: Lexicon) -> bool:
    """`we have a factory`, `I coach a chess team`: what somebody has or does, and nothing is said of it."""
    place = index - 1
    while place > 0 and tokens[place].part == NOUN:
        place -= 1  # "a repair café"
    while place > 0 and tokens[place].lower in ARTICLES:
        place -= 1
    verb = tokens[place]
    opens = not any(token.text in SENTENCE_ENDS for token in tokens[:place])
    strange = opens and verb.part == VERB and lexicon.verb(verb.lower) is None
    had = place > 0 and (verb.lower in HAVE or strange) and tokens[place - 1].lower in _WE
    following = tokens[index + len(run)] if index + len(run) < len(tokens) else None
    over = following is None or following.text in SENTENCE_ENDS | {","}
    return had and over and singular(run[-1].lower) == run[-1].lower


def _is_own(tokens: Tokens, index: int, run: list[Token], lexicon: Lexicon) -> bool:
    """`my wife and I`, `our school`: one of one's own, that no verb of keeping records is about."""
    last = run[-1].lower
    if tokens.beside(index, -1) not in ("my", "our") or singular(last) != last:
        return False
    following = tokens.follower(index + len(run) - 1)
    if following is not None and following.part != VERB:
        return False
    verb = next((t for t in reversed(tokens[:index]) if t.part == VERB or t.kind == "stop"), None)
    return verb is None or lexicon.verb(verb.lower) is None


def heading_end(tokens: Tokens) -> int:
    """Where a heading ends: words without a verb before the first colon, or before a line of a list; 0 for none."""
    for index, token in enumerate(tokens):
        if token.part == VERB or token.text in (".", "!", "?", ";", ",", "("):
            return 0
        if token.text == ":":
            return index
        if token.text == "\n" and index + 1 < len(tokens) and tokens[index + 1].text in _BULLETS:
            return index
    return 0
