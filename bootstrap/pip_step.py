"""One pip run with a line of progress instead of a wall of output; the whole output goes to a log."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

PLAIN_EVERY_S = 15.0  # without a terminal: a line now and then, not a line a package
LARGE_MB = 20.0


class PipFailed(Exception):
    """pip ended with an error; the text is what pip itself said, shortened."""


class Progress:
    """Says where a step is: one line that is rewritten on a terminal, a few lines elsewhere."""

    def __init__(self, label: str, out: TextIO) -> None:
        self.label = label
        self.out = out
        self.live = out.isatty()
        self.started = time.monotonic()
        self.packages = 0
        self._said = self.started
        self._text = ""

    def read(self, line: str) -> None:
        """Takes one line of pip's output."""
        if line.startswith("Collecting "):
            self.packages += 1
            self._show(f"{self.packages} packages, looking at {line.split()[1]}")
        elif match := re.match(r"\s*(Downloading|Using cached|Processing) (\S+)(?: \(([\d.]+) (\w+))?", line):
            name = match[2].rsplit("/", 1)[-1].split("-")[0]
            size = float(match[3]) if match[3] and match[4] in ("MB", "GB") else 0.0
            size *= 1000 if match[4] == "GB" else 1
            verb = "downloading" if match[1] == "Downloading" else "taking"
            self._text = f"{self.packages} packages, {verb} {name}" + (f" ({size:.0f} MB)" if size else "")
            self._show(self._text, now=size >= LARGE_MB and match[1] == "Downloading")
        elif match := re.match(r"Progress (\d+) of (\d+)", line):
            done, total = int(match[1]), int(match[2])
            if total > LARGE_MB * 1e6:
                self._show(f"{self._text}: {100 * done // total} %")
        elif line.startswith("Installing collected packages:"):
            self._show(f"unpacking {line.count(',') + 1} packages", now=True)

    def done(self, text: str) -> None:
        seconds = time.monotonic() - self.started
        self._write(f"{self.label}: {text} ({seconds:.0f} s)", end="\n")

    def _show(self, text: str, *, now: bool = False) -> None:
        clock = time.monotonic()
        if self.live:
            if now or clock - self._said > 0.1:
                self._said = clock
                self._write(f"{self.label}: {text} ({clock - self.started:.0f} s)", end="")
        elif clock - self._said > PLAIN_EVERY_S or now:
            self._said = clock
            self._write(f"{self.label}: {text}", end="\n")

    def _write(self, text: str, *, end: str) -> None:
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self.out.write("\r\x1b[K" + text[:width] + end)
        else:
            self.out.write("  " + text + end)
        self.out.flush()


class Pip:
    """pip of one virtual environment."""

    def __init__(self, python: Path, env: Mapping[str, str], log: Path) -> None:
        self.python = python
        self.env = dict(env)
        self.log = log

    def install(self, label: str, arguments: Sequence[str], out: TextIO = sys.stdout) -> None:
        """Runs `pip install` with the arguments.

        Raises:
            PipFailed: pip said no; the packages that were there before are still there.
        """
        progress = Progress(label, out)
        code, lines = self._run(["install", "--no-input", *self._bar(), *arguments], progress)
        if code != 0:
            progress.done("failed")
            raise PipFailed(_reason(lines) or f"pip ended with code {code}")
        progress.done("installed")

    def offers(self, requirement: str, arguments: Sequence[str]) -> bool:
        """Whether the person's package index has this exact thing; nothing is installed."""
        dry = ["install", "--no-input", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
        return self._run([*dry, *arguments, requirement], None)[0] == 0

    def version(self) -> tuple[int, ...]:
        done = subprocess.run(
            [str(self.python), "-m", "pip", "--version"],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        match = re.match(r"pip (\d+)\.(\d+)", done.stdout)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def _bar(self) -> list[str]:
        return ["--progress-bar", "raw" if self.version() >= (24, 1) else "off"]

    def _run(self, arguments: Sequence[str], progress: Progress | None) -> tuple[int, list[str]]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        lines: list[str] = []
        command = [str(self.python), "-m", "pip", *arguments]
        with self.log.open("a", encoding="utf-8") as log:
            log.write("$ pip " + " ".join(arguments) + "\n")
            with subprocess.Popen(
                command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            ) as process:
                try:
                    assert process.stdout is not None
                    for line in process.stdout:
                        if not line.startswith("Progress "):
                            log.write(line)
                            lines.append(line.rstrip())
                        if progress is not None:
                            progress.read(line)
                    code = process.wait()
                except BaseException:
                    # Control-C: pip is given the time to put away what it has half written.
                    process.terminate()
                    try:
                        process.wait(20)
                    except subprocess.TimeoutExpired:
                        process.kill()
                    raise
        return code, lines


def _reason(lines: Sequence[str]) -> str:
    said = [line.strip() for line in lines]
    errors = [line for line in said if line.startswith(("ERROR:", "error:"))]
    # When a build fails, pip names only the phase; what went wrong is the last line of the traceback it shows.
    errors += [line for line in said if re.match(r"[\w.]*(Error|Exception)\b.*: ", line)][-1:]
    return "\n".join(errors[-3:])


def drop_half_installed(site_packages: Path) -> list[str]:
    """Forgets packages whose installation was cut off, so that pip installs them again.

    pip writes the list of a package's files last; without it a package looks installed, and may lack its programs.
    """
    dropped = []
    for folder in sorted(site_packages.glob("*.dist-info")):
        if not (folder / "RECORD").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            dropped.append(folder.name)
    for folder in sorted(site_packages.glob("~*")):
        shutil.rmtree(folder, ignore_errors=True)
    return dropped
