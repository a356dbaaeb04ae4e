"""A scaffold that reads one format says so where the brief has its data in another."""

from __future__ import annotations

import pytest

from tests.scaffold.making import from_brief

FASTA = "A data pipeline that reads FASTA files and computes the GC content of each sequence"


@pytest.mark.parametrize(
    ("brief", "format_", "reader"),
    [
        (FASTA, "FASTA", "extract.py"),
        ("A pipeline for GPX tracks: compute the distance per ride and store it in SQLite", "GPX", "extract.py"),
        ("ETL that loads BUFR files into PostgreSQL every night", "BUFR", "extract.py"),
        ("A data pipeline that reads FIT files and stores the pace", "FIT", "extract.py"),
        ("A pipeline that ingests JSON files and CSV files and cleans them", "JSON", "extract.py"),
        ("I have folders of DICOM files. Sort them by patient and plot the dose.", "DICOM", "data.py"),
        ("Load orders.parquet, clean it, plot revenue by month", "Parquet", "data.py"),
        ("Train a classifier on MIDI files", "MIDI", "data.py"),
    ],
)
def test_the_reader_of_another_format_is_said_to_be_missing_where_it_belongs(
    brief: str, format_: str, reader: str
) -> None:
    made = from_brief(brief)
    (path,) = [path for path in made.files if path.endswith(f"/{reader}")]
    said = f"the reader of {format_} is still to be written"
    assert said in made.files[path].content.decode()
    assert said.lower() in made.files["README.md"].content.decode().lower()
    assert any(said in note for note in made.notes)


@pytest.mark.parametrize(
    "brief",
    [
        "Load sales.csv, clean it, plot revenue by month",
        "Read orders.csv, compute the totals and write them as Parquet",
        "A pipeline that fits a curve to readings in sensors.csv",
        "A data pipeline that reads CSV files and stores them in SQLite",
        "A data pipeline for measurements of a sensor (place, value, date)",
    ],
)
def test_what_is_read_is_not_said_to_be_missing(brief: str) -> None:
    made = from_brief(brief)
    assert not any("still to be written" in file.content.decode() for file in made.files.values())


def test_the_task_that_reads_the_format_stays_to_be_done() -> None:
    assert not [item for item in from_brief(FASTA).provides if "fasta" in item]
