"""The data is read as what it holds, and what is wrong in it is said."""

import pathlib

import pytest

from {{ cookiecutter.package }}.data import COLUMNS, DATA, problems, read


@pytest.mark.parametrize("name", COLUMNS)
def test_every_file_is_read_with_its_columns(name: str) -> None:
    table = read(name)
    assert set(COLUMNS[name]) <= set(table) and len(table) > 0


@pytest.mark.parametrize("name", COLUMNS)
def test_missing_columns_are_named(name: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / f"{name}.csv").write_text("nothing\n1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks"):
        read(name, tmp_path)


@pytest.mark.parametrize("name", COLUMNS)
def test_rows_that_are_there_twice_are_told(name: str, tmp_path: pathlib.Path) -> None:
    lines = (DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / f"{name}.csv").write_text("\n".join([lines[0], lines[1], lines[1]]), encoding="utf-8")
    assert any("twice" in each for each in problems(read(name, tmp_path)))
