"""The real model, fetched by the download code once per user, and scripted servers for faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models import embedded
from nootropic_kernel.models.catalogue import CatalogueModel, find_model
from nootropic_kernel.models.download import pull
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import DownloadFailed
from nootropic_kernel.models.wire import Endpoint
from nootropic_kernel.workspace.location import Workspace

ServeScript = Callable[..., Endpoint]


@pytest.fixture(scope="session")
def model() -> CatalogueModel:
    """The embedded model, its file on this machine; without it these tests fail, because nothing else stands for it."""
    found = find_model()
    try:
        pull(found)
    except DownloadFailed as error:
        pytest.fail(f"These tests need the real model. {error}", pytrace=False)
    return found


@pytest.fixture
def backend(model: CatalogueModel, workspace: Workspace) -> Iterator[EmbeddedBackend]:
    """The embedded backend; whatever engine a test started ends with it."""
    yield EmbeddedBackend(model, workspace)
    embedded.close_all()


@pytest.fixture
def serve() -> Iterator[ServeScript]:
    """Start a server that answers every chat as its script says; gives the endpoint to ask."""
    running: list[subprocess.Popen[str]] = []

    def start(*script: dict[str, Any], key: str | None = None) -> Endpoint:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("scripted_server.py")), json.dumps(script)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        return Endpoint("scripted", f"http://127.0.0.1:{port}/v1", "tiny", key)

    yield start
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
