"""Real histories and notebooks through the edit engine, by the benchmark that runs over whole public projects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import git

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def measured(*arguments: str) -> dict[str, int]:
    """What the benchmark tells; it must find nothing wrong."""
    script = str(ROOT / "experiments" / "benchmarks" / "histories.py")
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    told: dict[str, int] = json.loads(done.stdout)
    assert told["failures"] == 0
    return told


def test_this_repositorys_own_history() -> None:
    seed = os.environ.get("NOOTROPIC_SEED", "1")
    told = measured("--repo", str(ROOT), "--sample", "120", "--accept", "4", "--seed", seed)
    assert told["files"] > 50
    assert told.get("commits accepted and undone", 0) + told.get("commits refused by their paths", 0) > 0


@pytest.mark.deep
def test_notebooks_of_installed_packages_and_of_ours(tmp_path: Path) -> None:
    """Every notebook that can be found here, each edited at random."""
    git(tmp_path, "init", "-q")
    site = Path(next(path for path in sys.path if path.endswith("site-packages")))
    found = [*ROOT.glob("notebooks/**/*.ipynb"), *site.glob("**/*.ipynb")]
    for number, file in enumerate(found):
        (tmp_path / f"{number}.ipynb").write_bytes(file.read_bytes())
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Notebooks")
    told = measured("--repo", str(tmp_path), "--accept", "0")
    assert told["notebooks"] >= 3 and told["notebook parts"] > 10
