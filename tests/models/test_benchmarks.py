"""Measuring a model: the real one, and what is kept of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.bench_model import BenchModelParams, bench_model
from nootropic_kernel.models import embedded
from nootropic_kernel.models.benchmarks import BenchTask, bench_tasks
from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.errors import InferenceError, NoModel
from nootropic_kernel.models.measurements import measured
from nootropic_kernel.models.router import Router
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings
from tests.models.conftest import ServeScript
from tests.models.framings import FRAMINGS
from tests.models.stand_ins import stand_in

RIGHT = {
    "keyword": "`def`", "length": "6", "floor division": " 3.\n", "slice": "'note'", "exception": "ZeroDivisionError",
    "function": "```python\ndef add(a: int, b: int) -> int:\n    \"\"\"Add.\"\"\"\n    return a + b\n```",
    "file in JSON": '{"line": 12, "file": "shelf/books.py"}', "capital": "paris", "sum": "42", "opposite": "Cold.",
    "choice": "A fish.", "person in JSON": '{"name": "Mary", "age": 31}',
}  # fmt: skip


@pytest.fixture
def own_figures(model: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test's own, with the real model in it."""
    kept = model.path
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    model.path.parent.mkdir(parents=True)
    model.path.hardlink_to(kept)


@pytest.mark.parametrize("task", bench_tasks(), ids=lambda task: task.name)
def test_each_task_knows_right_from_wrong(task: BenchTask) -> None:
    assert task.is_solved_by(RIGHT[task.name])
    for other, answer in RIGHT.items():
        assert other == task.name or not task.is_solved_by(answer)
    for wrong in ("", "I do not know.", f"{RIGHT[task.name]} and more", "[]", "{"):
        assert not task.is_solved_by(wrong)


@pytest.mark.deep
@pytest.mark.slow
@pytest.mark.usefixtures("own_figures")
def test_the_real_model_is_measured_and_the_score_prefers_that(workspace: Workspace) -> None:
    told: list[Progress] = []
    try:
        result = bench_model(BenchModelParams(rounds=1), Session(workspace, emit=told.append))
    finally:
        embedded.close_all()
    found = result.measurement
    assert found.decode_tokens_per_s > 0.1 and (found.prefill_tokens_per_s or 0) > 0.1 and found.first_token_s > 0
    assert found.quality == 1 - len(result.unsolved) / found.tasks and found.tasks == len(bench_tasks())
    assert measured("", "smollm2-135m-instruct") == found and Path(result.file).is_file()
    terms = Router(load_settings(workspace), workspace).choose().score
    assert terms.throughput.basis == terms.accuracy.basis == "measured" and terms.accuracy.value == found.quality
    assert result.score == pytest.approx(terms.total, abs=0.001) and "tokens/s" in result.text()
    assert [each.fraction for each in told] == sorted(each.fraction or 0.0 for each in told)


def named(home: Path, settings: Any) -> None:
    """Name one backend in the person's settings."""
    home.mkdir(parents=True, exist_ok=True)
    entry = {"url": settings.url, "model": settings.model, "kind": settings.kind}
    (home / "config.json").write_text(json.dumps({"backends": {"mine": entry}, "modelPreference": ["mine"]}))


def test_a_named_server_is_measured_by_its_own_name(
    tmp_path: Path, workspace: Workspace, person_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    with stand_in("vllm", tmp_path) as server:
        named(person_home, server.settings)
        result = bench_model(BenchModelParams(name="mine", rounds=2), Session(workspace))
        with pytest.raises(NoModel, match="nobody"):
            bench_model(BenchModelParams(name="nobody"), Session(workspace))
    assert result.measurement.backend == "mine" and measured(server.settings.url, "toy-1") == result.measurement
    assert "keyword" in result.unsolved


def test_a_model_that_writes_nothing_has_no_speed(
    serve: ServeScript, workspace: Workspace, person_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    named(person_home, serve(*FRAMINGS["openai-compatible, chunked"].whole()))
    with pytest.raises(InferenceError, match="cannot be measured"):
        bench_model(BenchModelParams(), Session(workspace))
    assert not (tmp_path / "cache" / "benchmarks").exists()


def test_a_stop_keeps_nothing(
    serve: ServeScript, workspace: Workspace, person_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    named(person_home, serve({"sleep": 60}))
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(Interrupted):
        bench_model(BenchModelParams(), Session(workspace, cancel=cancel))
    assert not (tmp_path / "cache" / "benchmarks").exists()
