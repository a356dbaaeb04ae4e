"""`python.store`: a collection for an entity, in memory and, when given a file, kept as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.fields import EntityField, read_fields
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import camel, checked_identifier, in_tests, plural, snake
from nootropic_kernel.checks.recipes.packages import Package, find_package
from nootropic_kernel.checks.recipes.python_entity import export_edits, reads, sample_call, sample_imports
from nootropic_kernel.checks.recipes.python_text import PythonText
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused

_KEYS = ("id", "key", "code", "isbn", "sku", "slug", "name", "title", "label", "username", "email")
_TO_JSON = {"date": "{}.isoformat()", "datetime": "{}.isoformat()", "Decimal": "str({})"}
_FROM_JSON = {"date": "date.fromisoformat({})", "datetime": "datetime.fromisoformat({})", "Decimal": "Decimal({})"}


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Write the store's module, its export and its tests; what is there already stays."""
    package = find_package(files, args["package_dir"])
    class_name = checked_identifier(camel(args["entity"]), "a class")
    module = checked_identifier(snake(args["entity"]), "a module")
    fields = _entity_fields(files, package, module, class_name)
    edits: list[FileEdit] = []

    path = package.module_path(f"{module}_store")
    existing = files.read(path)
    if existing is None:
        edits.append(FileEdit(path, None, _store_source(module, class_name, fields).encode()))
    elif f"class {class_name}Store" not in PythonText.decode(path, existing).text:
        raise RecipeRefused(
            f"{path} exists and does not define {class_name}Store.",
            why="A recipe never overwrites a file that a person wrote.",
            next="Rename that file, or write the store by hand.",
        )
    edits += export_edits(files, package, f"{module}_store", f"{class_name}Store")
    test_path = f"{package.tests}/test_{module}_store.py"
    if files.read(test_path) is None:
        edits.append(FileEdit(test_path, None, _test_source(package, module, class_name, fields).encode()))
    return edits


def _entity_fields(files: RepoFiles, package: Package, module: str, class_name: str) -> list[EntityField]:
    path = package.module_path(module)
    data = files.read(path)
    if data is None:
        raise RecipeRefused(
            f"There is no {path}, so there is nothing to store.",
            next=f"Run the recipe python.entity for {class_name} first, and accept its change.",
        )
    fields = read_fields(PythonText.decode(path, data).text, class_name)
    if not fields:
        raise RecipeRefused(
            f"{class_name} in {path} is not a dataclass whose fields this recipe can write to JSON.",
            why="It knows str, int, float, bool, date, datetime, Decimal and lists of the first three.",
            next="Write its store by hand or by a written instruction (`code`).",
        )
    return fields


def key_field(fields: Sequence[EntityField]) -> EntityField:
    """The field by which a store tells items apart."""
    plain = [each for each in fields if not each.optional and not each.type.startswith("list[")]
    if not plain:
        raise RecipeRefused("No field of the entity can tell one item from another.", next="Give it an `id` field.")
    for wanted in _KEYS:
        for each in plain:
            if each.name.rsplit("_", 1)[-1] == wanted:
                return each
    return plain[0]


def _store_source(module: str, class_name: str, fields: Sequence[EntityField]) -> str:
    key = key_field(fields)
    many, one = plural(module.replace("_", " ")), module.replace("_", " ")
    kinds = {each.type for each in fields} | {key.type}
    imports = ["import json", "from collections.abc import Sequence", "from dataclasses import asdict"]
    stamps = sorted(kinds & {"date", "datetime"})
    imports += [f"from datetime import {', '.join(stamps)}"] if stamps else []
    imports += ["from decimal import Decimal"] if "Decimal" in kinds else []
    imports += ["from pathlib import Path", "from typing import Any"]
    head = "\n".join(imports)
    label = key.name.replace("_", " ")
    return f'''"""A store of {many}: in memory, and in a JSON file when it has one."""

from __future__ import annotations

{head}

from .{module} import {class_name}


class {class_name}Store:
    """{many.capitalize()} by their {label}. With a path they are read from that file and saved to it at each change."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = Path(path) if path is not None else None
        self._items: dict[{key.type}, {class_name}] = {{}}
        if self._path is not None and self._path.exists():
            for record in json.loads(self._path.read_text(encoding="utf-8")):
                item = _from_record(record)
                self._items[item.{key.name}] = item

    def add(self, item: {class_name}) -> None:
        """Add {_an(one)}; raises ValueError when its {label} is taken."""
        if item.{key.name} in self._items:
            raise ValueError(f"there is already {_an(one)} with the {label} {{item.{key.name}!r}}")
        self._items[item.{key.name}] = item
        self._save()

    def get(self, {key.name}: {key.type}) -> {class_name} | None:
        """The {one} with this {label}, or None."""
        return self._items.get({key.name})

    def remove(self, {key.name}: {key.type}) -> None:
        """Remove the {one} with this {label}; raises KeyError when there is none."""
        del self._items[{key.name}]
        self._save()

    def list(self) -> Sequence[{class_name}]:
        """Every {one}, in the order in which they were added."""
        return tuple(self._items.values())

    def _save(self) -> None:
        if self._path is None:
            return
        records = [_to_record(item) for item in self._items.values()]
        unfinished = self._path.with_name(self._path.name + ".tmp")
        unfinished.write_text(json.dumps(records, indent=2), encoding="utf-8")
        unfinished.replace(self._path)


def _to_record(item: {class_name}) -> dict[str, Any]:
{_to_record_body(fields)}


def _from_record(record: dict[str, Any]) -> {class_name}:
{_from_record_body(class_name, fields)}
'''


