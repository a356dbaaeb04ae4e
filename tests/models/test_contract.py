"""One suite for every backend: what the contract promises holds for each, whatever is behind it.

The embedded model, llama.cpp's own HTTP server and transformers (with a small model of random numbers) are real; the
others are stand-ins, see ``protocols``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import jsonschema
import pytest

from nootropic_kernel.models.backends import ServerBackend, connect
from nootropic_kernel.models.catalogue import CatalogueModel, find_model
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend, close_all
from nootropic_kernel.models.engine_backend import EngineBackend
from nootropic_kernel.models.errors import (
    AuthenticationFailed,
    BackendUnreachable,
    InferenceError,
    NotOffered,
)
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.workspace.backend_settings import CLOUD_URLS, BackendSettings
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from tests.models.person_schema import PERSON
from tests.models.stand_ins import KEY_VARIABLE, MODULES, stand_in

pytestmark = pytest.mark.slow

CONTROL_BACK_S = 2.0
KEY = "sk-stand-in-0123456789"
# Those whose public protocol has a key; the others listen to everybody, or to a proxy's key only.
KEYED = ("openai-compatible", "openai", "tabby", "vllm", "huggingface", "anthropic", "ollama")
HELLO = ChatRequest((Message("system", "Be brief."), Message("user", "Say hello.")), max_tokens=24)
STORY = ChatRequest((Message("user", "Tell me a very long story about a lighthouse."),), max_tokens=1500)
SERVERS = [pytest.param(kind, id=kind) for kind in MODULES]
REAL = [pytest.param("embedded"), pytest.param("llamacpp"), pytest.param("transformers", marks=pytest.mark.learning)]


@dataclass
class Running:
    """A backend and what was said to be behind it."""

    backend: Backend
    model: str


def start(kind: str, folder: Path, writer: Path | None) -> Iterator[Running]:
    """The backend of a kind, with something behind it that answers; ``writer`` is the model for transformers."""
    if kind in MODULES:
        with stand_in(kind, folder, key=KEY if kind in KEYED else "") as running:
            yield Running(connect(running.settings), "toy-1")
        return
    model, place = find_model(), Workspace(folder, folder / ".nootropic", folder / ".cache", False)
    embedded = EmbeddedBackend(model, place)
    try:
        if writer is not None:
            mine = BackendSettings("mine", "", str(writer), kind="transformers")
            yield Running(connect(mine, workspace=place), writer.name)
            return
        if kind == "embedded":
            yield Running(embedded, model.name)
            return
        with embedded.engine.own().request() as engine:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("LLAMA_KEY", engine.key)
                settings = BackendSettings(
                    "my-llama", f"http://127.0.0.1:{engine.port}", model.name, "LLAMA_KEY", "llamacpp"
                )
                yield Running(connect(settings), model.name)
    finally:
        close_all()


@pytest.fixture(scope="module", params=[*SERVERS, *REAL])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Each backend in turn; started once for the whole suite."""
    if request.param in ("embedded", "llamacpp"):
        request.getfixturevalue("model")
    writer = request.getfixturevalue("models") / "teller" if request.param == "transformers" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, KEY)
        patch.setenv("NOOTROPIC_SERVICE", "off")
        yield from start(request.param, tmp_path_factory.mktemp("served"), writer)


@pytest.fixture
def backend(running: Running) -> Backend:
    """The backend under test."""
    return running.backend


@pytest.fixture(scope="module", params=SERVERS)
def unreachable(request: pytest.FixtureRequest) -> ServerBackend:
    """A backend with nobody behind it."""
    return connect(BackendSettings("gone", "http://127.0.0.1:1/v1", "m", kind=request.param))


def test_pieces_are_the_answer(backend: Backend, running: Running) -> None:
    pieces: list[str] = []
    answer = backend.chat(HELLO, pieces.append)
    assert answer.text and "".join(pieces) == answer.text
    assert (answer.backend, answer.model) == (backend.name, running.model)
    assert answer.finish_reason in ("stop", "length") and len(pieces) > 1


def test_an_answer_is_the_same_without_a_listener(backend: Backend) -> None:
    assert backend.chat(HELLO).text == backend.chat(HELLO, lambda text: None).text


def test_the_limit_ends_an_answer(backend: Backend) -> None:
    answer = backend.chat(replace(HELLO, max_tokens=2), lambda text: None)
    assert answer.finish_reason == "length" and answer.text
    assert answer.output_tokens in (2, None)


@pytest.mark.parametrize("listen", [None, lambda text: None], ids=["whole", "streamed"])
def test_a_stop_text_ends_an_answer(backend: Backend, listen: Callable[[str], None] | None) -> None:
    request = ChatRequest((Message("user", "Count: one two three four five six"),), max_tokens=60, stop=("three",))
    answer = backend.chat(request, listen)
    assert "three" not in answer.text and answer.finish_reason in ("stop", "length")


