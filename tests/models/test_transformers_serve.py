"""A real server that is not llama.cpp: `transformers serve` over the embedded model's weights.

It sends no ``[DONE]`` and ignores a response format. The weights are dequantised once into the person's cache, which
takes a minute; so these tests are deep.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import InvalidOutput
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.errors import Interrupted

pytestmark = [pytest.mark.learning, pytest.mark.deep, pytest.mark.timeout(900)]

CONTROL_BACK_S = 2.0
ASK = ChatRequest((Message("user", "Say hello."),), max_tokens=12)
DEQUANTISE = """
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, name, target = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name)
model.hf_quantizer, model.is_quantized = None, False
vars(model.config).pop("quantization_config", None)
model.save_pretrained(target)
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(target)
"""


@pytest.fixture(scope="module")
def weights(model: CatalogueModel) -> Path:
    """The embedded model's weights as transformers keeps them."""
    folder = model.path.parent / "dequantised"
    if not folder.is_dir():
        partial = tempfile.mkdtemp(dir=folder.parent, prefix=".partial-")
        command = [sys.executable, "-c", DEQUANTISE, str(model.path.parent), model.path.name, partial]
        try:
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
            Path(partial).rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


@pytest.fixture(scope="module")
def settings(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackendSettings]:
    """The running server."""
    home = tmp_path_factory.mktemp("hub")
    (home / "hub").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = str(Path(sys.executable).with_name("transformers"))
    command = [program, "serve", str(weights), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with (home / "log").open("w") as log:
        offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}
        process = subprocess.Popen(command, env=offline, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code < 500:
                    break
            except httpx.TransportError:
                pass
            assert process.poll() is None and time.monotonic() < deadline, (home / "log").read_text()[-2000:]
            time.sleep(0.5)
        yield BackendSettings("mine", f"http://127.0.0.1:{port}/v1", str(weights))
    finally:
        process.kill()
        process.wait()


def test_it_streams_a_whole_answer(settings: BackendSettings) -> None:
    pieces: list[str] = []
    answer = connect(settings).chat(ASK, pieces.append)
    assert len(pieces) > 1 and answer.text == "".join(pieces) and answer.finish_reason in ("stop", "length")
    assert answer.output_tokens and answer.output_tokens <= 12 and answer.input_tokens


def test_stop_gives_control_back(settings: BackendSettings) -> None:
    cancel = threading.Event()
    stopped: list[float] = []

    def stop(_: str) -> None:
        if not stopped:
            stopped.append(time.monotonic())
            cancel.set()

    with pytest.raises(Interrupted):
        connect(settings).chat(ChatRequest(ASK.messages, max_tokens=400), stop, cancel)
    assert time.monotonic() - stopped[0] < CONTROL_BACK_S


def test_the_response_format_that_it_ignores_is_noticed(settings: BackendSettings) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    with pytest.raises(InvalidOutput) as caught:
        connect(settings).chat(ChatRequest(ASK.messages, max_tokens=40, schema=schema))
    told = caught.value.data["fault"]
    assert told == "length" or (caught.value.data["schema_ignored"] and connect(settings).features.schema != "asked")
