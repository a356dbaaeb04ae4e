"""The first step: rows as they are in the files.{% if cookiecutter.unread %}


Only CSV files are read so far: the reader of {{ cookiecutter.unread }} is still to be written here.
{% endif %}"""

from __future__ import annotations

import collections.abc
import csv
import pathlib

Row = dict[str, str]


def extract(path: pathlib.Path) -> collections.abc.Iterator[tuple[int, Row]]:
    """The rows of a CSV file with their line numbers; its first line names the columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, {str(name).strip(): value or "" for name, value in row.items() if name is not None}