def test_a_schema_is_kept(backend: Backend) -> None:
    request = ChatRequest((Message("user", "Describe a pupil."),), max_tokens=120, schema=PERSON)
    jsonschema.validate(json.loads(backend.chat(request).text), PERSON)


def test_a_batch_keeps_its_order(backend: Backend) -> None:
    requests = [HELLO, replace(HELLO, max_tokens=1), replace(HELLO, adapter="none-such"), HELLO]
    outcomes = backend.batch(requests)
    first, second, third, fourth = outcomes
    assert isinstance(first, Answer) and isinstance(second, Answer) and isinstance(fourth, Answer)
    assert first.text == fourth.text and second.finish_reason == "length"
    assert isinstance(third, NotOffered | InferenceError)
    assert backend.batch([]) == []


def test_embeddings_or_a_reason(backend: Backend) -> None:
    texts = ["a cat", "a much longer text about a dog", "a cat"]
    if not backend.features.embeddings or backend.kind == "llamacpp":
        with pytest.raises((NotOffered, InferenceError)) as caught:
            backend.embed(texts)
        assert caught.value.why and caught.value.next
        return
    embedding = backend.embed(texts)
    first, second, third = embedding.vectors
    assert first == third != second and len(first) == len(second) > 1 and embedding.model


def test_tokens_are_counted(backend: Backend) -> None:
    text, turns = "def add(a, b):\n    return a + b\n", HELLO.messages
    alone, conversation = backend.count_tokens(text), backend.count_tokens(turns)
    assert 8 <= alone <= len(text)
    assert conversation > sum(backend.count_tokens(turn.content) for turn in turns) > 0
    assert backend.count_tokens("") == 0
    if backend.features.exact_tokens and isinstance(backend, EngineBackend):
        assert backend.chat(HELLO).input_tokens == conversation


def test_the_window_is_known_or_not(backend: Backend) -> None:
    window = backend.window()
    assert window is None or window >= 1024
    if backend.kind in ("ollama", "vllm", "llamacpp", "embedded", "transformers", "anthropic", "huggingface"):
        assert window is not None


def test_a_probe_names_the_model(backend: Backend, running: Running) -> None:
    assert running.model in backend.probe().models


def test_stop_gives_control_back_and_the_next_call_works(backend: Backend) -> None:
    cancel = threading.Event()
    began = threading.Event()

    def stop_soon(_: str) -> None:
        if not began.is_set():
            began.set()
            threading.Timer(0.1, cancel.set).start()

    started = time.monotonic()
    with pytest.raises(Interrupted):
        backend.chat(STORY, stop_soon, cancel)
        pytest.fail(f"it ended by itself after {time.monotonic() - started} s")
    assert began.is_set()
    assert backend.chat(HELLO).text


def test_stop_ends_a_batch(backend: Backend) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        backend.batch([STORY] * 5, cancel)
    assert time.monotonic() - started < 0.3 + CONTROL_BACK_S
    assert backend.chat(HELLO).text


def test_an_adapter_that_is_not_there_is_an_error(backend: Backend) -> None:
    with pytest.raises((NotOffered, InferenceError)) as caught:
        backend.chat(replace(HELLO, adapter="none-such"))
    assert caught.value.next and not caught.value.retryable


def test_what_it_is_is_told_without_asking_it(backend: Backend) -> None:
    assert backend.available().ok
    assert backend.is_local == (backend.kind not in CLOUD_URLS)
    assert KEY not in repr(backend)
    backend.close()
    backend.close()


def test_nobody_there_is_told(unreachable: ServerBackend) -> None:
    assert unreachable.available().ok
    calls: list[Callable[[], object]] = [
        unreachable.probe,
        lambda: unreachable.chat(HELLO),
        lambda: unreachable.chat(HELLO, lambda text: None),
    ]
    for call in calls:
        with pytest.raises(BackendUnreachable) as caught:
            call()
        assert caught.value.retryable and caught.value.code == "BackendUnreachable" and caught.value.next


@pytest.mark.parametrize("kind", KEYED)
def test_a_wrong_key_and_an_unknown_model_are_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(kind, tmp_path, key=KEY) as served:
        monkeypatch.setenv(KEY_VARIABLE, "sk-wrong-9876543210")
        with pytest.raises(AuthenticationFailed) as refused:
            connect(served.settings).chat(HELLO)
        assert "sk-wrong" not in f"{refused.value} {refused.value.data}" and not refused.value.retryable
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        with pytest.raises(InferenceError, match="none-such") as unknown:
            connect(replace(served.settings, model="none-such")).chat(HELLO)
        assert not unknown.value.retryable


def test_a_batch_that_is_interrupted_from_outside_stops_its_calls(tmp_path: Path) -> None:
    with stand_in("openai-compatible", tmp_path) as served:
        backend = connect(served.settings, Limits(total_s=1))
        outcomes = backend.batch([STORY, HELLO])
    assert [type(outcome).__name__ for outcome in outcomes] == ["ModelTimeout", "Answer"]


def test_the_model_fixture_is_the_embedded_one(model: CatalogueModel) -> None:
    assert model.embedded
