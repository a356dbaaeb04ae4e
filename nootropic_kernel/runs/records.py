"""Requests and answers as bytes, and back."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

from nootropic_kernel.runs import effects

_RECORDS = {
    cls.__name__: cls for cls in vars(effects).values() if isinstance(cls, type) and dataclasses.is_dataclass(cls)
}


def encode(value: Any) -> bytes:
    """A value made of plain data, bytes and our own records, as JSON bytes; :func:`decode` is its inverse."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=True).encode()


def decode(data: bytes) -> Any:
    """The value that :func:`encode` was given (tuples of records come back as they were)."""
    return _value(json.loads(data))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and type(value).__name__ in _RECORDS:
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"record": type(value).__name__, "fields": fields}
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "bytes" in plain:
        return base64.b64decode(plain["bytes"])
    if "tuple" in plain:
        return tuple(_value(item) for item in plain["tuple"])
    if "dict" in plain:
        return {_value(key): _value(item) for key, item in plain["dict"]}
    return _RECORDS[plain["record"]](**{name: _value(item) for name, item in plain["fields"].items()})
