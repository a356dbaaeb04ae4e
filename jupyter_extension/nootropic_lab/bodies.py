"""What a request may say: one JSON object of known names, of bounded size, in values that every store can keep."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from nootropic_kernel.capabilities.typed_words import nearest
from nootropic_kernel.workspace.errors import UsageError
from nootropic_lab.errors import RequestTooLarge

# An edit of a hunk sends the new text; no browser's editor holds more than this.
MOST_BYTES = 16 * 2**20
_SHAPE = 'Send an object, such as {"arguments": {}, "path": "", "unsaved": []}.'
# Half a surrogate pair can stand in JSON only as an escape, once the bytes are found to be UTF-8.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_object(body: bytes, *known: str) -> dict[str, Any]:
    """The object in a request's body.

    :param body: the bytes as they came; none at all stand for an empty object.
    :param known: the names that the route takes.
    :raises UsageError: when it is no JSON object (RFC 8259), holds a name that the route does not take, a number that
        is none, or half a character.
    :raises RequestTooLarge: above :data:`MOST_BYTES`.
    """
    if len(body) > MOST_BYTES:
        raise RequestTooLarge(len(body), MOST_BYTES)
    try:
        document = json.loads(body.decode() or "{}", parse_constant=_no_number, parse_float=_finite)
        if _SURROGATE.search(body):
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UsageError("The request is not JSON that can be used.", why=str(error), next=_SHAPE) from error
    if not isinstance(document, dict):
        raise UsageError("The request is not a JSON object.", next=_SHAPE)
    for name in document:
        if name not in known:
            close = nearest(name, known)
            raise UsageError(
                f"The request has an unknown name {name[:60]!r}.",
                next=f"Did you mean `{close}`?" if close else f"This route takes {', '.join(known)}.",
            )
    return document


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is larger than any number here")
    return value
