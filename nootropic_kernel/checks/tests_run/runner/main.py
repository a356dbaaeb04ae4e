"""Runs pytest with the report, the canaries and the watch on comparisons in place."""

from __future__ import annotations

import ast
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import _pytest.assertion.rewrite as rewrite
import pytest

from .channel import Channel
from .comparisons import Changed, Watch, instrument
from .session import Reporter
from .sources import TestFiles

REPORT_DESCRIPTOR = 3
# One fault must not hide whether the others are the change's doing, and a thousand say no more than some.
_MOST_FAILURES = 50


def main(plan: dict[str, Any], descriptor: int = REPORT_DESCRIPTOR) -> int:
    """Run the tests of the working folder and report them.

    Args:
        plan: ``changed``: the changed files that are not tests, each with its ``classes`` and ``unchanged`` operators
            from before; ``only``: test files to keep to (empty: all).
        descriptor: the write end of the report's pipe.

    Returns:
        pytest's exit code.
    """
    channel = Channel(descriptor)
    root = Path.cwd()
    files = TestFiles(root)
    changed = {
        str(root / path): Changed(frozenset(told["classes"]), frozenset(told["unchanged"]))
        for path, told in plan["changed"].items()
    }
    watch = Watch(changed, _imports(changed))
    _read_tests_once(root, files, watch)
    reporter = Reporter(channel, files, frozenset(plan["only"]))
    channel.send("begin", expected=files.expected)
    with tempfile.TemporaryDirectory() as scratch:
        # What lies compiled or remembered in the tree was not made by this run.
        for compiled in sorted(root.rglob("__pycache__")):
            shutil.rmtree(compiled, ignore_errors=True)
        # The repository and its `src` on the path, as an editable install would have them.
        sys.path[:0] = [str(root / "src"), str(root)]
        arguments = ["-q", "--no-header", "--color=no", f"--maxfail={_MOST_FAILURES}"]
        arguments.append("--continue-on-collection-errors")  # one file that lacks a module hides no other's tests
        code = int(pytest.main([*arguments, "-o", f"cache_dir={scratch}/cache"], plugins=[reporter]))
    reporter.end(code, list(watch.found))
    channel.close()
    return code


def _read_tests_once(root: Path, files: TestFiles, watch: Watch) -> None:
    """Let pytest compile each test file from the bytes that it had at the start, with its comparisons watched."""
    theirs, remembered = rewrite._rewrite_test, rewrite._read_pyc

    def ours(path: Path, config: pytest.Config) -> Any:
        source = files.sources.get(str(path))
        if source is None:
            return theirs(path, config)
        tree, name = ast.parse(source, filename=str(path)), str(path)
        rewrite.rewrite_asserts(tree, source, name, config)
        # Nothing is added where pytest adds nothing: in a module that asked for that.
        if watch.changed and _imported(tree):
            instrument(tree, ast.parse(source), path.relative_to(root).as_posix(), watch, "@pytest_ar")
        return None, compile(tree, name, "exec", dont_inherit=True)

    def read(path: Path, *given: Any) -> Any:
        return None if str(path) in files.sources else remembered(path, *given)

    # The rewritten code names this module, so it is where the watch can be reached.
    replaced = {"_rewrite_test": ours, "_read_pyc": read, "see": watch.see, "see_call": watch.see_call}
    vars(rewrite).update(replaced)


def _imported(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Import) and any(name.asname == "@pytest_ar" for name in node.names) for node in tree.body
    )


def _imports(paths: dict[str, Changed]) -> frozenset[str]:
    """The modules that files import, by every name that they can have."""
    found = set()
    for path in paths:
        try:
            tree = ast.parse(Path(path).read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)
