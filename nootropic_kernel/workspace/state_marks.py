"""Telling a state folder that this person's processes made from one that came along in an archive or a clone.

A state folder holds records that are acted on (an unfinished accept is taken back), so only our own is believed. Each
carries a random mark that the person's home knows too.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path

from nootropic_kernel.workspace.homes import person_home

_MARK = "owner"


def is_own(folder: Path) -> bool:
    """Whether this person's processes made ``folder``, or it is empty."""
    try:
        mark = _open_mark(folder)
    except FileNotFoundError:
        return folder.is_dir() and not any(folder.iterdir())
    except OSError:
        return False
    return bool(re.fullmatch(r"[0-9a-f]{32}", mark)) and (_known() / mark).is_file()


def make_own(folder: Path) -> None:
    """Make ``folder``, marked as ours and ignoring itself in Git; one that is there with content stays as it is."""
    if folder.is_dir() and not folder.is_symlink() and any(folder.iterdir()):
        return
    draft = folder.with_name(f"{folder.name}-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    try:
        (draft / ".gitignore").write_text("*\n")
        (draft / _MARK).write_text(_new_mark())
        # Appears whole or not at all: nobody can find it without its mark.
        os.rename(draft, folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not (folder.is_dir() and any(folder.iterdir())):  # otherwise another process was faster
            raise


def adopt(folder: Path) -> None:
    """Believe a state folder that is there: the person says that it is theirs."""
    place = folder / _MARK
    place.unlink(missing_ok=True)
    with place.open("x") as file:
        file.write(_new_mark())


def _new_mark() -> str:
    mark = secrets.token_hex(16)
    _known().mkdir(parents=True, exist_ok=True, mode=0o700)
    (_known() / mark).touch()
    return mark


def _known() -> Path:
    return person_home() / "states"


def _open_mark(folder: Path) -> str:
    descriptor = os.open(folder / _MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor) as file:
        return file.read(64)
