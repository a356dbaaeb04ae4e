"""What a recipe does by itself is not asked of a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.code import CodeParams, code
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.workspace.errors import NootropicError
from tests.agents.one_job import ids
from tests.agents.scripted_model import scripted_model
from tests.promises.rooms import GOOD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("no_embedded_model")]


RENAMED = GOOD.replace("by_title", "sort_by_title")


def test_a_recipe_does_what_is_its_own_without_a_model(session: Session) -> None:
    result = code(CodeParams(instruct="rename by_title to sort_by_title"), session)
    assert "+def sort_by_title" in result.diff and result.proposal.model is None
    told = "The recipe python.rename did it; no model was asked. `noo code --model …` asks a model instead."
    assert told in result.notes
    with pytest.raises(NootropicError, match=r"by_titel.*noo models pull.*noo recipes"):
        code(CodeParams(instruct="rename by_titel to sort_by_title"), session)
    with pytest.raises(NoModel):
        code(CodeParams(instruct="rename by_title to sort_by_title", model=True), session)


def test_a_recipe_that_refuses_says_how_a_model_is_asked(session: Session) -> None:
    cell = {"cell_type": "code", "source": "from shelf.books import by_title\nx = !echo {by_title}"}
    (session.workspace.root / "n.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(NootropicError, match=r"n\.ipynb.*x = !echo \{by_title\}.*`noo code --model …`"):
        code(CodeParams(instruct="rename by_title to sort_by_title"), session)
    assert ids(session) == []


def test_a_model_that_is_there_is_not_asked_for_what_a_recipe_does(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    asked = {"instruct": "Rename by_title to sort_by_title", "file": ["shelf/books.py"]}
    with scripted_model(tmp_path, person_home, [RENAMED, RENAMED]) as model:
        result = code(CodeParams(**asked), session)
        assert not model.requests() and result.proposal.model is None
        result = code(CodeParams(**asked, model=True), session)
        assert len(model.requests()) == 1 and result.proposal.model and not any("recipe" in n for n in result.notes)
        # What the recipe cannot do is a model's work all the same.
        code(CodeParams(instruct="rename by_titel to sort_by_title", file=["shelf/books.py"]), session)
        assert len(model.requests()) == 2
