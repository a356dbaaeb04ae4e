"""One wheel holds everything, and what it installs works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from bootstrap.front_end import FrontEnd

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not FrontEnd(ROOT).fresh():
        pytest.fail("The lab extension is not built from its present sources: run `make front-end`.")
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


def test_it_holds_packages_data_extension_server_and_kernel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    version = next(top for top in tops if top.endswith(".dist-info")).removesuffix(".dist-info")
    assert tops == {
        "nootropic_kernel",
        "nootropic_pipelines",
        "nootropic_lab",
        f"{version}.dist-info",
        f"{version}.data",
    }
    packaged = {name.removeprefix("nootropic_kernel/experiments/") for name in names}
    sources = {path.relative_to(ROOT / "experiments").as_posix() for path in (ROOT / "experiments").rglob("*.yaml")}
    assert sources and sources <= packaged
    data = f"{version}.data/data/"
    extension = data + "share/jupyter/labextensions/nootropic-lab/"
    assert extension + "package.json" in names and extension + "install.json" in names
    assert any(name.startswith(extension + "static/remoteEntry") for name in names)
    assert data + "etc/jupyter/jupyter_server_config.d/nootropic_lab.json" in names
    assert data + "share/jupyter/kernels/nootropic/kernel.json" in names
    assert not [name for name in names if name.endswith(".pyc") or "node_modules" in name]
    # The extension goes to its share folder only.
    assert not [name for name in names if name.startswith("nootropic_lab/labextension")]


def test_what_it_installs_works_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "a venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, str(wheel)], check=True)
    # The dependencies are those of the environment that runs the tests; the checkout itself is not on this path.
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))}
    env["PYTHONPATH"] = sysconfig.get_paths()["purelib"]
    env["PATH"] = str(venv / "bin") + os.pathsep + env["PATH"]

    def run(*argv: str) -> str:
        done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run(str(python), "-c", "import nootropic_kernel; print(nootropic_kernel.__file__)").strip()
    assert Path(where).is_relative_to(venv)
    assert "list-capabilities" in run(str(venv / "bin" / "noo"), "--help")
    specs = "import jupyter_client.kernelspec as k; print(k.KernelSpecManager().find_kernel_specs()['nootropic'])"
    assert Path(run(str(python), "-c", specs).strip()).resolve().is_relative_to(venv.resolve())
    lab = (
        "from jupyterlab_server.config import get_federated_extensions as f; "
        "from jupyter_core.paths import jupyter_path; print(*f(jupyter_path('labextensions')))"
    )
    assert "nootropic-lab" in run(str(python), "-c", lab)
    resources = "from nootropic_kernel.workspace.resources import list_names; print(*list_names('methods', None))"
    assert "python-library" in run(str(python), "-c", resources)
