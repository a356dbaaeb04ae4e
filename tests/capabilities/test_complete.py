"""``complete`` and ``note-completion``: code at the cursor from an allowed model, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.capabilities.proposing import call

pytestmark = pytest.mark.slow


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace)
    yield opened
    opened.close()


def test_what_fits_at_the_cursor(session: Session, tmp_path: Path, person_home: Path) -> None:
    answers = ["sorted(books)", "```python\n    return sorted(books)\n```", "books)", "tail"]
    with scripted_model(tmp_path, person_home, answers) as model:
        before = "def by_title(books):\n    return "
        found = call(session, "complete", prefix=before, language="python").document()
        assert (found["insert"], found["backend"], found["model"]) == ("sorted(books)", "mine", "scripted")
        # What stands there already is not said twice, neither before the cursor nor after it.
        assert (
            call(session, "complete", prefix="\n" + before, language="python").document()["insert"] == "sorted(books)"
        )
        assert call(session, "complete", prefix="sorted(", suffix=")\nx = 1").document()["insert"] == "books"
        asked = model.prompts()[0]
        assert "return " in asked and "python" in asked and model.requests()[0]["max_tokens"] == 48
        # Nothing is asked where nothing was written, or in a file that no model may see.
        assert call(session, "complete", prefix="  \n").document()["insert"] == ""
        assert call(session, "complete", prefix="KEY=", path=".env").document()["insert"] == ""
        assert len(model.requests()) == 3
    assert events(session.database().read(), kind="completion.accepted") == []


def test_only_what_is_local_is_asked_unless_the_person_names_another(
    session: Session, tmp_path: Path, person_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = person_home
    home.mkdir(parents=True, exist_ok=True)
    settings = {
        "backends": {"far": {"kind": "openai-compatible", "url": "https://models.example.org/v1", "model": "m"}},
        "modelPreference": ["far"],
    }
    (home / "config.json").write_text(json.dumps(settings))
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "no-models"))
    with pytest.raises(NoModel):
        call(session, "complete", prefix="x = ")


def test_a_taken_completion_is_journalled_without_its_text(session: Session) -> None:
    call(session, "note-completion", text="sorted(books)", latency_s=0.42, shown_s=1.5, model="m", language="python")
    (event,) = events(session.database().read(), kind="completion.accepted")
    assert event.data["length"] == 13 and event.data["latency_s"] == 0.42 and len(event.data["sha256"]) == 64
    assert "sorted" not in json.dumps([event.subject, event.data])
