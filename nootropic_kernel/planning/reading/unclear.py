"""A brief that cannot be read, or says too little: another language, words that no list knows, only `a website`."""

from __future__ import annotations

from nootropic_kernel.planning.methods.library import Archetype
from nootropic_kernel.planning.reading.archetype_choice import DEFAULT, Choice
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.tokens import Tokens
from nootropic_kernel.planning.repository.facts import RepositoryFacts

# Articles, prepositions, conjunctions and pronouns that are no English words.
_SMALL_WORDS = {
    "German": "der das ein eine einen einer eines einem und oder mit für von zu zum zur auf aus bei nach ist sind soll"
    " sollen wird werden ich wir sie unser unsere unseren unserer mein meine nicht kein keine auch sich als über"
    " unter wie",
    "French": "le les un une des du de et ou avec pour sur dans par est sont je nous vous mon ma mes notre nos qui"
    " que pas aux ce cette ces leur leurs sans chez",
    "Spanish": "el los las un una unos unas y o con para por del de en es son que mi mis nuestro nuestra sus sin como",
    "Italian": "il lo gli le un una uno e o con per di del della dei delle che da nel sono mio mia nostro nostra senza",
    "Portuguese": "o os um uma e ou com para por do da dos das em que meu minha nosso nossa sem uma",
    "Dutch": "de het een en of met voor van naar op uit bij is zijn ik wij onze mijn niet geen ook",
}
_TELLS_THE_SORT = 3.0  # the weight of a word that names a sort of program, as `bot` does and `app` does not
_LISTS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_ENGLISH = frozenset({"de", "of", "is", "o", "e", "on", "le", "op", "en", "do", "as", "y", "per", "come", "das", "un"})


def mark_unclear(tokens: Tokens, lexicon: Lexicon, facts: RepositoryFacts) -> str:
    """Why the brief cannot be read, for people; empty where it can. Names of code are words that are known."""
    language = _foreign_language(tokens, lexicon)
    if language:
        _mark_foreign(tokens, language, lexicon)
        return f"The brief looks {language}, and only English is read."
    if not facts.has_code and _knows_nothing(tokens, lexicon):
        _mark_nothing(tokens)
        return "No word of the brief is known, so nothing tells what it is about."
    return ""


def names_a_sort_only(tokens: Tokens, archetype: Archetype) -> bool:
    """`make me a website`: whether no word says anything else than what sort of program it is."""
    told = (archetype.title.lower(), "a program", "to do: ", "how it should be", "technology: ")
    return archetype.builds and all(token.meaning.startswith(told) for token in tokens if token.verdict)


def sort_assumed_of(choice: Choice) -> str:
    """What is to be said where no word tells the sort of project."""
    if choice.archetype.name != DEFAULT or choice.strongest() >= _TELLS_THE_SORT:
        return ""
    return (
        "nothing says what sort of project it is; planned as an application with nothing to look at: "
        "say `web app`, `REST API`, `command-line tool`, `game` … for another plan"
    )


def _foreign_language(tokens: Tokens, lexicon: Lexicon) -> str:
    """The language of a brief that is not English; empty where its small words are English ones, or too few."""
    words = [token.lower.split("'")[0] for token in tokens if token.kind == "word"]
    words += [token.lower.split("'")[-1] for token in tokens if token.kind == "word" and "'" in token.lower]
    english = sum(word in lexicon.words("stop") and word not in _ENGLISH for word in words)
    counts = {language: sum(word in small for word in words) for language, small in _LISTS.items()}
    best = max(counts, key=lambda language: counts[language])
    sure = sum(word in _LISTS[best] and word not in _ENGLISH for word in words)
    return best if counts[best] >= 2 and sure and counts[best] > english else ""


def _mark_foreign(tokens: Tokens, language: str, lexicon: Lexicon) -> None:
    """Words of another language are told as not understood; those that English shares with it are read on."""
    for token in tokens:
        known = token.kind != "word" or not lexicon.is_unknown(token.lower)
        if not token.used and (not known or token.lower in _LISTS[language]):
            token.mark("not understood", f"looks {language}; only English is read")


def _knows_nothing(tokens: Tokens, lexicon: Lexicon) -> bool:
    """Whether no list knows a single word of it, so that nothing tells what any word means."""
    content = [
        token for token in tokens if not (token.kind in ("stop", "arrow") or token.lower in lexicon.words("stop"))
    ]
    if any(token.verdict or token.kind in ("path", "symbol", "quoted") for token in content):
        return False
    return all(token.kind != "word" or lexicon.is_unknown(token.lower) for token in content)


def _mark_nothing(tokens: Tokens) -> None:
    """Say of every word that it is not known."""
    for token in tokens:
        if not token.used:
            token.mark("not understood", "no list knows it; say what it is")
