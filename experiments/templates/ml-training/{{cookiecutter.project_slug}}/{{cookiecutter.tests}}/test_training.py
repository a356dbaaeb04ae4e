"""The model beats the simplest guess on rows it has not seen, and is the same every time."""

import pathlib

import numpy as np
import pytest

from {{ cookiecutter.package }}.__main__ import main
from {{ cookiecutter.package }}.data import read, split
from {{ cookiecutter.package }}.train import evaluate, keep, load, train


def test_the_model_beats_the_simplest_guess() -> None:
    parts = split(read(None), seed=0)
    scores = evaluate(train(parts.train, seed=0), parts)
    assert scores.accuracy > scores.baseline + 0.2


def test_nothing_that_is_held_back_is_learned_from() -> None:
    data = read(None)
    numbered = type(data)(np.arange(len(data.rows)).reshape(-1, 1), data.answers, ("number",))
    parts = split(numbered, seed=3)
    assert not set(parts.train.rows.ravel()) & set(parts.held_back.rows.ravel())
    assert len(parts.train.rows) + len(parts.held_back.rows) == len(data.rows)


def test_the_same_seed_gives_the_same_model(tmp_path: pathlib.Path) -> None:
    parts = split(read(None), seed=1)
    one, other = train(parts.train, seed=1), train(parts.train, seed=1)
    kept = load(keep(one, evaluate(one, parts), tmp_path, 1))
    assert (kept.predict(parts.held_back.rows) == other.predict(parts.held_back.rows)).all()


def test_a_file_is_learned_from_and_asked(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{x},{x + 1},{'large' if x > 20 else 'small'}" for x in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["x,y,size", *rows]), encoding="utf-8")
    models = f"--models={tmp_path / 'models'}"
    assert main([models, "train", f"--data={tmp_path / 'rows.csv'}"]) == 0
    assert main([models, "predict", "39", "40"]) == 0
    assert capsys.readouterr().out.endswith("large\n")


def test_a_wrong_file_is_refused_with_its_line(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.csv").write_text("x,size\n1,small\nmany,large\n", encoding="utf-8")
    assert main(["train", f"--data={tmp_path / 'rows.csv'}"]) == 1
    assert "line 3" in capsys.readouterr().err
