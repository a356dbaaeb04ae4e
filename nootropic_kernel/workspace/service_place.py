"""Where a workspace's service is found: a private run-time folder, and in it the socket, the record and two locks.

The folder is below ``$XDG_RUNTIME_DIR`` or ``/run/user/<uid>``, else below ``/tmp/nootropic-<uid>``, because the path
of a Unix socket may have 103 bytes at most, which a workspace's own folder may exceed. A folder, record or socket of
somebody else is never used.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import nootropic_kernel
from nootropic_kernel.workspace.errors import NootropicError

PROTOCOL = 2
# What macOS allows, the shortest of the systems that we run on.
_LONGEST_SOCKET_PATH = 103
_MOST_BYTES = 65536


class ServiceUnavailable(NootropicError):
    """There can be no workspace service here; the caller starts what it needs itself."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "The workspace service cannot run here.",
            why=why,
            next="Each process loads a model of its own meanwhile; `noo doctor` tells more.",
        )


@dataclass(frozen=True)
class ServiceRecord:
    """The running service, as it describes itself to clients: ``mark`` tells its pid from a later namesake's."""

    pid: int
    mark: str
    identity: str
    key: str
    root: str
    since: float


@dataclass(frozen=True)
class ServicePlace:
    """The run-time folder of one workspace's service."""

    folder: Path

    @classmethod
    def of(cls, root: Path) -> ServicePlace:
        """The place for the workspace at ``root``. Creates nothing."""
        name = hashlib.sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:16]
        # A program that runs without a login has no such variable, and must find the same place all the same.
        for run_time in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.geteuid()}"):
            if os.path.isabs(run_time) and not _objection(Path(run_time)):
                place = cls(Path(run_time) / "nootropic" / name)
                if len(os.fsencode(place.socket)) <= _LONGEST_SOCKET_PATH:
                    return place
        return cls(Path("/tmp") / f"nootropic-{os.geteuid()}" / name)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "service.sock"

    @property
    def record_file(self) -> Path:
        """What it says of itself, its key included."""
        return self.folder / "service.json"

    @property
    def start_lock(self) -> Path:
        """Held by the client that starts it."""
        return self.folder / "start.lock"

    @property
    def life_lock(self) -> Path:
        """Held by the service as long as it lives."""
        return self.folder / "service.lock"

    def obstacle(self) -> str:
        """Why there can be no service here; empty when there can. Creates nothing."""
        if not hasattr(socket, "AF_UNIX"):
            return "This system has no Unix sockets."
        for folder in (self.folder.parent, self.folder):
            if os.path.lexists(folder):
                if found := _objection(folder):
                    return found
            elif not os.access(folder.parent if folder.parent.exists() else folder.parent.parent, os.W_OK | os.X_OK):
                return f"{folder.parent} cannot be written."
        return ""

    def prepare(self) -> None:
        """Make the folder, and see that it is ours and nobody else's.

        :raises ServiceUnavailable: when it is not.
        """
        for folder in (self.folder.parent, self.folder):
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                pass
            except OSError as error:
                raise ServiceUnavailable(f"{folder} cannot be made: {error.strerror}.") from error
            if found := _objection(folder):
                raise ServiceUnavailable(found)

    def record(self) -> ServiceRecord | None:
        """The record of the service, dead or alive; None when there is none that we wrote ourselves."""
        if any(_objection(folder) for folder in (self.folder.parent, self.folder)):
            return None
        try:
            with open(os.open(self.record_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
                if os.fstat(stream.fileno()).st_uid != os.geteuid():
                    return None
                return ServiceRecord(**json.loads(stream.read(_MOST_BYTES)))
        except (OSError, ValueError, TypeError):
            return None

    def write_record(self, record: ServiceRecord) -> None:
        """Put ``record`` there in one step."""
        draft = self.record_file.with_suffix(f".{os.getpid()}.new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as stream:
            json.dump(asdict(record), stream)
        draft.replace(self.record_file)


def identity() -> str:
    """What client and service must have in common: our version and protocol, the Python, and where our code is."""
    package = Path(nootropic_kernel.__file__).resolve().parent
    python = ".".join(map(str, sys.version_info[:3]))
    return f"nootropic {nootropic_kernel.__version__}, protocol {PROTOCOL}, {sys.prefix} ({python}), {package}"


def _objection(folder: Path) -> str:
    """Why the folder is not to be trusted with a key; empty when it is ours alone."""
    try:
        facts = os.lstat(folder)
    except OSError as error:
        return f"{folder} cannot be looked at: {error.strerror}."
    if not stat.S_ISDIR(facts.st_mode):
        return f"{folder} is not a folder."
    if facts.st_uid != os.geteuid():
        return f"{folder} belongs to another user."
    if facts.st_mode & 0o077:
        return f"{folder} is open to other users."
    return ""
