"""The library of methods: YAML data that says how projects, stories and tasks are broken down.

Three kinds of file in ``experiments/methods/``:

- ``kind: words`` – what words of a brief mean (verbs, entities with their fields, features, attributes);
- ``kind: tasks`` – the primitive tasks: title, needs, products, files, how they are done, acceptance;
- ``kind: archetype`` – a sort of project: the words that point to it, and ways to break its compounds down.

A text may name bindings in braces, ``{entity}``; a value ``=fields`` stands for the binding itself.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from nootropic_kernel.planning.errors import MethodsInvalid
from nootropic_kernel.planning.methods.reader import MethodsReader, check_references
from nootropic_kernel.planning.methods.templates import Archetype as Archetype
from nootropic_kernel.planning.methods.templates import Bindings as Bindings
from nootropic_kernel.planning.methods.templates import HowTemplate as HowTemplate
from nootropic_kernel.planning.methods.templates import Item as Item
from nootropic_kernel.planning.methods.templates import Library as Library
from nootropic_kernel.planning.methods.templates import TaskTemplate as TaskTemplate
from nootropic_kernel.planning.methods.templates import Way as Way
from nootropic_kernel.planning.methods.templates import fill as fill
from nootropic_kernel.planning.methods.templates import holds as holds
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import list_names, load_yaml


@cache
def shipped_library() -> Library:
    """The library that comes with Nootropic."""
    return load_library(None)


def load_library(workspace: Workspace | None) -> Library:
    """Read and validate all methods files: shipped ones, those of trusted plugins, and the workspace's own.

    A file of the same name takes the place of another, in that order.

    :raises MethodsInvalid: naming the file and what is wrong in it.
    """
    archetypes: dict[str, Archetype] = {}
    compounds: dict[str, tuple[Way, ...]] = {}
    tasks: dict[str, TaskTemplate] = {}
    words: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name in list_names("methods", workspace):
        document = load_yaml("methods", name, workspace)
        reader = MethodsReader(name)
        kind = reader.mapping(document, "the file").get("kind")
        if kind == "words":
            for part, value in reader.words(document).items():
                words[part] = _merged(words.get(part), value)
        elif kind == "tasks":
            read = reader.tasks(document)
            tasks |= read
            origin |= dict.fromkeys(read, name)
        elif kind == "archetype":
            archetype, ways = reader.archetype(document)
            archetypes[archetype.name] = archetype
            compounds |= ways
            origin |= dict.fromkeys(ways, name)
        else:
            raise MethodsInvalid(name, f"`kind` is {kind!r}; it must be words, tasks or archetype.")
    library = Library(archetypes, compounds, tasks, words)
    check_references(library, origin)
    return library


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | new
    if isinstance(old, str) and isinstance(new, str):
        return f"{old} {new}"
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    return new
