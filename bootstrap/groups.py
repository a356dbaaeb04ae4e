"""The groups that are installed one after the other, and how it is known that one is in place."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FORMAT = "1"  # part of every stamp: raise it when an installation of before must be done again


@dataclass(frozen=True)
class Group:
    """Packages that are installed together. `download_mb` was measured on Linux x86-64, Python 3.11."""

    name: str
    purpose: str
    download_mb: int
    without: str


GROUPS = {
    group.name: group
    for group in (
        Group(
            "core",
            "magics, planner, changes, search, embedded model, JupyterLab",
            80,
            "nothing works without it",
        ),
        Group(
            "pipelines",
            "dagster, mlflow, papermill, qdrant-client",
            215,
            "the nightly run and its MLflow record are left out",
        ),
        Group(
            "learning",
            "torch, transformers, peft, bitsandbytes, datasets",
            270,
            "training of adapters is left out",
        ),
        Group(
            "dev",
            "pytest, mypy, ruff, import-linter, playwright",
            120,
            "the checks of `make test` cannot run",
        ),
    )
}


def requirements(root: Path, group: str) -> list[str]:
    """What `pyproject.toml` lists for a group."""
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] if group == "core" else project["optional-dependencies"][group]
    return [str(entry) for entry in listed]


def build_requirements(root: Path) -> list[str]:
    """What building the project itself without isolation needs, editable or not."""
    import tomllib

    system = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    # hatchling asks for `editables` only once it is running.
    return [*(str(entry) for entry in system["requires"]), "editables"]


def requirement_name(requirement: str) -> str:
    """The normalised name in a requirement line."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match.group(0)).lower() if match else ""


def group_stamp(root: Path, venv: Path, group: str) -> str:
    """What must be unchanged for the group to count as installed."""
    constraints = (root / "constraints.txt").read_text(encoding="utf-8")
    build = build_requirements(root) if group == "core" else []
    return _digest(venv, *requirements(root, group), *build, constraints)


def project_stamp(root: Path, venv: Path, front_end: str) -> str:
    """What must be unchanged for the editable install of the project itself to count as done."""
    parts = [(root / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "hatch_build.py")]
    copied = [*sorted((root / "nootropic_kernel" / "kernelspec").rglob("*"))]
    copied += sorted((root / "jupyter_extension" / "jupyter-config").rglob("*"))
    parts += [path.read_text(encoding="utf-8", errors="replace") for path in copied if path.is_file()]
    return _digest(venv, str(root), front_end, *parts)


def model_stamp(root: Path, venv: Path) -> str:
    """What must be unchanged for the embedded model to count as fetched."""
    catalogue = sorted((root / "experiments" / "models").glob("*.yaml"))
    return _digest(venv, *(path.read_text(encoding="utf-8") for path in catalogue))


def _digest(venv: Path, *parts: str) -> str:
    digest = hashlib.sha256()
    # Of the environment, not of the Python that runs the installer: another one in front on the PATH changes nothing.
    for part in (FORMAT, (venv / "pyvenv.cfg").read_text(encoding="utf-8"), str(venv), *parts):
        digest.update(hashlib.sha256(part.encode("utf-8")).digest())
    return digest.hexdigest()


class Stamps:
    """One small file a step, written only after the step succeeded: what is missing is done again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def matches(self, step: str, value: str) -> bool:
        try:
            return (self.folder / f"{step}.stamp").read_text(encoding="ascii").strip() == value
        except OSError:
            return False

    def write(self, step: str, value: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"{step}.stamp"
        partial = target.with_suffix(".partial")
        partial.write_text(value + "\n", encoding="ascii")
        partial.replace(target)

    def remove(self, step: str) -> None:
        (self.folder / f"{step}.stamp").unlink(missing_ok=True)
