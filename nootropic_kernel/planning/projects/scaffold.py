"""What a scaffold is made for: a small document of the person's (spec.yaml), or a plan.

The document, every key but ``name`` optional::

    name: Tiny Blog
    template: web-application
    description: Posts that people comment on.
    entities:
      post: {title: str, body: str, published: date}
    storage: sqlite          # sqlite, postgresql or files
    javascript: false
    author: Ada
    license: MIT             # MIT, BSD-3-Clause or none
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.reading.wording import (
    LIBRARIES,
    USED_CLASSES,
    class_name,
    identifier,
    package_name,
    plural,
)
from nootropic_kernel.workspace.errors import NootropicError

STORAGES = ("sqlite", "postgresql", "files")
LICENSES = ("MIT", "BSD-3-Clause", "none")
_KEYS = ("name", "template", "description", "entities", "storage", "javascript", "author", "license")
MOST_ENTITIES = 50
MOST_FIELDS = 100
_MOST_SIGNS = 100
# How a plan notes a technology that its brief names.
_USES = re.compile(r"^(?:uses|technology:) +(\S.*)$")
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class ScaffoldInvalid(NootropicError):
    """The document, or the plan, names something that no project can be made from."""

    def __init__(self, what: str, *, why: str = "", next: str = "Mend it, then run this again.", **data: Any) -> None:
        super().__init__(what, why=why, next=next, **data)


@dataclass(frozen=True)
class Thing:
    """One thing that the project keeps: its module's name, and its fields with their types, as they were given."""

    name: str
    fields: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """The class's name."""
        return class_name(self.name)

    @property
    def plural(self) -> str:
        """Several of them, in words."""
        return plural(self.name.replace("_", " "))


@dataclass(frozen=True)
class Project:
    """A project to be made. ``package_dir`` is where its package lies; ``template`` None leaves the choice open."""

    title: str
    package_dir: str
    tests: str = "tests"
    template: str | None = None
    archetype: str = ""
    description: str = ""
    things: tuple[Thing, ...] = ()
    storage: str | None = None
    javascript: bool = True
    author: str = ""
    license: str = "MIT"
    technologies: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()  # what its data is in

    @property
    def package(self) -> str:
        """The name by which the package is imported."""
        return self.package_dir.removeprefix("src/").replace("/", ".")

    @property
    def slug(self) -> str:
        """The name by which the project is installed."""
        return self.package.rsplit(".", 1)[-1].replace("_", "-").strip("-")


def project_from_document(document: Any) -> Project:
    """Read a spec.yaml.

    :raises ScaffoldInvalid: naming the key and what it wants.
    """
    if not isinstance(document, Mapping):
        raise ScaffoldInvalid("The document must be a mapping.", next="Its keys: " + ", ".join(_KEYS) + ".")
    for key in document:
        if key not in _KEYS:
            raise ScaffoldInvalid(
                f"The key {str(key)!r} is not known.", next=f"Known: {', '.join(_KEYS)}.", key=str(key)
            )
    name = _text(document, "name")
    if not name:
        raise ScaffoldInvalid("The project has no name.", next="Give it a `name`.", key="name")
    storage = _text(document, "storage").lower() or None
    if storage not in (None, *STORAGES):
        raise ScaffoldInvalid(
            f"The storage {storage!r} is not known.", next=f"Known: {', '.join(STORAGES)}.", key="storage"
        )
    known = {each.lower(): each for each in LICENSES}
    license_ = _text(document, "license").lower() or "mit"
    if license_ not in known:
        raise ScaffoldInvalid(
            f"The licence {license_!r} is not known.", next=f"Known: {', '.join(LICENSES)}.", key="license"
        )
    javascript = document.get("javascript", True)
    if not isinstance(javascript, bool):
        raise ScaffoldInvalid("`javascript` must be true or false.", key="javascript")
    return _checked(
        Project(
            title=name,
            package_dir=free_package_name(name),
            template=_text(document, "template") or None,
            description=_text(document, "description", most=500),
            things=_things(document.get("entities") or {}),
            storage=storage,
            javascript=javascript,
            author=_text(document, "author"),
            license=known[license_],
        )
    )


