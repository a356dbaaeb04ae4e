"""JSON schemas on their way to a model: as a grammar for llama.cpp, in words for servers that know no schemas, and
what this session has learnt about servers that were asked and did not keep to one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nootropic_kernel.models.contract import ChatRequest, Message, SchemaSupport

_ORDER: tuple[SchemaSupport, ...] = ("none", "asked", "enforced")
# By where the model is asked, because the objects that stand for backends come and go within a session.
_seen: dict[tuple[str, str], SchemaSupport] = {}

# Keywords whose value maps names to schemas, holds a list of them, or is one.
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_FIXED = ("enum", "const", "pattern", "format", "maxLength")


def support(place: tuple[str, str], claimed: SchemaSupport) -> SchemaSupport:
    """How far the model at ``place`` (where, which) keeps to a schema: as claimed, unless this session saw less."""
    return min(claimed, _seen.get(place, claimed), key=_ORDER.index)


def lower(place: tuple[str, str], to: SchemaSupport) -> None:
    """Remember for this session that the model at ``place`` keeps to a schema no further than ``to``."""
    _seen[place] = min(to, _seen.get(place, to), key=_ORDER.index)


def in_words(request: ChatRequest) -> ChatRequest:
    """``request`` with its schema said in the first system message, for servers that have no other way."""
    if request.schema is None:
        return request
    demand = (
        "Answer with one JSON value and nothing else, without code fences. It must match this JSON schema:\n"
        + json.dumps(request.schema)
    )
    first, rest = request.messages[0], request.messages[1:]
    if first.role == "system":
        messages = (Message("system", f"{first.content}\n\n{demand}"), *rest)
    else:
        messages = (Message("system", demand), first, *rest)
    return replace(request, messages=messages)


def grammar(schema: Mapping[str, Any], max_tokens: int) -> str | None:
    """The schema as a grammar of llama.cpp with LLGuidance; None when LLGuidance cannot enforce all of it.

    It is tried here first, because llama.cpp takes a grammar that does not compile for none at all, and says nothing.
    Spaces between the parts are forbidden, as a small model may write nothing else, and a text without an end of its
    own gets one, so that it cannot use up all of ``max_tokens``.
    """
    import llguidance

    bounded = {**_bounded(schema, max(16, max_tokens)), "x-guidance": {"whitespace_flexible": False}}
    text = json.dumps(bounded)
    if llguidance.LLMatcher.validate_grammar(llguidance.LLMatcher.grammar_from_json_schema(text)):
        return None
    return f"%llguidance {{}}\nstart: %json {text}"


def _bounded(schema: Any, most: int) -> Any:
    """``schema`` with a ``maxLength`` for each text that has no bound."""
    if not isinstance(schema, Mapping):
        return schema
    bounded = dict(schema)
    for key in _NAMED:
        if isinstance(bounded.get(key), Mapping):
            bounded[key] = {name: _bounded(part, most) for name, part in bounded[key].items()}
    for key in _LISTED:
        if isinstance(bounded.get(key), list):
            bounded[key] = [_bounded(part, most) for part in bounded[key]]
    for key in _SINGLE:
        bounded.update({key: _bounded(bounded[key], most)} if key in bounded else {})
    kinds = bounded.get("type")
    if (kinds == "string" or (isinstance(kinds, list) and "string" in kinds)) and not any(k in bounded for k in _FIXED):
        bounded["maxLength"] = max(most, bounded.get("minLength", 0))
    return bounded
