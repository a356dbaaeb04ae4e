"""`python.rename`: rename a function, class or method and its uses, by scope and qualified name.

Strings and comments stay, except the entries of `__all__`, which would break otherwise. Where a use cannot be
resolved (a method on an untyped receiver, a magic line, a star import) the recipe refuses and lists the places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import checked_identifier
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused
from nootropic_kernel.checks.recipes.rename_methods import method_places
from nootropic_kernel.checks.recipes.rename_units import Place, Unit, load_units


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Rename ``old`` (a name, `module.name` or `Class.method`) to ``new`` everywhere it is resolved."""
    old, new = str(args["old"]).strip(), str(args["new"]).strip()
    word = checked_identifier(old.rsplit(".", 1)[-1], "the old name")
    new = checked_identifier(new.rsplit(".", 1)[-1], "the new name")
    if word == new:
        return []
    units = load_units(files, word)
    targets = {name for unit in units for name in _definitions(unit, word) if f".{name}".endswith(f".{old}")}
    methods = {name for unit in units for name in _methods(unit, word) if f".{name}".endswith(f".{old}")}
    if not targets and not methods and _already_done(files, old, new):
        return []
    if not targets and ("." in old or not methods):
        if methods:
            _one_only(methods, old)
            places = method_places(units, methods.pop(), word)
            return _edits(units, places, word, new, as_attribute=True)
        raise RecipeRefused(
            f"{old} is not defined in this repository.",
            why="Only functions, classes and methods that a file here defines can be renamed.",
            next="Check the spelling; a method is named `Class.method`.",
        )
    if not targets:
        owners = ", ".join(sorted(methods))
        raise RecipeRefused(f"{old} is a method ({owners}).", next="Name it as `Class.method`.")
    _one_only(targets, old)
    return _edits(units, _function_places(units, targets, word), word, new)


def _definitions(unit: Unit, word: str) -> set[str]:
    """The absolute names of functions and classes called ``word`` at the top of the unit."""
    import libcst.matchers as m

    name = m.Name(word)
    nodes = unit.find(m.FunctionDef(name=name) | m.ClassDef(name=name))
    return {full for node in nodes for full in unit.names_of(node.name) if full == f"{unit.module}.{word}"}


def _methods(unit: Unit, word: str) -> set[str]:
    """The absolute names of methods called ``word`` in classes at the top of the unit."""
    import libcst.matchers as m

    found = set()
    for node in unit.find(m.FunctionDef(name=m.Name(word))):
        for full in unit.names_of(node.name):
            rest = full.removeprefix(f"{unit.module}.")
            if rest.count(".") == 1:
                found.add(full)
    return found


def _one_only(names: set[str], old: str) -> None:
    if len(names) > 1:
        raise RecipeRefused(
            f"{old} is defined more than once: {', '.join(sorted(names))}.",
            next="Name the one you mean with its module, like the first of these.",
        )


def _already_done(files: RepoFiles, old: str, new: str) -> bool:
    """Whether the old name is gone and the new one is defined: the state after this very rename."""
    wanted = f"{old.rsplit('.', 1)[0]}.{new}" if "." in old else new
    for unit in load_units(files, new):
        names = _definitions(unit, new) | _methods(unit, new)
        if any(f".{name}".endswith(f".{wanted}") for name in names):
            return True
    return False


def _function_places(units: Sequence[Unit], targets: set[str], word: str) -> dict[str, set[Place]]:
    import libcst.matchers as m

    _add_reexports(units, targets, word)
    places: dict[str, set[Place]] = {}
    for unit in units:
        found: set[Place] = set()
        for node in unit.find(m.Name(word)):
            if unit.names_of(node) & targets:
                found.add(unit.place(node))
        for node in unit.find(m.Attribute(attr=m.Name(word))):
            if unit.names_of(node) & targets:
                found.add(unit.place(node.attr))
        for statement, module in unit.imports():
            for alias in _aliases(statement):
                if alias.name.value == word and f"{module}.{word}" in targets:
                    found.add(unit.place(alias.name))
        if f"{unit.module}.{word}" in targets:
            found |= _listed(unit, word)
        if found:
            places[unit.path] = found
    return places


