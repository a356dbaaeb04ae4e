"""The person's own editor on a text, in a temporary file."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.errors import NootropicError, UsageError


class EditorFailed(NootropicError):
    """The editor could not be started, or said that it failed."""


def edit_text(text: str, path: str) -> str:
    """Open a text in ``$VISUAL`` or ``$EDITOR`` and return what the person made of it.

    Args:
        text: what to begin with.
        path: the file that the text belongs to; the temporary file's name ends alike, for the editor's colours.

    Raises:
        UsageError: no editor is named.
        EditorFailed: it did not start or did not end well; the text is not used.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("No editor is named.", next="Set $EDITOR, or give the text with `--text` or `-`.")
    with tempfile.TemporaryDirectory(prefix="nootropic-edit-") as folder:
        file = Path(folder) / (PurePosixPath(path).name or "text")
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            code = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode
        except (OSError, ValueError) as error:
            raise EditorFailed(f"The editor `{editor}` did not start.", why=str(error), next="Set $EDITOR.") from error
        if code != 0:
            raise EditorFailed(
                f"The editor `{editor}` ended with {code}.", next="Nothing was changed; run this again to edit."
            )
        written = file.read_bytes().decode("utf-8", "surrogatepass")
    # Editors end the last line; a text without an end keeps having none.
    return written.removesuffix("\n") if text and not text.endswith("\n") else written
