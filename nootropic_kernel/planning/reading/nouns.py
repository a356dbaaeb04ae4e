"""Nouns of a brief: which of them can be something that the project keeps, and which only tell about another one."""

from __future__ import annotations

from nootropic_kernel.planning.reading.archetype_choice import Choice, Sign
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import NOUN, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import singular

NEEDED = "what something else needs or has; no task of its own"
CALLED = "names the program; no task of its own"
_BY = frozenset({"by", "per", "via", "than"})
_ONES = frozenset({"one", "ones"})
_MEANS = frozenset({"email", "e-mail", "mail", "phone", "sms", "post", "card", "cash", "hand", "message", "messages"})
_DEVICES = frozenset({"phone", "phones", "mobile", "smartphone", "smartphones", "tablet", "tablets", "screen"})
_ENDS = frozenset({".", ";", ":", "!", "?", "\n", "(", ")"})
_IS = frozenset({"is", "are", "was", "were", "be", "been", "become", "becomes", "became", "seems"})
_BOOKS = frozenset({"log", "journal", "record", "register", "archive", "catalogue", "catalog", "index"})
_NEEDS = frozenset({"need", "needs", "require", "requires", "use", "uses", "have", "has", "want", "wants"})
_WHO = frozenset({"that", "which", "who", "they", "it"})
_KEEPS = frozenset({"keep records", "show records", "find records", "change records", "remove records"})
PROGRAMS = frozenset(
    {"app", "application", "system", "site", "website", "webapp", "page", "game", "shop", "store", "blog", "portal",
     "platform", "service", "bot", "api", "tool", "program", "software", "database"}
)  # fmt: skip
_NEAR = 12  # words
_NAMES = 3.0  # the weight of a word that names a sort of program


