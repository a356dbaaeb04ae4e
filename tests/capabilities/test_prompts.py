"""The verb ``prompts`` on real files, a scripted model, and a real MLflow store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.agents.pipeline_stores import PipelinesNotInstalled, PipelineStores
from nootropic_kernel.agents.prompt_tests import likeness, load_suite
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.prompts import PromptsParams, PromptsResult, prompts
from nootropic_kernel.models.prompts import NoSuchPrompt, PromptVariables
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.capabilities.plugin_folders import trust, write_plugin
from tests.promises.rooms import environment, noo

GREET = "schema: nootropic/prompt@1\nname: greet\nversion: '{0}'\ntemplate: '{1} {{{{who}}}}.'\n"
TESTS = """
schema: nootropic/prompt-tests@1
prompt: greet
maxTokens: 50
tests:
  - id: polite
    variables: {who: Ada}
    expectedOutput: Good morning Ada
    validation: {rules: [{type: regex, pattern: Ada}]}
  - id: json
    variables: {who: Bob}
    validation: {schema: {type: object, required: [name]}}
"""
PLUGIN = """
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability


class Nothing(Result):
    pass


@capability(effect=CapabilityEffect.READ)
def nothing(params: Params, session: Session) -> Nothing:
    '''Do nothing.'''
    return Nothing()


def describe():
    return {"name": "house", "version": "1", "capabilities": [nothing], "checks": {"short": lambda text: len(text) < 5}}
"""


@pytest.fixture
def own(workspace: Workspace) -> Path:
    """A prompt of two versions with tests, of the workspace's own."""
    folder = workspace.root / "experiments" / "prompts"
    folder.mkdir(parents=True)
    (folder / "greet-1.0.0.yaml").write_text(GREET.format("1.0.0", "Greet"))
    (folder / "greet-1.1.0.yaml").write_text(GREET.format("1.1.0", "Kindly greet"))
    (folder / "greet.tests.yaml").write_text(TESTS)
    return folder


@pytest.fixture
def model(tmp_path: Path, person_home: Path) -> Iterator[ScriptedModel]:
    """A model that is right about the second version only."""
    answers = ["Good morning", "no JSON", "Good morning Ada", '{"name": "Bob"}']
    with scripted_model(tmp_path, person_home, answers) as running:
        yield running


def run(workspace: Workspace, *words: str, **options: Any) -> PromptsResult:
    """Call the verb."""
    arguments = {"action": words[0], "name": (words[1:] or (None,))[0], "more": list(words[2:]), **options}
    session = Session(workspace)
    try:
        return prompts(PromptsParams.model_validate(arguments), session)
    finally:
        session.close()


def test_list_show_diff_and_search_need_nothing_but_files(workspace: Workspace, own: Path) -> None:
    assert "greet 1.0.0" in run(workspace, "list").text() and "code_review 1.0.0" in run(workspace, "list").text()
    assert "Kindly greet {{who}}." in run(workspace, "show", "greet").text()
    assert "It takes: who." in run(workspace, "show", "greet", "1.0.0").text()
    shown = run(workspace, "diff", "greet").shown.splitlines()
    assert shown[-2:] == ["-Greet {{who}}.", "+Kindly greet {{who}}."]
    assert "same text" in run(workspace, "diff", "greet", "1.0.0", "1.0.0").message
    assert run(workspace, "diff", "greet", "1.0.0").shown.splitlines() == shown
    assert [each.version for each in run(workspace, "search", "KINDLY", "greet").prompts] == ["1.1.0"]
    assert not workspace.state_dir.exists()
    for words in (["list", "x"], ["show"], ["diff", "greet", "1", "2", "3"], ["alias", "greet"]):
        with pytest.raises(UsageError):
            run(workspace, *words)
    with pytest.raises(NoSuchPrompt):
        run(workspace, "show", "nobody")


def test_tests_run_against_the_versions_that_are_named(workspace: Workspace, own: Path, model: ScriptedModel) -> None:
    result = run(workspace, "test", "greet", "1.0.0", "1.1.0", log=False)
    assert model.prompts()[0] == "Greet Ada." and model.prompts()[2] == "Kindly greet Ada."
    assert "required" in json.dumps(model.requests()[1])  # the schema goes along
    assert [(test.version, test.test, test.passed) for test in result.tests] == [
        ("1.0.0", "polite", False),
        ("1.0.0", "json", False),
        ("1.1.0", "polite", True),
        ("1.1.0", "json", True),
    ]
    assert result.failed and "2 of 4 tests passed; not kept." in result.text()
    assert "not valid JSON" in result.tests[1].failures[0]
    first, second = result.runs
    assert first.metrics["accuracy"] < 0.5 and second.metrics["accuracy"] == second.metrics["pass_rate"] == 1.0
    assert first.metrics["latency_s"] > 0 and "tokens" not in first.metrics  # that server does not tell


@pytest.mark.usefixtures("model")
def test_a_version_with_other_variables_and_broken_tests(workspace: Workspace, own: Path) -> None:
    (own / "greet-2.0.0.yaml").write_text(GREET.format("2.0.0", "{{more}}"))
    with pytest.raises(PromptVariables, match="more"):
        run(workspace, "test", "greet", log=False)
    with pytest.raises(ResourceInvalid):
        run(workspace, "test", "chat", log=False)
    for old, new in (("id: json", "id: polite"), ("tests:", "more:"), ("who: Ada", "who: 1"), ("regex", "magic")):
        (own / "greet.tests.yaml").write_text(TESTS.replace(old, new, 1))
        with pytest.raises(ResourceInvalid, match="cannot be used"):
            load_suite("greet", workspace)


