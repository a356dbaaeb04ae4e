"""Fields that a brief lists itself: `books (title, author, year)`, `each visit has a name, a length and a date`."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.lists_of_projects import ONE_OF, fields_of_what_it_is_for, mark_examples
from nootropic_kernel.planning.reading.small_words import BELONG, HOLD, HOLD_OF, NOUN, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import identifier, own_name, singular

_TYPES = {
    "str": "str", "string": "str", "text": "str", "int": "int", "integer": "int", "float": "float", "bool": "bool",
    "boolean": "bool", "datetime": "datetime", "decimal": "Decimal", "date": "date",
}  # fmt: skip
_HAS = frozenset({"with", "has", "have", "having", "contains", "contain"})
_EDGES = frozenset({"start", "end", "begin", "finish"})  # of something that takes its time
SMALL = ARTICLES | {"optional", "each", "their"}
_LONGEST = 3
SMALL_NOUNS = frozenset({"lot", "kind", "person"})  # small words elsewhere: `a lot of`, but `lot number`


@dataclass(frozen=True)
class Listed:
    """One thing with the fields that the brief lists for it; ``whole`` where it is a list and not one field only."""

    thing: str
    fields: dict[str, str]
    whole: bool = True


def find_field_lists(tokens: Tokens, lexicon: Lexicon) -> list[Listed]:
    """The lists of fields of a brief; their words are marked."""
    found: list[Listed] = []
    mark_examples(tokens, lexicon)
    for index, token in enumerate(tokens):
        bracket = token.text == "("
        if not bracket and token.lower not in _HAS and token.text != ":":
            continue
        owner = _owner(tokens, index, lexicon)
        if not owner:
            continue
        start = index - len(owner)
        if any(each.meaning.startswith(ONE_OF) for each in tokens[index + 1 : index + 2]):
            continue
        own = fields_of_what_it_is_for(tokens, start, index, lexicon) if token.lower not in _HAS else []
        if token.text == ":" and not own and not _announces(tokens, start, lexicon):
            continue
        items, end = items_from(tokens, index + 1, lexicon, bracket)
        once = len(items) == 1 and _said_once(items[0], tokens, lexicon)
        if not _are_fields(items, bracket, token.lower, lexicon, once=once):
            items = own
        if not items:
            continue
        if _is_weak(owner[0], lexicon) and not _own_fields(items, lexicon):
            continue
        if bracket and end < len(tokens) and tokens[end].text == ")":
            items += _afterthought(tokens, end + 1, lexicon)
        fields = dict(field_of(item, lexicon) for item in items)
        name = _name(owner, lexicon)
        for part in owner:
            part.mark("matched", f"a thing to keep: {name}")
        for item in items:
            name_of, kind = field_of(item, lexicon)
            for part in item:
                part.mark("matched", f"a field of {name}: {name_of} ({kind})")
        found.append(Listed(name, fields, whole=len(fields) > 1 or bracket))
    return found


def _owner(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """The noun that stands right before: what the library knows, or one to three words that no list knows."""
    place = index - 1
    if place < 0 or tokens[place].kind != "word" or tokens[place].used:
        return []
    last = tokens[place]
    if last.part == VERB:
        return []
    weak = _is_weak(last, lexicon)
    if not (lexicon.is_thing(last.lower) or weak or is_unknown(last, lexicon)):
        return []
    owner = [last]
    while len(owner) < _LONGEST and place > 0:
        place -= 1
        part = tokens[place]
        if part.kind != "word" or part.used or part.part == VERB or part.lower.endswith(("'s", "ed")):
            break
        if not (is_unknown(part, lexicon) or (is_abstract(part, lexicon) and singular(last.lower) != last.lower)):
            break
        owner.insert(0, part)
    return owner


def _announces(tokens: Tokens, start: int, lexicon: Lexicon) -> bool:
    """`books: title, author`, `write down visits: date, place`: what a colon follows opens a line, or is to be kept."""
    while start > 0 and tokens[start - 1].lower in SMALL:
        start -= 1
    before = tokens[start - 1] if start else None
    if before is None or before.kind == "stop":
        return before is None or before.text not in (",", ")")
    place = start - 2 if before.lower in ("down", "up") else start - 1
    verb = tokens[place].lower if place >= 0 else ""
    return lexicon.verb(verb) == "keep records" or verb in ("write", "enter")


def is_unknown(token: Token, lexicon: Lexicon) -> bool:
    """Whether no list knows the word as it stands."""
    return lexicon.is_unknown(token.lower, noun=token.part == NOUN)


def is_abstract(token: Token, lexicon: Lexicon) -> bool:
    """A word that is no thing by itself, and tells which thing is meant: `case studies`."""
    return token.lower in lexicon.words("abstract_nouns") | lexicon.words("code_words")


def _is_weak(token: Token, lexicon: Lexicon) -> bool:
    """A word that is no thing by itself (an abstract noun, a word of a sort of project), but can own fields."""
    word = singular(token.lower)
    if (lexicon.is_verb(token.lower) and token.part != NOUN) or {word, token.lower} & lexicon.words("tools"):
        return False
    if {word, token.lower} & (lexicon.words("program_words") | lexicon.words("code_words")):
        return word != token.lower
    abstract = bool({word, token.lower} & lexicon.words("abstract_nouns"))
    return abstract or lexicon.ability(token.lower) is not None or lexicon.points_to_archetype(word)


def _name(owner: list[Token], lexicon: Lexicon) -> str:
    if len(owner) == 1:
        return lexicon.thing(owner[0].lower) if lexicon.is_thing(owner[0].lower) else own_name(_last(owner[0]))
    return own_name(" ".join([*(part.lower for part in owner[:-1]), _last(owner[-1])]))


def _last(token: Token) -> str:
    return singular(token.lower)


def items_from(tokens: Tokens, index: int, lexicon: Lexicon, bracket: bool = False) -> tuple[list[list[Token]], int]:
    """Phrases between commas and `and`, as far as they can be fields, and where they end."""
    items: list[list[Token]] = []
    current: list[Token] = []
    last = False  # `and` stood before: a comma after that item closes the list
    while index < len(tokens):
        token = tokens[index]
        if token.lower in (",", "and", "or", "&", "plus") or (token.text == "\n" and bracket):
            if current and last and token.text == "," and not bracket:
                break
            last = last or bool(current and token.text != ",")
            if current:
                items.append(current)
            current = []
        elif token.lower in SMALL or (token.text == ":" and not current):
            pass
        elif token.text == ":":
            current.append(token)
        elif token.kind == "word" and (bracket or _is_free(tokens, index, lexicon)) and len(current) <= _LONGEST:
            begun = any(singular(item[-1].lower) in lexicon.table("attributes") for item in items)
            if not bracket and not current and not _can_be_field(tokens, index, lexicon, begun=begun):
                break
            current.append(token)
        else:
            break
        index += 1
    if current:
        items.append(current)
    return items, index


def _is_free(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether nothing took the word, or it tells which property follows: `a lot number`."""
    tells = tokens[index].lower in SMALL_NOUNS and not tokens[index].verdict
    return not tokens[index].used or (tells and singular(tokens.beside(index, +1)) in lexicon.table("attributes"))


