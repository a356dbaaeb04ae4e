"""What answers on its usual port is found and known for what it is; what does not answer in time is not waited for."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from nootropic_kernel.capabilities.doctor import _served
from nootropic_kernel.models.discovery import USUAL, discover
from nootropic_kernel.workspace.settings import load_settings
from tests.models.conftest import ServeScript
from tests.models.stand_ins import stand_in

# A busy machine may need longer than the tenths of a second that a quiet one gets.
WAIT_S = 20.0


def test_each_server_is_known_for_what_it_is(tmp_path: Path, serve: ServeScript) -> None:
    kinds = ("ollama", "tabby", "vllm", "openai-compatible")
    with ExitStack() as stack:
        port = {kind: urlsplit(stack.enter_context(stand_in(kind, tmp_path)).settings.url).port or 0 for kind in kinds}
        port["llamacpp"] = port["tabby"]
        port["gateway"] = port["ollama"]  # somebody else at our own port
        found = discover(tuple((title, kind, port[kind]) for title, kind, _ in USUAL), WAIT_S)
        swapped = discover((("Ollama", "ollama", port["vllm"]), ("vLLM", "vllm", port["ollama"])), WAIT_S)
    assert [one.title for one in found] == ["Ollama", "Tabby", "vLLM", "LM Studio"] and swapped == []
    assert all("toy-1" in one.probe.models for one in found)


def test_what_does_not_answer_is_not_waited_for(serve: ServeScript) -> None:
    silent = urlsplit(serve({"sleep": 60}).url).port or 0
    started = time.monotonic()
    assert discover(tuple((title, kind, silent) for title, kind, _ in USUAL), 0.3) == []
    assert time.monotonic() - started < 5


def test_the_settings_that_doctor_names_are_understood(tmp_path: Path, person_home: Path) -> None:
    with stand_in("ollama", tmp_path) as served:
        port = urlsplit(served.settings.url).port or 0
        finding = _served(discover((("Ollama", "ollama", port),), WAIT_S)[0])
    assert "0.40.1" in finding.detail and "toy-1" in finding.detail
    person_home.mkdir(parents=True, exist_ok=True)
    (person_home / "config.json").write_text(finding.next[finding.next.index("{") :])
    settings = load_settings(None)
    assert settings.problems == () and settings.model_preference == ("ollama",)
    assert settings.backends["ollama"].url == f"http://127.0.0.1:{port}"
    assert settings.backends["ollama"].kind == "ollama"