@pytest.mark.usefixtures("model")
def test_a_check_of_a_plugin_counts_only_once_it_is_trusted(workspace: Workspace, own: Path) -> None:
    rule = TESTS.replace("{type: regex, pattern: Ada}", "{type: custom, pattern: house.short}")
    (own / "greet.tests.yaml").write_text(rule)
    folder = write_plugin(workspace.root, "house", PLUGIN)
    with pytest.raises(ResourceInvalid, match=r"No trusted plugin has a check 'house\.short'"):
        run(workspace, "test", "greet", log=False)
    trust(folder)
    result = run(workspace, "test", "greet", log=False)
    assert "house.short" in result.tests[0].failures[0] and not result.tests[0].passed


def test_bounds_of_the_original(workspace: Workspace, own: Path, model: ScriptedModel) -> None:
    bounds = "    metrics: {accuracy: 1, latency: 0, tokenUsage: 5}\n  - id: json"
    (own / "greet.tests.yaml").write_text(TESTS.replace("  - id: json", bounds))
    told = " ".join(run(workspace, "test", "greet", log=False).tests[0].failures)
    assert "accuracy" in told and "longer than 0 s" in told and "does not tell how many tokens" in told


@pytest.mark.usefixtures("model", "own")
def test_without_mlflow_only_the_registry_is_missing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)  # as if it were not installed
    assert "not kept: MLflow is not installed" in run(workspace, "test", "greet").text()
    for words in (["register"], ["alias", "greet", "production", "1.0.0"]):
        with pytest.raises(PipelinesNotInstalled, match="mlflow"):
            run(workspace, *words)


def test_likeness_is_the_share_of_words_in_common() -> None:
    assert likeness("Good morning, Ada!", "good morning ada") == 1.0
    assert likeness("a b", "b c") == 0.5 and likeness("", "x") == likeness("x", "") == 0.0


KEPT = """
import json, sys
import mlflow
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.prompts import PromptsParams, prompts
from nootropic_kernel.workspace.location import Workspace


def call(action, name, *more):
    params = PromptsParams(action=action, name=name, more=list(more))
    try:
        return prompts(params, Session(Workspace.find("."))).document()
    except Exception as error:
        return type(error).__name__


client = mlflow.MlflowClient(sys.argv[1], sys.argv[1])
told = {
    "register": call("register", "greet"),
    "alias": call("alias", "greet", "production", "1.1.0"),
    "taken": call("alias", "greet", "v1", "1.1.0"),
    "missing": call("alias", "code_review", "x", "1.0.0"),
    "global": mlflow.get_tracking_uri(),
}
named = client.load_prompt("prompts:/greet@production")
told["named"] = [named.template, named.tags["nootropic.prompt.version"]]
experiment = client.get_experiment_by_name("prompt tests").experiment_id
told["runs"] = {
    run.data.params["prompt_version"]: {
        "model": run.data.params["model"], "pass_rate": run.data.metrics["pass_rate"], "status": run.info.status,
        "linked": json.loads(run.data.tags["mlflow.linkedPrompts"]),
        "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
    }
    for run in client.search_runs([experiment])
}
print(json.dumps(told))
"""


@pytest.mark.slow
@pytest.mark.pipelines
def test_versions_tests_and_aliases_are_kept_in_mlflow(repo: Path, own: Path, model: ScriptedModel) -> None:
    """In processes of their own, as a person runs them: MLflow is a large library that warns of many things."""
    done = noo(repo, "prompts", "test", "greet", "1.0.0", "1.1.0", "--json", timeout=170)
    assert done.returncode == 1 and all(run["run"] for run in json.loads(done.stdout)["runs"])
    store = PipelineStores(Workspace.find(repo)).tracking_uri
    command = [sys.executable, "-W", "ignore", "-c", KEPT, store]
    read = subprocess.run(command, cwd=repo, env=environment(), capture_output=True, text=True, check=True)
    told = json.loads(read.stdout.splitlines()[-1])
    numbers = [(each["version"], each["number"], each["new"]) for each in told["register"]["prompts"]]
    assert numbers == [("1.0.0", 1, False), ("1.1.0", 2, False)]
    assert told["alias"]["prompts"][0]["aliases"] == ["production"]
    assert (told["taken"], told["missing"]) == ("UsageError", "NoSuchPrompt")
    assert told["named"] == ["Kindly greet {{who}}.", "1.1.0"]
    good = {
        "model": "scripted-1",
        "pass_rate": 1.0,
        "status": "FINISHED",
        "linked": [{"name": "greet", "version": "2"}],
    }
    assert told["runs"]["1.1.0"] == {**good, "files": ["prompt.txt", "results.json"]}
    assert told["runs"]["1.0.0"]["pass_rate"] == 0.0
    # The person's own MLflow is neither used nor changed.
    assert str(repo / ".nootropic") not in told["global"] and not (repo / "mlruns").exists()
