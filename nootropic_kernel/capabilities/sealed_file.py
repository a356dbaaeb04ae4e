"""Documents in files that a repository could bring along: only what this person's processes sealed is believed."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.location import download_cache


def read_sealed(file: Path, fingerprint: str, key: bytes | None) -> dict[str, Any] | None:
    """The document in a file; None where it is not there, of another ``fingerprint``, or not sealed by ``key``."""
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("fingerprint") != fingerprint:
        return None
    seal = str(document.pop("seal", ""))
    return document if key is not None and hmac.compare_digest(seal, _seal(document, key)) else None


def sealed(document: dict[str, Any], key: bytes | None) -> dict[str, Any]:
    """The document with its seal; with an empty one, which nobody believes, where there is no key."""
    return {**document, "seal": _seal(document, key) if key else ""}


def write_atomically(file: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file's content in one step, so that no reader ever sees half of it."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise


def sealing_key() -> bytes | None:
    """The key that seals what this person's processes wrote; None where none can be kept."""
    file = download_cache() / "registry.key"
    for _ in range(2):
        try:
            key = file.read_bytes()
            if len(key) == 32:
                return key
        except FileNotFoundError:
            pass
        except OSError:
            return None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, secrets.token_bytes(32), 0o600)
        except OSError:
            return None
    return None


def _seal(document: dict[str, Any], key: bytes) -> str:
    body = json.dumps(document, sort_keys=True).encode("utf-8", "surrogatepass")
    return hmac.new(key, body, "sha256").hexdigest()
