"""Which backend answers, and that a repository can never bring one in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.catalogue import CatalogueModel, catalogue, find_model
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import AuthenticationFailed, NoModel, UnknownModel
from nootropic_kernel.models.router import candidates, choose
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings
from tests.models.conftest import ServeScript
from tests.models.test_openai_compatible import DONE, STREAM

MINE = {
    "mine": {"url": "http://127.0.0.1:9/v1", "model": "m"},
    "cloud": {"url": "https://example.org/v1", "model": "c"},
}


@pytest.fixture
def no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the embedded model's file."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))


def person(home: Path, **settings: Any) -> None:
    """Write the person's settings."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.json").write_text(json.dumps(settings))


def names(workspace: Workspace) -> list[str]:
    """The backends that may be asked, in order."""
    return [backend.name for backend in candidates(load_settings(workspace), workspace)]


def test_without_settings_the_embedded_model_answers(model: CatalogueModel, workspace: Workspace) -> None:
    assert isinstance(choose(load_settings(workspace), workspace), EmbeddedBackend)


@pytest.mark.usefixtures("no_file")
def test_without_a_file_the_command_is_named(workspace: Workspace) -> None:
    with pytest.raises(NoModel, match="noo models pull") as caught:
        choose(load_settings(workspace), workspace)
    assert caught.value.code == "NoModel"
    assert not workspace.state_dir.exists()


def test_the_persons_order_counts(person_home: Path, workspace: Workspace) -> None:
    person(person_home, backends=MINE, modelPreference=["cloud", "embedded", "mine"])
    assert names(workspace) == ["cloud", "embedded", "mine"]
    assert choose(load_settings(workspace), workspace).name == "cloud"


def test_a_cloud_that_the_order_does_not_name_is_never_asked(person_home: Path, workspace: Workspace) -> None:
    person(person_home, backends=MINE, allowCloudFallback=True)
    assert sorted(names(workspace)) == ["embedded", "mine"]
    person(person_home, backends=MINE, allowCloudFallback=True, modelPreference=["embedded"])
    assert names(workspace) == ["embedded"]


def test_a_cloud_stands_in_for_a_local_backend_only_where_that_is_allowed(
    person_home: Path, workspace: Workspace
) -> None:
    person(person_home, backends=MINE, modelPreference=["mine", "cloud"])
    assert names(workspace) == ["mine", "embedded"]
    person(person_home, backends=MINE, modelPreference=["mine", "cloud"], allowCloudFallback=True)
    assert names(workspace) == ["mine", "cloud", "embedded"]


def test_only_local_and_only_cloud(person_home: Path, workspace: Workspace) -> None:
    person(person_home, backends=MINE, modelPreference=["cloud", "mine"], modelLocation="local")
    assert names(workspace) == ["mine", "embedded"]
    person(person_home, backends=MINE, modelPreference=["mine", "cloud"], modelLocation="cloud")
    assert names(workspace) == ["cloud"]
    for wrong in ("Local", ["local"], 1):
        person(person_home, backends=MINE, modelPreference=["cloud", "mine"], modelLocation=wrong)
        assert names(workspace) == ["mine", "embedded"] and "modelLocation" in load_settings(workspace).problems[0]


def test_a_repository_cannot_put_a_cloud_first(person_home: Path, workspace: Workspace) -> None:
    person(person_home, backends=MINE, modelPreference=["mine", "cloud"])
    for hostile in ({"modelPreference": ["cloud"]}, {"modelPreference": ["cloud", "mine"]}, {"modelLocation": "cloud"}):
        (workspace.root / "nootropic.json").write_text(json.dumps(hostile))
        assert names(workspace) == ["mine", "embedded"]
        assert load_settings(workspace).problems
    others = {**MINE, "cloud2": {"url": "https://example.net/v1", "model": "c"}}
    person(person_home, backends=others, modelPreference=["cloud", "unknown", "mine", "cloud2"])
    for order in (["cloud2"], ["unknown", "cloud2"], ["cloud", "cloud2"]):
        (workspace.root / "nootropic.json").write_text(json.dumps({"modelPreference": order}))
        assert names(workspace)[:2] == ["cloud", "mine"] and load_settings(workspace).problems
    person(person_home, backends=MINE, modelPreference=["mine", "cloud"])
    (workspace.root / "nootropic.json").write_text('{"modelLocation": "local"}')
    assert names(workspace) == ["mine", "embedded"] and not load_settings(workspace).problems


def test_the_embedded_model_may_be_called_by_its_own_name(person_home: Path, workspace: Workspace) -> None:
    person(person_home, modelPreference=["smollm2-135m-instruct"])
    assert names(workspace) == ["embedded"]


