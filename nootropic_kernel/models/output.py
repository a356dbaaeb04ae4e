"""Whether an answer is what the request asked for. Engines enforce a JSON schema in part only, and say so nowhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Literal

from nootropic_kernel.models.contract import Answer, ChatRequest
from nootropic_kernel.models.errors import InvalidOutput

_FENCED = re.compile(r"\s*```[a-zA-Z]*\n(.*?)\n?```\s*", re.DOTALL)


def check_answer(request: ChatRequest, answer: Answer) -> Answer:
    """``answer``, checked against the schema of ``request`` if there is one; a code fence around it is taken off.

    :raises InvalidOutput: when it is not JSON of that shape; ``data`` keeps its ``text`` and whose ``fault`` it is:
        ``length`` (cut off at the request's own limit), ``json``, ``shape``, or ``schema`` (not a valid one).
    """
    if request.schema is None:
        return answer
    fenced = _FENCED.fullmatch(answer.text)
    text = fenced[1] if fenced else answer.text
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        if answer.finish_reason == "length":
            raise _invalid(answer, "length", f"It was cut off at {request.max_tokens} tokens.") from error
        raise _invalid(answer, "json", f"It is not valid JSON ({error}).") from error
    _check_shape(request.schema, value, answer)
    return replace(answer, text=text)


def dialect(schema: dict[str, Any]) -> Any:
    """The validator of the dialect that a JSON schema names; that of 2020-12 where it names none that is known."""
    import jsonschema  # type: ignore[import-untyped]

    try:
        return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    except (AttributeError, TypeError, ValueError):
        return jsonschema.Draft202012Validator  # `$schema` is no address; the check of the schema tells it


def _check_shape(schema: dict[str, Any], value: Any, answer: Answer) -> None:
    import jsonschema
    import referencing
    import referencing.exceptions

    kind = dialect(schema)
    try:
        kind.check_schema(schema)
        # The registry is empty and fetches nothing: a schema with a URL in it must not make us ask that URL.
        found = jsonschema.exceptions.best_match(kind(schema, registry=referencing.Registry()).iter_errors(value))
    except (jsonschema.SchemaError, referencing.exceptions.Unresolvable, RecursionError) as error:
        why = getattr(error, "message", "") or str(error)
        raise _invalid(answer, "schema", f"The schema itself cannot be used: {why[:300]}") from error
    if found is not None:
        raise _invalid(answer, "shape", f"At {found.json_path}: {found.message[:300]}") from found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _invalid(answer: Answer, fault: Literal["length", "json", "shape", "schema"], why: str) -> InvalidOutput:
    return InvalidOutput(
        f"The model {answer.model!r} did not answer in the demanded form.",
        why=why,
        next="Run this again, ask for less at once, or use a larger model.",
        model=answer.model,
        text=answer.text,
        fault=fault,
        finish_reason=answer.finish_reason,
    )
