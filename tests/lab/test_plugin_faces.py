"""A plugin that nobody here knows of shows up in every face, with a parameter of every type."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from tests.capabilities.every_type import ARGUMENTS, ARRIVES, SOURCE, TYPED, WRONG
from tests.capabilities.plugin_folders import trust, write_plugin
from tests.lab.serving import ROOT
from tests.lab.test_lines import ask, words
from tests.lab.test_routes import post, refused
from tests.lab.test_runs import ended, look, start

Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture
def plugin(repo: Path) -> Path:
    """The plugin's folder, dropped into the repository and trusted."""
    folder = write_plugin(repo, "every", SOURCE)
    trust(folder)
    return folder


async def capabilities(fetch: Fetch) -> dict[str, dict[str, Any]]:
    answer = await fetch("nootropic", "api", "capabilities", params={"path": "project"})
    return {entry["verb"]: entry for entry in json.loads(answer.body)["capabilities"]}


async def test_it_is_there_once_it_is_trusted_and_gone_when_it_is_not(jp_fetch: Fetch, repo: Path) -> None:
    folder = write_plugin(repo, "every", SOURCE)
    assert "every" not in await capabilities(jp_fetch)
    trust(folder)
    entry = (await capabilities(jp_fetch))["every"]
    assert (entry["provider"], entry["effect"], entry["summary"]) == (
        "every",
        "read",
        "Take a parameter of every type.",
    )
    # From this the form is made; src/__tests__/commands.test.ts looks at it.
    assert set(entry["params"]["properties"]) == {*ARGUMENTS, "key"} and entry["params"]["required"] == ["word"]
    assert entry["params"]["properties"]["token"]["anyOf"][0]["writeOnly"] is True
    assert "/every" in await words(jp_fetch, "/eve")
    (folder / "more.py").write_text("x = 1\n")
    assert "every" not in await capabilities(jp_fetch)


async def test_every_type_arrives_by_every_way(jp_fetch: Fetch, plugin: Path) -> None:
    answer = await post(jp_fetch, "every", arguments=ARGUMENTS)
    assert {key: value for key, value in answer["result"]["given"].items() if key in ARRIVES} == ARRIVES
    assert answer["result"]["secret"] == len("s3cret") and "s3cret" not in json.dumps(answer)
    document = await look(jp_fetch, await start(jp_fetch, "every", **ARGUMENTS), ended)
    assert document["answer"]["result"] == answer["result"] and "s3cret" not in json.dumps(document)
    # What is typed in the chat becomes the same arguments.
    read = await ask(jp_fetch, "parse", f"/every {TYPED}")
    again = await post(jp_fetch, "every", arguments=read["arguments"])
    assert again["result"] == answer["result"]
    assert await words(jp_fetch, "/every hi --colour bl") == ["blue"]
    assert await words(jp_fetch, "/every hi --file shelf/bo") == ["shelf/books.py"]


async def test_what_does_not_fit_is_named_and_no_secret_is_told(jp_fetch: Fetch, plugin: Path) -> None:
    for wrong in WRONG:
        code, document = await refused(post(jp_fetch, "every", arguments={"word": "hi", "token": "s3cret", **wrong}))
        (name,) = wrong
        assert (code, document["error"]["type"]) == (400, "UsageError"), wrong
        assert name in document["error"]["why"] and "s3cret" not in json.dumps(document), wrong


@pytest.mark.slow
def test_the_command_line_and_a_cell_take_the_same(repo: Path, plugin: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(*argv: str) -> str:
        done = subprocess.run([sys.executable, *argv], cwd=repo, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    noo = ("-m", "nootropic_kernel.cli")
    given = json.loads(run(*noo, "every", *shlex.split(TYPED), "--json"))["given"]
    assert {key: value for key, value in given.items() if key in ARRIVES} == ARRIVES
    told = run(*noo, "every", "--help")
    assert "--token TOKEN" in told and "preset" not in told and "***" not in told
    assert "red|blue" in told and "(default: 3)" in told
    cell = f"%load_ext nootropic_kernel\nx = %noo every {TYPED}\nprint('=', x.given.model_dump_json(by_alias=True))"
    script = f"get_ipython().run_cell({cell!r}).raise_error()"
    shown = run("-m", "IPython", "--no-banner", "--colors=NoColor", "-c", script).partition("=")[2]
    assert {key: value for key, value in json.loads(shown).items() if key in ARRIVES} == ARRIVES
    assert "s3cret" not in shown
