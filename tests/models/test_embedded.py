"""The embedded engine with the real model: answers, limits, interrupts, crashes, and no process left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from nootropic_kernel.models import embedded
from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.engine import EngineProcess
from nootropic_kernel.models.engine_options import EngineOptions
from nootropic_kernel.models.errors import ContextOverflow, InferenceError, ModelLoadFailed
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from tests.models.person_schema import PERSON

pytestmark = pytest.mark.slow

CONTROL_BACK_S = 2.0
LONG = ChatRequest((Message("user", "Tell a very long story about a lighthouse keeper."),), max_tokens=2000)
# The longest prompt that fits: reading it keeps the engine busy for many seconds before the first token.
SLOW = ChatRequest((Message("user", "word " * 3500),), max_tokens=5)


def ask(text: str, max_tokens: int = 24) -> ChatRequest:
    """A short question."""
    return ChatRequest((Message("user", text),), max_tokens)


def engine_of(backend: EmbeddedBackend) -> EngineProcess:
    """The engine process behind ``backend``."""
    return backend.engine.own()


def engine_pid(backend: EmbeddedBackend) -> int:
    """The process id of the engine behind ``backend``."""
    pid = backend.engine_pid()
    assert pid is not None
    return pid


def gone(pid: int, within_s: float = 10.0) -> bool:
    """Whether the process ends within some seconds."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_it_streams_and_says_which_model_spoke(backend: EmbeddedBackend) -> None:
    pieces: list[str] = []
    answer = backend.chat(ask("Say hello."), pieces.append)
    assert len(pieces) > 1 and "".join(pieces) == answer.text
    assert (answer.model, answer.backend) == ("smollm2-135m-instruct", "embedded")
    assert answer.input_tokens and answer.output_tokens and answer.output_tokens <= 24


def test_the_same_question_has_the_same_answer(backend: EmbeddedBackend) -> None:
    assert backend.chat(ask("Name a colour.")).text == backend.chat(ask("Name a colour.")).text


def test_answers_keep_to_a_schema(backend: EmbeddedBackend) -> None:
    for who in ("a pupil", "{'name': 5}"):
        answer = backend.chat(ChatRequest((Message("user", who),), max_tokens=120, schema=PERSON))
        value = json.loads(answer.text)
        assert set(value) == {"name", "age", "kind"} and value["kind"] in ("pupil", "teacher")


def test_tokens_are_counted_exactly(backend: EmbeddedBackend) -> None:
    assert backend.count_tokens("") == 0
    assert backend.count_tokens("hello world") == 2
    assert backend.count_tokens("héllo – 世界") > 4


def test_a_stop_text_ends_the_answer(backend: EmbeddedBackend) -> None:
    request = ChatRequest((Message("user", "Count: one two three four five six"),), max_tokens=60, stop=("three",))
    assert "three" not in backend.chat(request).text


