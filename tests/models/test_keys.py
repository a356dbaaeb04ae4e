"""A planted key is found nowhere: not in errors, reprs, logs, spans, the journal or a notebook."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import AuthenticationFailed, ModelError
from nootropic_kernel.models.keys import Key, key_of
from nootropic_kernel.telemetry.spans import flush, span
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.location import Workspace
from tests.models.conftest import ServeScript, chat
from tests.models.framings import FRAMINGS
from tests.models.test_faults import reply

pytestmark = pytest.mark.slow

PLANTED = 'sk-planted/7Hq"2Zx9+LmN4'
ASK = ChatRequest((Message("user", "hi"),))
# As it is, as JSON writes it, and as some servers escape it.
FORMS = (PLANTED, json.dumps(PLANTED)[1:-1], json.dumps(PLANTED)[1:-1].replace("/", "\\/"))


def leaks(text: str) -> bool:
    """Whether a part of the key that is worth something is in ``text``."""
    return "planted" in text or "2Zx9" in text


def echo(body: str) -> list[dict[str, Any]]:
    """A server that says the key back."""
    return [reply("400 Bad Request", "application/json", body)]


ECHOES = {
    "plain": [reply("401 Unauthorized", "text/plain", f"the key {PLANTED} is not known")],
    "json": echo(json.dumps({"error": {"message": f"Incorrect API key: {PLANTED}"}})),
    "escaped": echo(json.dumps({"error": f"bad {PLANTED}"}).replace("/", "\\/")),
    "at the end of an excerpt": [reply("500 Oh", "text/plain", "x" * 285 + PLANTED)],
    "html": [reply("200 OK", "text/html", f"<p>{PLANTED}</p>")],
    "event": [*FRAMINGS["openai-compatible, chunked"].begun(),
              {"event": {"error": {"message": f"no {PLANTED}", "code": 500}}}],
    "garbage event": [*FRAMINGS["openai-compatible, chunked"].begun(), {"chunk": f"data: {{{PLANTED}\n\n"}],
    "name of a field": echo(json.dumps({PLANTED: PLANTED, "error": {"code": PLANTED, "param": PLANTED}})),
    "no HTTP": [{"send": f"{PLANTED}\r\n\r\n"}],
    "header": [{"head": f"HTTP/1.1 200 OK\r\n{PLANTED}: x\r\nBad Header {PLANTED}\r\n\r\n"}],
}  # fmt: skip


@pytest.mark.parametrize("how", ECHOES)
def test_an_echoed_key_is_in_no_error(
    serve: ServeScript, how: str, caplog: pytest.LogCaptureFixture, workspace: Workspace
) -> None:
    caplog.set_level(logging.DEBUG)
    workspace.ensure()
    settings = serve(*ECHOES[how], key=PLANTED)
    with span(workspace, "work"), pytest.raises(ModelError) as caught:
        chat(settings, ASK)
    error = caught.value
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for text in (str(error), repr(error), json.dumps(error.to_json()), repr(pickle.dumps(error)), caplog.text, shown):
        assert not leaks(text), text
    assert not leaks(repr(connect(settings)) + repr(connect(settings).endpoint()) + repr(settings))
    assert flush()
    assert_clean(workspace.state_dir)


def assert_clean(folder: Path) -> None:
    """No file below ``folder`` holds the key."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert not leaks(file.read_bytes().decode("latin-1")), file


@pytest.mark.parametrize("how", ["answer", "model"])
def test_an_echoed_key_is_in_no_answer_either(serve: ServeScript, how: str) -> None:
    event = {"model": "m", "choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}
    if how == "answer":
        event["choices"][0]["delta"]["content"] = f"your key is {PLANTED}"  # type: ignore[index]
    else:
        event["model"] = PLANTED
    script = [*FRAMINGS["openai-compatible, chunked"].begun(), {"event": event}, {"end": True}]
    assert not leaks(repr(chat(serve(*script, key=PLANTED), ASK)))


@pytest.mark.parametrize("key", ["none", "EMPTY", "x", "ollama"])
def test_a_word_that_stands_for_no_key_does_not_spoil_answers(serve: ServeScript, key: str) -> None:
    text = f"return {key} if x else EMPTY"
    assert chat(serve(*FRAMINGS["openai-compatible, chunked"].whole(text), key=key), ASK).text == text


@pytest.mark.slow
def test_a_notebook_with_a_failing_cell_holds_no_key(
    serve: ServeScript, person_home: Path, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    # Without the embedded model nobody answers in the place of the server that fails.
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    settings = serve(*ECHOES["json"], key=PLANTED)
    backend = {"url": settings.url, "model": "m", "apiKeyEnv": "SCRIPTED_KEY"}
    person_home.mkdir(parents=True, exist_ok=True)
    document = {"backends": {"mine": backend}, "modelPreference": ["mine"]}
    (person_home / "config.json").write_text(json.dumps(document))
    cells = [
        "%load_ext nootropic_kernel",
        "%xmode Verbose",
        "%noo models status",
        "%%noo code\nSort the books of shelf/books.py without regard to case",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(
        notebook, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(repo)}}
    ).execute()
    text = json.dumps(notebook)
    assert not leaks(text) and "InferenceError" in text
    assert_clean(repo / ".nootropic")
    assert_clean(person_home)


class Chain(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1
    entries: dict[tuple[str, str], str]

    def get_password(self, service: str, username: str) -> str | None:
        """The entry."""
        if service == "locked":
            raise keyring.errors.KeyringLocked("the keyring is locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget an entry."""
        del self.entries[service, username]


@pytest.fixture
def chain() -> Iterator[Chain]:
    """The person's keyring for the length of a test."""
    before, mine = keyring.get_keyring(), Chain()
    mine.entries = {}
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_a_key_comes_from_the_keyring(serve: ServeScript, chain: Chain) -> None:
    chain.entries["nootropic", "ada"] = f" {PLANTED}\n"
    framing = FRAMINGS["openai-compatible, chunked"]
    settings = replace(serve(*framing.begun(), {"echo": True}, {"end": True}), api_key_keyring="nootropic/ada")
    assert connect(settings).available().ok
    assert "bearer [key]" in chat(settings, ASK).text.lower()


@pytest.mark.parametrize("place", ["nootropic/nobody", "locked/ada"])
def test_a_key_that_the_keyring_does_not_give_is_told(chain: Chain, place: str) -> None:
    settings = BackendSettings("mine", "http://127.0.0.1:1", "m", api_key_keyring=place)
    with pytest.raises(AuthenticationFailed, match="keyring set"):
        connect(settings).chat(ASK)


@pytest.mark.parametrize("text", ["two words", "sk-ü", "a\nb"])
def test_a_key_that_cannot_be_sent_is_told_without_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MY_KEY", text)
    with pytest.raises(AuthenticationFailed, match="MY_KEY") as caught:
        key_of(BackendSettings("mine", "http://127.0.0.1:1", "m", "MY_KEY"))
    assert text not in str(caught.value)


@given(
    key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=30),
    around=st.text(max_size=9),
)
def test_no_form_of_a_key_survives(key: str, around: str) -> None:
    quoted = json.dumps(key)
    for text in (around + key + around, json.dumps({"a": around + key}), quoted.replace("/", "\\/")):
        assert key not in Key(key).scrub(text)
    assert key not in repr(Key(key)) and key not in str(Key(key)) and key not in f"{Key(key)}"
    with pytest.raises(TypeError):
        pickle.dumps(Key(key))
