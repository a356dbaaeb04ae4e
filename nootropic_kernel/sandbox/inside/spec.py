"""What the program inside is told on its standard input."""

from __future__ import annotations

import marshal

BUBBLEWRAP, NAMESPACES, LANDLOCK, APPROVED = "bubblewrap", "namespaces", "landlock", "approved"


class Spec:
    """One run. It is no dataclass, as importing those takes as long as starting an interpreter.

    ``caller`` is the process without which the run must end. ``resources`` are setrlimit(2)'s name, soft and hard one.
    ``status`` is the descriptor for what becomes of the run, ``channel`` the one that the command gets as number 3.
    ``links`` (path, target) and ``binds`` (path, source, writable) make up the view of the files, in this order;
    the command can read ``reads`` and write ``writes`` of it. ``scratch`` is its private folder for temporary files
    where /tmp is not its own, ``tmp_mb`` the size of /tmp where it is. ``newest_abi`` is the newest Landlock to use.
    """

    def __init__(
        self,
        *,
        level: str,
        caller: int,
        command: list[str],
        folder: str,
        environment: dict[str, str],
        resources: list[tuple[str, int, int]],
        status: int,
        channel: int | None,
        links: list[tuple[str, str]],
        binds: list[tuple[str, str, bool]],
        reads: list[str],
        writes: list[str],
        scratch: str,
        tmp_mb: int,
        newest_abi: int,
    ) -> None:
        self.level = level
        self.caller = caller
        self.command = command
        self.folder = folder
        self.environment = environment
        self.resources = resources
        self.status = status
        self.channel = channel
        self.links = links
        self.binds = binds
        self.reads = reads
        self.writes = writes
        self.scratch = scratch
        self.tmp_mb = tmp_mb
        self.newest_abi = newest_abi

    def to_bytes(self) -> bytes:
        """For the same interpreter to read."""
        return marshal.dumps(self.__dict__)

    @classmethod
    def from_bytes(cls, text: bytes) -> Spec:
        """The inverse of `to_bytes`."""
        return cls(**marshal.loads(text))
