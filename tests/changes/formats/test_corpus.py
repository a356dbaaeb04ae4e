"""The corpus of answers in every format: each is applied as expected, byte for byte, or refused; none goes wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from nootropic_kernel.changes.changeset import build_changeset
from nootropic_kernel.changes.formats import NoUsableEdit, parse_answer
from tests.changes.formats.corpus_cases import Case, load_cases

CASES = load_cases()


def outcome(case: Case) -> str:
    """`applied`, `refused` or `wrong`, with what is wrong."""
    try:
        edits = parse_answer(case.answer, case.files, finish_reason=case.finish)
    except NoUsableEdit as problem:
        assert len(problem.feedback()) < 6000
        if case.refused is None:
            return f"refused as {problem.kind}, but should be applied: {problem.why}"
        return "refused" if problem.kind == case.refused else f"refused as {problem.kind}, not as {case.refused}"
    if case.applied is None:
        return f"wrong: applied, but should be refused as {case.refused}: {[(e.path, e.new) for e in edits]}"
    got = {edit.path: edit.new for edit in edits}
    moved = {edit.path: edit.renamed_from for edit in edits if edit.renamed_from}
    modes = {edit.path: edit.mode for edit in edits if edit.mode is not None}
    bases_are_kept = all(edit.base == case.files.get(edit.renamed_from or edit.path) for edit in edits)
    build_changeset(edits)
    if (got, moved, modes) == (case.applied, case.renamed, case.modes) and bases_are_kept:
        return "applied"
    return f"wrong: {got} {moved} {modes}"


def test_names_are_unique_and_there_are_enough_cases() -> None:
    names = Counter(case.name for case in CASES)
    assert len(CASES) >= 400 and max(names.values()) == 1, names.most_common(3)


@pytest.mark.parametrize("form", sorted({case.format for case in CASES}))
def test_every_answer_is_applied_or_refused_as_expected(form: str) -> None:
    results = {case.name: outcome(case) for case in CASES if case.format == form}
    counts = Counter(result if result in {"applied", "refused"} else "wrong" for result in results.values())
    print(f"{form}: {counts['applied']} applied, {counts['refused']} refused, {counts['wrong']} wrong")
    assert {name: result for name, result in results.items() if result not in {"applied", "refused"}} == {}