def _add_reexports(units: Sequence[Unit], targets: set[str], word: str) -> None:
    """A module that imports the name under the same name offers it too, so importers of that module follow."""
    import libcst as cst

    grew = True
    while grew:
        grew = False
        for unit in units:
            for statement, module in unit.imports():
                if isinstance(statement.names, cst.ImportStar):
                    if f"{module}.{word}" in targets:
                        raise RecipeRefused(
                            f"{unit.path} imports everything from {module}, so its uses of {word} cannot be told.",
                            next=f"Replace `from {module} import *` by the names it needs, then rename.",
                        )
                    continue
                for alias in _aliases(statement):
                    own = f"{unit.module}.{word}"
                    if (
                        alias.name.value == word
                        and alias.asname is None
                        and f"{module}.{word}" in targets
                        and own not in targets
                    ):
                        targets.add(own)
                        grew = True


def _aliases(statement: Any) -> list[Any]:
    import libcst as cst

    return [] if isinstance(statement.names, cst.ImportStar) else list(statement.names)


def _listed(unit: Unit, word: str) -> set[Place]:
    """The places of the name inside `__all__`."""
    import libcst.matchers as m

    target = m.AssignTarget(target=m.Name("__all__"))
    found = set()
    for node in unit.find(
        m.Assign(targets=[target]) | m.AnnAssign(target=m.Name("__all__")) | m.AugAssign(target=m.Name("__all__"))
    ):
        for text in unit.find(m.SimpleString(), within=node):
            if text.evaluated_value == word and text.value[1:-1] == word:
                line, column = unit.place(text)
                found.add((line, column + 1))
    return found


def _edits(
    units: Sequence[Unit], places: dict[str, set[Place]], word: str, new: str, *, as_attribute: bool = False
) -> list[FileEdit]:
    edits = []
    for unit in units:
        if unit.hidden and unit.path in places:
            raise RecipeRefused(
                f"{unit.path} uses {word} where it cannot be resolved: {unit.hidden[0]}",
                next="Rename it in that line by hand first.",
            )
        if unit.path not in places:
            continue
        if _takes(unit, new, as_attribute):
            raise RecipeRefused(
                f"{new} is used in {unit.path} already.",
                why="After the rename the two could not be told apart.",
                next="Choose another new name.",
            )
        edits.append(FileEdit(unit.path, unit.data, unit.replaced(places[unit.path], word, new)))
    return edits


def _takes(unit: Unit, new: str, as_attribute: bool) -> bool:
    """Whether the unit uses the new name where it could be confused with the renamed one."""
    import libcst as cst
    import libcst.matchers as m

    for node in unit.find(m.Name(new)):
        parent = unit.parents.get(node)
        after_dot = isinstance(parent, cst.Attribute) and parent.attr is node
        keyword = isinstance(parent, cst.Arg) and parent.keyword is node
        module = isinstance(parent, cst.ImportFrom) and parent.module is node
        if as_attribute or not (after_dot or keyword or module):
            return True
    return False


def reads(paths: Sequence[str], args: Args) -> list[str]:
    return [path for path in paths if path.endswith((".py", ".ipynb"))]


RECIPE = Recipe(
    name="python.rename",
    summary="Rename a function, class or method with its uses in Python files and notebooks.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["old", "new"],
        "properties": {
            "old": {"type": "string", "description": "the name now: `load`, `module.load` or `Class.method`"},
            "new": {"type": "string", "description": "the new name alone"},
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={
                "shop/__init__.py": 'from .cart import total\n\n__all__ = ["total"]\n',
                "shop/cart.py": "def total(items):\n    total_price = 0  # total so far\n    return total_price\n",
                "app.py": "from shop import total\n\n\ndef f(total):\n    return 1\n\n\nprint(total([]), 'total')\n",
            },
            args={"old": "total", "new": "sum_of"},
            after={
                "shop/__init__.py": 'from .cart import sum_of\n\n__all__ = ["sum_of"]\n',
                "shop/cart.py": "def sum_of(items):\n    total_price = 0  # total so far\n    return total_price\n",
                "app.py": "from shop import sum_of\n\n\ndef f(total):\n    return 1\n\n\nprint(sum_of([]), 'total')\n",
            },
        ),
        Example(
            before={
                "a.py": "class Cart:\n    def add(self, x):\n        self.add(x)\n\n\nclass Set:\n    add = 1\n",
                "b.py": "from a import Cart\n\ncart = Cart()\ncart.add(1)\n",
            },
            args={"old": "Cart.add", "new": "put"},
            after={
                "a.py": "class Cart:\n    def put(self, x):\n        self.put(x)\n\n\nclass Set:\n    add = 1\n",
                "b.py": "from a import Cart\n\ncart = Cart()\ncart.put(1)\n",
            },
        ),
    ),
)