class Nouns:
    """Questions about the nouns of one brief.

    :param has_code: the repository has code, so that words about code mean that.
    """

    def __init__(self, tokens: Tokens, lexicon: Lexicon, choice: Choice, *, has_code: bool) -> None:
        self.tokens = tokens
        self.lexicon = lexicon
        self.choice = choice
        self.has_code = has_code
        self._governing = self._verbs_before()
        name = choice.archetype.name
        weights = {sign.start: sign.entries.get(name, {}).get("weight", 0) for sign in choice.signs}
        self._named_by = {start for start, weight in weights.items() if float(weight) >= _NAMES}

    def unknown(self, token: Token) -> bool:
        """Whether no list knows the word, as it stands here."""
        return token.part != VERB and self.lexicon.is_unknown(token.lower, noun=token.part == NOUN)

    def run(self, index: int, token: Token) -> list[Token]:
        """One to three unknown words in a row; whose something is ends it."""
        run = [token]
        while len(run) < 3 and not run[-1].lower.endswith("'s"):
            following = self.tokens.follower(index + len(run) - 1)
            if following is None or not self.unknown(following):
                break
            run.append(following)
        return run

    def noun_follows(self, index: int) -> bool:
        """Whether the next word goes on with the noun phrase."""
        following = self.tokens.follower(index)
        return following is not None and not self.lexicon.is_verb(following.lower)

    def is_small(self, place: int) -> bool:
        """Whether it is a small word that opens another phrase; articles go with their noun."""
        lower = self.tokens[place].lower
        return lower in self.lexicon.words("stop") and lower not in ARTICLES

    def tells_how(self, index: int, word: str) -> str:
        """What `by energy range`, `by e-mail`, `on my phone`, `the late ones` say, for people; empty for others."""
        if self.tokens.beside(index, +1) in _ONES and self.unknown(self.tokens[index]):
            return "tells which ones; no task of its own"
        place, first = index - 1, max(0, index - 5)
        while place >= first and (self.tokens[place].lower in (",", "and", "or") or not self.is_small(place)):
            if self.tokens[place].kind not in ("word", "stop") or self.tokens[place].text in _ENDS:
                break
            place -= 1
        before = self.tokens[place].lower if place >= 0 else ""
        if self.tokens.beside(index, +1) == "than" and self.unknown(self.tokens[index]):
            return "compared with something; no task of its own"
        if before == "in" and (said := self._said_behind_in(place, index)):
            return said
        if before == "on" and word in _DEVICES:
            return "where it is used; no task of its own"
        abstract = bool({word, singular(word)} & self.lexicon.words("abstract_nouns"))
        if before in _BY and (word in _MEANS or abstract or self.unknown(self.tokens[index])):
            return "tells how; no task of its own"
        return ""

    def _said_behind_in(self, place: int, index: int) -> str:
        """`in Hamburg`, `in German and English`, `in red`, `a weight in grams`: names, and bare nouns that tell how.

        What has an article, or is in the plural behind anything but a property, is a thing: `in a box`, `in boxes`.

        :param place: where the `in` stands.
        """
        before = self.tokens[place - 1] if place else None
        whole = [*self.tokens[place + 1 : index + 1], *filter(None, [self.tokens.follower(index)])]
        words = [token for token in whole if token.lower not in ("and", "or")]
        if before is None or self.tokens[place].verdict or not self.unknown(self.tokens[index]):
            return ""
        if any(token.kind != "word" or token.lower in ARTICLES for token in words):
            return ""
        if all(token.text[:1].isupper() for token in words):
            return "a place, or a language; no task of its own"
        joined = len(whole) == 2 * len(words) - 1  # `grams or kilos`, not `garden sheds`
        if before.part == VERB or not joined:
            return ""
        several = any(singular(token.lower) != token.lower for token in words)
        of_property = singular(before.lower) in self.lexicon.table("attributes")
        return "tells how; no task of its own" if of_property or not several else ""

    def has_its_noun(self, sign: Sign) -> bool:
        """`server inventory`: whether a noun right before says what it is about."""
        before = self.tokens[sign.start - 1] if sign.start else None
        if before is None or before.kind != "word" or before.used or before.part == VERB:
            return False
        return self.unknown(before) or self.lexicon.is_thing(before.lower)

    def is_plural_program(self, token: Token) -> bool:
        """`shopping lists`: several of them are kept, and are not the program itself."""
        many = singular(token.lower) != token.lower
        return many and singular(token.lower) in self.lexicon.words("program_words")

    def modifies_a_list(self, index: int, word: str) -> bool:
        """`set lists`: a word for a program before several of another one."""
        following = self.tokens.follower(index)
        known = word in self.lexicon.words("program_words")
        return known and following is not None and following.part != VERB and self.is_plural_program(following)

    def tells_which(self, index: int) -> bool:
        """`model trains`: of what is new, a word about code before a noun is no part of the code."""
        following = self.tokens.follower(index)
        if self.has_code or following is None or not self.choice.archetype.keeps_things:
            return False
        return self.unknown(following) or self.lexicon.is_thing(following.lower)

    def is_ordinary(self, index: int, token: Token) -> bool:
        """A word about code or programs that means something else here: `classes, teachers and pupils`."""
        code = token.lower in self.lexicon.words("code_words")
        if self.has_code or not (code or self.is_plural_program(token)) or singular(token.lower) == token.lower:
            return False
        archetype = self.choice.archetype
        if not archetype.keeps_things or "steps" in archetype.reads:
            return False
        if self._governing[index] == "keep records" and self._follows_verb(index):
            return True
        if archetype.reads:
            return False
        before = self.tokens[index - 1] if index else None
        if before is not None and before.kind == "word" and before.meaning.startswith("a thing to keep, "):
            return True
        return any(self._is_noun_beside(index, step) for step in (-1, +1))

    def is_list_of(self, token: Token | None) -> bool:
        """`lab results`, `a mailing list`: of what is new, an abstract noun or a list that the noun before it names."""
        if self.has_code or token is None or self.choice.archetype.reads or not self.choice.archetype.keeps_things:
            return False
        several = singular(token.lower) != token.lower and token.lower in self.lexicon.words("abstract_nouns")
        return token.lower == "list" or (several and token.part != VERB and self.lexicon.ability(token.lower) is None)

    def is_sort_of(self, index: int, forms: set[str]) -> bool:
        """`line items`: of what is new, a unit or an abstract noun before several known things tells their sort."""
        following = self.tokens.follower(index)
        if self.has_code or following is None or self.choice.archetype.reads or not self.choice.archetype.keeps_things:
            return False
        several = singular(following.lower) != following.lower
        tells = (
            self.lexicon.words("measures")
            | self.lexicon.words("abstract_nouns")
            | set(self.lexicon.table("attributes"))
        )
        known = self.lexicon.is_thing(following.lower) or self.is_plural_program(following)
        return several and bool(forms & tells) and (known or self.unknown(following))

    def is_state(self, index: int) -> bool:
        """`the invoice is overdue`, `answers are text or scale`: what something is, with no article before it."""
        place, first = index - 1, max(0, index - _NEAR)
        while place >= first and (self.tokens[place].lower in (",", "and", "or") or not self.is_small(place)):
            token = self.tokens[place]
            if token.part == VERB or (token.kind == "stop" and token.text != ","):
                return False
            place -= 1
        return place >= first and self.tokens[place].lower in _IS and self.tokens[index - 1].lower not in ARTICLES

    def is_needed(self, index: int) -> bool:
        """`plants need water and light`: what others need or have, unknown, in the singular and without an article."""
        token = self.tokens[index]
        if singular(token.lower) != token.lower or self.tokens.follower(index) is not None or not self.unknown(token):
            return False
        place = index - 1
        while place > 0 and (self.tokens[place].lower in (",", "and", "or") or self.tokens[place].meaning == NEEDED):
            place -= 1
        if place < 1 or self.tokens[place].lower not in _NEEDS:
            return False
        who = self.tokens[place - 1]
        return who.lower in _WHO or (who.kind == "word" and who.lower not in self.lexicon.words("stop"))

    def opens_as_program(self, index: int) -> bool:
        """`a log of batches`, `ticketing for a fair`: what opens a sentence and is of or for something else."""
        token = self.tokens[index]
        place = index
        while place > 0 and self.tokens[place - 1].lower in ("a", "an", "the"):
            place -= 1
        opens = place == 0 or self.tokens[place - 1].text in _ENDS
        after = self.tokens[index + 2] if index + 2 < len(self.tokens) else token
        several = after.meaning.startswith("a thing to keep: ") or self.several_at(index + 2, of=True) != []
        kept = token.lower in _BOOKS and several
        named = token.lower.endswith("ing") and place == index
        return opens and self.tokens.beside(index, +1) in ("of", "for") and (kept or named)

    def several_at(self, place: int, *, of: bool) -> list[Token]:
        """The noun phrase that starts there, of one to three words, where it names several that can be kept.

        :param of: what stands before it says that it is of these; else people are whom it is for.
        """
        run: list[Token] = []
        while place < len(self.tokens) and len(run) < 3:
            token = self.tokens[place]
            named = self.lexicon.is_thing(token.lower) or self.is_plural_program(token)
            known = named and token.part != VERB
            if token.kind != "word" or token.used or not (known or self.unknown(token)):
                break
            run.append(token)
            place += 1
        if not run or singular(run[-1].lower) == run[-1].lower:
            return []
        return run if of or not self.lexicon.is_of_people(singular(run[-1].lower)) else []

    def is_in_a_name(self, place: int) -> bool:
        """Whether the noun phrase ends in a word for the program itself: `pizza place app`, `space shooter`."""
        end = place + 2
        while place < min(end, len(self.tokens)) and self.tokens.follower(place - 1) is not None:
            place += 1
        if place >= len(self.tokens) or not self.tokens[place].used:
            return False
        return self.tokens[place].lower in PROGRAMS or place in self._named_by

    def is_kept(self, index: int) -> bool:
        """Whether an unknown noun can be a thing to keep: by the sort of project, or by the verb before it."""
        known = self.lexicon.library.archetypes
        governing = self._governing[index]
        if "actions" in self.choice.archetype.reads:
            return governing in _KEEPS
        if any(known[name].keeps_things for name in self.choice.scores):
            return True
        if not self.has_code and self.choice.archetype.keeps_things and "steps" not in self.choice.archetype.reads:
            return True
        if any(token.meaning == "a program" for token in self.tokens):
            return True
        return (governing is None and not self.choice.scores) or governing in _KEEPS

    def _follows_verb(self, index: int) -> bool:
        place = index - 1
        passed = ARTICLES | self.lexicon.words("qualities") | {"all"}
        while place >= 0 and self.tokens[place].lower in passed:
            place -= 1
        return place >= 0 and self.tokens[place].part == VERB

    def _is_noun_beside(self, index: int, step: int) -> bool:
        """Whether a comma or `and` joins it to a noun of the project."""
        place = index + step
        if not 0 <= place < len(self.tokens) or self.tokens[place].lower not in (",", "and", "&"):
            return False
        while 0 <= place < len(self.tokens) and self.tokens[place].lower in (",", "and", "&", *ARTICLES):
            place += step
        if not 0 <= place < len(self.tokens) or self.tokens[place].kind != "word":
            return False
        other = self.tokens[place]
        return other.part != VERB and (self.unknown(other) or self.lexicon.is_thing(other.lower))

    def _verbs_before(self) -> list[str | None]:
        """For each place, what the last verb before it means."""
        found: list[str | None] = []
        last: str | None = None
        for token in self.tokens:
            found.append(last)
            if token.kind == "word" and token.part != NOUN:
                last = self.lexicon.verb(token.lower) or last
        return found
