"""The environment that installs and demonstrations run in: the person's, without what would bend them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# pip options that change what or where is installed; those about the network (index, certificate, proxy) stay.
PIP_BENDERS = (
    "CONSTRAINT",
    "DRY_RUN",
    "EDITABLE",
    "FORCE_REINSTALL",
    "IGNORE_INSTALLED",
    "NO_BUILD_ISOLATION",
    "NO_DEPS",
    "PREFIX",
    "PYTHON",
    "QUIET",
    "REPORT",
    "REQUIRE_HASHES",
    "REQUIREMENT",
    "ROOT",
    "TARGET",
    "UPGRADE",
    "VERBOSE",
)
PYTHON_BENDERS = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONSAFEPATH")
# Set inside a Git hook, a rebase or a worktree, they would send our Git commands to another repository.
GIT_BENDERS = (
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)


def scripts_folder(venv: Path) -> Path:
    """Where a virtual environment keeps its programs."""
    return venv / ("Scripts" if sys.platform == "win32" else "bin")


def venv_python(venv: Path) -> Path:
    """The interpreter of a virtual environment."""
    return scripts_folder(venv) / ("python.exe" if sys.platform == "win32" else "python")


def clean_environment(venv: Path, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of `base` with the virtual environment active and nothing that leads out of it."""
    env = {
        name: value
        for name, value in base.items()
        if name not in PYTHON_BENDERS
        and name not in GIT_BENDERS
        and not name.startswith(("CONDA_", "_CONDA_", "_CE_"))
        and not (name.startswith("PIP_") and name[4:] in PIP_BENDERS)
    }
    env["VIRTUAL_ENV"] = str(venv)
    env["PATH"] = str(scripts_folder(venv)) + os.pathsep + base.get("PATH", os.defpath)
    # Said as variables, they win over a pip.conf that says otherwise.
    env["PIP_USER"] = "0"
    env["PIP_ROOT_USER_ACTION"] = "ignore"
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PIP_REQUIRE_VIRTUALENV"] = "0"
    env["PYTHONNOUSERSITE"] = "1"
    # Our kernelspec and settings come before those of other environments that the person lists here.
    env["JUPYTER_PREFER_ENV_PATH"] = "1"
    env.pop("JUPYTER_PATH", None)
    return env


def has_nvidia_driver() -> bool:
    """Whether an NVIDIA driver is loaded on this machine."""
    if Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists():
        return True
    return sys.platform == "win32" and Path(r"C:\Windows\System32\nvidia-smi.exe").exists()
