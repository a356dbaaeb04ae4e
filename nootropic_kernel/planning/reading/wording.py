"""Words and names: English plurals in both directions, identifiers, and what Python accepts as a name."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
import unicodedata

_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot",
    "teeth": "tooth", "criteria": "criterion", "indices": "index", "matrices": "matrix", "analyses": "analysis",
    "leaves": "leaf", "shelves": "shelf", "wolves": "wolf", "knives": "knife", "lives": "life", "movies": "movie",
    "cookies": "cookie", "series": "series", "species": "species", "news": "news", "statistics": "statistics",
    "menus": "menu", "gurus": "guru", "wives": "wife", "loaves": "loaf", "halves": "half", "calves": "calf",
    "thieves": "thief", "geese": "goose", "diagnoses": "diagnosis", "crises": "crisis", "theses": "thesis",
    "quizzes": "quiz", "gases": "gas", "atlases": "atlas", "aliases": "alias", "canvases": "canvas", "biases": "bias",
    "shoes": "shoe", "toes": "toe", "canoes": "canoe", "oboes": "oboe", "caches": "cache", "niches": "niche",
    "headaches": "headache", "axes": "axis", "hypotheses": "hypothesis",
    "ups": "up", "ads": "ad", "tvs": "tv", "cds": "cd", "pcs": "pc", "ids": "id",
}  # fmt: skip
# Names of Python, and of devices: a file of such a name cannot be made on every machine.
_BUILT_IN = frozenset({*dir(builtins), "con", "prn", "aux", "nul"})
# Classes that the code of a project uses by these names.
USED_CLASSES = frozenset({"Any", "Decimal", "Path", "Sequence", *(name for name in dir(builtins) if name[0].isupper())})
# What a project imports: a package of that name would hide it.
LIBRARIES = frozenset({
    "flask", "fastapi", "sqlalchemy", "psycopg", "pytest", "pydantic", "httpx", "uvicorn", "starlette", "jinja2",
    "werkzeug", "sklearn", "numpy", "pandas", "joblib", "mkdocs", "nbclient", "nbformat", "matplotlib", "jupyterlab",
    "jupyter_server", "jupyter", "tornado", "ruff", "hatchling", "ipykernel", "pytest_jupyter",
})  # fmt: skip
_PLURALS = {one: many for many, one in _IRREGULAR.items()}
_SHORT_IES = frozenset(
    {"ties", "pies", "lies", "dies", "calories", "zombies", "selfies", "smoothies", "brownies", "hoodies", "rookies",
     "prairies", "budgies", "collies", "veggies", "genies"}
)  # fmt: skip
_USE = ("ouses", "auses", "cuses", "fuses", "muses")  # houses, causes, excuses: no buses


def singular(word: str) -> str:
    """The singular of a lower-case English word, as well as can be told without a dictionary."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-1] if word in _SHORT_IES else word[:-3] + "y"
    if word.endswith("uses") and not word.endswith(_USE):
        return word[:-2]
    if word.endswith(("ches", "shes", "xes", "sses", "zzes", "oes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """The plural of a lower-case English word or phrase."""
    before, _, last = word.rpartition(" ")
    if before:
        return f"{before} {plural(last)}"
    if word in _PLURALS:
        return _PLURALS[word]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in set("aeiou"):
        return word[:-1] + "ies"
    return word + "s"


# Participles that do not end in `ed`, and their verbs.
IRREGULAR = {
    "bought": "buy", "broken": "break", "brought": "bring", "chosen": "choose", "drawn": "draw", "given": "give",
    "held": "hold", "hidden": "hide", "kept": "keep", "lent": "lend", "made": "make", "paid": "pay", "sent": "send",
    "sold": "sell", "split": "split", "stolen": "steal", "taken": "take", "won": "win", "worn": "wear",
    "written": "write",
}  # fmt: skip


def is_participle(word: str) -> bool:
    """Whether a word has the form of a past participle: rated, sent."""
    return word in IRREGULAR or (word.endswith("ed") and len(word) > 4)


def stems(word: str) -> list[str]:
    """Forms under which a verb may be listed: tracking → track, trace; tracked → track; tracks → track."""
    forms = [word]
    for ending in ("ing", "ed", "es", "s", "d"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            forms += [stem, stem + "e"]
            if stem[-1:] == stem[-2:-1]:
                forms.append(stem[:-1])
            if stem.endswith("i"):
                forms.append(stem[:-1] + "y")
    return forms


# As the recipes take class names apart.
_CLASS_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|[0-9]+")


def identifier(phrase: str, otherwise: str = "item") -> str:
    """A phrase as a Python name in lower case; ``otherwise`` when no letter of it can be used.

    Its parts are those that can be told apart in the class's name too: Level2Ticket is level2_ticket.
    """
    phrase = re.sub(r"['’]s?(?=\W|_|$)", "", phrase).replace("ß", "ss")  # whose it is belongs into no name
    plain = unicodedata.normalize("NFKD", phrase).encode("ascii", "ignore").decode()
    name = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)).strip("_").lower()[:40].rstrip("_")
    if not name or not re.search("[a-z]", name):
        return otherwise
    if name[0].isdigit():
        name = f"{otherwise}_{name}"
    while (again := "_".join(word.lower() for word in _CLASS_WORD.findall(class_name(name)))) != name:
        name = again
    return f"{name}_{otherwise}" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def own_name(phrase: str, otherwise: str = "item") -> str:
    """A phrase as the name of a module, a function and (by :func:`class_name`) a class: it hides none of Python's."""
    name = identifier(phrase, otherwise)
    taken = name in _BUILT_IN or class_name(name) in _BUILT_IN | USED_CLASSES or keyword.iskeyword(class_name(name))
    return f"{name}_{otherwise}" if taken else name


def class_name(name: str) -> str:
    """A Python name as a class name: cart_item → CartItem."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def package_name(phrase: str, taken: frozenset[str]) -> str:
    """A name for a new package that hides no module of Python's own, no library and nothing of the repository."""
    name = identifier(phrase, "project")
    if name in sys.stdlib_module_names | LIBRARIES or name in taken or name in ("tests", "test", "docs", "src"):
        name = f"{name}_app"
    while name in taken:
        name += "_2"
    return name


def listing(names: list[str], limit: int = 5) -> str:
    """Names in a sentence: a, b and c; the rest counted."""
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
