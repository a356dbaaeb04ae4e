"""The real model, fetched by the download code once per user, and scripted servers for faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models import embedded
from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.catalogue import CatalogueModel, find_model
from nootropic_kernel.models.contract import Answer, ChatRequest, OnText
from nootropic_kernel.models.download import ensure_model_cached
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import DownloadFailed
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.location import Workspace

ServeScript = Callable[..., BackendSettings]


@pytest.fixture(scope="session")
def model() -> CatalogueModel:
    """The embedded model, its file on this machine; without it these tests fail, because nothing else stands for it."""
    found = find_model()
    try:
        ensure_model_cached(found)
    except DownloadFailed as error:
        pytest.fail(f"These tests need the real model. {error}", pytrace=False)
    return found


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small models of random numbers, as transformers keeps them."""
    folder = tmp_path_factory.mktemp("models")
    program = str(Path(__file__).with_name("tiny_models.py"))
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, program, str(folder)], capture_output=True, text=True, env=offline)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def backend(model: CatalogueModel, workspace: Workspace) -> Iterator[EmbeddedBackend]:
    """The embedded backend; whatever engine a test started ends with it."""
    yield EmbeddedBackend(model, workspace)
    embedded.close_all()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServeScript]:
    """Start a server that answers every request as its script says; gives the settings that name it."""
    running: list[subprocess.Popen[str]] = []

    def start(
        *script: dict[str, Any],
        kind: str = "openai-compatible",
        key: str | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> BackendSettings:
        program = Path(__file__).with_name("scripted_server.py")
        command = [sys.executable, "-S", str(program), json.dumps(script), *map(str, certificate or ())]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        if key is not None:
            monkeypatch.setenv("SCRIPTED_KEY", key)
        variable = None if key is None else "SCRIPTED_KEY"
        scheme = "http" if certificate is None else "https"
        return BackendSettings("scripted", f"{scheme}://127.0.0.1:{port}/v1", "tiny", variable, kind)

    yield start
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def chat(
    settings: BackendSettings,
    request: ChatRequest,
    on_text: OnText | None = None,
    cancel: threading.Event | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Ask the backend that ``settings`` name."""
    return connect(settings, limits).chat(request, on_text, cancel)
