"""The steps in their order, for each sort of record."""

from __future__ import annotations

import dataclasses
import pathlib
import typing

import sqlalchemy as sa

from . import {% for each in (cookiecutter.entities | map(attribute="entity") | list) | sort %}{{ each }}, {{ each }}_store{% if not loop.last %}, {% endif %}{% endfor %}

from .database import RecordStore
from .extract import extract
from .load import load
from .transform import Fault, transform


@dataclasses.dataclass(frozen=True)
class Flow:
    """One sort of record: its file, its class, its store, and what each column holds."""

    file: str
    kind: type[typing.Any]
    store: type[RecordStore[typing.Any]]
    types: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Done:
    """How many records were loaded from a file, and which rows made none."""

    file: str
    loaded: int
    faults: tuple[Fault, ...]


FLOWS = (
{% for entity in cookiecutter.entities %}
    Flow(
        "{{ entity.entity }}.csv",
        {{ entity.entity }}.{{ entity.Entity }},
        {{ entity.entity }}_store.{{ entity.Entity }}Store,
        {
{% for field in entity.fields %}
            "{{ field.name }}": "{{ field.type }}{% if field.optional %} | None{% endif %}",
{% endfor %}
        },
    ),
{% endfor %}
)


def run(folder: pathlib.Path, engine: sa.Engine) -> list[Done]:
    """Run all steps for every file that is in the folder."""
    done = []
    for flow in FLOWS:
        path = folder / flow.file
        if path.is_file():
            records, faults = transform(extract(path), flow.kind, flow.types)
            done.append(Done(flow.file, load(flow.store(engine), records), tuple(faults)))
    return done
