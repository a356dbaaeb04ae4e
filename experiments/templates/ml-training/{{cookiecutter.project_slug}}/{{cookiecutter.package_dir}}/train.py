"""Training and measuring: a pipeline of scikit-learn, beside the simplest guess."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import pickle

from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .data import Data, Split


@dataclasses.dataclass(frozen=True)
class Scores:
    """How good a model is on rows it has not seen; `baseline` is the accuracy of the simplest guess."""

    accuracy: float
    f1: float
    baseline: float
    rows: int


def train(data: Data, seed: int) -> Pipeline:
    """A model fitted to the data; the same data and seed give the same model."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
    return model.fit(data.rows, data.answers)


def evaluate(model: Pipeline, parts: Split) -> Scores:
    """Measure a model on what was held back."""
    held = parts.held_back
    said = model.predict(held.rows)
    guess = DummyClassifier().fit(parts.train.rows, parts.train.answers).predict(held.rows)
    return Scores(
        float(accuracy_score(held.answers, said)),
        float(f1_score(held.answers, said, average="macro")),
        float(accuracy_score(held.answers, guess)),
        len(held.answers),
    )


def keep(model: Pipeline, scores: Scores, folder: pathlib.Path, seed: int) -> pathlib.Path:
    """Keep a model with its scores; returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.pickle"
    unfinished = file.with_suffix(".tmp")
    unfinished.write_bytes(pickle.dumps(model))
    unfinished.replace(file)
    told = {**dataclasses.asdict(scores), "seed": seed}
    (folder / "scores.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return file


def load(file: pathlib.Path) -> Pipeline:
    """A model that `keep` wrote. Load only files of your own: a pickle can run code."""
    model: Pipeline = pickle.loads(file.read_bytes())
    return model
