"""Reading and replacing files under a root without ever following a link, and without a moment of half a file."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.errors import NootropicError, PathRefused

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class FileMoved(NootropicError):
    """A file changed between reading and writing it."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} changed just now.",
            why="Somebody wrote it while the change was being applied.",
            next="Nothing of this change was kept; run it again.",
            path=path,
        )


class NotWritable(NootropicError):
    """The file system refused a write."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(
            f"{path} cannot be written.",
            why=f"{error.strerror or error}.",
            next="Nothing of this change was kept. Make the place writable, then run it again.",
            path=path,
        )


# Hosts of repositories warn from here on; lines, hunks and merges of it would take ten times its size in memory.
MAX_FILE_BYTES = 50_000_000


class FileTooLarge(NootropicError):
    """A file that is too large to be reviewed and merged."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(
            f"{path} is too large ({size / 1e6:.0f} MB).",
            why=f"Changes are made to files of at most {MAX_FILE_BYTES / 1e6:.0f} MB.",
            next="Leave it out of the change.",
            path=path,
            size=size,
        )


class _BelowFile(PathRefused):
    """A file lies where the path needs a folder."""


@dataclass(frozen=True)
class FileState:
    """A file's bytes and permission bits."""

    content: bytes
    mode: int = 0o644


def usual_mode(*, executable: bool = False) -> int:
    """The permissions of a new file: as the person's umask leaves them, and never without the owner's own."""
    try:
        with tempfile.TemporaryDirectory(prefix="nootropic-mode-") as folder:
            # Asked of a file: to read the umask is to set it, for every thread.
            probe = os.open(Path(folder, "probe"), _MAKE, 0o777)
            left = stat.S_IMODE(os.fstat(probe).st_mode) | 0o700
            os.close(probe)
    except OSError as error:
        raise NotWritable(tempfile.gettempdir(), error) from error
    return left if executable else left & 0o666


def check_size(path: str, *contents: bytes | None) -> None:
    """Refuse contents that are too large to be a file of a change.

    Raises:
        FileTooLarge: one is.
    """
    if (size := max(len(content or b"") for content in contents)) > MAX_FILE_BYTES:
        raise FileTooLarge(path, size)


def read_file(root: Path, path: str) -> FileState | None:
    """The file as it is, None when there is none (a folder of that name is none, nor is what lies below a file).

    Raises:
        PathRefused: it leaves the root, a part of the path is a link, or it is no regular file.
        FileTooLarge: it has more than `MAX_FILE_BYTES`.
    """
    try:
        with _parent(root, path) as (folder, name):
            return _read(folder, name, path)
    except (FileNotFoundError, _BelowFile):
        return None


def replace_file(root: Path, path: str, before: FileState | None, after: FileState | None, *, draft: str) -> None:
    """Turn the file from ``before`` into ``after`` at one stroke (None: there is no file).

    Args:
        root: the workspace's root.
        path: relative to it.
        before: what must be there; anything else is left alone.
        after: what shall be there.
        draft: name of the temporary file beside it.

    Raises:
        FileMoved: something else than ``before`` is there.
        NotWritable: the file system refuses.
        PathRefused: it leaves the root, or a part of the path is a link.
    """
    if before == after:
        return
    try:
        with _parent(root, path, create=after is not None) as (folder, name):
            if after is not None:
                _write_draft(folder, draft, after, name)
            try:
                if _read(folder, name, path) != before:
                    raise FileMoved(path)
                if after is None:
                    if before is not None:
                        os.unlink(name, dir_fd=folder)
                elif before is None:
                    _create(folder, draft, name, path)
                else:
                    os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=folder)
    except FileNotFoundError:
        if before is not None or after is not None:
            raise FileMoved(path) from None
    except OSError as error:
        raise NotWritable(path, error) from error
    if after is None:
        _remove_empty_parents(root, path)


def remove_draft(root: Path, path: str, draft: str) -> None:
    """Remove a temporary file that a killed process left beside ``path``."""
    with suppress(OSError, PathRefused), _parent(root, path) as (folder, _):
        os.unlink(draft, dir_fd=folder)


@contextmanager
def _parent(root: Path, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """The folder that holds ``path``, opened part by part so that no link is ever followed."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in path:
        raise PathRefused(path, "It leaves the folder")
    *folders, name = pure.parts
    descriptor = os.open(root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        for folder in folders:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=descriptor)
            try:
                inner = os.open(folder, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                if error.errno == errno.ENOTDIR and stat.S_ISREG(os.lstat(folder, dir_fd=descriptor).st_mode):
                    raise _BelowFile(path, f"{folder} is a file") from error
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise PathRefused(path, f"{folder} is a link or no folder") from error
                raise
            os.close(descriptor)
            descriptor = inner
        yield descriptor, name
    finally:
        os.close(descriptor)


def _read(folder: int, name: str, path: str) -> FileState | None:
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise PathRefused(path, "It is a link") from error
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        if stat.S_ISDIR(status.st_mode):
            return None  # a file is never written over it: neither a link nor a rename can
        raise PathRefused(path, "It is not a regular file")
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(MAX_FILE_BYTES + 1) if status.st_size <= MAX_FILE_BYTES else b""
        if len(content) > MAX_FILE_BYTES or status.st_size > MAX_FILE_BYTES:
            raise FileTooLarge(path, max(len(content), status.st_size))
        return FileState(content, stat.S_IMODE(status.st_mode))


def _write_draft(folder: int, draft: str, after: FileState, name: str) -> None:
    """Write the new content beside the file ``name``, with the owner and the attributes that this has."""
    with suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=folder)
    descriptor = os.open(draft, _MAKE, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(after.content)
            stream.flush()
            _copy_owner(folder, name, stream.fileno())
            os.fchmod(stream.fileno(), after.mode)
            os.fsync(stream.fileno())
    except BaseException:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise


def _create(folder: int, draft: str, name: str, path: str) -> None:
    """Give the draft its name, unless the name was taken meanwhile."""
    try:
        os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        if stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
            raise PathRefused(path, "It is a folder") from None
        raise FileMoved(path) from None
    except OSError:
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)  # no hard links on this file system


def _copy_owner(folder: int, name: str, to: int) -> None:
    """Owner, access list and other extended attributes, as far as this process may set them."""
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return  # a new file, or one that `_read` refuses in a moment
    try:
        status = os.fstat(descriptor)
        with suppress(PermissionError):
            os.fchown(to, status.st_uid, status.st_gid)
        if hasattr(os, "listxattr"):
            with suppress(OSError):  # a file system without them
                # Rights of a program were given to the old content; the system, too, drops them on every write.
                for attribute in set(os.listxattr(descriptor)) - {"security.capability"}:
                    with suppress(OSError):
                        os.setxattr(to, attribute, os.getxattr(descriptor, attribute))
    finally:
        os.close(descriptor)


def _remove_empty_parents(root: Path, path: str) -> None:
    for parent in PurePosixPath(path).parents:
        if parent.as_posix() == ".":
            return
        try:
            with _parent(root, parent.as_posix()) as (folder, name):
                os.rmdir(name, dir_fd=folder)
        except (OSError, PathRefused):
            return
