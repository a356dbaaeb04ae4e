"""The values that templates of projects get: texts in every form they need, things with fields, where they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from nootropic_kernel.checks.recipes import RecipeRefused
from nootropic_kernel.checks.recipes.fields import EntityField, parse_fields
from nootropic_kernel.checks.recipes.python_store import key_field
from nootropic_kernel.planning.projects.rendering import Template
from nootropic_kernel.planning.projects.scaffold import Project, ScaffoldInvalid, Thing, text_forms
from nootropic_kernel.planning.reading.wording import listing

# By type: column, input of an HTML form, a valid value as JSON and as text typed by a person, and another one.
_KINDS: Mapping[str, tuple[str, str, str, str, str]] = {
    "str": ("sa.Text", "text", '"example"', "example", "another"),
    "int": ("sa.BigInteger", "number", "1", "1", "2"),
    "float": ("sa.Float", "text", "1.5", "1.5", "2.5"),
    "bool": ("sa.Boolean", "checkbox", "False", "", "on"),
    "date": ("sa.Date", "date", '"2024-01-31"', "2024-01-31", "2024-02-29"),
    "datetime": (
        "sa.DateTime",
        "datetime-local",
        '"2024-01-31T12:30:00"',
        "2024-01-31T12:30:00",
        "2024-02-29T18:00:00",
    ),
    "Decimal": ("Exact", "text", '"12.50"', "12.50", "0.99"),
    "list[str]": ("sa.JSON", "text", '["first"]', "first", "first, second"),
    "list[int]": ("sa.JSON", "text", "[1, 2]", "1, 2", "3"),
    "list[float]": ("sa.JSON", "text", "[1.5]", "1.5", "2.5"),
}
_ORDER = "order"  # what a shop's basket becomes, where the project keeps it
_WHEN = ("placed", "ordered", "created", "made", "date", "day", "time", "at", "on")
_TOTALS = ("total", "amount", "sum", "price")
_EMAIL = ("sa.Text", "email", '"person@example.org"', "person@example.org", "someone@example.org")


def template_values(project: Project, template: Template, today: date) -> tuple[dict[str, Any], list[str]]:
    """The values of Cookiecutter's variables for a project, and what was assumed, in sentences."""
    notes: list[str] = []
    things = list(project.things)
    if template.needs_entities and not things:
        things = _examples(template)
        named = ", ".join(thing.plural for thing in things)
        notes.append(f"Nothing says what it is about: it starts with {named} as an example.")
    storage = project.storage or str(template.settings.get("_storage", "files"))
    allowed = template.listed("_storages")
    if allowed and storage not in allowed:
        notes.append(f"This template keeps things in {' or '.join(allowed)}, not in {storage}: {allowed[0]} is used.")
        storage = allowed[0]
    reads = template.listed("_reads")
    unread = listing([each for each in project.formats if each not in reads]) if reads else ""
    if unread:
        notes.append(f"It reads {' and '.join(reads)} so far: the reader of {unread} is still to be written.")
    author = project.author or f"The {project.title} developers"
    values: dict[str, Any] = {
        "project_name": project.title,
        "project_slug": project.slug,
        "package": project.package,
        "package_dir": project.package_dir,
        "tests": project.tests,
        **text_forms("title", project.title),
        **text_forms("description", project.description),
        **text_forms("author", author),
        "license": project.license,
        "year": str(today.year),
        "storage": storage,
        "unread": unread,
        "sql": storage != "files" and bool(things),
        "postgresql": storage == "postgresql" and bool(things),
        "javascript": project.javascript,
        "entities": [entity_values(thing) for thing in things],
    }
    priced = next((e for e in values["entities"] if any(f["name"] == "price" for f in e["fields"])), None)
    values["goods"] = priced
    kept = next((each for each in values["entities"] if each["entity"] == _ORDER), None)
    values["orders"] = _filled(kept) if kept else None
    return values, notes


def entity_values(thing: Thing) -> dict[str, Any]:
    """A thing as templates name it.

    :raises ScaffoldInvalid: a field has a type that is not known.
    """
    try:
        fields = parse_fields([{"name": name, "type": kind} for name, kind in thing.fields])
    except RecipeRefused as error:
        raise ScaffoldInvalid(
            f"The fields of {thing.name!r} cannot be used.", why=error.what, next=error.next or "Mend them."
        ) from error
    if all(each.optional or each.type.startswith("list[") for each in fields):
        raise ScaffoldInvalid(
            f"No field of {thing.name!r} can tell one from another.", next="Give it a field such as `name: str`."
        )
    key = key_field(fields)
    words = thing.name.replace("_", " ")
    return {
        "entity": thing.name,
        "Entity": thing.title,
        "words": words,
        "a": "an" if words[0] in "aeiou" else "a",
        "plural": thing.plural,
        "Plural": thing.plural.capitalize(),
        "path": thing.plural.replace(" ", "-"),
        "table": thing.name,
        "fields": [_field_values(field) for field in fields],
        "arguments": [{"name": name, "type": kind} for name, kind in thing.fields],
        "key": _field_values(key),
        "label": next((f.name for f in fields if f.type == "str"), key.name),
    }


def _field_values(field: EntityField) -> dict[str, Any]:
    column, form, in_json, typed, other = _EMAIL if field.is_email else _KINDS[field.type]
    return {
        "name": field.name,
        "label": field.name.replace("_", " "),
        "type": field.type,
        "optional": field.optional,
        "required": field.default is None,
        "column": column,
        "input": form,
        "sample": field.sample(),
        "json": in_json,
        "typed": typed,
        "other": other,
    }


def _filled(order: dict[str, Any]) -> dict[str, Any]:
    """An order whose fields say what fills each: what a basket tells, or what the customer is `asked`."""
    fields = [{**field, "filled": "" if not field["required"] else _filled_by(field)} for field in order["fields"]]
    for part in ("total", "now"):
        for field in [each for each in fields if each["filled"] == part][1:]:
            field["filled"] = "asked"  # a second date or amount is another one
    return {**order, "fields": fields, "asked": [field for field in fields if field["filled"] == "asked"]}


def _filled_by(field: Mapping[str, Any]) -> str:
    name, kind = str(field["name"]), str(field["type"])
    if kind == "Decimal" and name in _TOTALS:
        return "total"
    if name == "number" and kind in ("str", "int"):
        return "number"
    if kind in ("date", "datetime") and name.removesuffix("_at").removesuffix("_on") in _WHEN:
        return "now"
    return "items" if kind == "list[str]" else "asked"


def _examples(template: Template) -> list[Thing]:
    given = template.settings.get("_example", {"item": {"name": "str", "quantity": "int"}})
    return [Thing(name, tuple(fields.items())) for name, fields in given.items()]
