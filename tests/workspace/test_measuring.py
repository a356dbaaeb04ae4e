"""Settings of telemetry, tariff, prices and budget: the person grants, a repository may only take away."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.measuring import BudgetSettings, Measuring, Price, Tariff
from nootropic_kernel.workspace.settings import load_settings
from tests.telemetry.settings_files import person_says, repository_says

LEVELS = ("off", "local", "export")


def test_everything_that_a_person_can_say(person_home: Path) -> None:
    person_says(
        person_home,
        telemetry={
            "promptText": "export", "otlpEndpoint": "http://127.0.0.1:4318/v1/traces", "mlflow": False,
            "metricsPort": 9464,
        },
        tariff={"usdPerKwh": 0.3, "maxWatts": 65, "idleWatts": 15, "machineUsd": 900, "machineHours": 20000},
        prices={"m": {"input": 1, "output": 2, "cacheRead": 0.5}},
        budget={"perDayUsd": 2, "perRunUsd": 0.5, "perPlanUsd": 10},
    )  # fmt: skip
    settings = load_settings(None)
    assert settings.problems == ()
    found = settings.measuring
    assert found.telemetry.prompt_text == "export" and found.telemetry.metrics_port == 9464
    assert found.telemetry.otlp_endpoint == "http://127.0.0.1:4318/v1/traces" and not found.telemetry.mlflow
    assert found.tariff == Tariff(0.3, 65, 15, 900, 20000)
    assert found.prices == {"m": Price(1, 2, 0.5)} and found.budget == BudgetSettings(2, 0.5, 10)


def test_without_settings_nothing_leaves_no_port_opens_and_nothing_is_known() -> None:
    found = load_settings(None).measuring
    assert found.telemetry.otlp_endpoint is None and found.telemetry.metrics_port is None
    assert found.telemetry.prompt_text == "local"
    assert not found.budget.is_set and found.tariff == Tariff()


def test_a_repository_grants_nothing(workspace: Workspace) -> None:
    repository_says(
        workspace,
        telemetry={"promptText": "export", "otlpEndpoint": "http://evil.example/v1/traces", "metricsPort": 1},
        tariff={"usdPerKwh": 0},
        prices={"gpt-5": {"input": 0, "output": 0}},
        budget={"perDayUsd": 1000},
    )
    settings = load_settings(workspace)
    assert settings.measuring.prices == {} and settings.measuring.tariff == Tariff()
    assert settings.measuring.telemetry == Measuring().telemetry
    assert settings.measuring.budget == BudgetSettings(per_day=1000.0), "a limit where there was none is narrower"
    for name in ("otlpEndpoint", "metricsPort", "tariff", "prices"):
        assert any(name in problem for problem in settings.problems), name


@pytest.mark.parametrize(("own", "theirs"), list(itertools.product(LEVELS, LEVELS)))
def test_a_repository_can_keep_less_of_what_is_said_never_more(
    workspace: Workspace, person_home: Path, own: str, theirs: str
) -> None:
    person_says(person_home, telemetry={"promptText": own})
    repository_says(workspace, telemetry={"promptText": theirs})
    found = load_settings(workspace).measuring.telemetry.prompt_text
    assert LEVELS.index(found) == min(LEVELS.index(own), LEVELS.index(theirs))


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.sampled_from(["off", "export", "x", [], {}]),
)  # fmt: skip
KEYS = ("promptText", "otlpEndpoint", "mlflow", "metricsPort", "usdPerKwh", "perDayUsd", "perRunUsd", "perPlanUsd")
SECTIONS = st.fixed_dictionaries(
    {}, optional={name: st.dictionaries(st.sampled_from(KEYS), ANYTHING) for name in ("telemetry", "tariff", "budget")}
)


@settings(deadline=None)
@given(SECTIONS, SECTIONS)
def test_narrowing_never_widens_whatever_the_files_say(own: dict[str, Any], theirs: dict[str, Any]) -> None:
    person = Measuring.of_person(own, lambda problem: None)
    found = person.narrowed(theirs, lambda problem: None)
    assert found.telemetry.otlp_endpoint == person.telemetry.otlp_endpoint
    assert found.telemetry.metrics_port == person.telemetry.metrics_port
    assert LEVELS.index(found.telemetry.prompt_text) <= LEVELS.index(person.telemetry.prompt_text)
    assert person.telemetry.mlflow or not found.telemetry.mlflow
    for name in ("per_day", "per_run", "per_plan"):
        limit, before = getattr(found.budget, name), getattr(person.budget, name)
        assert before is None or (limit is not None and limit <= before)
    assert found.tariff == person.tariff


@pytest.mark.parametrize("wrong", ["five", -1, True, [], {"perDayUsd": "five"}, {"perDayUsd": -1}])
def test_a_limit_that_cannot_be_read_does_not_pass_as_none(person_home: Path, wrong: Any) -> None:
    person_says(person_home, budget=wrong)
    settings = load_settings(None)
    assert settings.measuring.budget.per_day == 0.0
    assert any("perDayUsd" in problem for problem in settings.problems)


@pytest.mark.parametrize("url", ["ftp://x/", "localhost:4318", "http://", "http://me:pw@host/", "http://[", 5, ""])
def test_an_endpoint_that_is_no_plain_url_is_refused(person_home: Path, url: Any) -> None:
    person_says(person_home, telemetry={"otlpEndpoint": url})
    settings = load_settings(None)
    assert settings.measuring.telemetry.otlp_endpoint is None
    assert any("otlpEndpoint" in problem for problem in settings.problems)
