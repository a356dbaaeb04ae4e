"""The folder made from a GGUF file: known as whole only while it is as it was made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from nootropic_kernel.models.dequantise import dequantised, is_whole, place_of
from nootropic_kernel.models.files import sha256_of


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
