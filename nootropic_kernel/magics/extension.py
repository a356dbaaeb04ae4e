"""Puts the magics and their completion into a shell, and takes them out again."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from nootropic_kernel.magics.commands import NooMagics
from nootropic_kernel.magics.matcher import NooMatcher

_NAME = "noo"


def load(shell: InteractiveShell) -> None:
    """Register the magics; loading twice is loading once."""
    unload(shell)
    magics = NooMagics(shell=shell)
    shell.register_magics(magics)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(NooMatcher(magics).match)


def unload(shell: InteractiveShell) -> None:
    """Remove the magics, their configuration and their completion."""
    manager = shell.magics_manager
    for kind in ("line", "cell"):
        found = manager.magics[kind].get(_NAME)
        if isinstance(getattr(found, "__self__", None), NooMagics):
            del manager.magics[kind][_NAME]
    magics = manager.registry.pop(NooMagics.__name__, None)
    if magics in shell.configurables:
        shell.configurables.remove(magics)
    if shell.Completer is not None:
        matchers = shell.Completer.custom_matchers
        matchers[:] = [m for m in matchers if not isinstance(getattr(m, "__self__", None), NooMatcher)]
