"""Where a method is defined and used, as far as the receivers can be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nootropic_kernel.checks.recipes.registry import RecipeRefused
from nootropic_kernel.checks.recipes.rename_units import Place, Unit


def method_places(units: Sequence[Unit], target: str, word: str) -> dict[str, set[Place]]:
    """The places of a method (`module.Class.method`) and its uses; raises RecipeRefused for uses left unresolved."""
    import libcst as cst
    import libcst.matchers as m

    family = _family(units, target.rsplit(".", 1)[0])
    places: dict[str, set[Place]] = {}
    unresolved: list[str] = []
    for unit in units:
        found: set[Place] = set()
        for node in unit.find(m.FunctionDef(name=m.Name(word))):
            owner = _class_of(unit, node)
            if owner is not None and unit.names_of(owner.name) & family:
                found.add(unit.place(node.name))
        for node in unit.find(m.Attribute(attr=m.Name(word))):
            verdict = _receiver(unit, node, family)
            if verdict:
                found.add(unit.place(node.attr))
            elif verdict is None and not isinstance(unit.parents.get(node), cst.Del):
                line, _ = unit.place(node)
                unresolved.append(f"{unit.path}:{line}")
        if found:
            places[unit.path] = found
    if unresolved:
        raise RecipeRefused(
            f"Some uses of .{word} may or may not be {target.rsplit('.', 2)[-2]}'s: {', '.join(unresolved[:8])}.",
            why="What stands before the dot has no known type there.",
            next="Add annotations there, or rename those by hand first.",
        )
    return places


def _family(units: Sequence[Unit], owner: str) -> set[str]:
    """The class, the names under which modules import it, and its subclasses in these files."""
    import libcst.matchers as m

    simple = owner.rsplit(".", 1)[-1]
    family = {owner}
    grew = True
    while grew:
        before = len(family)
        for unit in units:
            for statement, module in unit.imports():
                for alias in getattr(statement.names, "__iter__", lambda: ())():
                    if alias.asname is None and f"{module}.{alias.name.value}" in family:
                        family.add(f"{unit.module}.{alias.name.value}")
            for node in unit.find(m.ClassDef()):
                if any(unit.names_of(base.value) & family for base in node.bases):
                    family |= unit.names_of(node.name)
        grew = len(family) > before
    assert simple
    return family


def _receiver(unit: Unit, node: Any, family: set[str]) -> bool | None:
    """True: the receiver is of the family; False: certainly something else; None: not known."""
    import libcst as cst
    import libcst.matchers as m

    value = node.value
    if unit.names_of(value) & family:
        return True  # Class.method
    if m.matches(value, m.Call(func=m.Name("super"))):
        owner = _class_of(unit, node)
        return bool(owner is not None and unit.names_of(owner.name) & family)
    if isinstance(value, cst.Call):
        names = unit.names_of(value.func)
        return True if names & family else None
    if isinstance(value, (cst.SimpleString, cst.List, cst.Dict, cst.Set, cst.Integer, cst.FormattedString)):
        return False
    if not isinstance(value, cst.Name):
        return None
    if value.value in {"self", "cls"}:
        owner = _class_of(unit, node)
        return bool(owner is not None and unit.names_of(owner.name) & family) if owner is not None else None
    kinds = _kinds(unit, node, value.value)
    if not kinds:
        names = unit.names_of(value)
        imported = any(not name.startswith(f"{unit.module}.") for name in names)
        return False if imported and not names & family else None
    if kinds <= family:
        return True
    return None if kinds & family or "?" in kinds else False


def _kinds(unit: Unit, node: Any, name: str) -> set[str]:
    """The classes a variable may hold by its annotations and constructor calls, in its function and the module."""
    import libcst as cst
    import libcst.matchers as m

    kinds: set[str] = set()
    scopes = [scope for scope in (_function_of(unit, node), unit.wrapper.module) if scope is not None]
    for scope in scopes:
        for assign in unit.find(m.Assign(targets=[m.AssignTarget(target=m.Name(name))]), within=scope):
            called = assign.value.func if isinstance(assign.value, cst.Call) else None
            kinds |= (unit.names_of(called) if called is not None else set()) or {"?"}
        for typed in unit.find(m.AnnAssign(target=m.Name(name)) | m.Param(name=m.Name(name)), within=scope):
            if isinstance(typed, cst.Param) and _function_of(unit, typed) is not scope:
                continue
            kinds |= (unit.names_of(typed.annotation.annotation) if typed.annotation else set()) or {"?"}
        if kinds:
            return kinds
    return kinds


def _class_of(unit: Unit, node: Any) -> Any:
    """The class whose body (at any depth of functions) holds the node."""
    import libcst as cst

    parent = unit.parents.get(node)
    while parent is not None and not isinstance(parent, cst.ClassDef):
        parent = unit.parents.get(parent)
    return parent


def _function_of(unit: Unit, node: Any) -> Any:
    import libcst as cst

    parent = unit.parents.get(node)
    while parent is not None and not isinstance(parent, cst.FunctionDef):
        parent = unit.parents.get(parent)
    return parent
