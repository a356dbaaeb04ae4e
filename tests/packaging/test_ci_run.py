"""`.ci/run` installs what a bare machine lacks, and goes on to `make test` whatever becomes of that."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "run"
RECORD = (
    '#!/bin/sh\nif read line; then input=open; else input=closed; fi\necho "$(basename "$0") $* CI=$CI stdin=$input"'
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout whose `.ci/run` finds only a few programs; apt-get and make only say how they were called."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for program in ("sh", "basename", "dirname", "mktemp", "tail", "sleep"):
        (bin_folder / program).symlink_to(shutil.which(program) or "")
    checkout = tmp_path / "check out"
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(SCRIPT, checkout / ".ci" / "run")
    add(bin_folder, "make", RECORD)
    add(bin_folder, "id", "#!/bin/sh\necho 0")
    return checkout


def add(bin_folder: Path, name: str, script: str) -> None:
    (bin_folder / name).write_text(script + "\n")
    (bin_folder / name).chmod(0o755)


def run(checkout: Path) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    assert bash is not None
    env = {"PATH": str(checkout.parent / "bin"), "HOME": str(checkout.parent)}
    return subprocess.run([bash, str(checkout / ".ci" / "run")], env=env, input="y\n", capture_output=True, text=True)


def test_a_bare_machine_gets_what_is_missing_first(machine: Path) -> None:
    calls = machine.parent / "calls"
    add(machine.parent / "bin", "apt-get", f'#!/bin/sh\necho "$*" >> "{calls}"')
    done = run(machine)
    assert done.returncode == 0, done.stderr
    update, install = calls.read_text().splitlines()
    assert update.startswith("update")
    assert "chromium bubblewrap" in install
    assert done.stdout.splitlines()[-1] == "make test CI=true stdin=closed"


def test_a_complete_machine_installs_nothing(machine: Path) -> None:
    for program in ("chromium", "bwrap"):
        add(machine.parent / "bin", program, "#!/bin/sh")
    add(machine.parent / "bin", "apt-get", "#!/bin/sh\nexit 1")
    if not Path("/usr/share/fonts/truetype/dejavu").exists():
        pytest.skip("the fonts are looked for where Debian keeps them")
    assert run(machine).stdout.splitlines() == ["make test CI=true stdin=closed"]


def test_without_apt_the_checks_still_run(machine: Path) -> None:
    done = run(machine)
    assert done.returncode == 0 and "make test" in done.stdout
