"""`python -m {{ cookiecutter.package }} FOLDER` runs the pipeline on the CSV files of a folder."""

from __future__ import annotations

import argparse
import pathlib
import sys

from .database import connect
from .pipeline import run


def main(words: list[str] | None = None) -> int:
    """Run the pipeline; returns 1 when a row made no record."""
    parser = argparse.ArgumentParser(prog="{{ cookiecutter.project_slug }}", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args(words)
    if not given.folder.is_dir():
        parser.error(f"{given.folder} is not a folder")
    failed = False
    for done in run(given.folder, connect()):
        print(f"{done.file}: {done.loaded} loaded")
        for fault in done.faults:
            failed = True
            print(f"{done.file}:{fault.line}: {fault.why}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
