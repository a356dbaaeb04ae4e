"""The data, and the part of it that is held back for measuring.{% if cookiecutter.unread %}


Only CSV files are read so far: the reader of {{ cookiecutter.unread }} is still to be written here.
{% endif %}"""

from __future__ import annotations

import csv
import dataclasses
import pathlib

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split


@dataclasses.dataclass(frozen=True)
class Data:
    """Rows of numbers, the answer for each, and the names of the columns."""

    rows: np.ndarray
    answers: np.ndarray
    columns: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Split:
    """What is learned from, and what is held back."""

    train: Data
    held_back: Data


def read(path: pathlib.Path | None) -> Data:
    """Read a CSV file whose last column is the answer; None stands for the iris flowers.

    Raises ValueError when a value is no number, with its line.
    """
    if path is None:
        iris = load_iris()
        names = np.asarray(iris.target_names)
        return Data(np.asarray(iris.data), names[iris.target], tuple(iris.feature_names))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        head = next(reader, [])
        rows: list[list[float]] = []
        answers: list[str] = []
        for row in filter(None, reader):
            if len(row) != len(head) or len(row) < 2:
                raise ValueError(f"line {reader.line_num} has {len(row)} values, not {len(head)}")
            try:
                rows.append([float(value) for value in row[:-1]])
            except ValueError as problem:
                raise ValueError(f"line {reader.line_num}: {problem}") from problem
            answers.append(row[-1])
    if len(set(answers)) < 2:
        raise ValueError("there must be at least two different answers to learn from")
    return Data(np.array(rows), np.array(answers), tuple(head[:-1]))


def split(data: Data, seed: int, share: float = 0.25) -> Split:
    """Hold a share of the rows back, the same ones for the same seed."""
    parts = train_test_split(data.rows, data.answers, test_size=share, random_state=seed, shuffle=True)
    return Split(Data(parts[0], parts[2], data.columns), Data(parts[1], parts[3], data.columns))
