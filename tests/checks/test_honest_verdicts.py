"""Honest repositories and changes, with all that tests are used to do: each of them passes, and says who vouches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.verdict_runs import Bench, Texts

EQUAL = """
from dataclasses import dataclass
from functools import total_ordering

@dataclass(frozen=True)
class Point:
    x: int
    y: int

@total_ordering
class Money:
    def __init__(self, cents): self.cents = cents
    def __eq__(self, other):
        if isinstance(other, int): return self.cents == other
        return isinstance(other, Money) and self.cents == other.cents
    def __lt__(self, other): return self.cents < getattr(other, "cents", other)
    def __hash__(self): return hash(self.cents)
    def __bool__(self): return self.cents != 0
    def __add__(self, other): return Money(self.cents + other.cents)

class Vector:
    def __init__(self, *items): self.items = list(items)
    def __eq__(self, other):
        others = other.items if isinstance(other, Vector) else other
        return Vector(*(a == b for a, b in zip(self.items, others, strict=True)))
    def __lt__(self, other): return Vector(*(a < other for a in self.items))
    def __contains__(self, item): return item in self.items
    def __len__(self): return len(self.items)
    def __getitem__(self, n): return self.items[n]
    def all(self): return all(self.items)

class Anything:
    def __eq__(self, other): return True

class Nan:
    def __ne__(self, other): return True
    def __eq__(self, other): return False

class Node:
    def __init__(self, *children): self.children = children
    def __len__(self): return len(self.children)
    def __bool__(self): return bool(self.children) or self.named()
    def named(self): return True
"""
EQUAL_TESTS = """
import unittest
from unittest.mock import ANY
import pytest
from shop import *

