"""The small words of English, in the groups that tell what stands beside them."""

from __future__ import annotations

from nootropic_kernel.planning.reading.tokens import ARTICLES

NOUN, VERB = "noun", "verb"

OBJECT_OPENS = frozenset(
    {"a", "an", "the", "it", "them", "each", "all", "every", "my", "our", "their", "this", "that", "these", "those",
     "his", "her", "its", "your", "us", "me", "him", "any", "some"}
)  # fmt: skip
PREPOSITIONS = frozenset(
    {"of", "in", "on", "at", "by", "from", "with", "without", "for", "per", "about", "into", "between", "as", "like",
     "under", "over", "via", "during", "within", "through", "than"}
)  # fmt: skip
# What says how two things belong together: `songs belong to albums`.
HOLD = frozenset({"contain", "contains", "containing", "include", "includes", "hold", "holds"})
HOLD_OF = frozenset({"consist", "consists", "consisting", "composed"})
BELONG = frozenset({"belong", "belongs", "belonging"})
DETERMINERS = ARTICLES | {
    "each", "every", "any", "no", "another", "both", "several", "many", "few", "all", "more", "such", "other", "own",
    "next", "last", "first", "whose", "these", "those",
}  # fmt: skip
ONE = frozenset({"a", "an", "each", "every", "one", "this"})
MODALS = frozenset({"can", "could", "should", "must", "will", "would", "may", "might", "shall", "cannot", "can't"})
SUBJECTS = frozenset({"i", "we", "you", "they", "i'd", "we'd", "i'll", "we'll", "i've", "we've", "they've", "you've"})
THIRD = frozenset({"it", "he", "she", "who", "that", "which", "one", "someone", "somebody", "everyone", "nobody"})
BEFORE_VERB = MODALS | SUBJECTS | {"to", "please", "who", "that", "which", "not", "don't", "let", "lets", "people"}
ASKS = frozenset({"who", "which", "what", "when", "where", "how", "whether", "whom", "whose"})
HELPS = frozenset({"help", "go", "come", "let"})
WANTS = frozenset({"want", "wants", "wanna"})
AFTER_NOUN = frozenset(
    {"have", "has", "is", "are", "was", "were", "with", "of", *MODALS, "need", "needs", "who", "which", "that"}
)
PASSIVE = frozenset({"be", "been", "being", "is", "are", "was", "were", "gets", "get"})
MOVING = frozenset({"up", "off", "out", "down", "back", "away"})
OBJECT_PRONOUNS = frozenset({"them", "him", "us", "me"})
IS = frozenset({"is", "was", "has", "does"})
# What opens an object, and hardly ever a clause of its own behind a noun: `sports events the club visits`.
OBJECT_FOLLOWS = OBJECT_OPENS - {"that", "this", "all", "each", "every", "it", "them"}
CONDITIONS = frozenset({"when", "if", "until", "unless", "once", "while", "as"})
SEVERAL = frozenset({"people", "children", "staff", "men", "women", "police"})
JOINS = frozenset({"and", "or", "then", "but", "also", "&"})
GERUND_AFTER = frozenset({"for", "by", "of", "when", "while", "after", "before", "keep", "keeps", "start", "stop"})
# What people say that they have: `I rent an allotment`, `we run a repair café`.
HAVE = frozenset({"have", "rent", "own", "run"})