def _can_be_field(tokens: Tokens, index: int, lexicon: Lexicon, *, begun: bool) -> bool:
    """Without brackets: in the singular, nothing that owns a list of its own, and no verb with an object.

    :param begun: a property stands before it, so that several of something can be one as well: `a title and lyrics`.
    """
    run = [tokens[index]]
    while (following := tokens.follower(index + len(run) - 1)) is not None:
        run.append(following)
    after = tokens[index + len(run)].lower if index + len(run) < len(tokens) else ""
    word = run[-1].lower
    if len(run) > _LONGEST or after in _HAS | {"("} or run[0].lower in HOLD | HOLD_OF | BELONG:
        return False
    has_kind = singular(word) in lexicon.table("attributes")
    ends = after in ("", ",", "and", ".", "\n", ";") and len(run) == 1
    if run[0].part != NOUN and lexicon.is_verb(run[0].lower) and not has_kind and not ends:
        return False
    if word in lexicon.table("counts"):
        beside = begun or (after in (",", "and") and _is_property(tokens, index + len(run) + 1, lexicon))
        return beside or not lexicon.is_known_noun(word)  # "a title and pages", but "pages and posts"
    if begun and singular(word) != word and not lexicon.is_known_noun(word):
        return True
    if (
        begun
        and after in (",", "and")
        and lexicon.is_thing(word)
        and _is_property(tokens, index + len(run) + 1, lexicon)
    ):
        return True
    return singular(word) == word or (word not in _TYPES and singular(word) in lexicon.table("attributes"))


