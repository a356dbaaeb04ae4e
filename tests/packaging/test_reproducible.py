"""Two builds of the same sources are the same bytes, wherever, whenever and by whomever they are made."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from bootstrap.front_end import OUTPUT, FrontEnd

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "demo", "dist", "build", "node_modules", "__pycache__", ".*_cache", ".nootropic*", ".coverage*"
)
BUILD = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def copy(target: Path, *, front_end: bool) -> Path:
    """The checkout somewhere else, with what is needed to build the front end anew or with what was built."""
    shutil.copytree(ROOT, target, ignore=LEFT_OUT, symlinks=True)
    if not front_end:
        return target
    shutil.rmtree(target / OUTPUT, ignore_errors=True)
    modules = ROOT / "jupyter_extension" / "node_modules"
    # By links: half a gigabyte that the build only reads.
    shutil.copytree(modules, target / "jupyter_extension" / "node_modules", symlinks=True, copy_function=os.link)
    return target


def build(checkout: Path, out: Path, umask: int, **env: str) -> dict[str, str]:
    """Build, and give the hash of each file that came out."""
    done = subprocess.run(
        [*BUILD, "--outdir", str(out), str(checkout)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        umask=umask,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(out.iterdir())}


def contents(out: Path) -> dict[str, bytes]:
    """What lies in the archives, to name what differs."""
    found: dict[str, bytes] = {}
    for file in out.iterdir():
        if file.suffix == ".whl":
            with zipfile.ZipFile(file) as wheel:
                found |= {f"{file.name}/{name}": wheel.read(name) for name in wheel.namelist()}
        else:
            with tarfile.open(file) as sdist:
                for member in sdist:
                    stream = sdist.extractfile(member)
                    found[f"{file.name}/{member.name} {member.mode:o} {member.mtime}"] = (
                        stream.read() if stream else b""
                    )
    return found


@pytest.mark.parametrize("front_end", [pytest.param(True, marks=pytest.mark.deep), False], ids=["anew", "built"])
def test_place_time_rights_and_language_leave_no_trace(tmp_path: Path, front_end: bool) -> None:
    if not FrontEnd(ROOT).fresh():
        pytest.fail("The lab extension is not built from its present sources: run `make front-end`.")
    one = copy(tmp_path / "one", front_end=front_end)
    other = copy(tmp_path / "deeper" / "a folder with spaces", front_end=front_end)
    for folder, _, files in os.walk(other):
        if "node_modules" not in folder:
            for name in files:
                path = Path(folder, name)
                # Rights that a person's umask leaves, and times of another day.
                path.chmod(path.stat().st_mode & 0o700)
                os.utime(path, (1e9, 1e9))
    left = build(one, tmp_path / "left", 0o022, TZ="UTC", LC_ALL="C")
    right = build(other, tmp_path / "right", 0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="7")
    if left != right:
        ours, theirs = contents(tmp_path / "left"), contents(tmp_path / "right")
        pytest.fail(f"differ: {[name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]}")
    assert len(left) == 2


def test_a_build_is_skipped_where_nothing_changed_and_not_where_something_did(tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout", front_end=False)
    front_end = FrontEnd(checkout)
    begun = time.perf_counter()
    assert front_end.fresh()
    assert time.perf_counter() - begun < 2
    # Times mean nothing, content does; tests and the Python part are not content of it.
    for path in (checkout / "jupyter_extension" / "src").rglob("*.ts"):
        os.utime(path)
    (checkout / "jupyter_extension" / "src" / "__tests__" / "more.test.ts").write_text("// one more\n")
    (checkout / "jupyter_extension" / "nootropic_lab" / "more.py").write_text("# one more\n")
    assert front_end.fresh()
    with (checkout / "jupyter_extension" / "src" / "index.ts").open("a") as file:
        file.write("// changed\n")
    assert not front_end.fresh()


def test_an_sdist_installs_without_node(tmp_path: Path) -> None:
    """What it holds is what was built; `jupyter labextension list` calls it enabled and OK."""
    out = tmp_path / "dist"
    done = subprocess.run([*BUILD[:-2], "--sdist", "--outdir", str(out), str(ROOT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (sdist,) = out.glob("*.tar.gz")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(venv)], check=True)
    # The dependencies are those of the environment that runs the tests; no Node and no npm is on the path.
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE", "JUPYTER"))}
    site = subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "")
    env |= {"PATH": f"{venv / 'bin'}:{tools}", "PYTHONPATH": site, "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    assert shutil.which("node", path=env["PATH"]) is None
    install = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install", "--no-deps"]
    done = subprocess.run(
        [*install, "--no-index", "--no-build-isolation", str(sdist)], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = subprocess.run(
        [str(venv / "bin" / "python"), "-m", "jupyterlab.labextensions", "list"],
        env=env,
        capture_output=True,
        text=True,
    )
    lines = (shown.stdout + shown.stderr).splitlines()
    ours = [line for line in lines if "nootropic-lab" in line]
    assert len(ours) == 1 and "enabled" in ours[0] and "OK" in ours[0], lines
