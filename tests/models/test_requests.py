"""Requests as keys of a cache, estimates of tokens, and schemas on their way to a model."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models import schema
from nootropic_kernel.models.contract import Answer, ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import InvalidOutput
from nootropic_kernel.models.output import check_answer
from nootropic_kernel.models.tokens import estimate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.0, 1.0, 2.5]) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
ASK = ChatRequest((Message("user", "hi"),), schema={"type": "object"})


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with its keys in another order, and whole numbers written in another way."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(document=st.dictionaries(st.text(max_size=3), JSON, max_size=4), chance=st.randoms())
def test_equal_requests_hash_equal(document: dict[str, Any], chance: random.Random) -> None:
    one, other = replace(ASK, schema=document), replace(ASK, schema=shuffled(document, chance), purpose="other")
    assert one == other and hash(one) == hash(other) and len({one, other}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("system", "hi"),)},
        {"max_tokens": 1},
        {"temperature": 1.0},
        {"top_p": 0.5},
        {"seed": 1},
        {"stop": ("x",)},
        {"adapter": "nightly"},
        {"schema": {"type": "array"}},
        {"schema": None},
    ],
)
def test_what_changes_an_answer_makes_another_request(change: dict[str, Any]) -> None:
    assert replace(ASK, **change) != ASK and len({replace(ASK, **change), ASK}) == 2


@pytest.mark.slow
def test_the_estimate_of_tokens_is_on_the_safe_side(backend: EmbeddedBackend) -> None:
    root = Path(__file__).parents[2]
    texts = [file.read_text()[:8000] for file in sorted(root.glob("nootropic_kernel/*/*.py"))[::6]]
    texts += [(root / name).read_text()[:8000] for name in ("README.md", "pyproject.toml", "constraints.txt")]
    texts += ["1234567890" * 50, "世界你好" * 50, "😀🎉" * 40, "        x\n" * 50, json.dumps(ASK.schema) * 20]
    for text in texts:
        exact = backend.count_tokens(text)
        assert exact <= estimate(text) <= 3 * exact + 8, text[:60]


OBJECT = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "properties": st.dictionaries(
            st.sampled_from("ab"),
            st.sampled_from([
                {"type": "string"}, {"type": ["string", "null"]}, {"enum": ["x"]}, {"type": "string", "pattern": "^a$"},
                {"type": "array", "items": {"type": "string"}}, {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                {"type": "string", "minLength": 99}, True, {"$ref": "#/$defs/s"},
            ]),
        ),
        "$defs": st.just({"s": {"type": "string"}}),
    },
)  # fmt: skip


@given(document=OBJECT, most=st.integers(1, 60))
def test_every_text_of_a_grammar_has_an_end(document: dict[str, Any], most: int) -> None:
    before = json.dumps(document)
    bounded = schema._bounded(document, most)
    assert json.dumps(document) == before
    jsonschema.Draft202012Validator.check_schema(bounded)
    for part in (bounded.get("properties", {}) | bounded.get("$defs", {})).values():
        if isinstance(part, dict) and "string" in str(part.get("type")):
            assert part.get("maxLength", 0) >= part.get("minLength", 0) and ("maxLength" in part or "pattern" in part)


@pytest.mark.parametrize(
    "document",
    [
        {"type": "array", "uniqueItems": True},
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        {"not": {"type": "string"}},
        {"type": 5},
    ],
)
def test_what_cannot_be_enforced_is_known_before(document: dict[str, Any]) -> None:
    assert schema.grammar(document, 50) is None
    assert schema.grammar({"type": "object", "properties": {"a": document}}, 50) is None
    assert schema.grammar({"$ref": "#/$defs/s", "$defs": {"s": {"type": "string"}}}, 50) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"type": "integer", "minimum": 3, "maximum": 9}, id="a range, which llama.cpp itself ignores"),
        pytest.param(
            {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
             "additionalProperties": False}, id="a text without a bound, which would take all tokens",
        ),
        pytest.param({"$ref": "#/$defs/n", "$defs": {"n": {"enum": ["left", "right"]}}}, id="a reference"),
    ],
)  # fmt: skip
def test_the_embedded_model_keeps_to_what_the_engine_alone_would_not(
    backend: EmbeddedBackend, document: dict[str, Any]
) -> None:
    request = ChatRequest((Message("user", "Tell me about birds."),), max_tokens=80, schema=document)
    jsonschema.validate(json.loads(backend.chat(request).text), document)
    assert backend.features.schema == "enforced"


@pytest.mark.slow
def test_a_schema_that_cannot_be_enforced_gives_json_and_blames_nobody(backend: EmbeddedBackend) -> None:
    document = {"type": "array", "uniqueItems": True, "minItems": 400}
    with pytest.raises(InvalidOutput) as caught:
        backend.chat(ChatRequest((Message("user", "Numbers."),), max_tokens=30, schema=document))
    assert "schema_ignored" not in caught.value.data and backend.features.schema == "enforced"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("NaN", "json"),
        ('"x" y', "json"),
        ("```json\n7\n```", None),
        (" 7 ", None),
        ('"x"', "shape"),
        ("[" * 9999, "json"),
    ],
)
def test_an_answer_is_checked(text: str, fault: str | None) -> None:
    request, answer = replace(ASK, schema={"type": "number"}), Answer(text, "m", "b", "stop")
    if fault is None:
        assert json.loads(check_answer(request, answer).text) == 7
        return
    with pytest.raises(InvalidOutput) as caught:
        check_answer(request, answer)
    assert caught.value.data["fault"] == fault and caught.value.data["text"] == text
    assert caught.value.__cause__ is not None


def test_a_schema_fetches_nothing(serve: Any) -> None:
    asked = serve({"head": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"})
    request = replace(ASK, schema={"$ref": f"{asked.url}/schema.json"})
    with pytest.raises(InvalidOutput) as caught:
        check_answer(request, Answer("{}", "m", "b", "stop"))
    assert caught.value.data["fault"] == "schema"
