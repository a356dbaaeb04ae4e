"""Jobs that fail or name what is not there: what is said, and what is done again."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from nootropic_kernel.agents.edit_task import NotEditable
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.code import CodeParams, code
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.workspace.errors import NootropicError
from tests.agents.one_job import ASK, BAD, LINE, ids, kept_answers
from tests.agents.scripted_model import scripted_model
from tests.promises.rooms import GOOD, noo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("no_embedded_model")]


FAILURES = {
    "an error": ({"status": 500}, "did not answer the request"),
    "a cut stream": ({"cut": "shelf/books.py\n```python\ndef by"}, "cut off"),
    "babble": ("wibble " * 40, "No usable edit"),
    "a refusal": ("I cannot help with that.", "No usable edit"),
    "nothing": ("", "No usable edit"),
    "no end": ("".join(f"x{number} = {number}\n" for number in range(20_000)), "No usable edit"),
}


# Some of each kind: the others take as long.
OFTEN = ("an error", "babble")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in OFTEN else pytest.mark.deep) for n in FAILURES])
def test_every_failure_of_a_model_says_what_to_do(repo: Path, person_home: Path, tmp_path: Path, name: str) -> None:
    answer, words = FAILURES[name]
    with scripted_model(tmp_path, person_home, [answer]):
        done = noo(repo, *LINE)
        assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
        error = json.loads(noo(repo, *LINE, "--json").stdout)["error"]
    assert error["next"] and len(done.stderr) < 1000
    if error["data"].get("run"):
        shown = noo(repo, "show", error["data"]["run"])
        said = answer["cut"] if isinstance(answer, dict) else answer
        assert said.split("\n")[0][:20] in shown.stdout and shown.returncode == 0
    else:
        assert name in ("an error", "nothing")
    assert noo(repo, "review").returncode == 0


def test_a_server_that_is_not_there_is_named(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, []):
        pass
    with pytest.raises(ModelError, match="No connection to the backend 'mine'"):
        code(CodeParams(**ASK), session)


def test_an_instruction_that_failed_is_asked_anew(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, BAD, BAD, BAD, GOOD]) as model:
        with pytest.raises(NoUsableEdit, match="noo show R"):
            code(CodeParams(**ASK), session)
        assert kept_answers(session) == 0
        assert code(CodeParams(**ASK), session).proposal.id == "P1" and len(model.requests()) == 5


def test_a_task_that_failed_says_what_its_verb_can_do(repo: Path, person_home: Path, tmp_path: Path) -> None:
    assert noo(repo, "plan", "Make the sort ignore case in by_title").returncode == 0
    assert "came to nothing" not in noo(repo, "show", "T1").stdout
    with scripted_model(tmp_path, person_home, [BAD]):
        failed = noo(repo, "run", "T1")
    assert failed.returncode == 1 and "`noo code --file … --instruct …`" in failed.stdout, failed.stdout
    shown = noo(repo, "show", "T1").stdout
    (name,) = set(re.findall(r"noo show (R\d+)", failed.stdout))
    assert f"`noo show {name}`" in shown and BAD in noo(repo, "show", name).stdout


def test_a_change_that_no_proposal_may_hold_is_asked_for_anew(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    answer = "conf/.env\n```\nNAME=1\n```\n"
    with scripted_model(tmp_path, person_home, [answer]) as model:
        for _ in range(2):
            asked = len(model.requests())
            with pytest.raises(NootropicError) as caught:
                code(CodeParams(**ASK), session)
            assert len(model.requests()) > asked and kept_answers(session) == 0, caught.value
    assert ids(session) == []


def test_a_file_whose_name_is_not_utf_8_disturbs_nobody(session: Session, person_home: Path, tmp_path: Path) -> None:
    """Regression: one such file anywhere, and neither search nor code worked at all."""
    other = os.fsencode(session.workspace.root) + b"/caf\xe9.py"
    Path(os.fsdecode(other)).write_text('def sort_case(books):\n    """Sort without regard to case."""\n')
    with scripted_model(tmp_path, person_home, [GOOD, BAD]) as model:
        assert code(CodeParams(**ASK), session).diff
        with pytest.raises(NotEditable, match="not UTF-8"):
            code(CodeParams(instruct="Sort", file=["caf\udce9.py"]), session)
        with pytest.raises(NoUsableEdit):
            code(CodeParams(instruct="Sort \udce9", file=["shelf/books.py"]), session)
        assert "Sort ?" in model.prompts()[-1]


def test_a_file_that_is_not_there_is_said_to_be_new(session: Session, person_home: Path, tmp_path: Path) -> None:
    answer = "shelf/bookz.py\n```python\nx = 1\n```\n"
    with scripted_model(tmp_path, person_home, [answer, BAD]):
        result = code(CodeParams(instruct="Make it", file=["shelf/bookz.py"]), session)
        with pytest.raises(NoUsableEdit, match=r"Did you mean shelf/books\.py\?"):
            code(CodeParams(instruct="Make it so", file=["shelf/bookz.py"]), session)
    assert "shelf/bookz.py does not exist yet, so it would be a new file. Did you mean shelf/books.py?" in result.notes
