"""The pipeline loads what the files hold, tells which rows it could not read, and can be run again."""

import pathlib

import pytest
import sqlalchemy as sa

from {{ cookiecutter.package }}.__main__ import main
from {{ cookiecutter.package }}.pipeline import FLOWS, Flow, run

DATA = pathlib.Path(__file__).parents[{{ cookiecutter.tests.count("/") + 1 }}] / "data"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.file)
def test_a_second_run_on_the_same_files_changes_nothing(flow: Flow, engine: sa.Engine) -> None:
    first = {done.file: done for done in run(DATA, engine)}
    assert first[flow.file].loaded == 1 and not first[flow.file].faults
    kept = flow.store(engine).items()
    run(DATA, engine)
    assert [item for _, item in flow.store(engine).items()] == [item for _, item in kept]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.file)
def test_a_row_that_makes_no_record_is_told_with_its_line(
    flow: Flow, engine: sa.Engine, tmp_path: pathlib.Path
) -> None:
    (tmp_path / flow.file).write_text("nothing\nof it\n", encoding="utf-8")
    (done,) = run(tmp_path, engine)
    assert done.loaded == 0
    assert [fault.line for fault in done.faults] == [2] and "missing" in done.faults[0].why


def test_the_command_runs_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'kept.db'}")
    assert main([str(DATA)]) == 0
    assert "1 loaded" in capsys.readouterr().out
