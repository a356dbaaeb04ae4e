"""The embedded model behind the gateway, for real."""

from __future__ import annotations

import importlib.util
import json
from importlib.machinery import ModuleSpec
from pathlib import Path

import openai
import pytest
from pydantic import BaseModel

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.serve import ServeParams, ServerNotInstalled, serve
from nootropic_kernel.models import embedded
from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.download import ensure_model_cached
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import DownloadFailed
from nootropic_kernel.workspace.location import Workspace
from tests.gateway.running import gateway


class Colour(BaseModel):
    red: int
    name: str


@pytest.mark.slow
def test_the_embedded_model_answers_beside_a_kernel_that_uses_it_too(workspace: Workspace, person_home: Path) -> None:
    model = find_model()
    try:
        ensure_model_cached(model)
    except DownloadFailed as error:
        pytest.fail(f"This test needs the real model. {error}", pytrace=False)
    ask = [{"role": "user", "content": "Name a colour."}]
    mine = EmbeddedBackend(model, workspace)
    try:
        with gateway(workspace.root, person_home) as running:
            with openai.OpenAI(base_url=running.url, api_key=running.key, timeout=170, max_retries=0) as client:
                whole = client.chat.completions.create(model="embedded", messages=ask, max_tokens=12)  # type: ignore[arg-type]
                own = mine.chat(ChatRequest((Message("user", "Name a colour."),), max_tokens=12))
                with client.chat.completions.create(
                    model="auto",
                    messages=ask,
                    max_tokens=12,
                    stream=True,  # type: ignore[arg-type]
                ) as stream:
                    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
                assert whole.choices[0].message.content == own.text == "".join(pieces) != ""
                assert (
                    len(pieces) > 4 and whole.usage is not None and whole.usage.completion_tokens == own.output_tokens
                )
                assert whole.model == "embedded" and str(model.path.parent) not in whole.model_dump_json()
                parsed = client.chat.completions.parse(
                    model="embedded",
                    messages=ask,
                    response_format=Colour,
                    max_tokens=60,  # type: ignore[arg-type]
                )
                assert isinstance(parsed.choices[0].message.parsed, Colour)
                with pytest.raises(openai.BadRequestError) as caught:
                    long = [{"role": "user", "content": "word " * 20_000}]
                    client.chat.completions.create(model="embedded", messages=long)  # type: ignore[arg-type]
                assert caught.value.code == "context_length_exceeded"
                assert json.loads(caught.value.response.text)["error"]["type"] == "invalid_request_error"
                with pytest.raises(openai.BadRequestError) as caught:
                    client.embeddings.create(model="auto", input="one")
                assert caught.value.code == "not_offered"
            assert running.end() == 0
    finally:
        mine.close()
        embedded.close_all()


def test_without_the_packages_the_error_names_the_command(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def without_uvicorn(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "uvicorn" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_uvicorn)
    with pytest.raises(ServerNotInstalled, match="pip install uvicorn") as caught:
        serve(ServeParams(), Session(workspace, face="cli"))
    assert caught.value.data["missing"] == ["uvicorn"]
