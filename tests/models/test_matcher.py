"""Who is asked, in which order, and above all who is not: tried with every kind of settings."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.models.matcher import ORDER, Policy, rank
from nootropic_kernel.models.router import Router
from nootropic_kernel.models.standing import Memory
from nootropic_kernel.workspace.backend_settings import BACKEND_KINDS, CLOUD_URLS, BackendSettings
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings, load_settings
from tests.models.conftest import ServeScript
from tests.models.framings import FRAMINGS
from tests.models.stand_ins import stand_in

KINDS = ("tabby", "ollama", "vllm", "llamacpp", "openai-compatible")


def backend(name: str, kind: str, model: str = "qwen2.5-coder:3b") -> BackendSettings:
    """A backend that nobody contacts here."""
    return BackendSettings(name, CLOUD_URLS.get(kind, "http://127.0.0.1:9"), model, kind=kind)


def settings_of(*backends: BackendSettings, **more: Any) -> Settings:
    """Settings that name these."""
    return Settings(backends={each.name: each for each in backends}, **more)


def order(settings: Settings, workspace: Workspace, policy: Policy | None = None) -> list[str]:
    """The names of those that are asked."""
    ranked = rank(settings, workspace, policy or Policy(), Memory())
    return [each.candidate.name for each in ranked if not each.out]


@pytest.mark.usefixtures("model")
def test_the_kind_chooses_the_server_of_a_model(workspace: Workspace) -> None:
    found = order(settings_of(*(backend(kind, kind) for kind in reversed(KINDS))), workspace)
    assert found == ["tabby", "ollama", "vllm", "llamacpp", "openai-compatible", "embedded"]
    assert {*BACKEND_KINDS, "embedded"} <= set(ORDER) and set(ORDER[-len(CLOUD_URLS) :]) == set(CLOUD_URLS)


@pytest.mark.usefixtures("model")
def test_the_score_chooses_the_model_before_the_kind_does(workspace: Workspace) -> None:
    slow, quick = backend("slow", "tabby", "qwen2.5-coder:7b"), backend("quick", "llamacpp", "gemma3:1b")
    assert order(settings_of(slow, quick), workspace)[0] == "quick"
    assert order(settings_of(slow, quick, model_preference=("slow", "quick")), workspace)[0] == "slow"
    assert order(settings_of(slow, quick, model_preference=("qwen2.5-coder-7b",)), workspace) == ["slow", "embedded"]


def test_a_model_larger_than_the_settings_allow_is_out(workspace: Workspace) -> None:
    large = backend("large", "ollama", "qwen2.5-coder:7b")
    (found, *_) = rank(
        settings_of(large, max_model_size_gb=4.0, model_preference=("large",)), workspace, Policy(), Memory()
    )
    assert "4.70 GB" in found.out and "maxModelSizeGB" in found.next and not found.allowed
    elsewhere = replace(large, url="http://10.0.0.7:11434")
    assert "large" in order(settings_of(elsewhere, max_model_size_gb=4.0), workspace), "its memory is not ours"


def test_the_name_of_a_backend_is_not_taken_for_another_ones_model(workspace: Workspace) -> None:
    named, other = backend("tiny", "ollama", "large"), backend("other", "ollama", "tiny")
    settings = settings_of(named, other, model_preference=("other", "tiny"))
    assert order(settings, workspace, Policy(backend="tiny")) == ["tiny"]
    assert order(settings, workspace, Policy(backend="large")) == ["tiny"], "else a model's name means who serves it"


def test_a_caller_narrows_and_never_widens(workspace: Workspace, model: CatalogueModel) -> None:
    mine, cloud, other = backend("mine", "ollama"), backend("cloud", "openai", "big"), backend("other", "openai", "big")
    settings = settings_of(mine, cloud, other, model_preference=("mine", "cloud"))
    assert order(settings, workspace) == ["mine", "embedded"]
    assert order(settings, workspace, Policy(where="cloud")) == []
    assert order(settings, workspace, Policy(backend="cloud")) == ["cloud"], "it is named, and stands for nobody else"
    assert order(settings, workspace, Policy(backend="other")) == [], "no order names it"
    assert order(settings, workspace, Policy(backend=model.name)) == ["embedded"]
    assert order(settings, workspace, Policy(where="local")) == ["mine", "embedded"]
    with pytest.raises(NoModel) as caught:
        Router(settings, workspace).choose(Policy(backend="nobody"))
    assert "nobody" in caught.value.why and caught.value.next


@pytest.mark.usefixtures("model")
def test_who_names_a_model_has_not_named_a_cloud_that_serves_it(workspace: Workspace) -> None:
    cloud = backend("cloud", "openai", "qwen2.5-coder:7b")
    for name in ("qwen2.5-coder:7b", "qwen2.5-coder-7b"):
        assert order(settings_of(cloud, model_preference=(name,), allow_cloud_fallback=True), workspace) == ["embedded"]
        assert order(settings_of(cloud, model_preference=("cloud",)), workspace, Policy(backend=name)) == []


@given(
    st.lists(st.sampled_from([*KINDS, *CLOUD_URLS]), max_size=5, unique=True).flatmap(
        lambda kinds: st.tuples(
            st.just(kinds), st.lists(st.sampled_from([*kinds, "embedded", "none"]), max_size=5, unique=True)
        )
    ),
    st.booleans(),
    st.sampled_from(["any", "local", "cloud"]),
    st.sampled_from(["any", "local", "cloud"]),
    st.lists(st.booleans(), max_size=12),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cloud_without_consent(
    workspace: Workspace, named: tuple[list[str], list[str]], allow: bool, location: Any, where: Any, lately: list[bool]
) -> None:
    kinds, preference = named
    settings = settings_of(
        *(backend(kind, kind) for kind in kinds),
        model_preference=tuple(preference),
        allow_cloud_fallback=allow,
        model_location=location,
    )
    memory = Memory()
    for each in rank(settings, workspace, Policy(), memory):
        for passed in lately:
            memory.of(each.candidate.place).note(passed)
    for each in rank(settings, workspace, Policy(where=where), memory):
        name = each.candidate.name
        if name not in CLOUD_URLS or each.out:
            continue
        assert name in preference and location != "local" and where != "local"
        before = preference[: preference.index(name)]
        is_behind_local = any(other in KINDS or other == "embedded" for other in before)
        assert allow or location == "cloud" or not is_behind_local
    usable = [each for each in rank(settings, workspace, Policy(), memory) if not each.out]
    assert all(each.candidate.backend.is_local for each in usable) or set(preference) & set(CLOUD_URLS)


def test_a_damaged_model_falls_back(
    serve: ServeScript, workspace: Workspace, model: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    model.path.parent.mkdir(parents=True)
    with model.path.open("wb") as file:
        file.truncate(model.file.size)
    well = serve(*FRAMINGS["openai-compatible, chunked"].whole("well"))
    settings = settings_of(well, model_preference=("embedded", "scripted"))
    answer = Router(settings, workspace, Limits(), Memory()).answer(ChatRequest((Message("user", "hi"),)))
    assert answer.text == "well" and "damaged" in answer.switched[0]


@pytest.fixture
def vllm(tmp_path: Path, person_home: Path, workspace: Workspace) -> Any:
    """A router over a stand-in for vLLM with a window of 400 tokens, and what that was asked."""
    with stand_in("vllm", tmp_path) as server:
        person_home.mkdir(parents=True)
        entry = {"url": server.settings.url, "model": "toy-1", "kind": "vllm", "contextWindow": 400}
        document = {"backends": {"mine": entry}, "modelPreference": ["mine"], "maxModelSizeGB": 0.001}
        (person_home / "config.json").write_text(json.dumps(document))
        yield Router(load_settings(workspace), workspace, Limits(), Memory()), server


def test_the_oldest_turns_go_when_the_prompt_is_too_long(vllm: Any) -> None:
    router, server = vllm
    old = [Message("user", "fault:overflow " + "word " * 300), Message("assistant", "well")]
    request = ChatRequest((Message("system", "be brief"), *old, Message("user", "last turn")), 20)
    answer = router.answer(request)
    sent = [message["content"] for message in server.requests("/v1/chat/completions")[-1]["messages"]]
    assert sent == ["be brief", "last turn"] and "oldest turns" in answer.switched[0]
    assert not router.answer(request).cached, "an answer to less is no answer to the whole"


def test_embeddings_are_of_a_backend_that_has_them(vllm: Any, workspace: Workspace) -> None:
    router, _ = vllm
    found = router.embed(["a", "b"])
    assert len(found.vectors) == 2 and found.model == "toy-1"
    with pytest.raises(NoModel, match="embeddings"):
        Router(Settings(), workspace).embed(["a"])


def test_requests_that_may_wait_for_one_another_go_together(vllm: Any) -> None:
    router, _ = vllm
    asks = [ChatRequest((Message("user", f"say {number}"),), 30) for number in range(6)]
    alone = [outcome.text for outcome in router.batch(asks)]
    fresh = Router(router._settings, router._workspace, Limits(), Memory())
    with ThreadPoolExecutor(6) as pool:
        together = list(
            pool.map(lambda ask: fresh.answer(ask, None, threading.Event(), policy=Policy(gather=True)), asks)
        )
    assert [answer.text for answer in together] == alone
