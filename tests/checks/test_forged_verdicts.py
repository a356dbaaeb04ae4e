"""Changes that break the code and would have its tests pass all the same: none of them ends as a pass."""

from __future__ import annotations

import pytest

from tests.checks.verdict_runs import Bench, read_cases

FORGERIES = read_cases("forged_changes.txt")
REPOSITORY = FORGERIES.pop("the repository itself")
# What ends each of these is a test that fails after all: the trick never comes to bear.
POWERLESS = {"another pytest.py", "another _pytest", "sitecustomize", "sys.exit in a test", "os._exit at the end",
             "a hook that sets the exit code", "-k", "pytest.exit", "sys.exit at import", "a weaker test"}  # fmt: skip
NAMED = (
    "forged: ",
    "the tested process ended",
    "without the change these ran",
    "collected and never run",
    "weaker now",
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("forged"), REPOSITORY)


def test_the_repository_passes_as_it_is(bench: Bench) -> None:
    result = bench.check({"shop.py": "+# a comment\n"})
    assert result.passed is True, result
    assert "complete report of 12 tests" in result.vouched_by and "canaries failed as they must" in result.vouched_by


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_ends_as_a_pass(bench: Bench, name: str) -> None:
    result = bench.check(FORGERIES[name])
    assert result.passed is False, result
    assert any(words in result.detail for words in NAMED) or name in POWERLESS, result