def project_from_plan(plan: Plan) -> Project:
    """The project that a plan is for: its package, things, storage and limits.

    :raises ScaffoldInvalid: when the plan names something that no project can be made from.
    """
    bound = plan.bindings
    package_dir = str(bound.get("package_dir") or free_package_name(plan.title))
    things = tuple(
        Thing(str(each["entity"]), tuple((str(f["name"]), str(f["type"])) for f in each.get("fields", ())))
        for each in bound.get("entities", ())
        if not each.get("known")
    )
    if package_dir in LIBRARIES:
        raise ScaffoldInvalid(
            f"The package would be called {package_dir!r}, and hide the library of that name.",
            next="Name the project in the brief (`noo plan --amend`).",
        )
    return _checked(
        Project(
            title=shown_text(str(bound.get("target") or plan.title)).capitalize() or plan.title,
            package_dir=package_dir,
            tests=str(bound.get("tests") or "tests"),
            archetype=plan.archetype,
            description=shown_text(plan.brief, most=500),
            things=things,
            storage=_storage(plan),
            formats=tuple(map(str, bound.get("formats", ()))),
            technologies=tuple(found[1] for word in plan.words if (found := _USES.match(word.meaning))),
            javascript=not any(re.search(r"\bjavascript\b", limit, re.I) for limit in plan.limits),
        )
    )


def free_package_name(title: str) -> str:
    """A package's name from any title: Python accepts it, and it hides neither Python's modules nor a library."""
    return package_name(title, frozenset())


def shown_text(text: str, most: int = _MOST_SIGNS) -> str:
    """A text of the person's on one line, without signs that cannot be seen or turn text round."""
    return " ".join(_NOT_SHOWN.sub(" ", text).split())[:most].rstrip()


def text_forms(name: str, text: str) -> dict[str, str]:
    """A text as templates need it: as it is, as a literal (Python, JSON, YAML and TOML agree on it), in docstrings, in
    Markdown."""
    return {
        name: text,
        f"{name}_literal": json.dumps(text, ensure_ascii=False),
        f"{name}_doc": text.replace("\\", "\\\\").replace('"', "'"),
        f"{name}_markdown": re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", text),
    }


def _storage(plan: Plan) -> str | None:
    """What the brief says of it; a word that stands under a limit ("without PostgreSQL") does not count."""
    ruled_out = " ".join(plan.limits).lower()
    for storage, words in {"postgresql": r"postgres\w*|psql", "sqlite": r"sqlite\d?", "files": r"json files?"}.items():
        if re.search(rf"\b(?:{words})\b", plan.brief, re.I) and not re.search(rf"\b(?:{words})\b", ruled_out):
            return storage
    return None


def _things(given: Any) -> tuple[Thing, ...]:
    if not isinstance(given, Mapping):
        raise ScaffoldInvalid("`entities` must map each thing to its fields.", key="entities")
    found = []
    for name, fields in given.items():
        if not isinstance(fields or {}, Mapping):
            raise ScaffoldInvalid(f"The fields of {str(name)!r} must map a name to a type.", key="entities")
        own = tuple((identifier(str(key), "field"), str(kind)) for key, kind in (fields or {}).items())
        found.append(Thing(identifier(str(name), "item"), own or (("name", "str"),)))
    return tuple(found)


def _checked(project: Project) -> Project:
    """Names that Python or a database would stumble over are refused, not bent: the person would look for them."""
    if len(project.things) > MOST_ENTITIES:
        raise ScaffoldInvalid(f"{len(project.things)} things are too many.", next=f"Name at most {MOST_ENTITIES}.")
    modules: set[str] = set()
    for thing in project.things:
        if not thing.name.isidentifier() or keyword.iskeyword(thing.name) or thing.title in USED_CLASSES:
            raise ScaffoldInvalid(
                f"A thing cannot be called {thing.name!r}.",
                why=f"Its class {thing.title} would hide one that Python code uses by that name.",
                next="Call it differently.",
                key="entities",
            )
        if {thing.name, f"{thing.name}_store"} & modules:
            raise ScaffoldInvalid(f"Two things would share the module {thing.name!r}.", key="entities")
        modules |= {thing.name, f"{thing.name}_store"}
        if len(thing.fields) > MOST_FIELDS:
            raise ScaffoldInvalid(f"{thing.name!r} has {len(thing.fields)} fields.", next=f"At most {MOST_FIELDS}.")
        names = [name for name, _ in thing.fields]
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                raise ScaffoldInvalid(f"A field of {thing.name!r} cannot be called {name!r}.", key="entities")
            if name in ("row_id", "self") or names.count(name) > 1:
                why = "It is there twice." if names.count(name) > 1 else "The project uses that name itself."
                raise ScaffoldInvalid(f"{thing.name!r} cannot have the field {name!r}.", why=why, key="entities")
    return replace(
        project,
        title=shown_text(project.title) or "Project",
        description=project.description or shown_text(project.title),
    )


def _text(document: Mapping[str, Any], key: str, most: int = _MOST_SIGNS) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        value = str(value)
    if not isinstance(value, str):
        raise ScaffoldInvalid(f"`{key}` must be a text.", key=key)
    return shown_text(value, most)
