"""The parameters of a verb, read from its JSON schema in the registry.

What a schema property may say beside its type:

- ``position``: n-th plain word (an array there takes all words that follow; ``words`` joins them);
- ``body``: the text of the cell (or standard input, on the command line);
- ``dialogue``: asked for again and again at a terminal, where it is not given;
- ``mentions``: `@name` in it stands for something;
- ``complete``: what completes it (``task``, ``proposal``, ``turn``, ``path``, ``verb``);
- ``bare``: the value that an option has when none follows it (a number is read as one where it follows);
- ``short``: a letter for those who type it often (``i``: ``-i``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SCALARS = {"string", "integer", "number", "boolean"}


# A parameter whose type is a path completes as one, unless it says otherwise.
_COMPLETED = {"path": "path", "file-path": "file", "directory-path": "folder"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a verb, read from its schema property."""

    name: str
    kind: str  # string | integer | number | boolean | array | mapping | json
    item: str = "string"
    choices: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()  # what each choice stands for: a choice may be a number
    secret: bool = False
    position: int | None = None
    words: bool = False
    body: bool = False
    dialogue: bool = False
    mentions: bool = False
    complete: str = ""
    short: str = ""
    bare: Any = None
    required: bool = False
    description: str = ""
    default: Any = None

    @property
    def flag(self) -> str:
        """How it is typed as an option."""
        return "--" + self.name.replace("_", "-")

    @property
    def prose(self) -> bool:
        """Whether it takes any number of words; a name that can be completed takes more only to say what is wrong."""
        return self.words and not self.complete

    @property
    def by_comma(self) -> bool:
        """Whether commas part its values: ids of tasks and fixed words have none of their own."""
        return self.kind == "array" and (self.complete == "task" or bool(self.choices))

    @property
    def metavar(self) -> str:
        """How a value of it is called in the help."""
        if self.choices and self.kind != "mapping" and len(self.choices) <= 6:
            return "|".join(self.choices)
        if self.kind == "mapping":
            return "KEY=VALUE"
        name = self.name.replace("-", "_").upper()
        return name if self.bare is None else f"[{name}]"


def parameters(schema: Mapping[str, Any]) -> list[Parameter]:
    """Return the parameters of a JSON schema, positionals first, in their order."""
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    found = [
        _parameter(name, _inline(prop, definitions), definitions, name in required)
        for name, prop in schema.get("properties", {}).items()
    ]
    positional = sorted((p for p in found if p.position is not None), key=lambda p: p.position or 0)
    return positional + [p for p in found if p.position is None]


def _inline(prop: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Follow references and drop the null branch of an optional."""
    merged = dict(prop)
    if "$ref" in merged:
        target = definitions.get(str(merged.pop("$ref")).rsplit("/", 1)[-1], {})
        merged = {**_inline(target, definitions), **merged}
    if len(merged.get("allOf", ())) == 1:
        merged = {**_inline(merged.pop("allOf")[0], definitions), **merged}
    branches = [b for b in merged.get("anyOf", ()) if b.get("type") != "null"]
    if len(branches) == 1:
        del merged["anyOf"]
        merged = {**_inline(branches[0], definitions), **merged}
    return merged


def _choices(prop: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(prop.get("enum", [prop["const"]] if "const" in prop else ()))


def _item(prop: Mapping[str, Any]) -> str:
    kind = prop.get("type", "string")
    return "json" if kind in ("object", "array") else kind if kind in _SCALARS else "string"


def _parameter(name: str, prop: Mapping[str, Any], definitions: Mapping[str, Any], required: bool) -> Parameter:
    kind = prop.get("type", "string" if "enum" in prop or "const" in prop else "")
    item, values = "string", _choices(prop)
    if kind == "array":
        items = _inline(prop.get("items", {}), definitions)
        item, values = _item(items), _choices(items)
    elif kind == "object":
        inner = prop.get("additionalProperties", True)
        item = _item(_inline(inner, definitions)) if isinstance(inner, dict) else "string"
        kind = "json" if "properties" in prop else "mapping"
    elif kind not in _SCALARS:
        kind = "string"
    return Parameter(
        name=name,
        kind=kind,
        item=item,
        choices=tuple(str(value) for value in values),
        values=values,
        secret=prop.get("format") == "password" or bool(prop.get("writeOnly")),
        position=prop.get("position"),
        words=bool(prop.get("words")),
        body=bool(prop.get("body")),
        dialogue=bool(prop.get("dialogue")),
        mentions=bool(prop.get("mentions")),
        complete=str(prop.get("complete", _COMPLETED.get(str(prop.get("format")), ""))),
        short=str(prop.get("short", "")),
        bare=prop.get("bare"),
        required=required,
        description=" ".join(str(prop.get("description", "")).split()),
        default=prop.get("default"),
    )
