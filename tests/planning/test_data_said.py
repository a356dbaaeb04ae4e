"""Data that a brief says there is: it is named in the tasks, and checked as what it is."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan
from tests.planning.test_new_projects import planned

FASTA = "I have folders of FASTA files. Read them, count the sequences and plot their lengths"


def titles(plan: Plan) -> list[str]:
    return [task.title for task in plan.tasks]


@pytest.mark.parametrize(
    ("brief", "first"),
    [
        (FASTA, "Read the FASTA files"),
        ("I have folders of FASTA files and want to count k-mers in them", "Read the FASTA files"),
        ("We have a folder of PDF invoices; read them and sum the totals", "Read the PDF invoices"),
        ("Analyse my photos: read them and plot their sizes", "Read the photos"),
        ("I have sales.csv, plot revenue by month", "Read sales.csv"),
    ],
)
def test_the_first_task_names_what_is_read(brief: str, first: str) -> None:
    assert titles(planned(brief))[0] == first


def test_title_and_package_are_the_data_and_what_is_done_with_it() -> None:
    plan = planned(FASTA)
    assert plan.title == "FASTA files: read them, count the sequences and plot their lengths"
    assert plan.bindings["package"] == "fasta_files"
    assert planned("I have FASTA files and want to count k-mers").title == "FASTA files: count k-mers"


def checks(brief: str) -> str:
    plan = planned(brief)
    return " ".join([*titles(plan), *(check.text for task in plan.tasks for check in task.acceptance)]).lower()


def test_only_tables_are_checked_as_tables() -> None:
    for brief in (FASTA, "I have WAV recordings. Load them, filter noise and compute their length"):
        said = checks(brief)
        assert "rows" not in said and "gaps" not in said and "table" not in said
        assert "broken" in said
    for brief in ("I have sales.csv, plot revenue by month", "I have CSV files. Load them and plot revenue"):
        assert "gaps" in checks(brief) and "rows" in checks(brief)


def test_what_a_comma_parts_off_behind_the_data_is_a_step() -> None:
    assert "Plot revenue by month" in titles(planned("I have sales.csv, plot revenue by month"))
    brief = "I have folders of FASTA files; trim adapters, compute GC content and plot it"
    assert titles(planned(brief))[1:] == ["Trim adapters", "Compute GC content", "Plot it"]


def test_other_things_that_somebody_has_are_no_data() -> None:
    assert planned("I have a bike shop and want to sell parts").archetype == "shop"


def test_what_somebody_has_is_kept_where_an_app_for_it_is_wanted() -> None:
    plan = planned("I have a folder of letters and want a web app to search them")
    assert [thing["entity"] for thing in plan.bindings["entities"]] == ["letter"]
    assert plan.bindings["package"] == "letter"
