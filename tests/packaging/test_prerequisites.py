"""What is missing on a machine is named together with the command that installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.prerequisites import Missing, explain, missing, platform_family, runs

ROOT = Path(__file__).resolve().parents[2]


def check(path: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": str(path)}
    return subprocess.run(
        [sys.executable, str(ROOT / "install.py"), "--check"], env=env, capture_output=True, text=True, cwd=path
    )


def link(folder: Path, *programs: str) -> Path:
    folder.mkdir(exist_ok=True)
    for program in programs:
        found = shutil.which(program)
        assert found is not None
        (folder / program).symlink_to(found)
    return folder


def test_nothing_is_missing_on_a_machine_that_runs_the_tests() -> None:
    assert missing() == []


def test_git_is_named_with_its_command(tmp_path: Path) -> None:
    done = check(link(tmp_path / "bin", "make"))
    assert done.returncode == 1
    assert "- Git" in done.stdout and "make" not in done.stdout.split("Install with:")[0]
    assert "install git" in done.stdout
    assert not done.stderr


def test_make_and_git_are_named_together(tmp_path: Path) -> None:
    done = check(link(tmp_path / "bin"))
    assert "- Git" in done.stdout and "- make" in done.stdout and "install git make" in done.stdout


def test_a_git_that_only_offers_to_install_itself_is_missing(tmp_path: Path) -> None:
    folder = link(tmp_path / "bin", "make")
    (folder / "git").write_text("#!/bin/sh\nexit 1\n")
    (folder / "git").chmod(0o755)
    assert "- Git" in check(folder).stdout


def test_an_old_python_is_named_with_its_version() -> None:
    gone = missing((3, 9, 2))
    assert "3.9.2" in gone[0].what and "make demo PYTHON=" in gone[0].what


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('ID=ubuntu\nID_LIKE="debian"\n', "debian"),
        ("ID=debian\n", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"),
        ("ID=fedora\n", "fedora"),
        ("ID=arch\n", ""),
    ],
)
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS is known without the file")
def test_the_platform_decides_the_command(tmp_path: Path, text: str, family: str) -> None:
    (tmp_path / "os-release").write_text(text)
    assert platform_family(tmp_path / "os-release") == family


def test_an_unknown_platform_is_shown_every_command() -> None:
    text = explain([Missing("Git", "git", "git", "git")], "")
    assert "sudo apt-get install git" in text and "sudo dnf install git" in text and "brew install git" in text


def test_a_known_platform_is_shown_its_own() -> None:
    text = explain([Missing("the Python modules venv", "python3.12-venv", "python3", "python")], "debian")
    assert "sudo apt-get install python3.12-venv" in text and "dnf" not in text


def test_a_program_that_is_not_there_does_not_run() -> None:
    assert not runs("nootropic-no-such-program", "--version")
