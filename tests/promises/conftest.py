"""No test of a promise asks the embedded model, unless it asks for it by name."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def no_embedded_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download cache without models."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "no-models"))
