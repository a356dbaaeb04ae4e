"""What programs get: every verb of the list, one document each that fits its schema, exit codes, and the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.capabilities.plugin_folders import trust, write_greeter
from tests.conftest import git
from tests.promises.rooms import GOOD, noo

pytestmark = pytest.mark.usefixtures("no_embedded_model")

VERBS = (
    "init plan board spec next code recipes check review show accept reject edit undo redo search run pipelines models "
    "plugin status doctor list-capabilities learn chat trace cost bench-model chats prompts "
    "serve mcp service replan task graph export scaffold mentions diff complete note-completion note-command "
    "solve"
)
DECIDE = {"accept", "bench-model", "reject", "edit", "undo", "redo", "init", "models", "plugin", "chats",
          "serve", "mcp", "service", "task", "export", "scaffold", "note-completion", "note-command"}  # fmt: skip
PROPOSE = {"plan", "code", "recipes", "run", "pipelines", "learn", "prompts", "replan"}


@pytest.fixture
def schemas(workspace: Workspace) -> Iterator[dict[str, Any]]:
    yield {verb: entry.result for verb, entry in load_registry(workspace).verbs().items()}


def document(folder: Path, *words: str, code: int = 0, stdin: str = "") -> Any:
    """The one document that a call with ``--json`` prints."""
    done = noo(folder, *words, "--json", stdin=stdin)
    assert done.returncode == code, (words, done.stderr)
    return json.loads(done.stdout)


def test_every_verb_is_there_with_its_effect_and_its_help(workspace: Workspace) -> None:
    entries = load_registry(workspace).verbs()
    assert list(entries) == sorted(VERBS.split())
    for verb, entry in entries.items():
        effect = "decide" if verb in DECIDE else "propose" if verb in PROPOSE else "read"
        assert entry.effect == effect, verb
        assert entry.summary and entry.result["type"] == "object", verb
        assert entry.params["type"] == "object" and entry.params.get("additionalProperties") is False, verb


def test_the_file_of_the_registry_has_an_entry_a_provider(repo: Path, tmp_path: Path) -> None:
    trust(write_greeter(repo, tmp_path / "imported"))
    assert noo(repo, "list-capabilities").returncode == 0
    written = json.loads((repo / ".nootropic-cache" / "describe-registry.json").read_text())
    assert [provider["name"] for provider in written["providers"]] == ["nootropic", "greeter"]
    for provider in written["providers"]:
        assert {"name", "version", "configSchema", "capabilities"} <= set(provider)
        assert isinstance(provider["version"], str) and isinstance(provider["configSchema"], dict)
        assert provider["capabilities"] and all(each["verb"] for each in provider["capabilities"])
    assert "modelPreference" in written["providers"][0]["configSchema"]["properties"]
    (repo / "plugins" / "greeter" / "plugin.py").unlink()
    assert noo(repo, "list-capabilities").returncode == 0
    written = json.loads((repo / ".nootropic-cache" / "describe-registry.json").read_text())
    assert [provider["name"] for provider in written["providers"]] == ["nootropic"], "what went is gone"


def test_a_plan_is_epics_with_stories_with_tasks(repo: Path, schemas: dict[str, Any]) -> None:
    plan = document(repo, "plan", "--brief", "Build a blog platform")
    jsonschema.validate(plan, schemas["plan"])
    tasks = [task for epic in plan["epics"] for story in epic["stories"] for task in story["tasks"]]
    ids = [task["id"] for task in tasks]
    assert len(ids) == len(set(ids)) > 3
    assert all(task["title"] and set(task["depends_on"]) <= set(ids) for task in tasks)
    assert any(task["depends_on"] for task in tasks)
    same = noo(repo, "plan", "--brief", "Build a blog platform", "--yaml")
    assert [epic["id"] for epic in yaml.safe_load(same.stdout)["epics"]] == [epic["id"] for epic in plan["epics"]]
    edited = document(repo, "plan", "--brief", "Build a shop", code=2)["error"]
    assert edited["type"] == "AmendmentNeeded" and "--amend" in edited["next"]
    assert git(repo, "rev-list", "--count", "HEAD") == "2"


def test_code_gives_a_unified_diff_that_git_applies(
    repo: Path, schemas: dict[str, Any], person_home: Path, tmp_path: Path
) -> None:
    with scripted_model(tmp_path, person_home, [GOOD]):
        made = document(repo, "code", "--file", "shelf/books.py", "--instruct", "Sort without regard to case")
    jsonschema.validate(made, schemas["code"])
    assert made["diff"].startswith("--- a/shelf/books.py\n+++ b/shelf/books.py\n") or "diff --git" in made["diff"]
    (tmp_path / "it.diff").write_text(made["diff"])
    assert git(repo, "status", "--porcelain") == ""
    git(repo, "apply", str(tmp_path / "it.diff"))
    assert "casefold" in (repo / "shelf" / "books.py").read_text()


def test_no_usable_edit_keeps_what_the_model_said(repo: Path, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, ["I would rather write a poem."]):
        done = noo(repo, "code", "--file", "shelf/books.py", "--instruct", "Sort without case", "--json")
    assert done.returncode == 1 and "usable edit" in done.stderr.lower() and "Traceback" not in done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "NoUsableEdit" and "usable edit" in error["what"].lower()
    assert error["data"]["text"] == "I would rather write a poem." and "scripted-1" in error["why"]
    assert noo(repo, "review").stdout.strip() == "Nothing waits for a decision."


@pytest.mark.parametrize(("words", "kind"), [(["learn"], "NotAvailableYet"), (["chat", "hello"], "NoModel")])
def test_what_cannot_be_done_here_is_refused(repo: Path, words: list[str], kind: str) -> None:
    error = document(repo, *words, code=1)["error"]
    assert error["type"] == kind and error["what"] and error["next"]


@pytest.mark.deep
@pytest.mark.slow
def test_the_documents_of_the_verbs_that_change_something(repo: Path, schemas: dict[str, Any]) -> None:
    """Each verb does what it says, and its document fits the schema that the registry promises."""

    def call(*words: str, code: int = 0) -> Any:
        found = document(repo, *words, code=code)
        jsonschema.validate(found, schemas[words[0]])
        return found

    call("init", ".")
    call("plan", "--brief", "Build a blog platform")
    ran = call("run", "--count", "2")
    assert [task["outcome"] for task in ran["tasks"]] == ["proposed", "proposed"]
    first = ran["proposals"][0]["hunks"]
    assert len(first) > 1 and git(repo, "status", "--porcelain") == ""
    assert call("review")["proposals"]
    turn = call("accept", first[0]["ref"])
    assert turn["id"] == "A1" and turn["commit"] == git(repo, "rev-parse", "HEAD")
    call("reject", first[1]["ref"])
    again = call("accept", first[0]["ref"])
    assert again["already"] and git(repo, "rev-parse", "HEAD") == turn["commit"]
    assert call("undo")["id"] == "A2"
    assert call("redo")["id"] == "A3"
    assert call("show", "A3")["turn"]["id"] == "A3"
    assert call("show", "P1")["trail"]["task"] == ran["tasks"][0]["task"]
    made = call("recipes", "python.docstrings", "--arg", "module=shelf.books")
    assert made["applied"]["hunks"]
    call("trace", "last")
    call("trace")
    call("cost")
    call("check", made["applied"]["proposal"]["id"])
    call("search", "by_title")
    call("models", "list")
    call("pipelines", "status")
    call("plugin", "list")
