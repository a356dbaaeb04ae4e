"""Honest repositories and changes, with all that tests are used to do: each of them passes, and says who vouches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.verdict_runs import Bench, Texts, read_cases

pytestmark = pytest.mark.slow

HONEST = read_cases("honest_repositories.txt")
OPERATORS = HONEST.pop("operators: the change")
HONEST["many files"] = {
    f"tests/test_{n}.py": f"import shop\ndef test_{n}(): assert shop.double({n}) == {2 * n}\n" for n in range(30)
}
SHOP = "def double(n): return n + n\n"
CHANGED = "from unittest.mock import MagicMock\ndef double(n):\n    return 2 * n\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_change_passes(tmp_path: Path, name: str) -> None:
    base = {"shop.py": SHOP, **HONEST[name]}
    result = Bench(tmp_path, base).check({"shop.py": CHANGED})
    assert result.passed is True, result


def test_operators_of_ones_own_pass(tmp_path: Path) -> None:
    """A change may bring classes with any operators, and tests of them."""
    result = Bench(tmp_path, {"shop.py": "", "test_a.py": "def test_a(): pass\n"}).check(OPERATORS)
    assert result.passed is True, result


def test_operators_that_were_there_are_not_this_changes_doing(tmp_path: Path) -> None:
    wildcard = "class Thing:\n    def __eq__(self, other): return True\ndef thing(): return Thing()\n"
    base = {"shop.py": wildcard, "test_a.py": "import shop\ndef test_a(): assert shop.thing() == 3\n"}
    result = Bench(tmp_path, base).check({"shop.py": wildcard + "X = 1\n"})
    assert result.passed is True, result


def test_installed_plugins_are_no_forgery(tmp_path: Path) -> None:
    """With all plugins that are installed here, options for several processes included."""
    base = {
        "shop.py": SHOP,
        "pytest.ini": "[pytest]\naddopts = -n 2\ntimeout = 60\n",
        "test_a.py": "import shop\nfrom hypothesis import given, strategies as st\n"
        "@given(st.integers())\ndef test_a(n): assert shop.double(n) == 2 * n\n",
    }
    result = Bench(tmp_path, base, plugins=True).check({"shop.py": CHANGED})
    assert result.passed is True, result


TEST = "import shop\ndef test_a(): assert shop.double(2) == 4\n"
MORE = "def test_b(): assert shop.double(3) == 6\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test_b.py": "import shop\n" + MORE}, "test files unchanged"),
        ({"test_a.py": TEST + MORE}, "as they were pass too"),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, "as they were pass too"),
    ],
)
def test_honest_edits_of_tests_pass(tmp_path: Path, change: Texts, said: str) -> None:
    base = {"shop.py": SHOP, "test_a.py": TEST, "pyproject.toml": ""}
    result = Bench(tmp_path, base).check({"shop.py": CHANGED, **change})
    assert result.passed is True and said in result.vouched_by, result


def test_a_test_file_that_cannot_be_imported_hides_no_other(tmp_path: Path) -> None:
    """Regression: one module that a test file lacks, and every honest change was taken for one that loses tests."""
    base = {"shop.py": SHOP, "test_a.py": TEST, "test_b.py": "import no_such_module\ndef test_b(): pass\n"}
    bench = Bench(tmp_path, base)
    result = bench.check({"shop.py": CHANGED})
    assert result.passed is None and "'no_such_module'" in result.detail and "1 passed" in result.detail, result
    broken = bench.check({"shop.py": "def double(n): return n\n"})
    assert broken.passed is False and "1 failed" in broken.detail, broken
    lost = bench.check({"shop.py": "import no_such_module_either\n" + SHOP})
    assert lost.passed is False and "test_a.py" in lost.detail, lost
