"""Long results in the person's pager, as Git does it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def pager_command() -> str | None:
    """The pager to use: ``$PAGER``, or ``less``; None where a person would not see it, or wants none."""
    streams = (sys.stdin, sys.stdout)
    if any(stream is None or not stream.isatty() for stream in streams) or os.environ.get("TERM") == "dumb":
        return None
    command = os.environ.get("PAGER", "less").strip()
    return None if command in ("", "cat") or shutil.which(command.split()[0]) is None else command


def show_in_pager(command: str, text: str) -> bool:
    """Show a text that is longer than the screen in the pager; False where it is not, or the pager did not start.

    ``less`` ends by itself where the text is short, shows colours, and leaves the text on the screen.
    """
    if text.count("\n") + 2 <= shutil.get_terminal_size().lines:
        return False
    # The person's own LESS wins; a command may carry options, as Git allows.
    environment = {"LESS": "FRX", "LV": "-c", **os.environ}
    try:
        process = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment)
    except OSError:
        return False
    assert process.stdin is not None
    try:
        process.stdin.write((text + "\n").encode("utf-8", "replace"))
        process.stdin.close()
    except OSError:
        pass  # the person left the pager before the end
    while True:
        try:
            process.wait()
            return True
        except KeyboardInterrupt:
            continue  # the pager's own business
