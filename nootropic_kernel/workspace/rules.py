"""Which paths a change may touch, and which files run merely by being there."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import CACHE_FOLDER, STATE_FOLDER, Workspace
from nootropic_kernel.workspace.settings import WORKSPACE_FILE

_OWN = (STATE_FOLDER, CACHE_FOLDER, WORKSPACE_FILE)
_SECRET = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.keystore", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed*",
    ".netrc", ".pypirc", ".npmrc", ".htpasswd", "credentials", "credentials.json", "secrets.*", "*.kdbx",
    ".git-credentials",
)  # fmt: skip
_NOT_SECRET = (".env.example", ".env.sample", ".env.template")
# In lower case: a file system that folds case runs `CONFTEST.py` too.
_RUNS_BY_ITSELF = (
    "conftest.py", "*.pth", "sitecustomize.py", "usercustomize.py", "setup.py", "setup.cfg", "pyproject.toml",
    "tox.ini",
    "noxfile.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "hatch_build.py",
    "makefile", "gnumakefile", "justfile", ".justfile", "dockerfile", "postbuild", "package.json", ".envrc", ".pdbrc",
    ".pre-commit-config.yaml", ".gitlab-ci.yml", ".gitattributes", "ipython_config.py", "ipython_kernel_config.py",
    "jupyter_server_config.py", "jupyter_server_config.json", "jupyter_lab_config.py", "jupyter_config.json",
)  # fmt: skip
_RUNS_BY_FOLDER = frozenset({
    ".github", ".circleci", ".devcontainer", ".husky", ".githooks", ".vscode", ".ipython", ".jupyter", "plugins",
})  # fmt: skip


def check_path(workspace: Workspace, path: str) -> None:
    """Refuse a path that no change may touch.

    :param path: relative to the root, POSIX.
    :raises PathRefused: outside the root (also by link), Git's own, our settings and state, ignored, or secret.
    """
    if reason := lexical_fault(path) or _link_fault(workspace.root, path):
        raise PathRefused(path, reason)
    if workspace.has_git and Git(workspace.root).is_ignored(path):
        raise PathRefused(path, "Git ignores it")


def lexical_fault(path: str) -> str:
    """Why ``path`` is refused by its name alone; empty when it is not."""
    pure = PurePosixPath(path)
    if not path or path != path.strip("\0") or "\0" in path or "\n" in path:
        return "It is not a usable file name"
    if pure.is_absolute() or "\\" in path or (len(path) > 1 and path[1] == ":"):
        return "It must be relative to the repository, with forward slashes"
    if ".." in pure.parts or "." in path.split("/") or "//" in path or path.endswith("/"):
        return "It leaves the repository or is not in its simplest form"
    folded = [part.casefold().rstrip(". ") for part in pure.parts]
    if ".git" in folded or any(part.startswith("git~") for part in folded) or pure.name.casefold() == ".gitmodules":
        return "It belongs to Git"
    if folded[0] in _OWN:
        return "It belongs to Nootropic's own settings or state"
    if is_secret(path):
        return "It looks like a secret"
    return ""


def is_secret(path: str) -> bool:
    """Whether a file of this name usually holds credentials."""
    name = PurePosixPath(path).name.casefold()
    return _matches(name, _SECRET) and name not in _NOT_SECRET


def is_executable_at_import(path: str) -> bool:
    """Whether a file of this name can run by itself at test, import, build or start time."""
    *folders, name = path.casefold().split("/")
    return _matches(name, _RUNS_BY_ITSELF) or not _RUNS_BY_FOLDER.isdisjoint(folders)


def _link_fault(root: Path, path: str) -> str:
    place = root
    for part in PurePosixPath(path).parts:
        place = place / part
        if place.is_symlink():
            return f"{place.relative_to(root).as_posix()} is a link"
    try:
        status = os.lstat(place)
    except OSError:
        return _case_fault(root, path)
    if not place.is_file():
        return "It is not a regular file"
    return "It has several hard links, so a change would reach another name" if status.st_nlink > 1 else ""


def _case_fault(root: Path, path: str) -> str:
    """On a file system that folds case, a new name must not land on an existing one."""
    place = root
    for part in PurePosixPath(path).parts:
        if not place.is_dir():
            return ""
        twins = [name for name in os.listdir(place) if name.casefold() == part.casefold() and name != part]
        if twins and (place / part).exists():
            return f"It differs from {twins[0]} in case only"
        place = place / part
    return ""


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
