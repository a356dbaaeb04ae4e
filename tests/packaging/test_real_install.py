"""Real installations in a copy of the checkout: slow, and they ask the package index; `make test-deep` runs them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "node_modules", "demo", "__pycache__", ".*_cache", ".nootropic*", ".coverage*", "lib"
)
pytestmark = [pytest.mark.deep, pytest.mark.timeout(1800)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What is in the checkout, as from a zip (no `.git`), in a path with spaces."""
    target = tmp_path / "a folder with spaces"
    shutil.copytree(ROOT, target, ignore=LEFT_OUT)
    return target


def install(checkout: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **more}
    return subprocess.run(
        [sys.executable, "install.py", "--groups", "core", "--no-model"],
        cwd=checkout,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_an_installation_that_is_killed_is_repaired_by_running_it_again(checkout: Path) -> None:
    seed = int(os.environ.get("NOOTROPIC_SEED") or time.time())
    print(f"NOOTROPIC_SEED={seed}")
    chance = random.Random(seed)
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "install.py", "--groups", "core", "--no-model"],
            cwd=checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(chance.uniform(2, 25))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    # With what bends other installers: user installs, a conda environment, a path of somebody else's.
    bent = {"PIP_USER": "1", "CONDA_PREFIX": "/opt/conda", "PYTHONPATH": str(checkout.parent)}
    done = install(checkout, **bent)
    assert done.returncode == 0, done.stdout + done.stderr
    bin_folder = checkout / ".venv" / "bin"
    for command in ([bin_folder / "python", "-m", "pip", "check"], [bin_folder / "noo", "--help"]):
        ran = subprocess.run([str(part) for part in command], cwd=checkout.parent, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing to do" in install(checkout).stdout


def test_an_index_that_does_not_answer_stops_the_core_with_a_reason_and_is_repaired(checkout: Path) -> None:
    away = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    away |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "PIP_NO_CACHE_DIR": "1"}
    done = install(checkout, **away)
    assert done.returncode == 1
    assert "The core could not be installed." in done.stdout and "ERROR" in done.stdout
    assert "Run the same command again" in done.stdout
    assert install(checkout).returncode == 0
