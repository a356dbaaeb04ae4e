"""What a program does by what it is called: `csv to parquet converter` converts csv to parquet."""

from __future__ import annotations

from nootropic_kernel.planning.reading.actions import ACTS, Action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Tokens
from nootropic_kernel.planning.reading.wording import own_name


def find_agents(tokens: Tokens, lexicon: Lexicon) -> list[Action]:
    """What a program is called by: `csv to parquet converter` converts csv to parquet. Its words are marked."""
    for index, token in enumerate(tokens):
        verb = _verb_of_agent(token.lower, lexicon) if token.kind == "word" and not token.used else ""
        if not verb or tokens.follower(index) is not None:
            continue
        start = index
        while start > 0 and (tokens[start - 1].kind == "word" or tokens[start - 1].verdict):
            start -= 1
            if tokens[start].lower in ARTICLES | lexicon.words("qualities") | {"for", "of", "with", "and"}:
                start += 1
                break
        words = tokens[start:index]
        if not words or any(each.part == VERB for each in words):
            continue
        title = " ".join([verb, *(each.text for each in words)])
        for part in (*words, token):
            if part.lower not in lexicon.words("stop"):
                part.mark("matched" if part is token else "assumed", f"to be done: {title.capitalize()}")
        return [Action(own_name(title, "action"), title[:1].upper() + title[1:], token.text, token.at)]
    return []


def _verb_of_agent(word: str, lexicon: Lexicon) -> str:
    """The verb of who does it: converter → convert, resizer → resize, splitter → split; none of keeping records."""
    if not word.endswith(("er", "or")) or lexicon.is_thing(word):
        return ""
    forms = [word[:-2], word[:-1], word[:-2] + "e", *([word[:-3]] if word[-3:-2] == word[-4:-3] else [])]
    verb = next((form for form in forms if lexicon.is_verb(form)), "")
    acts = lexicon.verb(verb) in ACTS | {"rename", "refactor", "test", "remove records"} if verb else False
    return verb if acts else ""
