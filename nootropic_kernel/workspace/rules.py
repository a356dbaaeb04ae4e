"""Which paths a change may touch."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import CACHE_FOLDER, STATE_FOLDER, Workspace
from nootropic_kernel.workspace.self_running import is_executable_at_import as is_executable_at_import
from nootropic_kernel.workspace.settings import WORKSPACE_FILE

_OWN = (STATE_FOLDER, CACHE_FOLDER, WORKSPACE_FILE)
_SECRET = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed*", ".netrc", ".pypirc", ".npmrc", ".htpasswd", "credentials",
    "credentials.json", "secrets.*", "*.kdbx",
    ".git-credentials",
)  # fmt: skip
_NOT_SECRET = (".env.example", ".env.sample", ".env.template")
_SECRET_FOLDERS = frozenset({".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker"})
_LONGEST_NAME = 255  # bytes, on the file systems that people have
# HFS+ ignores these in names (`.g\u200cit` opens `.git`), so they are taken out before names are compared.
_IGNORED_POINTS = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_TURNS_TEXT_ROUND = re.compile("[\u202a-\u202e\u2066-\u2069]")
# NTFS gives long names short ones: GIT~1, GI7EBA~1 (.gitmodules), NOOTRO~1.
_SHORT_NAME = re.compile(r"(?:git|gi[0-9a-f]{4}|nootro|no[0-9a-f]{4})~\d+")


def check_path(workspace: Workspace, path: str) -> None:
    """Refuse a path that no change may touch.

    :param path: relative to the root, POSIX.
    :raises PathRefused: outside the root (also by link), Git's own, our settings and state, ignored, or secret.
    """
    check_paths(workspace, [path])


def check_paths(workspace: Workspace, paths: Sequence[str], *, going: Collection[str] = ()) -> None:
    """As `check_path`, for all paths of a change.

    :param going: files that the change removes; a file may take the place of a folder that is empty then.
    """
    for path in paths:
        if reason := lexical_fault(path) or _link_fault(workspace.root, path, going):
            raise PathRefused(path, reason)
    if workspace.has_git and (ignored := Git(workspace.root).ignored(paths)):
        raise PathRefused(ignored[0], "Git ignores it")


def lexical_fault(path: str) -> str:
    """Why ``path`` is refused by its name alone; empty when it is not."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or "\n" in path or not _writable(path):
        return "It is not a usable file name"
    if pure.is_absolute() or "\\" in path or (len(path) > 1 and path[1] == ":"):
        return "It must be relative to the repository, with forward slashes"
    if ".." in pure.parts or "." in path.split("/") or "//" in path or path.endswith("/"):
        return "It leaves the repository or is not in its simplest form"
    if _TURNS_TEXT_ROUND.search(path):
        return "It holds characters that show it in another order than it is written"
    folded = [_folded(part) for part in pure.parts]
    if "" in folded:  # `.. ` is `..` where trailing blanks do not count
        return "It is not a usable file name"
    if ".git" in folded or ".gitmodules" in folded or any(_SHORT_NAME.fullmatch(part) for part in folded):
        return "It belongs to Git"
    if folded[0] in _OWN or any(part.startswith(f"{STATE_FOLDER}-") for part in folded):
        return "It belongs to Nootropic's own settings or state"
    if is_secret(path):
        return "It looks like a secret"
    return ""


def _writable(path: str) -> bool:
    try:
        return all(len(os.fsencode(part)) <= _LONGEST_NAME for part in path.split("/"))
    except UnicodeEncodeError:
        return False


def is_secret(path: str) -> bool:
    """Whether a file of this name usually holds credentials."""
    *folders, name = (_folded(part) for part in PurePosixPath(path).parts)
    if not _SECRET_FOLDERS.isdisjoint(folders):
        return True
    return any(fnmatchcase(name, pattern) for pattern in _SECRET) and name not in _NOT_SECRET


def _folded(part: str) -> str:
    """A part of a path as the most lenient file systems compare it: no case, no ignored points, no stream, no end."""
    seen = part.translate(_IGNORED_POINTS).casefold()
    return (seen.partition(":")[0] or seen).rstrip(". ")


def _link_fault(root: Path, path: str, going: Collection[str]) -> str:
    place = root
    for part in PurePosixPath(path).parts:
        if place != root and _is_repository(place):
            return f"{place.name} is a repository of its own"
        folder, place = place, place / part
        if place.is_symlink():
            return f"{place.relative_to(root).as_posix()} is a link"
        if twin := _twin(folder, part):
            return f"It differs from {twin} in case only"
    try:
        status = os.lstat(place)
    except OSError:
        return ""
    if place.is_dir():
        return "" if _empties(root, place, going) else "It is not a regular file but a folder"
    if not place.is_file():
        return "It is not a regular file"
    return "It has several hard links, so a change would reach another name" if status.st_nlink > 1 else ""


def _empties(root: Path, folder: Path, going: Collection[str]) -> bool:
    """Whether nothing is left in a folder once these files are gone; an empty folder is no reason to make one."""
    files = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return bool(files) and all(file.relative_to(root).as_posix() in going for file in files)


def _is_repository(folder: Path) -> bool:
    """Whether a folder below the root is a repository, also a bare one: its hooks and settings run commands."""
    if (folder / ".git").exists():
        return True
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def _twin(folder: Path, part: str) -> str:
    """The name under which a file system that folds case knows ``part``; empty where it is the same."""
    try:
        if not (folder / part).samefile(folder / part.swapcase()) or part == part.swapcase():
            return ""
        names = {unicodedata.normalize("NFC", name) for name in os.listdir(folder)}
    except OSError:
        return ""
    here = unicodedata.normalize("NFC", part)
    if here in names:
        return ""
    return next((name for name in sorted(names) if name.casefold() == here.casefold()), "another name")
