"""The route of all verbs, asked over HTTP as a browser asks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

Fetch = Callable[..., Awaitable[HTTPResponse]]
API = ("nootropic", "api", "capabilities")
PLAN = "application/vnd.nootropic.plan+json"
PROPOSAL = "application/vnd.nootropic.proposal+json"
BRIEF = "Add a Reader with a name and an email to the shelf package."


async def post(fetch: Fetch, verb: str, **body: Any) -> dict[str, Any]:
    response = await fetch(*API, verb, method="POST", body=json.dumps({"path": "project", **body}))
    return dict(json.loads(response.body))


async def refused(call: Awaitable[Any]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)


@pytest.fixture
def proposal(workspace: Workspace) -> str:
    """A proposal with two hunks in one file."""
    base = (workspace.root / "shelf" / "books.py").read_bytes()
    new = base.replace(b"Books and how", b"Books, and how").replace(b"sorted(books)", b"sorted(set(books))")
    database = StateDatabase.open(workspace)
    try:
        edit = FileEdit("shelf/books.py", base, new)
        made = ProposalStore(database, workspace).propose(build_changeset([edit], Provenance(title="Sort a set")))
        assert len(made.changeset.hunks) == 2
        return made.id
    finally:
        database.close()


async def test_lists_the_verbs_with_their_schemas(jp_fetch: Fetch) -> None:
    document = json.loads((await jp_fetch(*API)).body)
    verbs = {entry["verb"]: entry for entry in document["capabilities"]}
    assert {"plan", "board", "show", "accept", "undo", "status"} <= set(verbs)
    assert verbs["accept"]["effect"] == "decide"
    assert verbs["accept"]["params"]["type"] == "object"
    assert verbs["plan"]["summary"]


async def test_opening_jupyterlab_leaves_no_trace_in_the_folder(jp_fetch: Fetch, repo: Path) -> None:
    before = sorted(path.name for path in repo.iterdir())
    await jp_fetch(*API)
    await jp_fetch(*API, params={"path": "project"})
    assert sorted(path.name for path in repo.iterdir()) == before
    assert not list(repo.parent.glob(".nootropic*"))


async def test_an_unknown_verb_is_not_found_and_the_nearest_is_named(jp_fetch: Fetch) -> None:
    code, document = await refused(post(jp_fetch, "statsu"))
    assert code == 404
    assert document["error"]["type"] == "UnknownVerb"
    assert "status" in document["error"]["next"]


@pytest.mark.parametrize(
    "body",
    [
        {"arguments": {"no-such": 1}},
        {"arguments": []},
        {"path": 3},
        {"unsaved": "x"},
        {"unsaved": [1]},
        {"forms": "text/plain"},
        {"forms": [1]},
    ],
)
async def test_a_bad_argument_is_named(jp_fetch: Fetch, body: dict[str, Any]) -> None:
    code, document = await refused(post(jp_fetch, "status", **body))
    assert (code, document["error"]["type"]) == (400, "UsageError")
    assert document["error"]["what"]


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "\x00", "[" * 100_000])
async def test_a_body_that_is_no_object_is_refused(jp_fetch: Fetch, body: str) -> None:
    code, document = await refused(jp_fetch(*API, "accept", method="POST", body=body))
    assert (code, document["error"]["type"]) == (400, "UsageError")


async def test_a_plan_comes_in_every_form(jp_fetch: Fetch, repo: Path) -> None:
    answer = await post(jp_fetch, "plan", arguments={"brief": BRIEF})
    assert {"text/plain", "text/markdown", "text/html", PLAN} <= set(answer["bundle"])
    data = answer["bundle"][PLAN]
    assert data["plan"]["tasks"] and data["columns"] and data["critical"]
    assert answer["result"]["epics"][0]["stories"][0]["tasks"][0]["id"].startswith("T")
    assert (repo / "project-spec.md").is_file()
    assert git(repo, "log", "-1", "--format=%s").startswith("Plan: ")


async def test_only_the_forms_that_are_asked_for_come(jp_fetch: Fetch) -> None:
    await post(jp_fetch, "plan", arguments={"brief": BRIEF})
    whole = await post(jp_fetch, "board")
    for forms in ([PLAN], [], ["application/json"], ["text/plain", PLAN, "image/none"]):
        answer = await post(jp_fetch, "board", forms=forms)
        assert answer["bundle"] == {name: whole["bundle"][name] for name in forms if name in whole["bundle"]}
        assert answer["result"] == (whole["result"] if "application/json" in forms else {})
        assert (answer["effect"], answer["changed"], answer["failed"]) == ("read", [], False)


async def test_accepts_one_hunk_and_commits_it(jp_fetch: Fetch, repo: Path, proposal: str) -> None:
    shown = await post(jp_fetch, "show", arguments={"id": proposal})
    hunks = shown["bundle"][PROPOSAL]["hunks"]
    assert [hunk["state"] for hunk in hunks] == ["pending", "pending"]
    answer = await post(jp_fetch, "accept", arguments={"refs": [hunks[1]["ref"]]})
    assert answer["effect"] == "decide"
    assert answer["changed"] == ["project/shelf/books.py"]
    content = (repo / "shelf" / "books.py").read_text()
    assert "sorted(set(books))" in content and "Books and how" in content
    assert f"Nootropic-Proposal: {proposal}" in git(repo, "log", "-1", "--format=%B")
    after = await post(jp_fetch, "show", arguments={"id": proposal})
    assert [hunk["state"] for hunk in after["bundle"][PROPOSAL]["hunks"]] == ["pending", "accepted"]


async def test_unsaved_edits_in_an_open_tab_are_not_overwritten(jp_fetch: Fetch, repo: Path, proposal: str) -> None:
    before = (repo / "shelf" / "books.py").read_bytes()
    code, document = await refused(
        post(jp_fetch, "accept", arguments={"refs": [proposal]}, unsaved=["project/shelf/books.py", "other.py"])
    )
    assert code == 409
    assert "shelf/books.py" in document["error"]["what"] + document["error"]["why"]
    assert (repo / "shelf" / "books.py").read_bytes() == before


async def test_undo_and_redo_of_a_turn(jp_fetch: Fetch, repo: Path, proposal: str) -> None:
    before = (repo / "shelf" / "books.py").read_bytes()
    await post(jp_fetch, "accept", arguments={"refs": [proposal]})
    after = (repo / "shelf" / "books.py").read_bytes()
    await post(jp_fetch, "undo")
    assert (repo / "shelf" / "books.py").read_bytes() == before
    await post(jp_fetch, "redo")
    assert (repo / "shelf" / "books.py").read_bytes() == after


async def test_a_relative_folder_is_meant_from_the_workspace_and_not_from_where_the_server_was_started(
    jp_fetch: Fetch, repo: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a project was written, and committed, wherever the server's process stood."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    await post(jp_fetch, "plan", arguments={"brief": "Build a command line tool that renames photos"})
    await post(jp_fetch, "scaffold", arguments={"out": "photos"})
    assert (repo / "photos" / "pyproject.toml").is_file()
    assert list(elsewhere.iterdir()) == []
