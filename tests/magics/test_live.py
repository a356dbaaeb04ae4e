"""What is left in a cell of a model's streamed text when the verb failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.running import running_kernel

STREAM = """
from nootropic_kernel.capabilities.base import Progress
from nootropic_kernel.magics.live import live_output
with live_output(get_ipython()) as output:
    for number in range(200):
        output.show(Progress("text", f"line {number}\\n"))
    %s
"""


def test_a_failed_verb_leaves_the_last_lines_and_a_good_one_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person_home: Path
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with running_kernel(tmp_path) as kernel:
        failed = kernel.run(STREAM % "raise ValueError('no')")
        fine = kernel.run(STREAM % "pass")
    assert failed.status == "error" and fine.status == "ok"
    (left, whole) = [ran.of("update_display_data")[-1]["data"] for ran in (failed, fine)]
    lines = left["text/plain"].split("\n")
    assert (lines[0], lines[1], lines[-1], len(lines)) == ("… 185 more lines above", "line 185", "line 199", 16)
    assert "line 184" not in left["text/html"] and "line 185" in left["text/html"]
    assert whole["text/plain"].split("\n")[0] == "line 0"
