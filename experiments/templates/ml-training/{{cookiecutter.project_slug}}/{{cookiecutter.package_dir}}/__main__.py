"""`python -m {{ cookiecutter.package }} train` trains and measures a model; `predict` asks it."""

from __future__ import annotations

import argparse
import pathlib
import sys

import numpy as np

from .data import read, split
from .train import evaluate, keep, load, train


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="{{ cookiecutter.project_slug }}", description=__doc__)
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path("models"), help="where the model is kept")
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train and measure a model")
    training.add_argument("--data", type=pathlib.Path, help="a CSV file; its last column is the answer")
    training.add_argument("--seed", type=int, default=0)
    asking = commands.add_parser("predict", help="ask the model about one row")
    asking.add_argument("values", type=float, nargs="+")
    given = parser.parse_args(words)
    try:
        return _train(given) if given.command == "train" else _predict(given)
    except (OSError, ValueError) as problem:
        print(f"{{ cookiecutter.project_slug }}: {problem}", file=sys.stderr)
        return 1


def _train(given: argparse.Namespace) -> int:
    parts = split(read(given.data), given.seed)
    model = train(parts.train, given.seed)
    scores = evaluate(model, parts)
    file = keep(model, scores, given.models, given.seed)
    print(f"accuracy {scores.accuracy:.3f} on {scores.rows} rows (simplest guess {scores.baseline:.3f}); kept: {file}")
    return 0


def _predict(given: argparse.Namespace) -> int:
    print(load(given.models / "model.pickle").predict(np.array([given.values]))[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
