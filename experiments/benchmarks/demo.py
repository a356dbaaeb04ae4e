"""Times `make demo` in a fresh clone: cold (nothing installed in it), then warm; prints seconds and free space taken.

    python experiments/benchmarks/demo.py

Packages come from pip's own cache where it has them; `--no-pip-cache` downloads all of them again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def timed(command: list[str], folder: Path, env: dict[str, str]) -> tuple[float, int]:
    """Wall seconds and exit code; what the command prints goes to standard error."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    return time.perf_counter() - began, done.returncode


def megabytes(folder: Path) -> int:
    """What lies below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink()) // 1_000_000


def main() -> int:
    """The command line; 1 when a demo failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-pip-cache", action="store_true", help="do not use packages that pip has kept")
    options = parser.parse_args()
    env = {**os.environ, **({"PIP_NO_CACHE_DIR": "1"} if options.no_pip_cache else {})}
    with tempfile.TemporaryDirectory(prefix="nootropic-demo-") as place:
        clone = Path(place, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        load = os.getloadavg()[0]
        cold, cold_code = timed(["make", "demo"], clone, env)
        warm, warm_code = timed(["make", "demo"], clone, env)
        print(f"load before   {load:7.2f} on {os.cpu_count()} cores")
        print(f"make demo     {cold:7.1f} s cold, exit {cold_code}")
        print(f"make demo     {warm:7.1f} s warm, exit {warm_code}, ratio warm/cold {warm / cold:.3f}")
        print(f".venv         {megabytes(clone / '.venv'):7d} MB")
    return 1 if cold_code or warm_code else 0


if __name__ == "__main__":
    sys.exit(main())
