"""A schema that a small model can keep to: all that constrained decoding has to do, in few tokens."""

from __future__ import annotations

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "age": {"type": "integer"},
        "kind": {"enum": ["pupil", "teacher"]},
    },
    "required": ["name", "age", "kind"],
    "additionalProperties": False,
}
