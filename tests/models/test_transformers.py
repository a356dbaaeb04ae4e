"""Models by transformers in the child process, small ones of random numbers: answers, schemas, adapters, vectors."""

from __future__ import annotations

import json
import math
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.engine_backend import EngineBackend
from nootropic_kernel.models.errors import ContextOverflow, InferenceError, ModelLoadFailed, NotOffered
from nootropic_kernel.models.serving import close_all
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace

pytestmark = [pytest.mark.learning, pytest.mark.slow, pytest.mark.timeout(400)]

ASK = ChatRequest((Message("user", "the quick brown fox"),), max_tokens=24)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}, "kind": {"enum": ["pupil", "teacher"]}},
    "required": ["name", "kind"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace whose engines this process owns; they end with these tests."""
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOOTROPIC_SERVICE", "off")
        yield Workspace(folder, folder / ".nootropic", folder / ".cache", False)
        close_all()


def backend(model: Path, place: Workspace, *adapters: Path, four_bit: bool = False, window: int = 512) -> EngineBackend:
    """The backend for a model folder."""
    settings = BackendSettings(
        "mine", "", str(model), kind="transformers", context_window=window, adapters=tuple(map(str, adapters)),
        four_bit=four_bit,
    )  # fmt: skip
    made = connect(settings, workspace=place)
    assert isinstance(made, EngineBackend) and made.is_local
    return made


@pytest.fixture
def writer(models: Path, place: Workspace) -> EngineBackend:
    """A model that writes, with two adapters."""
    return backend(models / "writer", place, models / "nightly", models / "other")


def test_it_streams_and_counts(writer: EngineBackend) -> None:
    pieces: list[str] = []
    answer = writer.chat(ASK, pieces.append)
    assert len(pieces) > 1 and "".join(pieces) == answer.text
    assert (answer.model, answer.backend) == ("writer", "mine")
    assert answer.input_tokens == writer.count_tokens(ASK.messages) > writer.count_tokens("the quick brown fox") > 1
    assert answer.output_tokens and answer.output_tokens <= 24
    assert writer.chat(ASK).text == answer.text
    assert writer.window() == 512


def test_sampling_is_by_seed(writer: EngineBackend) -> None:
    warm = replace(ASK, temperature=1.5, top_p=0.95, seed=5)
    assert writer.chat(warm).text == writer.chat(warm).text
    assert len({writer.chat(replace(warm, seed=seed)).text for seed in range(5)}) > 1


def test_a_stop_text_ends_the_answer(writer: EngineBackend) -> None:
    text = writer.chat(ASK).text
    stop = text[len(text) // 2 : len(text) // 2 + 3]
    answer = writer.chat(replace(ASK, stop=("no such text", stop)))
    assert answer.text == text[: text.index(stop)] and answer.finish_reason == "stop"


def test_even_random_numbers_keep_to_a_schema(writer: EngineBackend) -> None:
    assert writer.features.schema == "enforced"
    for seed in range(3):
        request = replace(ASK, schema=PERSON, max_tokens=80, temperature=1.0, seed=seed)
        value = json.loads(writer.chat(request).text)
        assert set(value) == {"name", "kind"} and value["kind"] in ("pupil", "teacher")


def test_an_adapter_changes_only_the_requests_that_ask_for_it(writer: EngineBackend) -> None:
    plain = writer.chat(ASK).text
    nightly, other = (writer.chat(replace(ASK, adapter=name)).text for name in ("nightly", "other"))
    assert len({plain, nightly, other}) == 3
    assert writer.chat(ASK).text == plain and writer.chat(replace(ASK, adapter="nightly")).text == nightly
    with pytest.raises(InferenceError, match="nightly, other"):
        writer.chat(replace(ASK, adapter="none-such"))


def test_adapters_come_and_change_while_the_model_stays(
    writer: EngineBackend, models: Path, place: Workspace, tmp_path: Path
) -> None:
    plain = writer.chat(ASK).text
    nightly, other = (writer.chat(replace(ASK, adapter=name)).text for name in ("nightly", "other"))
    pid = writer.engine_pid()
    tonight = tmp_path / "tonight"
    shutil.copytree(models / "nightly", tonight)
    # Named after the engine was started.
    later = backend(models / "writer", place, tonight)
    asked = replace(ASK, adapter="tonight")
    assert later.chat(asked).text == nightly and later.chat(ASK).text == plain
    for file in (models / "other").iterdir():
        shutil.copyfile(file, tonight / file.name)
    assert later.chat(asked).text == other and later.chat(ASK).text == plain
    assert writer.chat(replace(ASK, adapter="nightly")).text == nightly
    assert later.engine_pid() == writer.engine_pid() == pid


def test_a_folder_that_is_no_adapter_is_told_and_the_model_stays(
    writer: EngineBackend, models: Path, place: Workspace, tmp_path: Path
) -> None:
    plain, nightly = writer.chat(ASK).text, writer.chat(replace(ASK, adapter="nightly")).text
    damages = {"shape": ('"r": 4', '"r": 8'), "kind": ('"LORA"', '"IA3"'), "place": ("q_proj", "no_such_part"), "": ()}
    for name, change in damages.items():
        folder = tmp_path / f"broken {name}"
        shutil.copytree(models / "nightly", folder)
        config = folder / "adapter_config.json"
        config.write_text(config.read_text().replace(*change)) if change else config.unlink()
    folders = [*sorted(tmp_path.iterdir(), reverse=True), models / "nightly"]
    # An engine of its own, which has not seen a whole adapter before.
    fresh = backend(models / "writer", place, *folders, window=400)
    for folder in folders[:-1]:
        with pytest.raises(InferenceError, match="adapter"):
            fresh.chat(replace(ASK, adapter=folder.name))
        assert fresh.chat(ASK).text == plain
    assert fresh.chat(replace(ASK, adapter="nightly")).text == nightly
    fresh.close()


def test_a_prompt_that_does_not_fit_is_refused_with_figures(writer: EngineBackend) -> None:
    with pytest.raises(ContextOverflow) as caught:
        writer.chat(ChatRequest((Message("user", "fox " * 600),)))
    assert caught.value.data["tokens"] > caught.value.data["window"] == 512


def test_cancel_gives_control_back(writer: EngineBackend) -> None:
    cancel = threading.Event()
    started: list[float] = []

    def piece(_: str) -> None:
        started.append(time.monotonic())
        cancel.set()

    with pytest.raises(Interrupted):
        writer.chat(replace(ASK, max_tokens=400, temperature=2.0, seed=1), piece, cancel)
    assert time.monotonic() - started[0] < 5
    assert writer.chat(ASK).text


def test_a_model_that_writes_has_no_embeddings(writer: EngineBackend) -> None:
    assert not writer.features.embeddings
    with pytest.raises(NotOffered, match="made to write"):
        writer.embed(["one"])


def test_an_embedder_gives_unit_vectors_that_do_not_depend_on_their_neighbours(models: Path, place: Workspace) -> None:
    embedder = backend(models / "embedder", place)
    assert embedder.features.embeddings
    texts = ["the quick brown fox", "dog", "again and again and again"]
    found = embedder.embed(texts)
    assert found.model == "embedder" and found.tokens and len(found.vectors) == 3
    for text, vector in zip(texts, found.vectors, strict=True):
        assert len(vector) == 64 and math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-4)
        alone = embedder.embed([text]).vectors[0]
        assert all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(vector, alone, strict=True))
    with pytest.raises(InferenceError, match="embeddings only"):
        embedder.chat(ASK)
    embedder.close()


def test_four_bits_answer_too(models: Path, place: Workspace) -> None:
    quantised = backend(models / "writer", place, four_bit=True)
    assert quantised.chat(ASK).text
    quantised.close()


@pytest.mark.deep
def test_a_pickle_is_never_read(models: Path, place: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in (models / "writer").iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    marker = tmp_path / "was-run"
    # What unpickling this would do: os.system("touch …").
    (folder / "pytorch_model.bin").write_bytes(f"cposix\nsystem\n(S'touch {marker}'\ntR.".encode())
    with pytest.raises(ModelLoadFailed):
        backend(folder, place).chat(ASK)
    assert not marker.exists()


def test_the_port_answers_nobody_without_the_key(writer: EngineBackend) -> None:
    with writer.engine.own().request() as running:
        with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", trust_env=False) as client:
            for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {running.key[:-1]}"}):
                assert client.get("/props", headers=wrong).status_code == 401
                assert client.post("/tokenize", json={"content": "x"}, headers=wrong).status_code == 401
            right = {"Authorization": f"Bearer {running.key}"}
            assert client.get("/nowhere", headers=right).status_code == 404
            for body in ("", "{", "[]", '{"messages": 5}'):
                assert client.post("/v1/chat/completions", content=body, headers=right).status_code == 400


def test_what_is_not_there_is_said_without_starting(place: Workspace, tmp_path: Path) -> None:
    missing = backend(tmp_path / "none", place)
    assert "no model folder" in missing.available().reason and not missing.is_running()