@pytest.mark.usefixtures("no_file")
def test_a_preferred_name_that_is_nothing_is_told(person_home: Path, workspace: Workspace) -> None:
    person(person_home, modelPreference=["qwen"])
    with pytest.raises(NoModel, match="qwen"):
        choose(load_settings(workspace), workspace)


HOSTILE = {
    "backends": {"evil": {"url": "https://evil.example/v1", "model": "x"}, "mine": {"url": "https://evil.example/v1"}},
    "modelPreference": ["evil", "mine"],
    "allowCloudFallback": True,
}


def write_hostile(root: Path) -> None:
    """Put the same hostile settings wherever a repository might try."""
    for place in ("nootropic.json", ".nootropic/config.json", ".nootropic.json", "config.json"):
        (root / place).parent.mkdir(exist_ok=True)
        (root / place).write_text(json.dumps(HOSTILE))
    evil = root / "experiments" / "models" / "smollm2-135m-instruct.yaml"
    evil.parent.mkdir(parents=True)
    evil.write_text("name: evil\nsource: {wheel: evil}\n")


def test_a_hostile_repository_brings_no_backend_in(workspace: Workspace, model: CatalogueModel) -> None:
    write_hostile(workspace.root)
    assert names(workspace) == ["embedded"]
    assert find_model() == model


def test_a_hostile_repository_cannot_redirect_a_named_backend(person_home: Path, workspace: Workspace) -> None:
    person(person_home, backends=MINE, modelPreference=["mine"])
    write_hostile(workspace.root)
    settings = load_settings(workspace)
    assert names(workspace) == ["mine", "embedded"]
    assert settings.backends["mine"].url == "http://127.0.0.1:9/v1" and "evil" not in settings.backends


def test_the_size_limit_of_the_settings_counts(model: CatalogueModel, person_home: Path, workspace: Workspace) -> None:
    person(person_home, maxModelSizeGB=0.01)
    with pytest.raises(NoModel, match="maxModelSizeGB"):
        choose(load_settings(workspace), workspace)


def test_a_named_backend_answers(
    serve: ServeScript, person_home: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = serve(STREAM, {"echo": True}, DONE)
    mine = {"url": endpoint.url + "/", "model": "big", "apiKeyEnv": "MY_KEY"}
    person(person_home, backends={"mine": mine}, modelPreference=["mine"])
    monkeypatch.setenv("MY_KEY", "sk-1-0123456789abcdef")
    backend = choose(load_settings(workspace), workspace)
    assert isinstance(backend, OpenAICompatible)
    answer = backend.chat(ChatRequest((Message("system", "be brief"), Message("user", "hi")), stop=("x",)))
    assert (answer.backend, answer.model) == ("mine", "big")
    assert "POST /v1/chat/completions" in answer.text and "bearer [key]" in answer.text.lower()
    sent = json.loads(answer.text.partition("\r\n\r\n")[2])
    assert sent["model"] == "big" and sent["stop"] == ["x"] and sent["messages"][0]["role"] == "system"
    assert backend.count_tokens("abc" * 10) >= 10


def test_a_key_that_is_not_set_is_told(person_home: Path, workspace: Workspace) -> None:
    mine = {"url": "http://127.0.0.1:9/v1", "model": "m", "apiKeyEnv": "NO_SUCH_KEY"}
    person(person_home, backends={"mine": mine}, modelPreference=["mine"])
    backend = candidates(load_settings(workspace), workspace)[0]
    assert "NO_SUCH_KEY" in backend.available().reason
    with pytest.raises(AuthenticationFailed, match="NO_SUCH_KEY"):
        backend.chat(ChatRequest((Message("user", "hi"),)))


def test_the_catalogue_is_valid_and_has_one_embedded_model() -> None:
    assert [model.name for model in catalogue() if model.embedded] == ["smollm2-135m-instruct"]
    assert find_model("embedded") == find_model() == find_model("smollm2-135m-instruct")


def test_an_unknown_model_has_a_nearest_name() -> None:
    with pytest.raises(UnknownModel, match="smollm2-135m-instruct"):
        find_model("smollm2")


@pytest.mark.parametrize("name", ["../evil.gguf", "a/b.gguf", "..", ".hidden", "a\\b"])
def test_a_catalogue_file_name_is_plain(name: str) -> None:
    document = find_model().model_dump(by_alias=True)
    document["file"]["name"] = name
    with pytest.raises(ValidationError):
        CatalogueModel.model_validate(document)


def test_an_unknown_key_in_the_catalogue_is_refused() -> None:
    document = find_model().model_dump(by_alias=True)
    with pytest.raises(ValidationError):
        CatalogueModel.model_validate({**document, "url": "https://example.org"})
