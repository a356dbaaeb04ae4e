"""Reads the data, and says what is wrong in it before anything is worked out from it.{% if cookiecutter.unread %}


Only CSV files are read so far: the reader of {{ cookiecutter.unread }} is still to be written here.
{% endif %}"""

from __future__ import annotations

import pathlib

import pandas as pd

DATA = pathlib.Path(__file__).resolve().parents[{{ cookiecutter.package_dir.count("/") + 1 }}] / "data"
COLUMNS = {
{% for entity in cookiecutter.entities %}
    "{{ entity.entity }}": {
{% for field in entity.fields %}
        "{{ field.name }}": "{{ {"int": "number", "float": "number", "Decimal": "number", "date": "time", "datetime": "time"}.get(field.type, "text") }}",
{% endfor %}
    },
{% endfor %}
}


def read(name: str, folder: pathlib.Path = DATA) -> pd.DataFrame:
    """The rows of a file, each column as what it holds: a number, a time, or text.

    Raises ValueError when columns are missing, or a value is not of its column's sort.
    """
    table = pd.read_csv(folder / f"{name}.csv")
    wanted = COLUMNS[name]
    if missing := [column for column in wanted if column not in table]:
        raise ValueError(f"{name}.csv lacks {', '.join(missing)}")
    for column, sort in wanted.items():
        try:
            if sort == "number":
                table[column] = pd.to_numeric(table[column])
            elif sort == "time":
                table[column] = pd.to_datetime(table[column])
        except (ValueError, TypeError) as problem:
            raise ValueError(f"{name}.csv, {column}: {problem}") from problem
    return table


def problems(table: pd.DataFrame) -> list[str]:
    """What is odd in a table, in sentences: gaps, and rows that are there twice."""
    found = [f"{column}: {count} missing" for column, count in table.isna().sum().items() if count]
    doubles = int(table.duplicated().sum())
    return [*found, *([f"{doubles} rows are there twice"] if doubles else [])]
