"""What is typed in the chat's input: completed and read by the grammar of `%noo` lines."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

Fetch = Callable[..., Awaitable[HTTPResponse]]


async def ask(fetch: Fetch, route: str, text: str, **more: Any) -> dict[str, Any]:
    body = json.dumps({"path": "project", "text": text, **more})
    return dict(json.loads((await fetch("nootropic", "api", route, method="POST", body=body)).body))


async def words(fetch: Fetch, text: str, **more: Any) -> list[str]:
    return [each["text"] for each in (await ask(fetch, "complete", text, **more))["candidates"]]


async def test_verbs_options_values_and_mentions_are_completed(jp_fetch: Fetch, repo: Path) -> None:
    assert "/status" in await words(jp_fetch, "/sta")
    assert "--days" in await words(jp_fetch, "/cost --d")
    offered = set(await words(jp_fetch, "/"))
    assert {"/plan", "/board"} <= offered, "what programs call is not offered, and can be typed"
    assert not {"/complete", "/note-command", "/note-completion", "/mentions", "/mcp", "/serve", "/diff"} & offered
    assert "P1" not in await words(jp_fetch, "/diff ") and "--page" in await words(jp_fetch, "/diff --p")
    assert await words(jp_fetch, "/chats fo") == ["forget"]
    assert await words(jp_fetch, "What does @boo") == ["@shelf/books.py"]
    assert await words(jp_fetch, "Show @fra", names=["frame", "other"]) == ["@frame"]
    assert await words(jp_fetch, "an e-mail to a@boo") == [] and await words(jp_fetch, "hello") == []
    (repo / "my notes.txt").write_text("x")
    assert await words(jp_fetch, "@my") == ['@file:"my notes.txt"']
    assert await words(jp_fetch, "/chat tell me of @my") == ['@file:"my notes.txt"']
    # To look at a folder leaves nothing in it.
    assert not (repo / ".nootropic").exists() and not (repo / ".nootropic-cache").exists()


async def test_a_slash_command_is_read_and_not_run(jp_fetch: Fetch, repo: Path) -> None:
    read = await ask(jp_fetch, "parse", "/plan\nAdd a Reader.\nIt has a name.")
    assert (read["verb"], read["effect"]) == ("plan", "propose")
    assert list(read["arguments"].values()) == ["Add a Reader.\nIt has a name."]
    assert (await ask(jp_fetch, "parse", "/cost --days 3"))["arguments"] == {"days": 3}
    assert "budgets" in (await ask(jp_fetch, "parse", "/cost --help"))["help"]
    for text in ("/", "/sing", "/cost --dayz 3"):
        with pytest.raises(HTTPClientError) as caught:
            await ask(jp_fetch, "parse", text)
        assert caught.value.code == 400
    assert not (repo / ".nootropic").exists()


async def test_what_goes_along_is_shown_before(jp_fetch: Fetch, repo: Path) -> None:
    message = "Compare @df, @cell:2, @shelf/books.py, @nothing and @file:gone.py"
    arguments = {"message": message, "attach": {"df": "df: 3 rows", "cell:2": "x = 1\n# key = 'sk-proj-" + "a1B2" * 8}}
    body = json.dumps({"path": "project", "arguments": arguments})
    answer = json.loads((await jp_fetch("nootropic", "api", "capabilities", "mentions", method="POST", body=body)).body)
    items = {item["written"]: item for item in answer["result"]["items"]}
    assert items["@df"]["text"] == "df: 3 rows" and "def by_title" in items["@shelf/books.py"]["text"]
    assert "x = 1" in items["@cell:2"]["text"] and "a1B2a1B2" not in items["@cell:2"]["text"]
    assert not items["@nothing"]["found"] and not items["@nothing"]["problem"]
    assert "gone.py" in items["@file:gone.py"]["problem"]
    assert not (repo / ".nootropic").exists()
