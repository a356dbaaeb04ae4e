"""The repository's own tests, as one command for a confined run, and what its end means.

What the tested process says about itself is all there is to go by here: a change could forge it. The result says so.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable, Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult

NAME = "tests"
VOUCHED = "only the tested process itself (pytest's exit code, in the sandbox)"
TIMEOUT_S = 180.0
_NO_TESTS = 5
_COUNTS = re.compile(r"(\d+ (?:passed|failed|errors?|skipped|xfailed|deselected))")


def test_command(paths: Iterable[str]) -> tuple[str, ...] | None:
    """The command that runs the repository's tests, or None when `why_not_run` says why not."""
    if why_not_run(paths):
        return None
    # The repository and its `src` on the path, as an editable install would have them.
    start = (
        "import sys; sys.path[:0] = ['src', '.']; import pytest; "
        "sys.exit(pytest.main(['-q', '-x', '--no-header', '-p', 'no:cacheprovider', *sys.argv[1:]]))"
    )
    return ("python", "-c", start)


def why_not_run(paths: Iterable[str]) -> str:
    """Why the repository's tests cannot be run; empty when they can."""
    if not any(_is_test(path) for path in paths):
        return "there are no tests here (no test_*.py)"
    if importlib.util.find_spec("pytest") is None:
        return f"pytest is not installed for {sys.executable}"
    return ""


def verdict(code: int, output: str, errors: str, level: str, limits: Sequence[str]) -> CheckResult:
    """What a run of the tests says about the change."""
    counts = ", ".join(_COUNTS.findall(output)) or "no summary"
    where = f"; {level.split(':')[0]}; {', '.join(limits[:3])}"
    if code == 0:
        return CheckResult(NAME, True, counts + where, VOUCHED)
    if code == _NO_TESTS:
        return CheckResult(NAME, None, f"pytest found no test{where}", VOUCHED)
    if code == 124:
        return CheckResult(NAME, False, f"the tests did not end in time{where}", VOUCHED)
    tail = "\n".join((output.strip() or errors.strip()).splitlines()[-30:])
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", output + errors)
    if missing and code != 1:
        detail = f"the tests need {missing[1]!r}, which {sys.executable} does not have"
        return CheckResult(NAME, None, detail + where, VOUCHED)
    return CheckResult(NAME, False, f"{counts}{where}\n{tail}", VOUCHED)


def touches_code(edits: Iterable[FileEdit]) -> bool:
    """Whether a change can make a difference to the tests."""
    return any(path.endswith((".py", ".toml", ".cfg", ".ini", ".json")) for edit in edits for path in edit.paths)


def edited_tests(edits: Iterable[FileEdit]) -> list[str]:
    """Existing test files that the change edits: a pass of tests that were changed along with the code proves less."""
    return sorted(edit.path for edit in edits if edit.base is not None and _is_test(edit.path))


def _is_test(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))
