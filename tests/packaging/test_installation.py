"""The installer's parts: a clean environment, stamps, repair of what was cut off, and pip's answers."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.environment import clean_environment
from bootstrap.front_end import FrontEnd, front_end_hash
from bootstrap.groups import GROUPS, Stamps, group_stamp, project_stamp, requirement_name, requirements
from bootstrap.pip_step import Pip, PipFailed, Progress, drop_half_installed

ROOT = Path(__file__).resolve().parents[2]


def test_what_leads_out_of_the_environment_is_gone(tmp_path: Path) -> None:
    base = {
        "PATH": "/opt/conda/bin",
        "PIP_USER": "1",
        "PIP_TARGET": "/elsewhere",
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PYTHONPATH": "/elsewhere",
        "CONDA_PREFIX": "/opt/conda",
        "CONDA_SHLVL": "1",
        "GIT_DIR": "/elsewhere/.git",
        "GIT_AUTHOR_NAME": "Ada",
        "HTTPS_PROXY": "http://proxy.example",
    }
    env = clean_environment(tmp_path / ".venv", base)
    assert env["PIP_USER"] == "0" and env["VIRTUAL_ENV"] == str(tmp_path / ".venv")
    assert not {"PIP_TARGET", "PYTHONPATH", "CONDA_PREFIX", "CONDA_SHLVL", "GIT_DIR"} & env.keys()
    # What concerns the network and the person stays.
    assert env["PIP_INDEX_URL"] == base["PIP_INDEX_URL"] and env["HTTPS_PROXY"] == base["HTTPS_PROXY"]
    assert env["GIT_AUTHOR_NAME"] == "Ada"
    assert env["PATH"].endswith(os.pathsep + "/opt/conda/bin")


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    folder = tmp_path / ".venv"
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text("version = 3.11.7\n")
    return folder


def test_a_stamp_matches_only_what_was_written(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "state")
    assert not stamps.matches("core", "a")
    stamps.write("core", "a")
    assert stamps.matches("core", "a") and not stamps.matches("core", "b")
    stamps.remove("core")
    assert not stamps.matches("core", "a")


def test_groups_differ_and_another_python_changes_all(venv: Path) -> None:
    before = {name: group_stamp(ROOT, venv, name) for name in GROUPS}
    assert len(set(before.values())) == len(GROUPS)
    assert before == {name: group_stamp(ROOT, venv, name) for name in GROUPS}
    (venv / "pyvenv.cfg").write_text("version = 3.12.1\n")
    assert all(group_stamp(ROOT, venv, name) != before[name] for name in GROUPS)


def test_the_project_is_installed_again_when_the_front_end_changed(venv: Path) -> None:
    assert project_stamp(ROOT, venv, "a") != project_stamp(ROOT, venv, "b")


def test_the_core_needs_no_torch() -> None:
    core = {requirement_name(line) for line in requirements(ROOT, "core")}
    assert not core & {"torch", "transformers", "dagster", "mlflow"}


def test_the_front_end_hash_ignores_tests_and_sees_sources(tmp_path: Path) -> None:
    base = tmp_path / "jupyter_extension"
    (base / "src" / "__tests__").mkdir(parents=True)
    (base / "package.json").write_text("{}")
    (base / "src" / "index.ts").write_text("export default 1;\n")
    before = front_end_hash(tmp_path)
    (base / "src" / "__tests__" / "index.test.ts").write_text("test\n")
    assert front_end_hash(tmp_path) == before
    (base / "src" / "index.ts").write_text("export default 2;\n")
    assert front_end_hash(tmp_path) != before


def test_a_build_counts_as_fresh_only_for_its_own_sources(tmp_path: Path) -> None:
    base = tmp_path / "jupyter_extension"
    (base / "src").mkdir(parents=True)
    (base / "package.json").write_text("{}")
    (base / "src" / "index.ts").write_text("1\n")
    front_end = FrontEnd(tmp_path)
    assert front_end.has_sources and not front_end.fresh()
    front_end.output.mkdir(parents=True)
    (front_end.output / "package.json").write_text("{}")
    (front_end.output / ".sources.sha256").write_text(front_end_hash(tmp_path) + "\n")
    assert front_end.fresh()
    (base / "src" / "index.ts").write_text("2\n")
    assert not front_end.fresh() and front_end.built


def test_a_package_that_was_cut_off_is_forgotten(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole-1.dist-info", tmp_path / "half-1.dist-info"
    for folder in (whole, half):
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\n")
    (whole / "RECORD").write_text("")
    (tmp_path / "~alf").mkdir()
    assert drop_half_installed(tmp_path) == ["half-1.dist-info"]
    assert whole.is_dir() and not half.exists() and not (tmp_path / "~alf").exists()


def test_a_failed_pip_says_why_and_keeps_its_log(tmp_path: Path) -> None:
    log = tmp_path / "state" / "install.log"
    pip = Pip(Path(sys.executable), clean_environment(tmp_path), log)
    out = io.StringIO()
    arguments = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "out"), "no-such-thing-x"]
    with pytest.raises(PipFailed, match="no-such-thing-x"):
        pip.install("core", arguments, out)
    assert "core: failed" in out.getvalue()
    assert "no-such-thing-x" in log.read_text()


def test_progress_names_large_downloads_and_is_quiet_about_small_ones() -> None:
    out = io.StringIO()
    progress = Progress("learning", out)
    progress.read("Collecting torch==2.13.0\n")
    progress.read("  Downloading torch-2.13.0-cp311.whl (191.8 MB)\n")
    progress.read("Collecting idna\n")
    progress.read("  Downloading idna-3.whl (70 kB)\n")
    progress.read("Installing collected packages: idna, torch\n")
    progress.done("installed")
    text = out.getvalue()
    assert "downloading torch (192 MB)" in text and "idna" not in text
    assert "unpacking 2 packages" in text and "learning: installed" in text


def test_an_unknown_group_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "install.py"), "--groups", "core,nonsense"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "nonsense" in done.stdout and "pipelines" in done.stdout


@pytest.mark.skipif(not (ROOT / ".venv" / "nootropic" / "project.stamp").is_file(), reason="no .venv here")
def test_a_second_installation_installs_nothing() -> None:
    log = ROOT / ".venv" / "nootropic" / "install.log"
    groups = [name for name in GROUPS if (log.parent / f"{name}.stamp").is_file()]
    before = log.read_bytes()
    # With an index that does not answer, any pip run would show itself.
    env = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, "install.py", "--groups", ",".join(groups)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Everything is installed: nothing to do." in done.stdout, done.stdout
    assert log.read_bytes() == before
