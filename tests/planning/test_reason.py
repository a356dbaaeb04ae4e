"""The reason of a replan: what of it the next task takes up, and what is said where it takes up nothing."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.healing.patch import Event
from nootropic_kernel.planning.healing.reason import reason_told, taken_up
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.healing.situation import ground_of
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import Task
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.repository.facts import read_facts
from tests.planning.test_new_projects import planned

LEXICON = Lexicon(shipped_library())


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("use polars, pandas is too slow", ["polars"]),
        ("use polars instead of pandas", ["polars"]),
        ("the files are gzipped FASTA, use biopython", ["FASTA", "biopython"]),
        ("it is not CSV but XLSX", ["XLSX"]),
        ("call the class `Primer`", ["Primer"]),
        ("I don't want pandas", []),
        ("the recipe crashed in store.py", []),
        ("use smaller steps", []),
        ("it broke", []),
    ],
)
def test_what_is_asked_for_is_taken_up_and_nothing_else(said: str, names: list[str]) -> None:
    assert list(taken_up(said, LEXICON)) == names


def healed(kind: str, said: str) -> tuple[list[Task], str]:
    plan = planned("I have folders of FASTA files. Read them, count the sequences and plot their lengths")
    patch = replan(plan, Event(kind, "T1", said), ground_of(plan, shipped_library(), read_facts({})), {})
    return patch.tasks(), reason_told(patch, LEXICON)


def test_the_new_task_says_what_it_takes_up() -> None:
    (new,), told = healed("failed", "the files are gzipped, use biopython")
    assert new.title == "Read the FASTA files (take up: biopython)"
    assert "use biopython" in new.body and "To be taken up: biopython." in new.body
    assert told == f"{new.id} takes up from what you said: biopython."


@pytest.mark.parametrize("said", ["we have no FASTA files, drop it", "Cancel T1.", "it is no longer needed"])
def test_who_wants_a_task_dropped_is_told_how(said: str) -> None:
    """Regression: a model was to do again what nobody wanted."""
    (new,), told = healed("failed", said)
    assert told == f"Where the work is not wanted at all: `noo task {new.id} --status cancelled`."


@pytest.mark.parametrize("said", ["drop the duplicates", "remove it from the list first", "a header is not needed"])
def test_what_is_to_be_dropped_of_the_data_is_not_the_task(said: str) -> None:
    assert "cancelled" not in healed("failed", said)[1]


@pytest.mark.parametrize(("kind", "said"), [("failed", "it broke"), ("late", "use biopython")])
def test_where_nothing_is_taken_up_the_reason_is_only_noted(kind: str, said: str) -> None:
    tasks, told = healed(kind, said)
    assert not [task for task in tasks if "take up" in task.title]
    assert told.startswith("What you said is only noted")
