"""Installs Nootropic into `.venv` beside this file: `python3 install.py` (or `make demo`, `make test`).

Standard library only. What is installed already is left alone; what was cut off is repaired by running again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from bootstrap.prerequisites import MIN_PYTHON, explain, missing, platform_family

ROOT = Path(__file__).resolve().parent


def say(text: str) -> None:
    """One line for the person, at once."""
    print(text, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Installs the groups that are asked for; 0 when the core is in place (with `--strict`: everything)."""
    parser = argparse.ArgumentParser(description="Install Nootropic into .venv beside this file.")
    parser.add_argument("--groups", default="core,pipelines,learning", help="in this order, separated by commas")
    parser.add_argument("--strict", action="store_true", help="stop with exit code 1 when any step fails")
    parser.add_argument("--no-model", action="store_true", help="leave out the embedded model (93 MB)")
    parser.add_argument("--check", action="store_true", help="only say what is missing to begin with")
    options = parser.parse_args(argv)

    gone = missing()
    if gone:
        say(explain(gone, platform_family()))
        return 1
    if options.check:
        say("Everything that is needed first is here.")
        return 0
    names = [name.strip() for name in options.groups.split(",") if name.strip()]
    if "core" not in names:
        names.insert(0, "core")
    lock = _lock()
    if lock is None:
        say("Another installation is running in this folder; wait for it, then run this again.")
        return 1
    try:
        return install(names, strict=options.strict, model=not options.no_model)
    except KeyboardInterrupt:
        say("\nInterrupted. Run the same command again: it goes on where this one stopped.")
        return 130


def install(names: list[str], *, strict: bool, model: bool) -> int:
    """Runs the steps in their order; a failed one after the core is reported, and the rest goes on."""
    from bootstrap.groups import GROUPS, requirements
    from bootstrap.steps import Installation, StepFailed

    started = time.monotonic()
    installation = Installation(ROOT, say)
    try:
        unknown = [name for name in names if name not in GROUPS or not requirements(ROOT, name)]
        if unknown:
            say(f"There is no group {unknown[0]}; the groups are {', '.join(GROUPS)}.")
            return 2
        installation.make_venv()
        installation.install_group("core")
    except StepFailed as error:
        say(f"The core could not be installed.\n{error}\nThe log is {installation.pip.log}.")
        say("Nothing else was touched. Run the same command again once the cause is gone.")
        return 1

    failed: list[str] = []

    def attempt(step: str, without: str, do: object) -> None:
        assert callable(do)
        try:
            do()
        except StepFailed as error:
            failed.append(step)
            say(f"{step} FAILED: {error}\n  Going on: {without}. Running this again tries it again.")

    attempt("lab extension", "JupyterLab shows results as HTML instead", installation.build_front_end)
    try:
        installation.install_project()
    except StepFailed as error:
        say(f"Nootropic itself could not be installed.\n{error}\nThe log is {installation.pip.log}.")
        return 1
    if model:
        attempt("embedded model", "every verb that asks no model works", installation.pull_model)
    for name in names:
        if name != "core":
            attempt(name, GROUPS[name].without, lambda name=name: installation.install_group(name))

    if failed:
        say(f"Installed, except: {', '.join(failed)} ({time.monotonic() - started:.0f} s).")
        return 1 if strict else 0
    if installation.changed:
        say(f"Installed {', '.join(names)} into .venv ({time.monotonic() - started:.0f} s).")
    else:
        say("Everything is installed: nothing to do.")
    return 0


def _lock() -> object | None:
    """Holds off a second installation in this folder until this process ends; None when there is one."""
    try:
        import fcntl
    except ImportError:
        return object()
    handle = os.open(ROOT / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


if __name__ == "__main__":
    if sys.version_info < MIN_PYTHON:
        # Below this, even the imports of a later line may not parse.
        print(explain(missing(), platform_family()))
        sys.exit(1)
    sys.exit(main())