def test_points(): assert Point(1, 2) == Point(1, 2) and Point(1, 2) != Point(2, 1)
def test_in(): assert Point(1, 2) in [Point(1, 2)] and Money(2) in {Money(2)}
def test_money(): assert Money(1) + Money(2) == Money(3) == 3
def test_order(): assert Money(1) < Money(2) <= 2 < Money(3)
def test_unequal(): assert Money(1) != 2 and not Money(0)
def test_truth(): assert Money(1)
def test_vector(): assert (Vector(1, 2) == [1, 2]).all()
def test_vector_less(): assert (Vector(1, 2) < 3).all() and 1 in Vector(1, 2) and 9 not in Vector(1)
def test_anything(): assert 3 == Anything() and [1, "x"] == [1, Anything()]
def test_any(): assert {"id": 3, "name": "a"} == {"id": ANY, "name": "a"}
def test_node(): assert Node()
def test_nothing(): assert [Money(1), (Money(2),)] == [1, (2,)]
class TestMore(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(Money(3), 3)
        self.assertIn(Money(3), [Money(3)])
        self.assertTrue(Point(1, 2))
"""

# One repository each: files without the change (the change adds or edits `shop.py`), and what is tested.
HONEST: dict[str, Texts] = {
    "fixtures": {
        "conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef base(): return 2\n",
        "tests/conftest.py": "import pytest\n@pytest.fixture(autouse=True)\ndef _each(): yield\n",
        "tests/test_a.py": "import pytest, shop\n@pytest.fixture\ndef n(base, tmp_path): yield base + 1\n"
                           "def test_n(n): assert shop.double(n) == 6\n",
    },
    "parameters": {
        "test_a.py": "import pytest, shop\n@pytest.mark.parametrize('n,m', [(1, 2), pytest.param(2, 4, id='odd [id]::x')])\n"
                     "@pytest.mark.parametrize('s', ['', 'ü', 'a/b'])\ndef test_n(n, m, s): assert shop.double(n) == m\n",
    },
    "unittest": {
        "tests/test_a.py": "import shop, unittest\nclass A(unittest.TestCase):\n    def setUp(self): self.n = 2\n"
                           "    @classmethod\n    def setUpClass(cls): cls.m = 3\n"
                           "    def test_it(self):\n        self.assertEqual(shop.double(self.n), 4, 'why')\n"
                           "        self.assertEqual(first=4, second=4)\n        self.assertTrue(shop)\n"
                           "        with self.assertRaises(TypeError): shop.double()\n"
                           "        for n in range(3):\n            with self.subTest(n=n): self.assertEqual(shop.double(n), 2 * n)\n"
                           "    @unittest.skip('later')\n    def test_later(self): 1 / 0\n"
                           "    @unittest.expectedFailure\n    def test_not(self): self.fail()\n",
    },
    "the src layout": {
        "src/market/__init__.py": "def half(n): return n // 2\n",
        "tests/test_a.py": "from market import half\nimport shop\ndef test_a(): assert half(shop.double(2)) == 2\n",
    },
    "skips and xfails": {
        "test_a.py": "import pytest, sys, shop\n@pytest.mark.skip\ndef test_a(): 1 / 0\n"
                     "@pytest.mark.skipif(sys.version_info > (3,), reason='x')\ndef test_b(): 1 / 0\n"
                     "@pytest.mark.xfail\ndef test_c(): assert shop.double(1) == 3\ndef test_d(): pytest.importorskip('no_such')\n"
                     "def test_e(): assert shop.double(1) == 2\n@pytest.mark.xfail(strict=False)\ndef test_f(): pass\n",
    },
    "output": {
        "test_a.py": "import os, sys, logging, shop\ndef test_a(capsys):\n    print('9 failed')\n"
                     "    assert capsys.readouterr().out == '9 failed\\n'\n"
                     "def test_b(capfd):\n    os.system('echo hi')\n    assert capfd.readouterr().out == 'hi\\n'\n"
                     "def test_c(caplog):\n    logging.warning('x')\n    assert 'x' in caplog.text\n"
                     "def test_d(): print('FAILED'); sys.stderr.write('ERROR\\n'); assert shop.double(1) == 2\n",
    },
    "subprocesses": {
        "test_a.py": "import subprocess, sys, os, multiprocessing\n"
                     "def test_a(): assert subprocess.run([sys.executable, '-c', 'import os; os._exit(3)']).returncode == 3\n"
                     "def test_fork():\n    pid = os.fork()\n    if not pid: os._exit(7)\n"
                     "    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7\n"
                     "def test_process():\n    p = multiprocessing.Process(target=print); p.start(); p.join()\n    assert p.exitcode == 0\n",
    },
    "monkeypatch of builtins": {
        "test_a.py": "import builtins, unittest.mock, shop\n"
                     "def test_a(monkeypatch):\n    monkeypatch.setattr(builtins, 'open', lambda *a: 3)\n    assert open('x') == 3\n"
                     "def test_b(monkeypatch):\n    monkeypatch.setattr(builtins, 'len', lambda x: 7)\n    assert len([]) == 7\n"
                     "def test_c():\n    with unittest.mock.patch('builtins.print') as p: print(1)\n    p.assert_called_once_with(1)\n"
                     "def test_d(monkeypatch):\n    monkeypatch.setattr(shop, 'double', lambda n: 0)\n    assert shop.double(3) == 0\n",
    },
    "exits": {
        "test_a.py": "import sys, pytest, shop\ndef test_a():\n    with pytest.raises(SystemExit): sys.exit(0)\n"
                     "def test_b():\n    with pytest.raises(ZeroDivisionError, match='zero'): 1 / 0\n"
                     "def test_c():\n    with pytest.raises(ExceptionGroup): raise ExceptionGroup('x', [ValueError()])\n"
                     "def test_d():\n    with pytest.warns(UserWarning):\n        import warnings; warnings.warn('x')\n"
                     "def test_e(): assert shop.double(1) == pytest.approx(2.0000001)\n",
    },
    "slow imports": {"test_a.py": "import time; time.sleep(1)\nimport shop\ndef test_a(): assert shop.double(2) == 4\n"},
    "a local plugin": {
        "helpers/plugin.py": "import pytest\n@pytest.fixture\ndef four(): return 4\n"
                             "def pytest_configure(config): config.addinivalue_line('markers', 'big: x')\n",
        "helpers/__init__.py": "",
        "pytest.ini": "[pytest]\naddopts = -p helpers.plugin --strict-markers -ra\ntestpaths = tests\nfilterwarnings = error\n",
        "tests/test_a.py": "import pytest, shop\n@pytest.mark.big\ndef test_a(four): assert shop.double(2) == four\n",
        "other/test_b.py": "def test_never(): assert False\n",
    },
    "hooks of a conftest": {
        "conftest.py": "import pytest\nseen = []\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
                       "    outcome = yield\n    report = outcome.get_result()\n    seen.append((item.funcargs.get('x'), report.outcome))\n"
                       "    setattr(item, 'rep_' + report.when, report)\n"
                       "def pytest_collection_modifyitems(config, items): items.reverse()\n"
                       "def pytest_addoption(parser): parser.addoption('--slow', action='store_true')\n"
                       "def pytest_runtest_setup(item):\n    if 'slow' in item.keywords and not item.config.getoption('--slow'): pytest.skip('slow')\n",
        "test_a.py": "import pytest, shop\n@pytest.mark.slow\ndef test_slow(): 1 / 0\n"
                     "@pytest.fixture\ndef look(request):\n    yield\n    assert request.node.rep_call.passed\n"
                     "def test_a(look): assert shop.double(2) == 4\n",
        "pyproject.toml": "[tool.pytest.ini_options]\nmarkers = ['slow: x']\n",
    },
    "deselection": {
        "pytest.ini": "[pytest]\naddopts = -m 'not slow' -k 'not broken' --ff\nmarkers = slow: x\n",
        "test_a.py": "import pytest, shop\n@pytest.mark.slow\ndef test_slow(): 1 / 0\ndef test_broken(): 1 / 0\n"
                     "def test_a(): assert shop.double(2) == 4\n",
    },
    "classes": {
        "test_a.py": "import pytest, shop\nclass Base:\n    n = 1\n    def test_it(self): assert shop.double(self.n) == 2 * self.n\n"
                     "class TestOne(Base):\n    def setup_method(self): self.x = 1\n    def test_x(self): assert self.x\n"
                     "class TestTwo(Base):\n    n = 2\n    class TestIn:\n        def test_in(self): assert True\n"
                     "class TestNone:\n    __test__ = False\n    def test_no(self): 1 / 0\n"
                     "class TestInit:\n    def __init__(self): pass\n    def test_no(self): 1 / 0\n",
        "pytest.ini": "[pytest]\nfilterwarnings = ignore\n",
    },
    "importlib mode and namesakes": {
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['--import-mode=importlib']\npythonpath = ['lib']\n",
        "lib/more.py": "X = 1\n",
        "a/test_same.py": "import shop\nfrom more import X\ndef test_a(): assert shop.double(X) == 2\n",
        "b/test_same.py": "import shop\ndef test_a(): assert shop.double(1) == 2\n",
    },
    "packages of tests": {
        "tests/__init__.py": "", "tests/unit/__init__.py": "", "tests/helpers.py": "def four(): return 4\n",
        "tests/unit/test_a.py": "import shop\nfrom tests.helpers import four\nfrom ..helpers import four as f\n"
                                "def test_a(): assert shop.double(2) == four() == f()\n",
    },
    "files that tests write": {
        "tests/data/in.txt": "in", "tests/out/.keep": "",
        "tests/test_a.py": "import pathlib, shop\nhere = pathlib.Path(__file__).parent\n"
                           "def test_a():\n    (here / 'out' / 'o.txt').write_text((here / 'data' / 'in.txt').read_text())\n"
                           "    assert (here / 'out' / 'o.txt').read_text() == 'in' and shop.double(1) == 2\n",
    },
    "a log that tests append to": {
        "tests/run.log": "first\n",
        "tests/test_a.py": "import pathlib, shop\ndef test_a():\n"
                           "    with (pathlib.Path(__file__).parent / 'run.log').open('a') as f: f.write('again')\n"
                           "    assert shop.double(1) == 2\n",
    },
    "a folder that tests change": {
        "test_a.py": "import os, shop\ndef test_a(tmp_path): os.chdir(tmp_path); assert shop.double(1) == 2\ndef test_b(): assert True\n",
    },
    "threads and loops": {
        "test_a.py": "import asyncio, threading, shop\ndef test_a():\n    async def f(): return shop.double(2)\n    assert asyncio.run(f()) == 4\n"
                     "def test_b():\n    got = []\n    t = threading.Thread(target=lambda: got.append(1)); t.start(); t.join()\n    assert got\n",
    },
    "walrus, chains and plain assertions": {
        "test_a.py": "import shop\ndef test_a():\n    assert (n := shop.double(2)) == 4 and 1 < n < 5 <= 5\n    assert n is not None, 'x'\n"
                     "    assert all(x == y for x, y in zip([1], [1]))\n    assert not [x for x in [1] if x != 1]\n"
                     "    assert shop.double(1) if True else False\n    assert (lambda a: a == 2)(2)\n",
        "test_plain.py": "'''PYTEST_DONT_REWRITE'''\nfrom __future__ import annotations\nimport shop\ndef test_a(): assert shop.double(1) == 2\n",
    },
    "a conftest that replaces a part of pytest": {
        "conftest.py": "import _pytest.runner\nold = _pytest.runner.check_interactive_exception\n"
                       "_pytest.runner.check_interactive_exception = lambda *a: old(*a)\n",
        "test_a.py": "import shop\ndef test_a(): assert shop.double(1) == 2\n",
    },
    "failures that a conftest makes skips": {
        "conftest.py": "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n    try: return (yield)\n"
                       "    except ConnectionError: pytest.skip('no network')\n",
        "test_a.py": "import shop\ndef test_net(): raise ConnectionError\ndef test_a(): assert shop.double(1) == 2\n",
    },
    "mocks": {
        "test_a.py": "from unittest.mock import MagicMock, ANY, call, sentinel\nimport shop\ndef test_a():\n    m = MagicMock(return_value=3)\n"
                     "    assert m(1, x=2) == 3\n    m.assert_called_with(ANY, x=ANY)\n    assert m.call_args_list == [call(1, x=2)]\n"
                     "    m.__eq__.return_value = True\n    assert m == 3\n    assert sentinel.a != sentinel.b\n    assert m\n",
    },
    "many files": {f"tests/test_{n}.py": f"import shop\ndef test_{n}(): assert shop.double({n}) == {2 * n}\n" for n in range(30)},
}  # fmt: skip
SHOP = "def double(n): return n + n\n"
CHANGED = "from unittest.mock import MagicMock\ndef double(n):\n    return 2 * n\n"


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_change_passes(tmp_path: Path, name: str) -> None:
    base = {"shop.py": SHOP, **HONEST[name]}
    result = Bench(tmp_path, base).check({"shop.py": CHANGED})
    assert result.passed is True, result


def test_operators_of_ones_own_pass(tmp_path: Path) -> None:
    """A change may bring classes with any operators, and tests of them."""
    result = Bench(tmp_path, {"shop.py": "", "test_a.py": "def test_a(): pass\n"}).check(
        {"shop.py": EQUAL, "tests/test_equal.py": EQUAL_TESTS}
    )
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


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("more tests", {"test_b.py": "import shop\ndef test_b(): assert shop.double(3) == 6\n"}, "test files unchanged"),
        ("a test more in the same file", {"test_a.py": "import shop\ndef test_a(): assert shop.double(2) == 4\ndef test_b(): assert shop.double(3) == 6\n"}, "as they were pass too"),
        ("settings", {"pyproject.toml": "[project]\nname = 'x'\n"}, "as they were pass too"),
    ],
)  # fmt: skip
def test_honest_edits_of_tests_pass(tmp_path: Path, name: str, change: Texts, said: str) -> None:
    base = {
        "shop.py": SHOP,
        "test_a.py": "import shop\ndef test_a(): assert shop.double(2) == 4\n",
        "pyproject.toml": "",
    }
    result = Bench(tmp_path, base).check({"shop.py": CHANGED, **change})
    assert result.passed is True and said in result.vouched_by, result
