"""Which levels there are, what is said of those that do not work, and that nothing runs when none does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nootropic_kernel.sandbox import available, levels, run_confined
from nootropic_kernel.sandbox.level import LEVELS
from nootropic_kernel.workspace.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]
# A filter that refuses what the levels are made of, as a container does, from here on for this process.
REFUSING = """
import errno, sys
from pathlib import Path
from nootropic_kernel.sandbox import SandboxUnavailable, available, levels, run_approved, run_confined
from nootropic_kernel.sandbox.inside import linux, seccomp, syscalls
syscalls._NEW["landlock_create_ruleset"] = 444
namespaces = [seccomp.Rule("clone", bits=0x10000000), seccomp.Rule("unshare"), seccomp.Rule("clone3", errno.ENOSYS)]
landlock = [seccomp.Rule("landlock_create_ruleset", errno.ENOSYS)]
linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
linux.drop_capabilities()
seccomp.install([*namespaces, *(landlock if sys.argv[2] == "all" else [])])
command, folder = ["sh", "-c", "echo ran | tee made"], Path(sys.argv[1])
try:
    done = run_confined(command, folder)
except SandboxUnavailable as problem:
    print(problem)
    done = run_approved(command, folder)
print(done.level)
for each in levels(): print(each.name, each.works, each.why)
"""


def refused(box: Path, what: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", REFUSING, str(box), what],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.usefixtures("working_sandbox")
def test_every_level_is_told_the_strongest_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = levels()
    assert tuple(each.name for each in found) == LEVELS
    assert all(each.works == (each.why == "") for each in found)
    with capsys.disabled():
        for each in found:
            print(f"\nsandbox level {each.name}: {'works' if each.works else each.why}", end="")


@pytest.mark.usefixtures("working_sandbox")
def test_the_strongest_that_works_is_taken(box: Path) -> None:
    strongest = next(each for each in levels() if each.works)
    assert run_confined(["true"], box).level == strongest.description
    assert available() == ""


def test_a_level_that_is_not_known_does_not_run(box: Path) -> None:
    with pytest.raises(ValueError, match="no-such"):
        run_confined(["touch", "made"], box, level="no-such")
    assert not (box / "made").exists()


def test_a_folder_that_can_not_be_reached_is_an_error(tmp_path: Path, level: str) -> None:
    with pytest.raises(UsageError, match="There is no folder"):
        run_confined(["true"], tmp_path / "gone", level=level)


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="no filter to refuse with")
def test_without_namespaces_landlock_confines(box: Path) -> None:
    first, *told = refused(box, "namespaces")
    assert first.startswith("landlock:") or "landlock" in first
    assert [line.split()[1] for line in told] == ["False", "False", "True"]
    assert "Operation not permitted" in told[1]


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="no filter to refuse with")
def test_without_any_level_nothing_runs_but_what_was_approved(box: Path) -> None:
    problem, level, *told = refused(box, "all")
    assert problem.startswith("Approval required") and "Install bubblewrap" in problem
    assert level.startswith("not confined")
    assert [line.split()[1] for line in told] == ["False", "False", "False"]
    assert (box / "made").read_text() == "ran\n"
