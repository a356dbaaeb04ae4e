"""What the extension costs JupyterLab: the start with and without it, its size, and the first paint of each panel.

    python experiments/benchmarks/lab.py [--rounds 5] [--tasks 2000] [--files 20] [--hunks 25]

"Start" is from opening the page to the moment at which JupyterLab says that it is restored and the launcher is drawn;
"without" is the same server and browser with our plugins disabled in the page, in turns. First paints are from the
command to the frame after the first content is drawn: chat, board (of so many tasks), proposals, and a review (of so
many hunks). The first round is a warm-up and not counted. Bundle sizes are those of the built files, also compressed as
a server would. Needs the built front end and Chromium.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from board import large_plan
from lab_page import DRAWN, WAIT_MS, chromium, jupyter, page_config
from lab_review import REVIEWED, prepare
from playwright.sync_api import Browser, Page, sync_playwright

from nootropic_kernel.planning.spec.file import FILE_NAME, dump

BUILT = Path(__file__).resolve().parents[2] / "jupyter_extension" / "nootropic_lab" / "labextension" / "static"
PANELS = {
    "chat": ("nootropic:open-chat", ".noo-chat .noo-chat-input"),
    "board": ("nootropic:open-board", ".noo-board-panel .noo-card"),
    "proposals": ("nootropic:open-review", "#nootropic-review .noo-review-line"),
    "review": ("nootropic:review-proposal", REVIEWED),
}
VERB = "board, of that the verb"
MOST_RATIO = 1.05
ASKED = """() => {
  const asked = performance.getEntriesByType('resource').filter(entry => entry.name.includes('capabilities/board'));
  return asked[0].duration;
}"""
READY = "() => window.jupyterapp && document.querySelector('.jp-LauncherCard')"
LOADED = "() => window.jupyterapp.hasPlugin('nootropic-lab:client')"
RESTORED = "() => window.jupyterapp.restored.then(() => null)"


def start(browser: Browser, address: str, side: str) -> float:
    """Seconds from opening the page to the drawn launcher, in a browser context that knows nothing yet."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        begun = time.perf_counter()
        page.goto(f"{address}&reset")
        page.wait_for_function(READY, polling=20)
        page.evaluate(RESTORED)
        seconds = time.perf_counter() - begun
        # Two starts without us, or two with us, would compare well.
        if page.evaluate(LOADED) is not (side == "with"):
            raise SystemExit(f"The page that is to start {side} the extension does not: run `make front-end`.")
        return seconds
    finally:
        context.close()


def paints(browser: Browser, address: str) -> dict[str, float]:
    """Seconds from each command to its first content."""
    context = browser.new_context()
    try:
        page: Page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{address}&reset")
        page.wait_for_function(READY, polling=100)
        page.evaluate(RESTORED)
        page.wait_for_function("() => window.jupyterapp.commands.hasCommand('nootropic:plan')")
        found = {}
        for name, (command, selector) in PANELS.items():
            found[name] = page.evaluate(DRAWN, [command, {"id": "P1"} if name == "review" else {}, selector]) / 1000
        found[VERB] = page.evaluate(ASKED) / 1000
        return found
    finally:
        context.close()


def sizes() -> dict[str, tuple[int, int]]:
    """Bytes of each built script, plain and compressed."""
    return {
        file.name.split(".")[0]: (file.stat().st_size, len(gzip.compress(file.read_bytes())))
        for file in sorted(BUILT.glob("*.js"))
    }


def main() -> int:
    """Measure, print a report and one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, usual in (("rounds", 5), ("tasks", 2000), ("files", 20), ("hunks", 25)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round is counted")
    starts: dict[str, list[float]] = {"with": [], "without": []}
    drawn: dict[str, list[float]] = {name: [] for name in (*PANELS, VERB)}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium(playwright)
        repo, home = Path(folder) / "repository", Path(folder) / "jupyter"
        repo.mkdir()
        (repo / FILE_NAME).write_text(dump(large_plan(options.tasks)))
        prepare(repo, options.files, options.hunks)
        with jupyter(repo, home) as address:
            settings = page_config(home)
            usual = json.loads(settings.read_text())
            without = {"disabledExtensions": {**usual["disabledExtensions"], "nootropic-lab": True}}
            for number in range(options.rounds + 1):
                for side in ("with", "without") if number % 2 else ("without", "with"):
                    settings.write_text(json.dumps(without if side == "without" else usual))
                    starts[side].append(start(browser, address, side))
                settings.write_text(json.dumps(usual))
                for name, seconds in paints(browser, address).items():
                    drawn[name].append(seconds)
            browser.close()
    ours, theirs = (statistics.median(starts[side][1:]) for side in ("with", "without"))
    # The machine changes between rounds more than within one.
    ratio = statistics.median(a / b for a, b in zip(starts["with"][1:], starts["without"][1:], strict=True))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"start with {ours:.2f} s, without {theirs:.2f} s: median ratio of the pairs {ratio:.3f}; load {load:.1f}")
    print(f"promised: a ratio of at most {MOST_RATIO}: {'kept' if ratio <= MOST_RATIO else 'MISSED'}")
    for name, times in drawn.items():
        print(
            f"first paint of {name:<23} {statistics.median(times[1:]):.3f} s (the first of a server {times[0]:.3f} s)"
        )
    for name, (plain, packed) in sizes().items():
        print(f"{name:<24} {plain / 1000:7.1f} kB, compressed {packed / 1000:6.1f} kB")
    print(json.dumps({"start": starts, "paint": drawn, "sizes": sizes(), "load": load}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
