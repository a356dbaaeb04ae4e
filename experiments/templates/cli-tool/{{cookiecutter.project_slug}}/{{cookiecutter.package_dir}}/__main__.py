"""The commands: `python -m {{ cookiecutter.package }} --help` lists them."""

from __future__ import annotations

import argparse
{% if cookiecutter.entities %}
import dataclasses
{% endif %}
{% if cookiecutter.entities and not cookiecutter.sql %}
import os
import pathlib
{% endif %}
import sys
{% if cookiecutter.entities %}
import typing

{% if cookiecutter.sql %}
from .database import connect
{% endif %}
{% for entity in cookiecutter.entities | sort(attribute="entity") %}
from .{{ entity.entity }} import {{ entity.Entity }}
from .{{ entity.entity }}_store import {{ entity.Entity }}Store
{% endfor %}
from .values import parse, show
{% endif %}


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="{{ cookiecutter.project_slug }}", description={{ cookiecutter.description_literal }})
{% if cookiecutter.entities %}
    things = parser.add_subparsers(title="things", required=True, metavar="THING")
{% for entity in cookiecutter.entities %}
    _{{ entity.entity }}_commands(things.add_parser("{{ entity.path }}", help="add, list and remove {{ entity.plural }}"))
{% endfor %}
    given = parser.parse_args(words)
    try:
        given.run(given)
    except (ValueError, KeyError) as problem:
        print(f"{{ cookiecutter.project_slug }}: {problem.args[0] if problem.args else problem}", file=sys.stderr)
        return 1
    return 0
{% else %}
    parser.parse_args(words)
    parser.print_help()
    return 0
{% endif %}
{% for entity in cookiecutter.entities %}


def _{{ entity.entity }}_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="add {{ entity.a }} {{ entity.words }}")
{% for field in entity.fields %}
    add.add_argument("--{{ field.name | replace("_", "-") }}", dest="{{ field.name }}", metavar="{{ field.type | upper }}"{% if field.required %}, required=True{% else %}, default=""{% endif %})
{% endfor %}
    add.set_defaults(run=_add_{{ entity.entity }})
    commands.add_parser("list", help="list them").set_defaults(run=_list_{{ entity.entity }})
    remove = commands.add_parser("remove", help="remove one")
    remove.add_argument("{% if cookiecutter.sql %}NUMBER{% else %}{{ entity.key.name | upper }}{% endif %}")
    remove.set_defaults(run=_remove_{{ entity.entity }})


def _add_{{ entity.entity }}(given: argparse.Namespace) -> None:
    item = {{ entity.Entity }}(
{% for field in entity.fields %}
        {{ field.name }}=_value(given, "{{ field.name }}", "{{ field.type }}{% if field.optional %} | None{% endif %}"),
{% endfor %}
    )
{% if cookiecutter.sql %}
    print({{ entity.Entity }}Store(connect()).add(item))
{% else %}
    {{ entity.Entity }}Store(_file("{{ entity.entity }}")).add(item)
{% endif %}


def _list_{{ entity.entity }}(given: argparse.Namespace) -> None:
{% if cookiecutter.sql %}
    for number, item in {{ entity.Entity }}Store(connect()).items():
        print(number, *_shown(item), sep="\t")
{% else %}
    for item in {{ entity.Entity }}Store(_file("{{ entity.entity }}")).list():
        print(*_shown(item), sep="\t")
{% endif %}


def _remove_{{ entity.entity }}(given: argparse.Namespace) -> None:
{% if cookiecutter.sql %}
    if not {{ entity.Entity }}Store(connect()).remove(int(given.NUMBER)):
        raise KeyError(f"there is no {{ entity.words }} {given.NUMBER}")
{% else %}
    key = _value(given, "{{ entity.key.name | upper }}", "{{ entity.key.type }}")
    try:
        {{ entity.Entity }}Store(_file("{{ entity.entity }}")).remove(key)
    except KeyError:
        raise KeyError(f"there is no {{ entity.words }} {key}") from None
{% endif %}
{% endfor %}
{% if cookiecutter.entities %}


def _shown(item: typing.Any) -> list[str]:
    return [show(getattr(item, field.name)) for field in dataclasses.fields(item)]


def _value(given: argparse.Namespace, name: str, kind: str) -> typing.Any:
    try:
        return parse(kind, getattr(given, name))
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from problem
{% if not cookiecutter.sql %}


def _file(name: str) -> pathlib.Path:
    """Where things are kept: in the folder that {{ cookiecutter.package.replace(".", "_") | upper }}_HOME names, else in the one you are in."""
    folder = pathlib.Path(os.environ.get("{{ cookiecutter.package.replace(".", "_") | upper }}_HOME") or ".")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.json"
{% endif %}
{% endif %}


if __name__ == "__main__":
    sys.exit(main())
