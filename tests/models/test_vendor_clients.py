"""The vendors' own Python clients work against the stand-ins, so these are not only what we think a server says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.models.stand_ins import stand_in

pytestmark = pytest.mark.slow

KEY = "sk-stand-in-0123456789"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]
THINK: list[Any] = [{"role": "user", "content": "think, then say hello"}]


def asking(text: str) -> list[Any]:
    """One message of a person."""
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("kind", ["openai", "openai-compatible", "vllm"])
def test_openai(kind: str, tmp_path: Path) -> None:
    openai = pytest.importorskip("openai")
    with stand_in(kind, tmp_path, key=KEY) as served:
        with openai.OpenAI(base_url=served.settings.url, api_key=KEY, max_retries=0) as client:
            assert [model.id for model in client.models.list()] == ["toy-1"]
            whole = client.chat.completions.create(model="toy-1", messages=HELLO)
            assert whole.choices[0].message.content == "Hello there, friend." and whole.usage.total_tokens > 0
            stream = client.chat.completions.create(
                model="toy-1", messages=HELLO, stream=True, stream_options={"include_usage": True}
            )
            chunks = list(stream)
            assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello there, friend."
            assert chunks[-1].usage.completion_tokens == 5 and chunks[-2].choices[0].finish_reason == "stop"
            wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA, "strict": True}}
            shaped = client.chat.completions.create(model="toy-1", messages=HELLO, response_format=wanted)
            assert json.loads(shaped.choices[0].message.content) == {"name": "Ada"}
            vectors = client.embeddings.create(model="toy-1", input=["a", "bcd"]).data
            assert sorted(row.index for row in vectors) == [0, 1] and len(vectors[0].embedding) == 4
            with pytest.raises(openai.RateLimitError):
                client.chat.completions.create(model="toy-1", messages=asking("fault:rate"))
            with pytest.raises(openai.NotFoundError):
                client.chat.completions.create(model="none-such", messages=HELLO)
            with pytest.raises(openai.APIError, match="had an error"):
                list(client.chat.completions.create(model="toy-1", messages=asking("fault:mid"), stream=True))
        with openai.OpenAI(base_url=served.settings.url, api_key="wrong", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError):
                client.models.list()


def test_ollama(tmp_path: Path) -> None:
    ollama = pytest.importorskip("ollama")
    with stand_in("ollama", tmp_path) as served:
        client = ollama.Client(host=served.settings.url)
        assert [model.model for model in client.list().models] == ["toy-1"]
        assert client.show("toy-1").modelinfo["toy.context_length"] == 8192
        assert client.chat("toy-1", HELLO).message.content == "Hello there, friend."
        chunks = list(client.chat("toy-1", THINK, stream=True))
        assert "".join(chunk.message.content for chunk in chunks) == "Hello there, friend."
        assert chunks[0].message.thinking == "Let me see." and chunks[-1].done_reason == "stop"
        assert json.loads(client.chat("toy-1", HELLO, format=SCHEMA).message.content) == {"name": "Ada"}
        assert len(client.embed("toy-1", ["a", "b"]).embeddings) == 2
        with pytest.raises(ollama.ResponseError, match="not found"):
            client.chat("none-such", HELLO)
        with pytest.raises(ollama.ResponseError, match="CUDA"):
            list(client.chat("toy-1", asking("fault:mid"), stream=True))
        client._client.close()


def test_anthropic(tmp_path: Path) -> None:
    anthropic = pytest.importorskip("anthropic")
    with stand_in("anthropic", tmp_path, key=KEY) as served:
        with anthropic.Anthropic(base_url=served.settings.url, api_key=KEY, max_retries=0) as client:
            assert [model.id for model in client.models.list()] == ["toy-1"]
            whole = client.messages.create(model="toy-1", max_tokens=50, messages=HELLO, system="Be brief.")
            assert whole.content[0].text == "Hello there, friend." and whole.stop_reason == "end_turn"
            with client.messages.stream(model="toy-1", max_tokens=50, messages=THINK) as stream:
                text = "".join(stream.text_stream)
                final = stream.get_final_message()
            assert text == "Hello there, friend." and final.usage.output_tokens == 5
            assert [block.type for block in final.content] == ["thinking", "text"]
            wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
            shaped = client.messages.create(model="toy-1", max_tokens=50, messages=HELLO, output_config=wanted)
            assert json.loads(shaped.content[0].text) == {"name": "Ada"}
            for fault, kind in (("rate", anthropic.RateLimitError), ("overloaded", anthropic.APIStatusError)):
                with pytest.raises(kind):
                    client.messages.create(model="toy-1", max_tokens=5, messages=asking(f"fault:{fault}"))
            with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
                with client.messages.stream(model="toy-1", max_tokens=50, messages=asking("fault:mid")) as stream:
                    list(stream.text_stream)
        with anthropic.Anthropic(base_url=served.settings.url, api_key="wrong", max_retries=0) as client:
            with pytest.raises(anthropic.AuthenticationError):
                client.messages.create(model="toy-1", max_tokens=5, messages=HELLO)


def test_hugging_face(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    with stand_in("huggingface", tmp_path, key=KEY) as served:
        client = hub.InferenceClient(base_url=served.settings.url, token=KEY)
        whole = client.chat_completion(HELLO, model="toy-1")
        assert whole.choices[0].message.content == "Hello there, friend."
        chunks = list(client.chat_completion(HELLO, model="toy-1", stream=True))
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello there, friend."
        root = served.settings.url.removesuffix("/v1")
        pipeline = f"{root}/hf-inference/models/toy-1/pipeline/feature-extraction"
        assert len(hub.InferenceClient(token=KEY).feature_extraction(["a"], model=pipeline)[0]) == 4
        with pytest.raises(hub.errors.HfHubHTTPError):
            hub.InferenceClient(base_url=served.settings.url, token="wrong").chat_completion(HELLO, model="toy-1")