def _is_property(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether the next of a list is a property: then what stands between two of them is one as well."""
    while index < len(tokens) and tokens[index].lower in SMALL | {"and"}:
        index += 1
    return any(singular(token.lower) in lexicon.table("attributes") for token in tokens[index : index + 2])


def _said_once(item: list[Token], tokens: Tokens, lexicon: Lexicon) -> bool:
    """`singers have a voice`: one of something that no other word of the brief is about."""
    word, at = item[-1].lower, tokens.index(item[0])
    others = [token for token in tokens if token is not item[-1] and singular(token.lower) == word]
    one = tokens.beside(at, -1) in ("a", "an") and singular(word) == word
    return one and not others and all(is_unknown(token, lexicon) for token in item)


def _are_fields(items: list[list[Token]], bracket: bool, opening: str, lexicon: Lexicon, *, once: bool = False) -> bool:
    if not items or any(len(item) > _LONGEST or item[-1].text == ":" for item in items):
        return False
    counts = lexicon.table("counts")
    sure = {*lexicon.table("attributes"), *_EDGES}
    known = sum(singular(i[-1].lower) in sure or i[-1].lower in {*_EDGES, *counts} for i in items)
    heads = {item[-1].lower for item in items} - set(counts)
    if any(lexicon.is_quality(head) or head in lexicon.words("tools") for head in heads):
        return False
    if bracket:
        return len(items) > 1 or known > 0
    if len(items) == 1:
        return opening in ("has", "have") and (known > 0 or once)
    return len(items) > 1 and (known > 0 or (opening in ("has", "have") and not _about_things(items, lexicon)))


def _own_fields(items: list[list[Token]], lexicon: Lexicon) -> bool:
    """Whether a list makes a thing of a word that is none by itself: singular words, one of them a property."""
    heads = [item[-1].lower for item in items]
    known = [head in _TYPES or singular(head) in lexicon.table("attributes") for head in heads]
    return any(known) and all(sure or singular(head) == head for sure, head in zip(known, heads, strict=True))


def _about_things(items: list[list[Token]], lexicon: Lexicon) -> bool:
    return any(lexicon.is_known_noun(item[-1].lower) for item in items)


def _afterthought(tokens: Tokens, index: int, lexicon: Lexicon) -> list[list[Token]]:
    """`… (title, year) and an owner`: one more field, when the clause ends with it."""
    if [token.lower for token in tokens[index : index + 1]] not in (["and"], ["plus"]):
        return []
    if tokens.beside(index, +1) not in ("a", "an"):
        return []
    items, end = items_from(tokens, index + 2, lexicon)
    over = end >= len(tokens) or tokens[end].lower in (".", ";", "\n", "!")
    return items if len(items) == 1 and over else []


def field_of(item: list[Token], lexicon: Lexicon) -> tuple[str, str]:
    """The name and the type of a field that the words of an item stand for."""
    words = [token.lower for token in item if token.text != ":"]
    typed = len(words) < len(item)
    kinds = lexicon.table("attributes")
    if len(words) > 1 and words[-1] in _TYPES and (typed or words[-1] not in ("text", "date")):
        return identifier(" ".join(words[:-1])), _TYPES[words[-1]]
    head = singular(words[-1]) if singular(words[-1]) in kinds else words[-1]
    if head == "number" and len(words) > 1:
        return identifier(" ".join(words)), "str"  # a phone number keeps its zeros
    if head in _EDGES:
        return identifier(" ".join(words)), "datetime"
    if words[-1] in lexicon.table("counts"):
        return identifier(" ".join(words)), str(lexicon.table("counts")[words[-1]])
    several = head not in kinds and singular(head) != head
    return identifier(" ".join([*words[:-1], head])), "list[str]" if several else str(kinds.get(head, "str"))
