"""Every check of `make test`, one after the other, all of them even when one fails: `python -m tests.gates`."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bootstrap.environment import clean_environment
from bootstrap.front_end import FRONT_END
from bootstrap.steps import Installation, StepFailed

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = (
    "Chromium is not installed, and the browser tests drive it. Install it with `sudo apt-get install chromium` "
    "(Debian, Ubuntu), `sudo dnf install chromium` (Fedora) or `brew install --cask chromium` (macOS); "
    "`make test-fast` does without."
)
# The quickstart and the browser run alone: both start servers, and pytest-jupyter's event loop bears no other.
APART = ("tests/browser", "tests/notebooks")
# The promises are tested end to end, with kernels and models: minutes that `make test` has.
NOT_FAST = ("tests/promises",)


class Gates:
    """Runs commands in the environment of `.venv` and remembers how each ended."""

    def __init__(self) -> None:
        self.env = clean_environment(ROOT / ".venv")
        # Paths of the checkout win over an installed copy: what is tested is what is here.
        self.env["PYTHONPATH"] = os.pathsep.join(str(path) for path in (ROOT, ROOT / "pipelines", ROOT / FRONT_END))
        self.results: list[tuple[str, bool, float]] = []

    def gate(self, name: str, *argv: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> bool:
        """One command; a code other than 0 fails the gate."""

        def command() -> bool:
            return subprocess.run(list(argv), cwd=cwd, env=env or self.env, stdin=subprocess.DEVNULL).returncode == 0

        return self.check(name, command)

    def check(self, name: str, do: Callable[[], bool]) -> bool:
        print(f"\n=== {name}", flush=True)
        started = time.monotonic()
        passed = do()
        self.results.append((name, passed, time.monotonic() - started))
        return passed

    def python(self, name: str, *arguments: str) -> bool:
        return self.gate(name, sys.executable, *arguments)

    def report(self) -> int:
        """Prints one line a gate; 1 when any failed."""
        print("\n=== Gates")
        for name, passed, seconds in self.results:
            print(f"  {'passed' if passed else 'FAILED'}  {seconds:7.1f} s  {name}")
        failed = [name for name, passed, _ in self.results if not passed]
        print(f"{len(failed)} of {len(self.results)} failed." if failed else "All gates passed.")
        return 1 if failed else 0


def lint(gates: Gates) -> None:
    """The gates that read the code without running it."""
    gates.python("ruff check", "-m", "ruff", "check", ".")
    gates.python("ruff format", "-m", "ruff", "format", "--check", "--quiet", ".")
    gates.python("mypy: the packages", "-m", "mypy")
    gates.python("mypy: installer and demo", "-m", "mypy", "bootstrap", "install.py", "demo.py")
    gates.gate("import-linter", str(Path(sys.executable).parent / "lint-imports"), "--no-cache")


def front_end(gates: Gates) -> None:
    """The tests of the lab extension's TypeScript."""

    def vitest() -> bool:
        installation = Installation(ROOT, print)
        try:
            env = installation.node_environment()
            installation.build_front_end()
        except StepFailed as error:
            print(error)
            return False
        npm = shutil.which("npm", path=env["PATH"]) or "npm"
        return (
            subprocess.run(
                [npm, "test"], cwd=ROOT / FRONT_END, env={**env, "CI": "true"}, stdin=subprocess.DEVNULL
            ).returncode
            == 0
        )

    gates.check("Vitest", vitest)


def browser(gates: Gates) -> None:
    """JupyterLab with the extension in headless Chromium."""

    def run() -> bool:
        if not any(shutil.which(name, path=gates.env["PATH"]) for name in CHROMIUM_NAMES):
            print(NO_CHROMIUM)
            return False
        command = [sys.executable, "-m", "pytest", "tests/browser", "-m", "browser and not deep", "--timeout=600"]
        # Each test has its own server and page, and waits for them most of the time.
        command += ["--numprocesses=2", "--dist=loadscope", "--max-worker-restart=0", "--durations=10"]
        return subprocess.run(command, cwd=ROOT, env=gates.env, stdin=subprocess.DEVNULL).returncode == 0

    gates.check("browser", run)


def pytest(gates: Gates, *, fast: bool) -> None:
    """The tests of the Python rooms; in the full run with coverage and its gates."""
    chosen = "not browser and not deep" + (" and not slow" if fast else "")
    ignored = [f"--ignore={folder}" for folder in (*APART, *(NOT_FAST if fast else ()))]
    # A module stays on one worker: what it starts, it starts once. In the order of their names those that take long and
    # are few do not come last. One worker more than cores: many tests wait for processes that they started. One that
    # dies ends the run: with a new one in its place it would wait for ever.
    spread = [f"--numprocesses={min(4, (os.cpu_count() or 1) + 1)}", "--dist=loadscope", "--no-loadscope-reorder"]
    spread.append("--max-worker-restart=0")
    arguments = ["-m", "pytest", "-m", chosen, *ignored, *spread]
    if fast:
        gates.python("pytest", *arguments, "-q")
        return
    for old in ROOT.glob(".coverage*"):
        old.unlink()
    gates.python("pytest with coverage", "-m", "coverage", "run", *arguments, "-q", "--durations=15")
    gates.python("coverage gates", "-m", "tests.coverage_gates")


def main(argv: list[str] | None = None) -> int:
    """The command line; 0 when every gate passed."""
    parser = argparse.ArgumentParser(description="Run the checks of this repository.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--lint", action="store_true", help="only what reads the code without running it")
    which.add_argument("--fast", action="store_true", help="no browser, no quickstart, no slow tests")
    which.add_argument("--deep", action="store_true", help="only the long random, kill and soak runs")
    options = parser.parse_args(argv)
    gates = Gates()
    if options.deep:
        gates.python(
            "deep",
            "-m",
            "pytest",
            "-m",
            "deep",
            "--hypothesis-profile=default",
            "--timeout=3600",
            "-q",
            "--durations=0",
        )
        return gates.report()
    lint(gates)
    if not options.lint:
        pytest(gates, fast=options.fast)
        front_end(gates)
        if not options.fast:
            browser(gates)
            gates.python("quickstart", "-m", "pytest", "tests/notebooks", "-m", "not deep", "--timeout=1200", "-q")
    return gates.report()


if __name__ == "__main__":
    sys.exit(main())
