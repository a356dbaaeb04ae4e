"""`python.docstrings`: a first docstring for public functions and classes that have none, from their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import libcst as cst

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.parsing import parse_problem
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import article, words
from nootropic_kernel.checks.recipes.packages import clean_path
from nootropic_kernel.checks.recipes.python_text import PythonText, Splice, line_starts, splice
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Insert one line below each public `def` and `class` that starts without a docstring."""
    from libcst.metadata import MetadataWrapper, PositionProvider, WhitespaceInclusivePositionProvider

    path = _module_path(list(files.paths()), args["module"])
    base = files.read(path) if path else None
    if path is None or base is None:
        raise RecipeRefused(f"There is no module {args['module']}.", next="Name it by path or dotted name.")
    problem = parse_problem(path, base)
    if problem:
        raise RecipeRefused(f"{path} does not parse.", why=problem, next="Mend that file first.")
    source = PythonText.decode(path, base)
    wrapper = MetadataWrapper(cst.parse_module(source.text), unsafe_skip_copy=True)
    inner = wrapper.resolve(PositionProvider)
    outer = wrapper.resolve(WhitespaceInclusivePositionProvider)
    starts = line_starts(source.text)
    edits = []
    for node in _undocumented(wrapper.module.body):
        first = inner[node.body.body[0]].start
        indent = source.text[starts[first.line - 1] : starts[first.line - 1] + first.column]
        at = starts[outer[node.body.header].end.line - 1]  # the header's line end belongs to the header
        edits.append(Splice(at, at, f'{indent}"""{_sentence(node)}"""{source.newline}'))
    return [FileEdit(path, base, source.encode(splice(source.text, edits)))] if edits else []


def _undocumented(body: Sequence[Any]) -> Iterator[Any]:
    for node in body:
        if not isinstance(node, (cst.FunctionDef, cst.ClassDef)) or node.name.value.startswith("_"):
            continue
        if not isinstance(node.body, cst.IndentedBlock):
            continue  # `def f(): return 1` has no line of its own for a docstring
        if node.get_docstring(clean=False) is None:
            yield node
        if isinstance(node, cst.ClassDef):
            yield from _undocumented(node.body.body)


def _sentence(node: Any) -> str:
    parts = words(node.name.value)
    if isinstance(node, cst.ClassDef):
        phrase = " ".join(parts)
        return f"{article(phrase).capitalize()} {phrase}."
    if parts[:1] in (["is"], ["has"], ["can"], ["should"]):
        rest = {"is": "it is", "has": "it has", "can": "it can", "should": "it should"}[parts[0]]
        return f"Tell whether {rest} {' '.join(parts[1:])}.".replace(" .", ".")
    if any("property" in str(getattr(each.decorator, "value", "")) for each in node.decorators):
        return f"The {' '.join(parts)}."
    return f"{' '.join(parts).capitalize()}."


def _module_path(paths: Sequence[str], module: str) -> str | None:
    if module.endswith(".py"):
        wanted = clean_path(module)
        return wanted if wanted in paths else None
    tail = module.replace(".", "/")
    for candidate in (f"{tail}.py", f"src/{tail}.py", f"{tail}/__init__.py", f"src/{tail}/__init__.py"):
        if candidate in paths:
            return candidate
    return None


def reads(paths: Sequence[str], args: Args) -> list[str]:
    path = _module_path(paths, args["module"])
    return [path] if path else []


RECIPE = Recipe(
    name="python.docstrings",
    summary="Give public functions and classes without a docstring a first one, made from their names.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["module"],
        "properties": {"module": {"type": "string", "description": "a path or dotted name, like `library.book`"}},
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={
                "m.py": (
                    "class Loan:\n    def is_late(self,\n                day) -> bool:  # now\n"
                    "        # a\n        return True\n"
                )
            },
            args={"module": "m"},
            after={
                "m.py": (
                    'class Loan:\n    """A loan."""\n    def is_late(self,\n                day) -> bool:  # now\n'
                    '        """Tell whether it is late."""\n        # a\n        return True\n'
                )
            },
        ),
    ),
)
