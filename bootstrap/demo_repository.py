"""The repository that the quickstart works in: a sample of ours, or a copy of the reader's; never the clone itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

NOTEBOOK_NAME = "nootropic-quickstart.ipynb"
# Large, made by tools, and of no use to a plan.
NOT_COPIED = (".git", ".venv", "venv", "node_modules", "__pycache__", ".nootropic", ".nootropic-cache", ".tox")


class NotARepository(Exception):
    """What the reader named cannot be copied: what it is, and what to name instead."""


def fresh_folder(demo: Path) -> Path:
    """A new numbered folder under `demo`; what earlier demonstrations left stays as it is."""
    demo.mkdir(exist_ok=True)
    taken = [int(path.name) for path in demo.iterdir() if path.name.isdigit()]
    folder = demo / str(max(taken, default=0) + 1)
    folder.mkdir()
    (demo / "latest").write_text(folder.name + "\n", encoding="ascii")
    return folder


def latest_repository(demo: Path) -> Path | None:
    """The repository of the last demonstration, if it is still there."""
    try:
        name = (demo / "latest").read_text(encoding="ascii").strip()
    except OSError:
        return None
    repository = demo / name / "repository"
    return repository if (repository / ".git").exists() else None


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Runs Git in a folder and returns what it printed."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise NotARepository(f"`git {arguments[0]}` in {folder} said: {done.stderr.strip()}")
    return done.stdout.strip()


def make_sample(sample: Path, target: Path) -> Path:
    """A repository with one commit from the sample project."""
    shutil.copytree(sample, target, ignore=shutil.ignore_patterns(*NOT_COPIED, ".ipynb_checkpoints"))
    return _first_commit(target, "Start: a small project")


def copy_of(source: Path, target: Path) -> Path:
    """A copy of the reader's repository at its last commit, or as it is before its first; the original is only read.

    Raises:
        NotARepository: there is no such folder, it is no repository, or Git cannot copy it.
    """
    if not source.is_dir():
        raise NotARepository(f"There is no folder {source}: name one with `make demo REPO=path`.")
    top, has_commit = _top_level(source)
    if top is None:
        # Copying whatever lies in a folder could mean a whole home.
        raise NotARepository(f"{source} is not a Git repository: run `git init` there, or name another one.")
    if not has_commit:
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
        return _first_commit(target, f"Copy of {source.resolve().name}")
    # The source may belong to another account; reading it is what was asked for.
    env = {
        **os.environ,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    git(target.parent, "clone", "--quiet", "--no-hardlinks", "--template=", str(top), str(target), env=env)
    # Nothing done here can be pushed to the original by mistake.
    git(target, "remote", "remove", "origin")
    _settle(target)
    return target


def _top_level(source: Path) -> tuple[Path | None, bool]:
    try:
        top = Path(git(source, "-c", "safe.directory=*", "rev-parse", "--show-toplevel"))
    except NotARepository:
        return None, False
    try:
        git(source, "-c", "safe.directory=*", "rev-parse", "--verify", "--quiet", "HEAD")
    except NotARepository:
        return top, False
    return top, True


def _first_commit(target: Path, message: str) -> Path:
    git(target, "init", "--quiet", "--template=", "--initial-branch=main")
    _settle(target)
    git(target, "add", "--all")
    git(target, "commit", "--quiet", "--allow-empty", "--message", message)
    return target


def _settle(target: Path) -> None:
    """Makes commits possible here whatever the person's Git is set to; only this repository's settings change."""
    hooks = target / ".git" / "hooks"
    hooks.mkdir(parents=True, exist_ok=True)
    settings = {
        "core.hooksPath": str(hooks),
        "commit.gpgSign": "false",
        "tag.gpgSign": "false",
        "core.autocrlf": "false",
    }
    try:
        git(target, "config", "user.email")
        git(target, "config", "user.name")
    except NotARepository:
        settings |= {"user.name": "Nootropic demo", "user.email": "demo@localhost"}
    for key, value in settings.items():
        git(target, "config", "--local", key, value)
    exclude = target / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    with exclude.open("a", encoding="utf-8") as file:
        file.write(f"/{NOTEBOOK_NAME}\n.ipynb_checkpoints/\n")
