"""What a confined command can not do, tried for real at every level; and that it is done where nothing confines it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.sandbox import process
from nootropic_kernel.sandbox.inside import landlock
from nootropic_kernel.sandbox.level import LEVELS, why_not
from tests.sandbox.attacks import ATTACKS, ROOT, Attack
from tests.sandbox.escapes import confined, unconfined
from tests.sandbox.world import World, world

REPOSITORY = Path(__file__).resolve().parents[2]
each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
UNPRIVILEGED = 65534


@pytest.fixture(scope="module")
def around() -> Iterator[World]:
    with world() as made:
        yield made


@each_attack
def test_no_attack_reaches_anything(around: World, attack: Attack, level: str) -> None:
    assert confined(around, attack, level) == []


@pytest.mark.deep
@pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")
@each_attack
def test_no_attack_passes_the_oldest_landlock(around: World, attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older kernels keep neither signals nor ports in: there, the filter on system calls does."""
    monkeypatch.setattr(process, "_NEWEST_LANDLOCK", landlock.OLDEST_ABI)
    assert confined(around, attack, "landlock") == []


@pytest.mark.deep
@pytest.mark.parametrize(
    "attack",
    [each for each in ATTACKS if not each.control or (each.control == ROOT and os.geteuid() == 0)],
    ids=lambda attack: attack.name.replace(" ", "-"),
)
def test_unconfined_the_attack_succeeds(attack: Attack) -> None:
    """An attack that can not succeed would prove nothing."""
    with world() as around:
        assert unconfined(around, attack) != []


@pytest.mark.deep
@pytest.mark.skipif(os.geteuid() != 0, reason="all the other tests here run without privileges already")
@pytest.mark.parametrize("name", LEVELS)
def test_no_attack_succeeds_for_a_user_without_privileges(name: str) -> None:
    """The other tests run as root here, for whom other rules hold."""
    python = reachable_python()
    if why := why_not(name):
        pytest.skip(f"The level {name} is not tested, as it does not work on this machine: {why}")
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, UNPRIVILEGED, UNPRIVILEGED)
        done = as_another_user([python, "-m", "tests.sandbox.escapes", name], Path(home))
    assert done.returncode == 0, done.stderr
    reached = json.loads(done.stdout)
    assert len(reached) == len(ATTACKS)
    assert {attack: breaches for attack, breaches in reached.items() if breaches} == {}


def as_another_user(command: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Run ``command`` with no privileges at all."""
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib")]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(home),
            "TMPDIR": "/tmp",
            "PATH": "/usr/bin:/bin",
        },
        user=UNPRIVILEGED,
        group=UNPRIVILEGED,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )


def reachable_python() -> str:
    """A Python of this version that another user may start; root's own often lies in root's home."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(name, path="/usr/local/bin:/usr/bin")):
        try:
            if python and as_another_user([python, "-c", "import psutil"], Path("/")).returncode == 0:
                return python
        except PermissionError:
            continue
    pytest.skip(f"Not tested as another user: there is no {name} here that one may start.")
