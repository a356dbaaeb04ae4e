"""Fields of an entity: the types a plan may name, what counts as a sensible value, and how JSON carries it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.checks.recipes.names import checked_identifier, snake
from nootropic_kernel.checks.recipes.registry import RecipeRefused

_ALIASES = {
    "text": "str", "string": "str", "email": "str", "url": "str", "uuid": "str",
    "integer": "int", "number": "float", "decimal": "Decimal", "money": "Decimal", "real": "float",
    "boolean": "bool", "flag": "bool", "day": "date", "timestamp": "datetime", "time": "datetime",
    "list": "list[str]", "tags": "list[str]", "list[string]": "list[str]",
}  # fmt: skip
_IMPORTS = {
    "date": "from datetime import date",
    "datetime": "from datetime import datetime",
    "Decimal": "from decimal import Decimal",
}
_SAMPLES = {
    "str": '"example"', "int": "1", "float": "1.5", "bool": "False", "date": "date(2024, 1, 31)",
    "datetime": "datetime(2024, 1, 31, 12, 30)", "Decimal": 'Decimal("12.50")', "list[str]": '["first"]',
    "list[int]": "[1, 2]", "list[float]": "[1.5]",
}  # fmt: skip
_OTHERS = {
    "str": '"another"', "int": "2", "float": "2.5", "bool": "True", "date": "date(2024, 2, 29)",
    "datetime": "datetime(2024, 2, 29, 18, 0)", "Decimal": 'Decimal("0.99")', "list[str]": '["first", "second"]',
    "list[int]": "[3]", "list[float]": "[2.5]",
}  # fmt: skip
_NOT_BLANK = {"name", "title", "id", "isbn", "code", "sku", "key", "label", "username", "author", "email"}
_NOT_NEGATIVE = {
    "price", "amount", "quantity", "count", "stock", "pages", "age", "size", "weight", "total", "cost", "duration",
    "minutes", "hours", "seconds", "distance", "capacity", "year", "rating", "copies", "servings", "points",
}  # fmt: skip


@dataclass(frozen=True)
class EntityField:
    """One typed field; ``optional`` ones default to None, flags to False and lists to empty."""

    name: str
    type: str
    optional: bool = False

    @property
    def annotation(self) -> str:
        return f"{self.type} | None" if self.optional else self.type

    @property
    def default(self) -> str | None:
        if self.optional:
            return "None"
        if self.type == "bool":
            return "False"
        return "field(default_factory=list)" if self.type.startswith("list[") else None

    @property
    def import_line(self) -> str | None:
        return _IMPORTS.get(self.type)

    @property
    def not_blank(self) -> bool:
        return self.type == "str" and not self.optional and self.name.rsplit("_", 1)[-1] in _NOT_BLANK

    @property
    def not_negative(self) -> bool:
        numeric = self.type in {"int", "float", "Decimal"}
        return numeric and bool({self.name, *self.name.split("_")} & _NOT_NEGATIVE)

    @property
    def is_email(self) -> bool:
        return self.type == "str" and not self.optional and self.name.rsplit("_", 1)[-1] == "email"

    def sample(self) -> str:
        """A Python expression for a value that passes the checks."""
        return '"person@example.org"' if self.is_email else _SAMPLES[self.type]

    def other_sample(self) -> str:
        """A second value, different from `sample`."""
        return '"someone@example.org"' if self.is_email else _OTHERS[self.type]


def parse_fields(raw: Iterable[Mapping[str, Any]]) -> list[EntityField]:
    """Fields from a recipe's argument, those with a default last as a dataclass wants them."""
    fields: list[EntityField] = []
    for each in raw:
        name = checked_identifier(snake(str(each["name"])), "a field")
        kind, optional = _normalise(str(each.get("type") or "str"))
        if any(name == other.name for other in fields):
            raise RecipeRefused(f"The field {name!r} is named twice.")
        fields.append(EntityField(name, kind, optional))
    return sorted(fields, key=lambda each: each.default is not None)


def read_fields(source: str, class_name: str) -> list[EntityField] | None:
    """The fields of a dataclass in ``source``; None when the class is missing or has types we cannot write."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            if not any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
                return None
            fields: list[EntityField] = []
            for item in node.body:
                if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                    continue
                kind, optional = _split_optional(ast.unparse(item.annotation))
                if kind not in _SAMPLES:
                    return None
                fields.append(EntityField(item.target.id, kind, optional))
            return fields
    return None


def _normalise(raw: str) -> tuple[str, bool]:
    kind, optional = _split_optional(raw.strip())
    kind = kind.strip()
    plain = _ALIASES.get(kind.lower(), kind)
    if plain not in _SAMPLES:
        plain = next((known for known in _SAMPLES if known.lower() == plain.lower()), plain)
    if plain not in _SAMPLES:
        raise RecipeRefused(
            f"The field type {raw!r} is not known.", next=f"Known types: {', '.join(_SAMPLES)}, each also `| None`."
        )
    return plain, optional


def _split_optional(raw: str) -> tuple[str, bool]:
    if raw.startswith("Optional[") and raw.endswith("]"):
        return raw[len("Optional[") : -1], True
    parts = [part.strip() for part in raw.split("|")]
    if "None" in parts and len(parts) == 2:
        return next(part for part in parts if part != "None"), True
    return (raw[:-1], True) if raw.endswith("?") else (raw, False)
