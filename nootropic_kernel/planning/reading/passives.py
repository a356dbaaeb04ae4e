"""What can be done to a thing, said of the thing: `recipes that can be rated, searched and exported as PDF`."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.reading.actions import KEPT, Action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.records import Ability
from nootropic_kernel.planning.reading.small_words import MODALS, PASSIVE, PREPOSITIONS
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Token, Tokens
from nootropic_kernel.planning.reading.wording import IRREGULAR, is_participle, own_name, plural, singular

_MAY = frozenset({"can", "could", "may"})
_NEVER = frozenset({"cannot", "can't", "not", "never"})
_RELATIVE = frozenset({"that", "which", "who", "also", "then"})
_EACH = ARTICLES | {"each", "every", "all", "any"}
_PARTICLES = frozenset({"up", "off", "out", "down", "in", "on", "over", "back", "away", "aside"})
_ENDS = frozenset(
    {"and", "or", "but", "then", "until", "when", "while", "if", "unless", "because", "so", "which", "that"}
)
_LONGEST_REST = 5


@dataclass(frozen=True)
class _Done:
    """One participle with its particle and what follows: `handed`, `over`, `between shifts`."""

    said: Token
    verb: str
    particle: list[Token]
    rest: list[Token]

    def title(self, subject: list[str]) -> str:
        """As a task: `Hand over notes between shifts`; with a verb that no list knows, as it is said."""
        whom = [*subject[:-1], plural(singular(subject[-1]))]
        more = [each.text for each in self.rest]
        with_it = [each.text for each in self.particle]
        known = [self.verb, *with_it, *whom, *more]
        title = " ".join(known if self.verb else [*whom, "can be", self.said.text, *with_it])
        return title[:1].upper() + title[1:]


def find_passives(tokens: Tokens, lexicon: Lexicon) -> tuple[list[Ability], list[Action]]:
    """The abilities and the actions that are said in the passive voice; their words are marked."""
    abilities: list[Ability] = []
    actions: list[Action] = []
    for index, token in enumerate(tokens):
        may = token.lower == "be" and tokens.beside(index, -1) in _MAY
        if not may and (token.lower not in PASSIVE or tokens.beside(index, -1) in _NEVER):
            continue
        before = index - 2 if tokens.beside(index, -1) in MODALS else index - 1
        at = _subject(tokens, before, lexicon)
        subject = [] if at is None else [singular(tokens[at].lower)]
        for done in _participles(tokens, index + 1, lexicon) if subject else ():
            name = None if done.particle else lexicon.ability(done.said.lower) or lexicon.ability(done.verb)
            if name is None and done.verb in KEPT and not done.particle:
                continue
            if not may and not lexicon.particle_verb(done.said.lower, _text(done.particle)):
                continue  # `is approved` is a state; `is handed in` is done by somebody
            title = done.title(subject)
            if name is not None:
                known = lexicon.table("abilities")[name]
                abilities.append(Ability(name, title, known["file"], done.said.text, tokens[at or 0].at))
                meaning = f"an ability: {known['title'].lower()}"
            else:
                actions.append(Action(own_name(title.lower(), "action"), title, done.said.text, tokens[at or 0].at))
                meaning = f"to be done: {title}"
            for each in (done.said, *done.rest):
                if each.lower not in lexicon.words("stop"):
                    each.mark("matched", meaning)
    return abilities, actions


def _subject(tokens: Tokens, last: int, lexicon: Lexicon) -> int | None:
    """The place of the noun before `that can be`; after `and`, of the noun that the sentence begins with."""
    while last >= 0 and tokens[last].lower in _RELATIVE:
        last -= 1
    if last < 0 or tokens[last].text in SENTENCE_ENDS:
        return None
    if tokens[last].lower in ("and", ","):
        while last > 0 and tokens[last - 1].text not in SENTENCE_ENDS and tokens[last - 1].lower != "where":
            last -= 1
        while last < len(tokens) and tokens[last].lower in _EACH:
            last += 1
    return last if _is_noun(tokens[last], lexicon) else None


def _is_noun(token: Token, lexicon: Lexicon) -> bool:
    word = token.lower
    small = word in lexicon.words("stop") | lexicon.words("program_words") or lexicon.is_quality(word)
    return token.kind == "word" and not small and (lexicon.is_known_noun(word) or lexicon.is_unknown(word, noun=True))


def _participles(tokens: Tokens, index: int, lexicon: Lexicon) -> list[_Done]:
    """`rated, searched and handed in`: the participles that share one `be`."""
    found: list[_Done] = []
    while index < len(tokens):
        token = tokens[index]
        if token.kind != "word" or token.verdict or not is_participle(token.lower):
            break
        particle = _particle(tokens, index, lexicon)
        place = index + 1 + len(particle)
        rest = _rest(tokens, place)
        found.append(_Done(token, _verb(token.lower, _text(particle), lexicon), particle, rest))
        index = joined = place + len(rest)
        while index < len(tokens) and tokens[index].lower in (",", "and", "or"):
            index += 1
        if index == joined:
            break
    return found


def _particle(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """`handed over`, `written off`: the small word that belongs to the verb, rather than to a noun behind it."""
    particle = tokens.beside(index, +1)
    if particle not in _PARTICLES:
        return []
    after = tokens.beside(index + 1, +1)
    over = not after or after in _ENDS | PREPOSITIONS | {"to"}
    return tokens[index + 1 : index + 2] if over or lexicon.particle_verb(tokens[index].lower, particle) else []


def _text(tokens: list[Token]) -> str:
    return tokens[0].lower if tokens else ""


def _verb(word: str, particle: str, lexicon: Lexicon) -> str:
    """The verb of a participle; empty where no list knows it."""
    base = IRREGULAR.get(word) or lexicon.particle_verb(word, particle) or lexicon.base(word)
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
