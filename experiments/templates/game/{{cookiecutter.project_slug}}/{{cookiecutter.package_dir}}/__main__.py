"""`python -m {{ cookiecutter.package }}` plays the game."""

from __future__ import annotations

import argparse
import random
import sys

from .rules import start
from .screen import play


def main(words: list[str] | None = None) -> int:
    """Play one game; returns the exit code."""
    parser = argparse.ArgumentParser(prog="{{ cookiecutter.project_slug }}", description=__doc__)
    parser.add_argument("--seed", type=int, help="play the game of this number again")
    given = parser.parse_args(words)
    seed = given.seed if given.seed is not None else random.randrange(1_000_000)
    print(f"game {seed}")
    play(start(seed), sys.stdin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
