"""What the program inside is told, as JSON on its standard input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

BUBBLEWRAP, NAMESPACES, LANDLOCK, APPROVED = "bubblewrap", "namespaces", "landlock", "approved"


@dataclass(frozen=True)
class Spec:
    """One run.

    ``caller`` is the process without which the run must end. ``resources`` are setrlimit(2)'s
    name, soft and hard limit.
    ``status`` is the descriptor for what becomes of the run, ``channel`` the one that the command gets as number 3.
    ``links`` (path, target) and ``binds`` (path, source, writable) make up the view of the files, in this order;
    without a view of its own, the command can read ``reads`` and write ``writes``. ``scratch`` is its private folder
    for temporary files where /tmp is not its own, ``tmp_mb`` the size of /tmp where it is.
    """

    level: str
    caller: int
    command: list[str]
    folder: str
    environment: dict[str, str]
    resources: list[tuple[str, int, int]]
    status: int
    channel: int | None
    links: list[tuple[str, str]]
    binds: list[tuple[str, str, bool]]
    reads: list[str]
    writes: list[str]
    scratch: str
    tmp_mb: int
    newest_abi: int

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Spec:
        return cls(**json.loads(text))
