"""Whatever is done to a plan, in whatever order: the file reads back, ids are given once, finished work stays."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.planning.plan_life import PlanLife

_COMMON = dict(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@pytest.mark.slow
def test_amend_replan_edit_and_hand_edits_in_any_order() -> None:
    chosen = settings(max_examples=3, stateful_step_count=6, derandomize=True, database=None, **_COMMON)
    run_state_machine_as_test(PlanLife, settings=chosen)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_a_hundred_long_lives() -> None:
    run_state_machine_as_test(PlanLife, settings=settings(max_examples=100, stateful_step_count=30, **_COMMON))
