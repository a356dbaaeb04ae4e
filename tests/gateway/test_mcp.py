"""`noo mcp` with the official MCP client, and with a client that sends anything at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.gateway.mcp_server import ERROR_KEY, VERSIONS, McpServer
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.plugin_folders import trust, write_greeter
from tests.capabilities.proposing import propose
from tests.conftest import git
from tests.gateway.running import CHECKOUT, NOO, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def project(repo: Path, tmp_path: Path) -> Path:
    """A repository with a trusted plugin whose verbs wait, print and ask."""
    trust(write_greeter(repo, tmp_path / "imported"))
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "A plugin")
    return repo


def with_client(project: Path, work: Callable[[ClientSession], Awaitable[None]], errors: Path | None = None) -> None:
    """Have the official client start `noo mcp` in ``project`` and run ``work``."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    server = StdioServerParameters(command=NOO[0], args=[*NOO[1:], "mcp"], cwd=str(project), env=environment)

    async def run() -> None:
        with (errors or Path(os.devnull)).open("w") as log:
            async with stdio_client(server, errlog=log) as (reading, writing):
                async with ClientSession(reading, writing) as session:
                    with anyio.fail_after(150):
                        await session.initialize()
                        await work(session)

    anyio.run(run)


def test_what_looks_and_proposes_is_offered_and_what_decides_is_not(project: Path) -> None:
    async def work(session: ClientSession) -> None:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        verbs = load_registry(Workspace.find(project)).verbs()
        assert {"search", "code", "review", "greet"} <= set(tools)
        assert not [name for name in tools if verbs[name].effect == "decide"]
        # Both write at once, which an agent may not do for a person.
        assert not {"plan", "pipelines", "accept", "serve", "mcp"} & set(tools)
        assert {name for name, entry in verbs.items() if entry.effect == "read"} <= set(tools)
        search = tools["search"]
        assert search.input_schema == verbs["search"].params and "query" in search.input_schema["properties"]
        assert search.description is not None and search.description.startswith(verbs["search"].summary)
        assert search.annotations is not None and search.annotations.read_only_hint is True
        for name in ("accept", "plan", "no-such-verb"):
            with pytest.raises(MCPError) as caught:
                await session.call_tool(name, {})
            assert caught.value.code == -32602

    with_client(project, work)


def test_results_are_structured_and_errors_are_typed(project: Path) -> None:
    async def work(session: ClientSession) -> None:
        # The client itself checks each result against the tool's schema.
        for name in ("status", "list-capabilities", "next", "recipes"):
            result = await session.call_tool(name, {})
            assert result.is_error is (name == "next") and result.content[0].type == "text"
        found = await session.call_tool("search", {"query": "sorted books"})
        assert found.structured_content is not None and "shelf/books.py" in json.dumps(found.structured_content)
        assert "shelf/books.py" in found.content[0].text  # type: ignore[union-attr]
        for arguments, kind in (({"nonsense": 1}, "UsageError"), ({"query": 7}, "UsageError")):
            wrong = await session.call_tool("search", arguments)
            assert wrong.is_error and wrong.meta is not None and wrong.meta[ERROR_KEY]["type"] == kind
        surprise = await session.call_tool("fault", {})
        assert surprise.is_error and surprise.meta is not None
        assert surprise.meta[ERROR_KEY]["type"] == "InternalError"

    with_client(project, work)


def test_a_proposal_lands_in_the_store_and_no_file_changes(project: Path, working_sandbox: None) -> None:
    before = git(project, "rev-parse", "HEAD")

    async def work(session: ClientSession) -> None:
        names = {"name": "python.rename", "arg": {"old": "by_title", "new": "titled"}}
        made = await session.call_tool("recipes", names)
        assert not made.is_error, made.content
        waiting = await session.call_tool("review", {})
        assert "titled" in json.dumps(waiting.structured_content)

    with_client(project, work)
    assert git(project, "status", "--porcelain") == "" and git(project, "rev-parse", "HEAD") == before


KEY = "sk-proj-" + "a1B2" * 8