def _to_record_body(fields: Sequence[EntityField]) -> str:
    special = [each for each in fields if each.type in _TO_JSON]
    if not special:
        return "    return asdict(item)"
    lines = ["    record = asdict(item)"]
    for each in special:
        value = _TO_JSON[each.type].format(f"item.{each.name}")
        if each.optional:
            value += f" if item.{each.name} is not None else None"
        lines.append(f'    record["{each.name}"] = {value}')
    return "\n".join([*lines, "    return record"])


def _from_record_body(class_name: str, fields: Sequence[EntityField]) -> str:
    special = [each for each in fields if each.type in _FROM_JSON]
    if not special:
        return f"    return {class_name}(**record)"
    lines = ["    values = dict(record)"]
    for each in special:
        raw = f'values["{each.name}"]'
        convert = f"{raw} = {_FROM_JSON[each.type].format(raw)}"
        lines += [f"    if {raw} is not None:", f"        {convert}"] if each.optional else [f"    {convert}"]
    return "\n".join([*lines, f"    return {class_name}(**values)"])


def _test_source(package: Package, module: str, class_name: str, fields: Sequence[EntityField]) -> str:
    key = key_field(fields)
    store = f"{class_name}Store"
    sampled = {key.name: key.sample()} if key.default is not None else {}
    head = [f'"""{store} adds, finds, lists and removes, and its file survives it."""', ""]
    stamps = sample_imports([*fields, EntityField(key.name, key.type)])
    head += [*stamps, "from pathlib import Path", "", "import pytest", ""]
    (thing, class_name), (kept, store) = in_tests(class_name), in_tests(store)
    head += [f"from {package.import_name}.{module} import {thing}"]
    head += [f"from {package.import_name}.{module}_store import {kept}"]
    imports = "\n".join(head)
    return f'''{imports}


def an_example() -> {class_name}:
    return {sample_call(class_name, fields, **sampled)}


def test_{module}_store_adds_finds_and_removes() -> None:
    store = {store}()
    item = an_example()
    store.add(item)
    assert store.get(item.{key.name}) == item
    assert list(store.list()) == [item]
    store.remove(item.{key.name})
    assert store.get(item.{key.name}) is None


def test_{module}_store_refuses_a_second_with_the_same_{key.name}() -> None:
    store = {store}()
    store.add(an_example())
    with pytest.raises(ValueError, match="already"):
        store.add(an_example())


def test_{module}_store_reads_back_what_it_saved(tmp_path: Path) -> None:
    path = tmp_path / "{module}.json"
    {store}(path).add(an_example())
    assert list({store}(path).list()) == [an_example()]
'''


def _an(noun: str) -> str:
    return f"{'an' if noun[:1] in set('aeiou') else 'a'} {noun}"


RECIPE = Recipe(
    name="python.store",
    summary="Add a store (add, get, list, remove; JSON file) for an entity of a package, and test it.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["package_dir", "entity"],
        "properties": {
            "package_dir": {"type": "string", "description": "the package's folder, like `library` or `src/library`"},
            "entity": {"type": "string", "description": "the dataclass to store, like `Book`"},
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={
                "src/shop/__init__.py": "from .item import Item\n\n__all__ = ['Item']\n",
                "src/shop/item.py": (
                    "from dataclasses import dataclass\n\n\n@dataclass\nclass Item:\n    name: str\n    price: float\n"
                ),
            },
            args={"package_dir": "src/shop", "entity": "Item"},
            after={
                "src/shop/__init__.py": (
                    "from .item import Item\nfrom .item_store import ItemStore\n\n__all__ = ['Item', 'ItemStore']\n"
                ),
            },
        ),
    ),
)
