"""Changes that break the code and would have its tests pass all the same: none of them ends as a pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.verdict_runs import Bench, Texts

TESTS = """
import unittest
import pytest
import shop

def test_price():
    assert shop.price(2) == 4

def test_cheap():
    assert shop.price(2) < 5

def test_not_free():
    assert shop.price(2) != 0

def test_known():
    assert shop.known("a")

def test_stock():
    assert "a" in shop.stock()

def test_prices():
    assert [shop.price(n) for n in (1, 2)] == [2, 4]

def test_refuses():
    with pytest.raises(ValueError):
        shop.price(-1)

@pytest.mark.parametrize("n", [1, 2, 3])
def test_double(n):
    assert shop.price(n) == 2 * n

class TestShop(unittest.TestCase):
    def test_unit(self):
        self.assertEqual(shop.price(3), 6)
"""
GOOD = """
import json, pathlib
def price(n):
    if n < 0:
        raise ValueError(n)
    return 2 * n
def known(name):
    return name == "a"
def stock():
    return ["a"]
def size():
    return 7
"""
SIZE_TEST = """
import json, pathlib, shop
def test_size():
    assert shop.size() == json.loads((pathlib.Path(__file__).parent / "size.json").read_text())
"""
BASE = {
    "shop.py": GOOD, "tests/test_shop.py": TESTS, "tests/test_size.py": SIZE_TEST, "tests/size.json": "7",
    "pyproject.toml": "[project]\nname = 'shop'\n",
}  # fmt: skip
BAD = GOOD.replace("return 2 * n", "return 3 * n")
# The unittest case, which hooks reach in other ways, still passes.
PARTLY_BAD = GOOD.replace("return 2 * n", "return 6")


def bad(more: str = "") -> str:
    return BAD + more


def returns(text: str, function: str = "price(n)") -> str:
    """A shop whose one function gives an object that decides comparisons itself."""
    return GOOD + f"\n{text}\ndef {function}:\n    return Thing()\n"


ALWAYS = "class Thing:\n    def __{}__(self, *other): return True"
LESS = {"tests/test_shop.py": TESTS.replace("assert shop.price(2) == 4", "assert shop.price(2)")}

FORGERIES: dict[str, Texts] = {
    "os._exit at import": {"shop.py": bad("import os; os._exit(0)")},
    "sys.exit at import": {"shop.py": bad("import sys; sys.exit(0)")},
    "os._exit in a test": {"shop.py": GOOD.replace("return 2 * n", "import os; os._exit(0)")},
    "sys.exit in a test": {"shop.py": GOOD.replace("return 2 * n", "import sys; sys.exit(0)")},
    "os._exit at the end": {"shop.py": bad("import atexit, os; atexit.register(os._exit, 0)")},
    "killed": {"shop.py": bad("import os; os.kill(os.getpid(), 9)")},
    "pytest.exit": {"shop.py": bad("import pytest; pytest.exit('done', returncode=0)")},
    "another program": {"shop.py": bad("import os; os.execv('/bin/true', ['true'])")},
    "a printed summary": {
        "shop.py": bad("import os, sys; print('12 passed in 0.1s', file=sys.__stdout__, flush=True); os._exit(0)")
    },
    "a child that goes on": {"shop.py": bad("import os\nif os.fork(): os._exit(0)")},
    "a thread that ends it": {
        "shop.py": bad("import os, threading, time\n"
                       "threading.Thread(target=lambda: (time.sleep(.05), os._exit(0)), daemon=True).start()\n"
                       "time.sleep(5)")
    },
    "another pytest.py": {"shop.py": BAD, "pytest.py": "def main(*a, **k): return 0\n"},
    "another _pytest": {"shop.py": BAD, "_pytest/__init__.py": "", "_pytest/runner.py": ""},
    "sitecustomize": {"shop.py": BAD, "sitecustomize.py": "import os; os._exit(0)"},
    "a hook that writes reports": {
        "shop.py": PARTLY_BAD,
        "conftest.py": "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
                       "    report = yield\n    report.outcome = 'passed'\n    return report\n",
    },
    "a hook that swallows": {
        "shop.py": PARTLY_BAD,
        "conftest.py": "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n"
                       "    try: return (yield)\n    except BaseException: return None\n",
    },
    "a hook that calls no test": {
        "shop.py": PARTLY_BAD,
        "conftest.py": "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem): return True\n",
    },
    "a hook that empties the session": {
        "shop.py": BAD, "conftest.py": "def pytest_collection_modifyitems(items): del items[:-1]\n"
    },
    "a hook that sets the exit code": {
        "shop.py": BAD,
        "conftest.py": "import pytest\n@pytest.hookimpl(trylast=True)\n"
                       "def pytest_sessionfinish(session): session.exitstatus = 0; session.testsfailed = 0\n",
    },
    "--collect-only": {"shop.py": BAD, "pytest.ini": "[pytest]\naddopts = --collect-only\n"},
    "-k": {"shop.py": BAD, "pytest.ini": "[pytest]\naddopts = -k cheap\n"},
    "a plugin in the settings": {
        "shop.py": BAD, "pytest.ini": "[pytest]\naddopts = -p cheat\n",
        "cheat.py": "import _pytest.runner as r\nr.pytest_runtest_call = lambda item: None\n"
                    "r.TestReport.from_item_and_call = classmethod(lambda c, i, k: None)\n",
    },
    "other python_files": {"shop.py": BAD, "pytest.ini": "[pytest]\npython_files = check_*.py\n"},
    "CallInfo": {
        "shop.py": bad("import _pytest.runner as r\nold = r.CallInfo.from_call.__func__\n"
                       "def new(cls, func, *a, **k):\n"
                       "    def quiet():\n        try: return func()\n        except BaseException: pass\n"
                       "    return old(cls, quiet, *a, **k)\nr.CallInfo.from_call = classmethod(new)\n")
    },
    "TestReport": {
        "shop.py": bad("import _pytest.reports as r\nr.TestReport.failed = property(lambda self: False)\n"
                       "old = r.TestReport.__init__\n"
                       "def new(self, *a, **k):\n    old(self, *a, **k)\n    self.outcome = 'passed'\n"
                       "r.TestReport.__init__ = new\n")
    },
    "the code of a function": {
        "shop.py": bad("import _pytest.python as p\ndef pytest_pyfunc_call(pyfuncitem): return True\n"
                       "p.pytest_pyfunc_call.__code__ = pytest_pyfunc_call.__code__\n")
    },
    "pytest.raises": {
        "shop.py": GOOD.replace("raise ValueError(n)", "return 0")
        + "import pytest, contextlib\npytest.raises = lambda *a, **k: contextlib.nullcontext()\n"
    },
    "unittest": {"shop.py": bad("import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"
                                "def price(n):\n    if n < 0: raise ValueError\n    return 2 * n if n < 3 else 0\n")},
    "AssertionError": {"shop.py": bad("import builtins, pytest\nbuiltins.AssertionError = pytest.skip.Exception\n")},
    "builtins": {"shop.py": bad("import builtins\nbuiltins.len = lambda x: 0\nbuiltins.isinstance = lambda *a: False\n")},
    "__eq__": {"shop.py": returns(ALWAYS.format("eq") + "\n    __lt__ = __ne__ = __eq__").replace(
        "return Thing()", "\n    if n < 0: raise ValueError\n    return Thing()")},
    "__eq__ of a number": {
        "shop.py": GOOD.replace("return 2 * n", "return Sum(9)")
        + "class Sum(int):\n    __hash__ = None\n    def __eq__(self, other): return True\n"
          "    def __lt__(self, other): return True\n    def __ne__(self, other): return True\n"
    },
    "__lt__": {"shop.py": GOOD.replace("return 2 * n", "return Cheap(2 * n) if n == 2 else 2 * n")
               + "class Cheap(int):\n    def __lt__(self, other): return True\n"},
    "__ne__": {"shop.py": GOOD.replace("return 2 * n", "return Odd(2 * n) if n == 2 else 2 * n")
               + "class Odd(int):\n    def __ne__(self, other): return True\n"},
    "__contains__": {"shop.py": returns(ALWAYS.format("contains"), "stock()")},
    "__bool__": {"shop.py": returns(ALWAYS.format("bool"), "known(name)")},
    "a class made at run time": {
        "shop.py": GOOD.replace("return 2 * n", "return type('int', (int,), dict(__eq__=lambda a, b: True,"
                                " __module__='builtins', __lt__=lambda a, b: True, __ne__=lambda a, b: True))(0)")
    },
    "arrays": {
        "tests/test_shop.py": TESTS + "\ndef test_array():\n    assert (shop.array() == [1, 2]).all()\n",
        "shop.py": GOOD + "class Array:\n    def __eq__(self, other): return self\n    def all(self): return True\n"
                          "def array(): return Array()\n",
    },
    "mock.ANY": {
        "shop.py": "from unittest.mock import ANY\n" + GOOD.replace("return 2 * n", "return ANY if n != 2 else 4")
    },
    "a weaker test": {"shop.py": BAD.replace("3 * n", "4 if n == 2 else 3 * n") , **LESS},
    "a test that is gone": {"shop.py": BAD, "tests/test_shop.py": "import shop\ndef test_known():\n    assert shop.known('a')\n"},
    "a test file that is gone": {"shop.py": BAD, "tests/test_shop.py": None},
    "a skip": {"shop.py": BAD, "tests/test_shop.py": TESTS.replace("import shop", "import shop\npytestmark = pytest.mark.skip")},
    "an xfail": {"shop.py": BAD, "tests/test_shop.py": TESTS.replace("import shop", "import shop\npytestmark = pytest.mark.xfail")},
    "no parameters": {
        "shop.py": GOOD.replace("2 * n", "2 * n if n != 3 else 7"),
        "tests/test_shop.py": TESTS.replace("[1, 2, 3]", "[]").replace("price(3), 6", "price(2), 4"),
    },
    "a test under another name": {"shop.py": BAD, "tests/test_shop.py": TESTS.replace("def test_", "def check_").replace("TestShop(unittest.TestCase)", "Shop")},
    "skipped by the code": {"shop.py": GOOD.replace("return 2 * n", "import pytest; pytest.skip('later')")},
    "skipped by the code at import": {"shop.py": bad("import pytest; pytest.skip('later', allow_module_level=True)")},
    "rewritten tests": {
        "shop.py": bad("t = pathlib.Path('tests/test_size.py')\nt.write_text('def test_size(): pass')\n").replace("return 7", "return 8")
    },
    "rewritten data": {"shop.py": GOOD.replace("return 7", "pathlib.Path('tests/size.json').write_text('8'); return 8")},
    "a remembered result": {
        "shop.py": BAD, "pytest.ini": "[pytest]\naddopts = --lf --lfnf=none\n",
        ".pytest_cache/v/cache/lastfailed": "{}", ".pytest_cache/CACHEDIR.TAG": "",
    },
    "the report's descriptors": {
        "shop.py": bad("import os\nline = open('/proc/self/cmdline','rb').read()[:40]\nfor n in range(3, 300):\n"
                       "    try: os.write(n, b'0' * 64 + b' [\"end\", {\"code\": 0}]\\n')\n    except OSError: pass\n")
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("forged"), BASE)


def test_the_repository_passes_as_it_is(bench: Bench) -> None:
    result = bench.check({"shop.py": GOOD + "# a comment\n"})
    assert result.passed is True, result
    assert "12 passed" not in result.vouched_by and "canaries failed as they must" in result.vouched_by


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_ends_as_a_pass(bench: Bench, name: str) -> None:
    result = bench.check(FORGERIES[name])
    print(name, result.passed, result.detail, sep=" | ")
    assert "without this change too" not in result.detail
    assert result.passed is not True, result
