"""What a pipeline process tells the one that started it: JSON lines in the file that ``NOOTROPIC_NEWS`` names."""

from __future__ import annotations

import json
import os
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError


def tell(text: str, fraction: float | None = None) -> None:
    """Report progress."""
    _write({"text": text, "fraction": fraction})


def finish(result: dict[str, Any]) -> None:
    """Report the outcome; nothing may follow it."""
    _write({"result": result})


def fail(error: NootropicError) -> None:
    """Report the error that ended the work; nothing may follow it."""
    _write({"error": error.to_json()})


def _write(line: dict[str, Any]) -> None:
    if path := os.environ.get("NOOTROPIC_NEWS"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