@pytest.mark.parametrize("size", [20_000, 1_000_000, 20_000_000])
def test_a_prompt_that_does_not_fit_is_refused_with_figures(backend: EmbeddedBackend, size: int) -> None:
    backend.count_tokens("warm")
    started = time.monotonic()
    with pytest.raises(ContextOverflow) as caught:
        backend.chat(ask("abcd " * (size // 5)))
    assert time.monotonic() - started < 15
    data = caught.value.data
    assert data["tokens"] > data["window"] == 4096
    assert str(data["tokens"]) in str(caught.value)
    assert backend.chat(ask("Say hello.")).text


@pytest.mark.parametrize("request_", [pytest.param(LONG, id="answering"), pytest.param(SLOW, id="reading")])
def test_cancel_gives_control_back_and_the_next_call_works(backend: EmbeddedBackend, request_: ChatRequest) -> None:
    backend.count_tokens("warm")
    cancel = threading.Event()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        backend.chat(request_, cancel=cancel)
    assert time.monotonic() - started < 0.5 + CONTROL_BACK_S
    timer.join()
    assert backend.chat(ask("Say hello.")).text


def test_cancel_while_the_engine_starts_leaves_none(backend: EmbeddedBackend) -> None:
    cancel = threading.Event()
    cancel.set()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        backend.chat(ask("Say hello."), cancel=cancel)
    assert time.monotonic() - started < CONTROL_BACK_S
    assert not backend.is_running()


def test_an_interrupt_of_the_process_gives_control_back(model: CatalogueModel, workspace: Workspace) -> None:
    code = (
        "import sys, time\n"
        "from nootropic_kernel.models.catalogue import find_model\n"
        "from nootropic_kernel.models.contract import ChatRequest, Message\n"
        "from nootropic_kernel.models.embedded import EmbeddedBackend\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "backend = EmbeddedBackend(find_model(), Workspace.find(sys.argv[1]))\n"
        "request = ChatRequest((Message('user', 'Tell a long story.'),), max_tokens=2000)\n"
        "try: backend.chat(request, lambda text: print('piece', flush=True))\n"
        "except KeyboardInterrupt: print('back', backend.is_running(), flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(workspace.root)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == "piece\n"
        started = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        last = [line for line in output if line != "piece\n"]
        assert time.monotonic() - started < CONTROL_BACK_S + 3  # the interpreter's own end included
    assert process.wait(30) == 0
    assert last == ["back True\n"]


def test_a_killed_engine_is_a_typed_error_and_starts_anew(backend: EmbeddedBackend) -> None:
    def kill_it(_: str) -> None:
        os.kill(engine_pid(backend), signal.SIGKILL)

    with pytest.raises(InferenceError) as caught:
        backend.chat(LONG, kill_it)
    error = caught.value
    assert error.code == "InferenceError" and error.data["ended"] == "it was killed by SIGKILL"
    assert "kernel" in error.why and "again" in error.next and error.data["partial"]
    assert backend.chat(ask("Say hello.")).text


def test_an_engine_that_died_between_calls_is_not_noticed(backend: EmbeddedBackend) -> None:
    first = backend.chat(ask("Say hello."))
    pid = engine_pid(backend)
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert backend.chat(ask("Say hello.")).text == first.text
    assert engine_pid(backend) != pid


def test_the_engine_stops_when_idle_and_comes_back(model: CatalogueModel, workspace: Workspace) -> None:
    backend = EmbeddedBackend(model, workspace, idle_s=0.6)
    try:
        backend.count_tokens("one")
        pid = engine_pid(backend)
        assert gone(pid)
        # Its threads may take a moment longer than its leader; a call in between must work as well.
        assert backend.count_tokens("hello world") == 2
    finally:
        backend.close()


def test_a_long_answer_is_not_idleness(model: CatalogueModel, workspace: Workspace) -> None:
    backend = EmbeddedBackend(model, workspace, idle_s=0.2)
    try:
        started = time.monotonic()
        assert backend.chat(ChatRequest(LONG.messages, max_tokens=80)).finish_reason == "length"
        assert time.monotonic() - started > 0.3
    finally:
        backend.close()


def test_close_ends_the_engine_and_another_call_starts_it(backend: EmbeddedBackend) -> None:
    backend.count_tokens("one")
    pid, log = engine_pid(backend), engine_of(backend).log
    assert log.exists()
    backend.close()
    assert gone(pid) and not log.exists()
    assert backend.count_tokens("hello world") == 2


def owner(workspace: Workspace, after: str) -> subprocess.Popen[str]:
    """A process that starts the engine, prints its pid, and then does ``after``."""
    code = (
        "import os, sys, time\n"
        "from nootropic_kernel.models.catalogue import find_model\n"
        "from nootropic_kernel.models.embedded import EmbeddedBackend\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "backend = EmbeddedBackend(find_model(), Workspace.find(sys.argv[1]))\n"
        "backend.count_tokens('x')\n"
        f"print(backend.engine_pid(), flush=True)\n{after}\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(workspace.root)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param("pass", id="ends"),
        pytest.param("raise SystemExit(3)", id="exits"),
        pytest.param("os._exit(1)", id="exits hard"),
        pytest.param("os.kill(os.getpid(), 9)", id="is killed"),
        pytest.param("os.fork() or time.sleep(60)\nos.kill(os.getpid(), 9)", id="is killed, a fork of it lives on"),
    ],
)
def test_the_engine_never_outlives_its_owner(model: CatalogueModel, workspace: Workspace, after: str) -> None:
    process = owner(workspace, after)
    assert process.stdout is not None
    forked: list[psutil.Process] = []
    try:
        pid = int(process.stdout.readline())
        if "fork" in after:
            forked = [child for child in psutil.Process(process.pid).children() if child.pid != pid]
        process.wait(30)
        assert gone(pid)
    finally:
        process.stdout.close()
        for child in forked:
            child.kill()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_uses_an_engine_of_its_own(backend: EmbeddedBackend) -> None:
    backend.count_tokens("one")
    pid = engine_pid(backend)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, f"{backend.count_tokens('hello world')} {engine_of(backend).pid}".encode())
            embedded.close_all()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        tokens, other = pipe.read().split()
    os.waitpid(child, 0)
    assert tokens == "2" and int(other) != pid
    assert backend.is_running() and engine_pid(backend) == pid
    assert gone(int(other))


def test_the_port_answers_nobody_without_the_key(backend: EmbeddedBackend) -> None:
    with engine_of(backend).request() as running:
        port, key = running.port, running.key
        listening = [c for c in psutil.Process(engine_pid(backend)).net_connections() if c.status == psutil.CONN_LISTEN]
        assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", port)]
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=base, trust_env=False) as client:
            for path in ("/v1/models", "/props", "/metrics", "/slots"):
                assert client.get(path).status_code == 401
            body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
            for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {key[:-1]}"}):
                assert client.post("/v1/chat/completions", json=body, headers=wrong).status_code == 401
            page = client.get("/health", headers={"Origin": "https://evil.example"})
            assert page.headers.get("access-control-allow-origin", "") == ""
    process = psutil.Process(engine_pid(backend))
    assert key not in " ".join(process.cmdline()) and key not in str(process.environ())


def test_nothing_of_the_workspace_is_importable_in_the_engine(
    model: CatalogueModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = workspace.root / "was-imported"
    for name in ("xllamacpp", "json", "psutil", "sitecustomize"):
        for folder in (workspace.root, workspace.state_dir / "models"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.py").write_text(f"open({str(marker)!r}, 'w')\n")
    monkeypatch.chdir(workspace.root)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([".", os.environ.get("PYTHONPATH", "")]))
    backend = EmbeddedBackend(model, workspace)
    try:
        assert backend.count_tokens("hello world") == 2
    finally:
        backend.close()
    assert not marker.exists()


def test_looking_starts_nothing(backend: EmbeddedBackend, workspace: Workspace) -> None:
    assert backend.available().ok
    assert not backend.is_running() and not workspace.state_dir.exists()


def test_threads_share_one_engine(backend: EmbeddedBackend) -> None:
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(backend.chat(ask("Name a colour.", 8)).text)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(texts) == 4 and len(set(texts)) == 1


def broken_model(model: CatalogueModel, folder: Path, content: bytes) -> EngineProcess:
    """An engine for a file with ``content``."""
    file = folder / "broken.gguf"
    file.write_bytes(content)
    return EngineProcess(file, EngineOptions(alias="broken"), folder / "logs")


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF" + b"\0" * 1000])
def test_a_file_that_is_no_model_is_a_typed_error(model: CatalogueModel, tmp_path: Path, content: bytes) -> None:
    engine = broken_model(model, tmp_path, content)
    with pytest.raises(ModelLoadFailed) as caught, engine.request():
        pass
    assert caught.value.code == "ModelLoadFailed" and "broken" in caught.value.what and caught.value.next
    assert not engine.is_alive()


def test_a_damaged_file_is_found_before_it_babbles(
    model: CatalogueModel, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    model.path.parent.mkdir(parents=True)
    with model.path.open("wb") as file:
        file.truncate(model.file.size)
    backend = EmbeddedBackend(model, workspace)
    with pytest.raises(ModelLoadFailed, match="noo models pull"):
        backend.chat(ask("Say hello."))
    assert not backend.is_running()


def test_a_missing_file_names_the_command(
    model: CatalogueModel, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    backend = EmbeddedBackend(model, workspace)
    assert not backend.available().ok and "noo models pull" in backend.available().next
    with pytest.raises(ModelLoadFailed, match="noo models pull"):
        backend.count_tokens("x")
