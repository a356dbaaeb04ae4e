"""Output validation against real servers: shape, rules, what follows, and asking again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models import validation
from nootropic_kernel.models.contract import Answer, ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import InvalidOutput
from nootropic_kernel.models.router import choose
from nootropic_kernel.models.validation import Judges, OutputRejected, Rule, Validator, ask_validated, judge
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid
from nootropic_kernel.workspace.settings import load_settings
from tests.agents.scripted_model import ScriptedModel, scripted_model

pytestmark = pytest.mark.slow

QUESTION = ChatRequest((Message("user", "How many?"),))
NUMBER = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]}
DIGITS = (Rule("regex", r"\d"),)
Start = Callable[..., tuple[Callable[[ChatRequest], Answer], ScriptedModel]]


@pytest.fixture
def says(workspace: Workspace, tmp_path: Path, person_home: Path) -> Iterator[Start]:
    """Start a model that gives these answers; how it is asked, and the server."""
    running: list[Any] = []

    def start(*answers: str) -> tuple[Callable[[ChatRequest], Answer], ScriptedModel]:
        running.append(scripted_model(tmp_path, person_home, list(answers)))
        model = running[-1].__enter__()
        return choose(load_settings(workspace), workspace).chat, model

    yield start
    for each in running:
        each.__exit__(None, None, None)


def test_the_error_is_fed_back_and_the_second_answer_taken(says: Start) -> None:
    ask, model = says("lots", '{"n": 1}', '{"n": 4}')
    done = ask_validated(ask, QUESTION, Validator(NUMBER))
    assert (json.loads(done.answer.text), done.attempts) == ({"n": 4}, 3)
    second, third = model.prompts()[1:]
    assert "lots" in second and "not valid JSON" in second
    # The bound is one that engines enforce silently in part only.
    assert "less than the minimum of 3" in third and "lots" not in third


def test_it_is_asked_at_most_twice_more(says: Start) -> None:
    ask, model = says("never JSON")
    with pytest.raises(InvalidOutput):
        ask_validated(ask, QUESTION, Validator(NUMBER))
    assert len(model.requests()) == 3


@pytest.mark.parametrize(("action", "asked"), [("block", 3), ("flag", 3), ("log", 1)])
def test_what_follows_from_a_broken_rule(says: Start, action: Any, asked: int) -> None:
    ask, model = says("none at all")
    validator = Validator(rules=DIGITS, on_violation=action)
    if action == "block":
        with pytest.raises(OutputRejected, match="gives 0, it needs 1") as refused:
            ask_validated(ask, QUESTION, validator)
        assert refused.value.data["text"] == "none at all"
    else:
        done = ask_validated(ask, QUESTION, validator)
        assert done.answer.text == "none at all" and len(done.violations) == (action == "flag")
    assert len(model.requests()) == asked


def test_a_rule_that_is_kept_the_second_time(says: Start) -> None:
    ask, model = says("none at all", "There are 7.")
    assert ask_validated(ask, QUESTION, Validator(rules=DIGITS)).answer.text == "There are 7."
    assert "cannot be used" in model.prompts()[1]


def test_a_model_judges(says: Start) -> None:
    ask, model = says('{"points": 7}', '{"points": 6}', '{"points": 11}')
    rule = Rule("ml", "It is polite.", 0.7)
    judges = Judges(ask)
    assert judge("Please sit. ```", [rule], judges)[0].passed
    (second,) = judge("Sit.", [rule], judges)
    assert not second.passed and second.score == 0.6
    assert "Criterion: It is polite." in model.prompts()[0] and model.prompts()[0].count("```") == 2
    with pytest.raises(InvalidOutput):
        judge("Sit.", [rule], judges)


def test_a_pattern_that_takes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_SEARCH_S", 1.0)
    with pytest.raises(ResourceInvalid, match="takes longer than 1 s"):
        judge("a" * 60 + "!", [Rule("regex", "(a+)+$")], Judges())


def test_checks_of_plugins_by_name() -> None:
    judges = Judges(checks={"short": lambda text: len(text) < 5, "half": lambda text: 0.5})
    found = judge("four", [Rule("custom", "short"), Rule("custom", "half"), Rule("custom", "half", 0.5)], judges)
    assert [each.passed for each in found] == [True, False, True]
    with pytest.raises(ResourceInvalid, match="No trusted plugin"):
        judge("x", [Rule("custom", "os.system")], judges)
    with pytest.raises(ResourceInvalid, match="no model to ask"):
        judge("x", [Rule("ml", "good")], judges)


def test_the_form_of_the_original_is_read() -> None:
    document = {
        "schema": NUMBER,
        "rules": [{"type": "regex", "pattern": "x", "threshold": 1}],
        "actions": {"onViolation": "flag", "onSuccess": "log"},
    }
    assert Validator.read(document) == Validator(NUMBER, (Rule("regex", "x"),), "flag", "log")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"more": 1},
        {"schema": []},
        {"rules": {}},
        {"rules": [{"type": "magic", "pattern": "x"}]},
        {"rules": [{"type": "regex", "pattern": "("}]},
        {"rules": [{"type": "regex", "pattern": "x", "threshold": 2}]},
        {"actions": {"onViolation": "shout"}},
    ],
)
def test_what_is_no_validation_is_refused(document: Any) -> None:
    with pytest.raises(ResourceInvalid, match="cannot be used"):
        Validator.read(document)


def test_the_real_model_is_constrained_and_its_judgement_is_a_number(backend: EmbeddedBackend) -> None:
    schema = {**NUMBER, "properties": {"n": {"enum": [3, 4]}}, "additionalProperties": False}
    done = ask_validated(backend.chat, QUESTION, Validator(schema))
    assert json.loads(done.answer.text)["n"] in (3, 4) and done.attempts == 1
    (judged,) = judge("Hello, how are you?", [Rule("ml", "It is a greeting.", 0.0)], Judges(backend.chat))
    assert 0 <= judged.score <= 1 and judged.passed
