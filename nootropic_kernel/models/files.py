"""A model's file on this machine: is it there, and is it the right one? Never uses the network."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.errors import ModelLoadFailed
from nootropic_kernel.workspace.errors import Interrupted

_BLOCK = 1 << 20


def is_present(model: CatalogueModel) -> bool:
    """Whether a file of the right size is there; :func:`verified_path` looks inside."""
    try:
        return model.path.stat().st_size == model.file.size
    except OSError:
        return False


def is_verified(model: CatalogueModel) -> bool:
    """Whether the file is there and its content is the catalogue's; read only when it changed since the last look."""
    try:
        state = model.path.stat()
    except OSError:
        return False
    if state.st_size != model.file.size:
        return False
    mark = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": model.file.sha256}
    if _mark(model) == mark:
        return True
    if sha256_of(model.path) != model.file.sha256:
        return False
    try:
        _mark_file(model).write_text(json.dumps(mark))
    except OSError:
        pass  # A read-only cache is looked through each time.
    return True


def verified_path(model: CatalogueModel) -> Path:
    """The file, once its content is known to be right. A wrong one loads without complaint and babbles.

    :raises ModelLoadFailed: when it is missing or not the catalogue's.
    """
    if is_verified(model):
        return model.path
    there = model.path.exists()
    raise ModelLoadFailed(
        f"The file of the model {model.name!r} is {'damaged' if there else 'not on this machine'}.",
        why="Its content is not what the catalogue says." if there else f"It belongs at {model.path}.",
        next=f"Run `noo models pull {model.name}`.",
        model=model.name,
        path=str(model.path),
    )


def sha256_of(path: Path, cancel: threading.Event | None = None) -> str:
    """The sha256 of a file as hex.

    :raises Interrupted: when ``cancel`` is set.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if cancel is not None and cancel.is_set():
                raise Interrupted()
            digest.update(block)
    return digest.hexdigest()


def _mark_file(model: CatalogueModel) -> Path:
    return model.path.with_name(f".{model.path.name}.verified")


def _mark(model: CatalogueModel) -> object:
    try:
        return json.loads(_mark_file(model).read_text())
    except (OSError, ValueError):
        return None
