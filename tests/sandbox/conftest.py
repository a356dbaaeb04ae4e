"""Each level in turn, and a folder to run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from nootropic_kernel.sandbox.level import LEVELS, why_not


@pytest.fixture
def box(tmp_path: Path) -> Path:
    folder = tmp_path / "box"
    folder.mkdir()
    return folder


# `make test-fast` keeps to the strongest.
@pytest.fixture(
    params=[LEVELS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in LEVELS[1:])], scope="module"
)
def level(request: pytest.FixtureRequest) -> str:
    """A level that works here; of another, the reason is shown. That one works at all is tested in `test_levels`."""
    name = str(request.param)
    if why := why_not(name):
        pytest.skip(f"The level {name} is not tested, as it does not work on this machine: {why}")
    return name
