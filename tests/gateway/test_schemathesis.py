"""What schemathesis finds when it asks by the gateway's own description: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.running import Gateway

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def explore(served: Gateway, tmp_path: Path, *options: str) -> str:
    """Run it against the gateway; its report."""
    root = served.url.removesuffix("/v1")
    command = [
        str(SCHEMATHESIS),
        "run",
        f"{root}/openapi.json",
        "--no-color",
        "-H",
        f"Authorization: Bearer {served.key}",
    ]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_schemathesis_finds_nothing(complete: Gateway, tmp_path: Path) -> None:
    said = explore(complete, tmp_path, "--phases=examples,fuzzing", "--max-examples=5", "--seed=1")
    assert "No issues found" in said and "6 selected" in said


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_schemathesis_finds_nothing_in_a_long_run(complete: Gateway, tmp_path: Path) -> None:
    seed = os.environ.get("NOOTROPIC_SEED", "1")
    print(f"NOOTROPIC_SEED={seed}")
    explore(complete, tmp_path, "--phases=examples,coverage,fuzzing,stateful", "--max-examples=500", f"--seed={seed}")
