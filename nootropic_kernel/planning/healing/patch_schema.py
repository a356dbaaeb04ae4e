"""What a patch of a plan looks like as a JSON document."""

from __future__ import annotations

from typing import Any

EVENTS = ("failed", "blocked", "late", "over-budget", "wrong", "amended")
# What an amendment may change in the plan beside its elements.
PLAN_FIELDS = frozenset(
    {
        "title",
        "brief",
        "archetype",
        "origin",
        "goals",
        "limits",
        "budget",
        "agents",
        "words",
        "bindings",
        "tree",
        "body",
    }
)

_IDS = {"type": "array", "items": {"type": "string", "pattern": "^T[0-9]+$"}}
# JSON Schema 2020-12 of a patch; the fields of added records are checked against the plan's own.
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "PlanPatch",
    "type": "object",
    "additionalProperties": False,
    "required": ["base_revision", "event", "supersede", "add", "relink", "reschedule", "cost_delta"],
    "properties": {
        "base_revision": {"type": "integer", "minimum": 1},
        "event": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "required": ["kind", "task", "evidence"],
            "properties": {
                "kind": {"enum": list(EVENTS)},
                "task": {"type": "string", "pattern": "^(T[0-9]+)?$"},
                "evidence": {"type": "string"},
            },
        },
        "supersede": _IDS,
        "add": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string", "pattern": "^[ESTN][0-9]+$"}},
            },
        },
        "relink": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "depends_on"],
                "properties": {"id": {"type": "string", "pattern": "^T[0-9]+$"}, "depends_on": _IDS},
            },
        },
        "reschedule": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "start_h", "end_h"],
                "properties": {
                    "id": {"type": "string", "pattern": "^T[0-9]+$"},
                    "start_h": {"type": "number", "minimum": 0},
                    "end_h": {"type": "number", "minimum": 0},
                },
            },
        },
        "cost_delta": {"type": "object", "additionalProperties": {"type": "number"}},
        "fields": {"type": "object", "propertyNames": {"enum": sorted(PLAN_FIELDS)}},
    },
}
