"""The ``noo`` command: every verb of the registry, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``noo`` and return its exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    import sys

    from nootropic_kernel.cli.command import run

    return run(list(sys.argv[1:] if arguments is None else arguments))