def test_plan_and_open_proposals_are_resources_without_secrets(project: Path) -> None:
    (project / "project-spec.md").write_text(f"# A plan\n\nThe key is {KEY}.\n")
    workspace = Workspace.find(project)
    session = Session(workspace)
    git(project, "add", ".")
    git(project, "commit", "-qm", "A plan")
    old = (project / "shelf" / "books.py").read_bytes()
    new = old.replace(b"sorted(books)", b"sorted(books, key=str.casefold)") + f'KEY = "{KEY}"\n'.encode()
    page = FileEdit("docs/ein Blatt #1.md", None, "Grüße\n".encode())
    made = propose(session, FileEdit("shelf/books.py", old, new), page, title="Sort by letters")
    session.close()

    async def work(client: ClientSession) -> None:
        listed = {str(each.uri): each for each in (await client.list_resources()).resources}
        file = "nootropic://proposals/P1/files/docs%2Fein%20Blatt%20%231.md"
        assert {"nootropic://plan", "nootropic://proposals", "nootropic://proposals/P1/diff", file} <= set(listed)
        assert [each.uri_template for each in (await client.list_resource_templates()).resource_templates]
        texts = {}
        for uri in listed:
            (content,) = (await client.read_resource(uri)).contents
            texts[uri] = content.text  # type: ignore[union-attr]
            assert KEY not in texts[uri]
        assert texts["nootropic://plan"].startswith("# A plan")
        (summary,) = json.loads(texts["nootropic://proposals"])["proposals"]
        assert (summary["id"], summary["pending"], summary["title"]) == (made.id, 2, "Sort by letters")
        whole = texts["nootropic://proposals/P1/diff"]
        assert "+    return sorted(books, key=str.casefold)" in whole and "+Grüße" in whole
        assert "+Grüße" in texts[file] and "casefold" not in texts[file]
        for uri in ("nootropic://proposals/P9/diff", "nootropic://proposals/P1/files/x", "file:///etc/passwd"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            assert caught.value.code == -32002

    with_client(project, work)


def test_reading_resources_leaves_no_trace(workspace: Workspace) -> None:
    sent: list[dict[str, Any]] = []
    server = McpServer(workspace, sent.append)
    for number, method in enumerate(("resources/list", "resources/read", "resources/read")):
        uri = "nootropic://proposals" if number == 1 else "nootropic://plan"
        params = {"uri": uri} if number else {}
        server.receive(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
    assert [each["uri"] for each in sent[0]["result"]["resources"]] == ["nootropic://proposals"]
    assert json.loads(sent[1]["result"]["contents"][0]["text"]) == {"proposals": []}
    assert sent[2]["error"]["code"] == -32002 and not workspace.state_dir.exists()


def test_tools_have_nobody_to_ask_no_variables_and_a_standard_output_that_harms_nobody(
    project: Path, tmp_path: Path
) -> None:
    errors = tmp_path / "errors.log"

    async def work(session: ClientSession) -> None:
        assert (await session.call_tool("ask", {})).structured_content == {"message": "nobody to ask"}
        assert (await session.call_tool("variables", {})).structured_content == {"message": "None"}

    with_client(project, work, errors)
    assert "printed by the plugin" in errors.read_text()


def test_progress_is_told_and_a_call_can_be_cancelled_even_when_it_is_deaf(project: Path) -> None:
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def work(session: ClientSession) -> None:
        for arguments in ({"seconds": 100}, {"seconds": 100, "deaf": True}):
            told.clear()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(
                    lambda arguments=arguments: session.call_tool("wait", arguments, progress_callback=note)
                )
                while len(told) < 2:
                    await anyio.sleep(0.05)
                # Others are served beside it.
                assert not (await session.call_tool("greet", {})).is_error
                tasks.cancel_scope.cancel()
            assert told[0][0] < told[1][0] and told[0][1] == "50% waiting"
        assert (await session.call_tool("greet", {"whom": "you"})).structured_content == {"message": "Hello, you."}

    with_client(project, work)


@contextmanager
def raw(project: Path) -> Iterator[subprocess.Popen[str]]:
    """`noo mcp` with its pipes."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(
        [*NOO, "mcp"], cwd=project, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()


def say(process: subprocess.Popen[str], message: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    heard: dict[str, Any] = json.loads(process.stdout.readline())
    return heard


@pytest.mark.parametrize("way", ["eof", "term"])
def test_it_ends_with_its_client_and_at_a_signal_while_a_tool_hangs(project: Path, way: str) -> None:
    with raw(project) as process:
        meta = {"progressToken": 1}
        call = {"name": "wait", "arguments": {"deaf": True, "seconds": 300}, "_meta": meta}
        say(process, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
        assert hear(process)["method"] == "notifications/progress"
        if way == "eof":
            assert process.stdin is not None
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_every_known_version_is_spoken_and_an_unknown_one_is_answered_with_ours(project: Path) -> None:
    with raw(project) as process:
        for asked in (*VERSIONS, "1999-01-01"):
            hello = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            say(process, {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": hello})
            answer = hear(process)
            assert answer["id"] == "a"
            assert answer["result"]["protocolVersion"] == (asked if asked in VERSIONS else VERSIONS[0])
        say(process, {"jsonrpc": "2.0", "id": 2, "method": "server/discover"})
        assert hear(process)["error"]["code"] == -32601


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": st.integers() | st.text() | JSON,
        "method": st.sampled_from(
            ["ping", "tools/list", "resources/list", "resources/read", "notifications/cancelled", "initialize"]
        )
        | st.text(),
        "params": JSON,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.one_of(MESSAGES.map(json.dumps), JSON.map(json.dumps), st.text()))
def test_anything_at_all_is_answered_once_or_is_a_notification(workspace: Workspace, line: str) -> None:
    sent: list[dict[str, Any]] = []
    McpServer(workspace, sent.append).receive(line)
    assert len(sent) <= 1
    for answer in sent:
        assert answer["jsonrpc"] == "2.0" and ("result" in answer) != ("error" in answer)
        json.dumps(answer)


def test_a_call_of_a_tool_that_fails_to_end_does_not_use_up_the_server(project: Path) -> None:
    sent: list[dict[str, Any]] = []
    server = McpServer(Workspace.find(project), sent.append)
    call = {"name": "wait", "arguments": {"seconds": 300}}
    for number in range(20):
        server.receive(json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call}))
    assert [answer["error"]["code"] for answer in sent] == [-32000] * 4
    server.close()
    sent.clear()
    wait_for(lambda: not server._running)
    server.receive(json.dumps({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": {"name": "greet"}}))
    wait_for(lambda: [answer["id"] for answer in sent] == [99])
