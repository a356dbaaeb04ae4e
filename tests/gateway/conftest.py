"""One gateway for the tests of a module, over model servers that say what the tests need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.running import EVENTS, Gateway, gateway, model_servers, piece, refuses, says, write_settings
from tests.models.stand_ins import stand_in

SECRET = 'password = "hunter2-and-more-of-it"'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings folder of the person whose gateway it is."""
    return tmp_path_factory.mktemp("person") / ".nootropic"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the gateway runs in."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def served(home: Path, folder: Path) -> Iterator[Gateway]:
    """A gateway whose models are named after what they do."""
    overflow = {"error": {"message": "too long", "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 5}}
    refusal = {"error": {"message": "no", "type": "server_error"}}
    with (
        model_servers(
            home,
            hello=says("Hel", "lo ", "wörld"),
            object=says('{"name": ', '"Ada", "age": 36}'),
            half_object=says('{"name": "A', finish="length"),
            wrong_object=says('{"name": 5}'),
            uncounted=says("Hi", usage=False),
            secret=says("Sure: ", SECRET),
            endless=[{"head": EVENTS}, {"drip": 'data: {"choices":[{"delta":{"content":"tick "}}]}\n\n', "every": 0.2}],
            silent=[{"head": EVENTS}, {"sleep": 600}],
            cut=[{"head": EVENTS}, piece("Half an ans")],
            busy=refuses("429 Too Many Requests", refusal, "Retry-After: 40"),
            overflow=refuses("400 Bad Request", overflow),
            locked=refuses("401 Unauthorized", refusal),
            broken=refuses("500 Internal Server Error", refusal),
        ),
        gateway(folder, home) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def complete(home: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway over a stand-in for OpenAI's API, which has embeddings too."""
    with stand_in("openai-compatible", tmp_path_factory.mktemp("stand-in")) as server:
        write_settings(home, {"toy": {"url": server.settings.url, "model": server.settings.model}})
        with gateway(folder, home) as running:
            yield running
