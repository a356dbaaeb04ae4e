"""Abilities in the brief's own words: `export loans as CSV`, `prints a monthly summary`."""

from __future__ import annotations

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.records import Ability
from nootropic_kernel.planning.reading.tokens import Token, Tokens

_MAKES = frozenset({"make something new", "add to what is there", "keep records", "change records", "mend", "run"})


def take_ability(tokens: Tokens, index: int, name: str, lexicon: Lexicon) -> Ability:
    """The ability of that name as the brief asks for it at ``index``; its words are marked."""
    token = tokens[index]
    known = lexicon.table("abilities")[name]
    phrase = phrase_of(tokens, index, lexicon)
    alone = (
        asked_by(tokens, index, _own_words(tokens, index, known["title"], lexicon), lexicon) if not phrase[1:] else ""
    )
    title = alone or " ".join([lexicon.base(token.lower), *(part.text for part in phrase[1:])])
    for part in phrase:
        if part.kind != "word" or part.lower in lexicon.words("stop") | lexicon.words("tools"):
            continue  # looked at by itself
        part.mark("matched", f"an ability: {known['title'].lower()}")
    return Ability(name, title[:1].upper() + title[1:], known["file"], token.text, token.at)


def _own_words(tokens: Tokens, index: int, title: str, lexicon: Lexicon) -> str:
    """`watering reminders`, `a monthly report`: a noun with what tells which; a verb by itself has the usual title."""
    if lexicon.verb(tokens[index].lower) is not None and tokens[index].part != "noun":
        return title
    start = index
    while start > 0 and tokens[start - 1].meaning.startswith(("tells which", "how it should be")):
        start -= 1
    return " ".join(token.text for token in tokens[start : index + 1])


def phrase_of(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """`export loans as CSV`: a verb with its object, up to the end of the clause; else the word alone."""
    token = tokens[index]
    before = tokens.beside(index, -1)
    opens = not before or before in ("and", "to", "can", "then", "also", "that", "please", "could", "me", "us")
    said = lexicon.verb(token.lower) is not None and not token.lower.endswith(("ing", "ed"))
    if not opens or not said or tokens.beside(index, +1) in ("", "and", "or"):
        return [token]
    phrase = [token]
    for following in tokens[index + 1 :]:
        if following.kind == "stop" or following.lower in ("and", "but", "then"):
            break
        if following.verdict and not following.meaning.startswith(("technology: ", "data: ")):
            break
        phrase.append(following)
    while phrase[-1].lower in lexicon.words("stop"):
        phrase.pop()
    return phrase


def asked_by(tokens: Tokens, index: int, title: str, lexicon: Lexicon) -> str:
    """`prints a monthly summary`: the verb that an ability is the object of, where one stands right before it."""
    for place in range(index - 1, max(-1, index - 5), -1):
        token = tokens[place]
        if token.kind != "word" or lexicon.is_known_noun(token.lower) or token.lower in ("and", "with", "for"):
            return title
        meaning = lexicon.verb(token.lower)
        if meaning is not None and not lexicon.is_quality(token.lower):
            if meaning in _MAKES:
                return title
            end = index + 1
            while end < len(tokens) and end < index + 7 and not _ends(tokens[end], lexicon):
                if tokens[end].lower not in lexicon.words("stop"):
                    tokens[end].mark("matched", f"an ability: {title.lower()}")
                end += 1
            words = [lexicon.base(token.lower), *(part.text for part in tokens[place + 1 : end])]
            while words[-1].lower() in lexicon.words("stop"):
                words.pop()
            return " ".join(words)
    return title


def _ends(token: Token, lexicon: Lexicon) -> bool:
    """Whether a phrase ends before this word."""
    small = token.kind == "stop" or token.lower in ("and", "but", "then", "or", "that", "which", "with")
    return small or bool(token.verdict) or lexicon.is_known_noun(token.lower)
