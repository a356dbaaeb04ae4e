"""A review of 500 hunks in JupyterLab: from the click to the first paint, against JupyterLab opening one of the files.

    python experiments/benchmarks/lab_review.py [--rounds 5] [--files 20] [--hunks 25]

"Review" is from the command to the first hunk that is drawn; "editor" is from `docmanager:open` of one of
its files to the first drawn line, which JupyterLab does by itself. The rounds are interleaved and each closes what it
opened; the first of each is a warm-up and not counted. A third figure is from a press of `n` to the next hunk's focus.
Needs the built front end and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_page import DRAWN, chromium, jupyter, opened
from playwright.sync_api import Page, sync_playwright

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

STEPS = 10  # to the next hunk, a round
# A hunk is drawn: its two sides beside each other, or in one.
REVIEWED = ".noo-review-hunk .cm-mergeViewEditor, .noo-review-hunk .cm-line"
STEP = """() => new Promise(resolve => {
  const started = performance.now();
  const before = document.activeElement;
  const look = () => document.activeElement !== before
    ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started), 0))
    : requestAnimationFrame(look);
  void window.jupyterapp.commands.execute('nootropic:review-next');
  look();
})"""


def text(hunks: int, word: str = "value") -> bytes:
    """A file that changes in so many places."""
    return "".join(f"def f{k}(value):\n    return {word} + {k}\n\n\n\n\n\n" for k in range(hunks)).encode()


def prepare(repo: Path, files: int, hunks: int) -> None:
    """A repository and one proposal."""
    identity = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@localhost", "-c", "commit.gpgsign=false"]
    names = [f"m{k:03}.py" for k in range(files)]
    for name in names:
        (repo / name).write_bytes(text(hunks))
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Start"]):
        subprocess.run(["git", *identity, *arguments], cwd=repo, check=True)
    workspace = Workspace.find(repo)
    database = StateDatabase.open(workspace)
    edits = [FileEdit(name, text(hunks), text(hunks, "other")) for name in names]
    ProposalStore(database, workspace).propose(build_changeset(edits, Provenance(title="Many", how="benchmark")))
    database.close()


def drawn(page: Page, command: str, args: dict[str, str], selector: str) -> float:
    """Seconds to the paint; what was opened is closed again."""
    took: float = page.evaluate(DRAWN, [command, args, selector])
    page.wait_for_timeout(500)
    return took / 1000


def main() -> int:
    """Measure, print a report and one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--hunks", type=int, default=25)
    options = parser.parse_args()
    if options.files * options.hunks <= STEPS * (options.rounds + 1):
        parser.error("so many rounds need more hunks: each goes to the next one ten times")
    found: dict[str, list[float]] = {"review": [], "editor": [], "next": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium(playwright)
        repo = Path(folder) / "repository"
        repo.mkdir()
        prepare(repo, options.files, options.hunks)
        with jupyter(repo, Path(folder) / "jupyter") as address:
            page = opened(browser, address, "nootropic:review-proposal")
            for _ in range(options.rounds + 1):
                one = drawn(page, "nootropic:review-proposal", {"id": "P1"}, REVIEWED)
                steps = [page.evaluate(STEP) / 1000 for _ in range(STEPS)]
                page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
                two = drawn(page, "docmanager:open", {"path": "m000.py"}, ".jp-FileEditor .cm-line")
                page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
                found["review"].append(one)
                found["editor"].append(two)
                found["next"].append(statistics.median(steps))
            browser.close()
    figures = {name: statistics.median(values[1:]) for name, values in found.items()}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    count = options.files * options.hunks
    print(f"review of {count} hunks in {options.files} files: first hunk drawn after {figures['review']:.3f} s")
    print(f"one of the files in JupyterLab's editor: {figures['editor']:.3f} s; load {load:.1f}")
    print(f"ratio {figures['review'] / figures['editor']:.2f}; the next hunk after {figures['next'] * 1000:.0f} ms")
    print(json.dumps({**found, "load": load}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
