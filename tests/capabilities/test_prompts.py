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
from nootropic_kernel.capabilities.chat import ChatParams, chat
from nootropic_kernel.capabilities.completion import complete
from nootropic_kernel.capabilities.prompts import PromptsParams, PromptsResult, prompts
from nootropic_kernel.models.errors import InvalidOutput
from nootropic_kernel.models.prompts import NoSuchPrompt, PromptVariables
from nootropic_kernel.models.validation import OutputRejected
from nootropic_kernel.telemetry.semconv import VALIDATION
from nootropic_kernel.telemetry.spans import flush, span_store
from nootropic_kernel.workspace.errors import PathRefused, UsageError
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


def asking(folder: Path, home: Path, *answers: str) -> Any:
    """A model that gives these answers, the last again and again."""
    return scripted_model(folder, home, list(answers))


def test_run_fills_asks_validates_and_shows(workspace: Workspace, own: Path, tmp_path: Path, person_home: Path) -> None:
    (workspace.root / "shape.json").write_text('{"type": "object", "required": ["name"]}')
    with asking(tmp_path, person_home, "Hello Ada", '{"age": 1}', '{"name": "Ada"}', "still none") as model:
        plain = run(workspace, "run", "greet", "1.0.0", var={"who": "Ada"})
        assert model.prompts() == ["Greet Ada."] and plain.ran is not None
        assert plain.text() == "greet@1.0.0 by scripted-1 (mine).\n  greet 1.0.0  \nHello Ada"
        shaped = run(workspace, "run", "greet", var={"who": "Ada"}, schema="shape.json")
        assert shaped.ran is not None and shaped.ran.answer == '{"name": "Ada"}'
        with pytest.raises(InvalidOutput, match="not valid JSON"):
            run(workspace, "run", "greet", var={"who": "Ada"}, schema="shape.json")
        asked = len(model.requests())
        for options, error in (
            ({}, PromptVariables),
            ({"var": {"who": "Ada"}, "schema": "gone.json"}, UsageError),
            ({"var": {"who": "Ada"}, "rules": "../../etc/passwd"}, PathRefused),
            ({"var": {"who": "Ada"}, "rules": "shape.json"}, ResourceInvalid),
        ):
            with pytest.raises(error):
                run(workspace, "run", "greet", **options)
        with pytest.raises(UsageError, match="no part `user`"):
            run(workspace, "run", "chat")
        assert len(model.requests()) == asked


@pytest.mark.slow
@pytest.mark.parametrize(("action", "asked"), [("block", 3), ("flag", 3), ("log", 1)])
@pytest.mark.parametrize("by_option", [True, False])
def test_a_broken_rule_blocks_flags_or_is_only_noted(
    workspace: Workspace, own: Path, tmp_path: Path, person_home: Path, action: str, asked: int, by_option: bool
) -> None:
    rules = "[{type: regex, pattern: Dear}, {type: ml, pattern: is polite, threshold: 0.5}]"
    if not by_option:
        rules = f"{{rules: {rules}, actions: {{onViolation: {action}}}}}"
    (workspace.root / "rules.yaml").write_text(rules)
    options = {"on-violation": action} if by_option else {}
    answers = ["Hi Ada", '{"points": 9}'] * 3
    with asking(tmp_path, person_home, *answers) as model:
        if action == "block":
            with pytest.raises(OutputRejected, match="'Dear'"):
                run(workspace, "run", "greet", var={"who": "Ada"}, rules="rules.yaml", **options)
        else:
            done = run(workspace, "run", "greet", var={"who": "Ada"}, rules="rules.yaml", **options)
            assert done.shown == "Hi Ada" and not done.failed and done.ran is not None
            assert [each.rule for each in done.ran.violations] == (["regex: Dear"] if action == "flag" else [])
            assert ("flagged: regex: Dear" in done.text()) is (action == "flag")
        questions = [prompt for prompt in model.prompts() if prompt.startswith("Kindly greet")]
        assert len(questions) == asked and ("'Dear'" in questions[-1]) is (asked > 1)
    flush()
    noted = [record.attributes.get(VALIDATION) for _, record in span_store(workspace).since(0)]
    assert any("'Dear'" in str(each) for each in noted)


def test_a_rule_of_a_test_that_flags_does_not_fail_it(workspace: Workspace, own: Path, model: ScriptedModel) -> None:
    flags = "validation: {rules: [{type: regex, pattern: Ada}], actions: {onViolation: flag}}"
    (own / "greet.tests.yaml").write_text(TESTS.replace("validation: {rules: [{type: regex, pattern: Ada}]}", flags))
    result = run(workspace, "test", "greet", "1.0.0", log=False)
    assert result.tests[0].passed and "'Ada'" in result.tests[0].flagged[0] and "flagged: regex: Ada" in result.text()
    assert result.tests[0].accuracy < 1 and not result.tests[1].passed


@pytest.mark.slow
def test_names_versions_and_chats_complete(workspace: Workspace, own: Path, model: ScriptedModel) -> None:
    def typed(line: str) -> list[str]:
        *words, current = line.split(" ")
        return [candidate.text for candidate in complete(workspace, words, current)]

    assert typed("prompts show gr") == ["greet"] and {"greet", "chat"} <= set(typed("prompts run "))
    assert typed("prompts show greet ") == ["1.1.0", "1.0.0"] and typed("prompts diff greet 1.0.0 ") == ["1.1.0"]
    assert typed("chats show ") == typed("chat hello --chat ") == []
    session = Session(workspace, face="cli")
    for new in (False, True):
        chat(ChatParams(message="Hello there", new=new, search=False), session)
    session.close()
    assert typed("chats show ") == ["C2", "C1"] and typed("chat hello --chat=C1") == ["--chat=C1"]


def test_likeness_is_the_share_of_words_in_common() -> None:
    assert likeness("Good morning, Ada!", "good morning ada") == 1.0
    assert likeness("a b", "b c") == 0.5 and likeness("", "x") == likeness("x", "") == 0.0


KEPT = """
import json, pathlib, sys
import mlflow
from nootropic_kernel.capabilities.completion import complete
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.chat import ChatParams, chat
from nootropic_kernel.capabilities.completion import complete
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
    "by alias": call("search", "PRODUCTION"),
    "diff": call("diff", "greet", "#1", "@production"),
    "shown": call("show", "greet", "@production"),
    "unknown": call("diff", "greet", "@nobody"),
}
pathlib.Path("experiments/prompts/greet-1.1.0.yaml").unlink()
told["gone"] = call("search", "kindly")
told["completed"] = [each.text for each in complete(Workspace.find("."), ["prompts", "diff", "greet"], "@")]
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
    found = {"version": "1.1.0", "number": 2, "aliases": ["production"]}
    for asked in ("by alias", "gone", "shown"):
        assert [{key: each[key] for key in found} for each in told[asked]["prompts"]] == [found], asked
    assert told["diff"]["shown"].splitlines()[-2:] == ["-Greet {{who}}.", "+Kindly greet {{who}}."]
    assert told["diff"]["shown"].startswith("--- greet #1 (1.0.0)") and told["unknown"] == "NoSuchPrompt"
    assert told["completed"] == ["@production"]
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
