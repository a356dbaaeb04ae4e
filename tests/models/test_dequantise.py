"""The folder made from a GGUF file: known as whole only while it is as it was made, whoever was killed making it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.dequantise import dequantised, is_whole, place_of
from nootropic_kernel.models.files import sha256_of
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.location import Workspace
from tests.models.tiny_gguf import write_gguf


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, str]:
    """A GGUF file, the folder that was made from it, and the file's sha256."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    gguf = tmp_path / "small.gguf"
    gguf.write_bytes(b"GGUF and more")
    digest = sha256_of(gguf)
    folder = place_of(gguf, digest)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    files = {"model.safetensors": hashlib.sha256(b"weights").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "gguf": digest, "files": files}))
    return gguf, folder, digest


def test_what_is_whole_is_used_as_it_is(made: tuple[Path, Path, str]) -> None:
    gguf, folder, _ = made
    assert dequantised(gguf) == folder


def test_another_file_has_another_folder(made: tuple[Path, Path, str]) -> None:
    gguf, folder, _ = made
    gguf.write_bytes(b"GGUF of something else")
    assert place_of(gguf, sha256_of(gguf)) != folder


@pytest.mark.parametrize("damage", ["changed", "missing", "no manifest", "half a manifest", "older format"])
def test_damage_is_seen(made: tuple[Path, Path, str], damage: str) -> None:
    _, folder, digest = made
    assert is_whole(folder, digest)
    manifest = folder / "manifest.json"
    if damage == "changed":
        (folder / "model.safetensors").write_bytes(b"weightz")
    elif damage == "missing":
        (folder / "model.safetensors").unlink()
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "half a manifest":
        manifest.write_text(manifest.read_text()[:20])
    else:
        manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 0'))
    assert not is_whole(folder, digest)


class Converter:
    """A process that converts a GGUF file on demand, each time in a child that may be killed."""

    def __init__(self, gguf: Path) -> None:
        command = [sys.executable, str(Path(__file__).with_name("tiny_gguf.py")), str(gguf)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.line() == "ready"

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def begin(self) -> int:
        """Begin to convert; the child that does it."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.line())

    def close(self) -> None:
        """End it."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait()


@pytest.mark.learning
@pytest.mark.deep
def test_whoever_is_killed_converting_leaves_a_whole_folder_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    gguf = tmp_path / "tiny.gguf"
    write_gguf(gguf)
    digest = sha256_of(gguf)
    folder = place_of(gguf, digest)
    chance, parts, halves = random.Random(8), f".{folder.name}.part-*/", 0
    moments = ["", "*", "model.safetensors", "tokenizer.json", "manifest.json", *[None] * 6]
    converter = Converter(gguf)
    try:
        for moment in moments:
            child = converter.begin()
            if moment is None:
                time.sleep(chance.uniform(0, 0.3))
            else:
                deadline = time.monotonic() + 60
                while not (folder.exists() or list(folder.parent.glob(parts + moment))):
                    assert time.monotonic() < deadline
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
            converter.line()
            assert not folder.exists() or is_whole(folder, digest)
            halves += not folder.exists() and any(folder.parent.glob(parts))
            shutil.rmtree(folder, ignore_errors=True)
        assert halves >= 3
        converter.begin()
        assert converter.line() == "0"
    finally:
        converter.close()
    assert is_whole(folder, digest) and not list(folder.parent.glob(parts))


@pytest.mark.deep
@pytest.mark.learning
@pytest.mark.slow
def test_the_model_of_a_gguf_file_answers(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    gguf = tmp_path / "tiny.gguf"
    write_gguf(gguf)
    backend = connect(BackendSettings("mine", "", str(gguf), kind="transformers"), workspace=workspace)
    try:
        ask = ChatRequest((Message("user", "the answer"),), 8)
        assert backend.chat(ask).output_tokens == 8 and backend.count_tokens("the") == 1
        whole = place_of(gguf, sha256_of(gguf)) / "model.safetensors"
        whole.write_bytes(whole.read_bytes()[:-100])
        backend.close()
        # A folder that something has changed is made anew.
        assert backend.chat(ask).output_tokens == 8 and is_whole(whole.parent, sha256_of(gguf))
    finally:
        backend.close()
