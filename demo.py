"""Runs the quickstart in a repository of its own (`make demo`), or opens JupyterLab there (`make lab`)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from bootstrap.demo_repository import (
    NOTEBOOK_NAME,
    NotARepository,
    copy_of,
    fresh_folder,
    git,
    latest_repository,
    make_sample,
)
from bootstrap.environment import clean_environment, scripts_folder

ROOT = Path(__file__).resolve().parent
DEMO = ROOT / "demo"
QUICKSTART = ROOT / "notebooks" / "quickstart.ipynb"
SAMPLE = ROOT / "notebooks" / "sample_project"
KERNEL = "nootropic"


def main(argv: list[str] | None = None) -> int:
    """The command line; 0 when every cell ran."""
    parser = argparse.ArgumentParser(description="Run the Nootropic quickstart, or open it in JupyterLab.")
    parser.add_argument("--repo", default="", help="work on a copy of this repository instead of the sample")
    parser.add_argument("--lab", action="store_true", help="open JupyterLab in the last demo's repository")
    options, rest = parser.parse_known_args(argv)
    env = clean_environment(ROOT / ".venv")
    os.environ.clear()
    os.environ.update(env)
    try:
        return open_lab(rest) if options.lab else run_quickstart(options.repo)
    except NotARepository as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.")
        return 130


def run_quickstart(reader_repo: str) -> int:
    """Executes the quickstart with progress, and says what it did and what to type next."""
    from bootstrap.leftovers import MARK, end_all
    from bootstrap.notebook_run import CellFailed, execute, tagged_output

    folder = fresh_folder(DEMO)
    repository = folder / "repository"
    if reader_repo:
        source = Path(reader_repo).expanduser()
        copy_of(source, repository)
        print(f"Working on a copy of {source} at its last commit; the original is not touched.")
    else:
        make_sample(SAMPLE, repository)
    print(f"The demo's repository: {shown(repository)}\n")
    before = git(repository, "rev-parse", "HEAD")
    mark = uuid.uuid4().hex
    os.environ[MARK] = mark
    executed = repository / NOTEBOOK_NAME
    started = time.monotonic()
    failure: CellFailed | None = None
    try:
        by = execute(QUICKSTART, executed, {"repo": str(repository)}, repository, KERNEL, folder / "kernel.log")
    except CellFailed as error:
        failure = error
        by = "it"
    finally:
        left = end_all(mark, folder)
    seconds = time.monotonic() - started
    print()
    if failure is None:
        print(f"The quickstart ran to its end in {seconds:.0f} s (executed by {by}).")
        summary = tagged_output(executed, "summary")
        if summary:
            print(summary)
    else:
        print(f"The quickstart stopped at “{failure.title}”.\n  {failure.reason}")
    print("Commits made in the demo's repository, oldest first:")
    log = git(repository, "log", "--reverse", "--format=  %h %s", f"{before}..HEAD", "--")
    print((log and "  " + log) or "  none")
    if left:
        print("These processes were still running and have been ended:")
        print("\n".join(f"  {name}" for name in left))
    print(f"The executed notebook: {shown(executed)}")
    if failure is None:
        print("Next: `make lab` opens it in JupyterLab; `make demo REPO=path` works on a copy of your repository.")
        return 0
    print("Next: look at the notebook's last output; `noo doctor` in that repository says what is missing.")
    return 1


def open_lab(arguments: list[str]) -> int:
    """JupyterLab in the last demonstration's repository (a new sample when there was none)."""
    repository = latest_repository(DEMO)
    if repository is None:
        repository = make_sample(SAMPLE, fresh_folder(DEMO) / "repository")
    print(f"JupyterLab in {shown(repository)}; stop it with Control-C.", flush=True)
    command = [str(scripts_folder(ROOT / ".venv") / "jupyter"), "lab", f"--ServerApp.root_dir={repository}"]
    if (repository / NOTEBOOK_NAME).is_file():
        command.append(f"--LabApp.default_url=/lab/tree/{NOTEBOOK_NAME}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    process = subprocess.Popen([*command, *arguments], cwd=repository)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sends Control-C to the server too, which asks before it stops.
            continue


def shown(path: Path) -> str:
    """A path as the person would type it from the clone."""
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
