"""The words of a bubblewrap command: https://github.com/containers/bubblewrap."""

from __future__ import annotations

import shutil

from nootropic_kernel.sandbox.view import View

_MEGA = 1 << 20


def program() -> str | None:
    """Where the system's bubblewrap is. One that the person's PATH names is not trusted with this."""
    return shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin")


def words(bwrap: str, view: View, tmp_mb: int) -> list[str]:
    """The start of a command that runs the rest of it as process 1 of new namespaces."""
    size = str(tmp_mb * _MEGA)
    start = [bwrap, "--unshare-all", "--as-pid-1", "--die-with-parent", "--new-session", "--hostname", "sandbox"]
    start += ["--clearenv", "--setenv", "LANG", "C.UTF-8", "--cap-drop", "ALL"]
    start += ["--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/tmp", "--size", size]
    start += ["--tmpfs", "/dev/shm"]
    for path, target in view.links:
        start += ["--symlink", target, path]
    for path, source, writable in view.binds:
        start += ["--bind" if writable else "--ro-bind", source, path]
    return [*start, "--remount-ro", "/dev", "--remount-ro", "/", "--"]
