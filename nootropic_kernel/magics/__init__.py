"""The magics ``%noo`` and ``%%noo``: every verb of the registry, in a cell."""

from nootropic_kernel.magics.extension import load, unload

__all__ = ["load", "unload"]
