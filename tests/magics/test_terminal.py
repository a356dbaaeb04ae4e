"""The magics in IPython at a terminal: the same results, progress as lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.capabilities.plugin_folders import trust, write_greeter
from tests.kernel.running import PACKAGE


def test_text_streams_and_results_show_as_text(repo: Path, tmp_path: Path) -> None:
    trust(write_greeter(repo, tmp_path / "imported"))
    lines = ["%load_ext nootropic_kernel", "%noo wait 0.2", "%noo gret", "%noo greet Ada", "%noo ask"]
    code = (
        "import sys; from IPython.terminal.interactiveshell import TerminalInteractiveShell;"
        "shell = TerminalInteractiveShell.instance(simple_prompt=True, colors='nocolor', history_length=0);"
        f"[shell.run_cell(line) for line in {lines!r}]"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, env=environment, input="y\n", capture_output=True, text=True, check=True
    )
    assert "tick tick" in done.stdout and "done waiting" in done.stdout and "waiting\x1b" not in done.stdout
    assert "Did you mean `greet`?" in done.stdout and "Hello, Ada." in done.stdout
    assert "Go on? [y/N]" in done.stdout and done.stdout.rstrip().endswith("yes")
