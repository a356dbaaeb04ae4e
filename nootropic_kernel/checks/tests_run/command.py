"""The command that runs a repository's tests under the runner."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.tests_run.changed import is_test, operators_of, test_side

NAME = "tests"
TIMEOUT_S = 180.0
# What a person tells pytest by the environment, and a run in the clean one of the sandbox is told too: whether it loads
# the plugins that are installed. (`PYTEST_ADDOPTS` could choose what is tested, and is not among them.)
VARIABLES = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD",)
# Linux takes no argument of more than 128 KiB (execve(2), MAX_ARG_STRLEN).
_ARGUMENT = 100_000


def test_command(changed: Sequence[FileEdit] = (), only: Iterable[str] = ()) -> tuple[str, ...]:
    """The command that runs the tests of its folder and reports on descriptor 3.

    Args:
        changed: the change that is in the folder; comparisons that its own operators decide are watched.
        only: test files to keep to; empty for all.
    """
    told = {
        edit.path: operators_of(edit.base, edit.new)
        for edit in changed
        if edit.path.endswith(".py") and edit.new is not None and not test_side(edit.path)
    }
    plan = json.dumps({"changed": told, "only": sorted(only)})
    # Isolated: neither the folder nor variables lead to other modules before ours are imported. The repository's tree
    # is all that the sandbox shows, so the program travels as text.
    pieces = [plan[start : start + _ARGUMENT] for start in range(0, len(plan), _ARGUMENT)]
    return ("python", "-I", "-B", "-c", _START, _sources(), *pieces)


def why_not_run(paths: Iterable[str]) -> str:
    """Why the repository's tests cannot be run; empty when they can."""
    if not any(is_test(path) for path in paths):
        return "there are no tests here (no test_*.py)"
    if importlib.util.find_spec("pytest") is None:
        return f"pytest is not installed for {sys.executable}"
    return ""


_START = """\
import importlib.machinery, json, sys

class Texts:
    def __init__(self, texts):
        self.texts = texts
    def find_spec(self, name, path=None, target=None):
        if name in self.texts:
            return importlib.machinery.ModuleSpec(name, self, is_package="." not in name)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(compile(self.texts[module.__name__], module.__name__, "exec"), vars(module))

def start():
    texts, plan = json.loads(sys.argv[1]), json.loads("".join(sys.argv[2:]))
    finder = Texts(texts)
    sys.meta_path.insert(0, finder)
    from nootropic_runner.main import main
    sys.meta_path.remove(finder)
    for name in texts:
        del sys.modules[name]
    sys.argv = ["pytest"]
    sys.exit(main(plan))

start()
"""


@functools.cache
def _sources() -> str:
    folder = Path(__file__).parent / "runner"
    texts = {f"nootropic_runner.{path.stem}": path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    texts["nootropic_runner"] = texts.pop("nootropic_runner.__init__")
    return json.dumps(texts)
