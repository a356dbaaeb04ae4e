"""`python.entity`: a new typed dataclass in a package, exported, with tests of its own."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.exports import add_export
from nootropic_kernel.checks.recipes.fields import EntityField, parse_fields, read_fields
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.names import article, camel, checked_identifier, in_tests, snake
from nootropic_kernel.checks.recipes.packages import Package, clean_path, find_package
from nootropic_kernel.checks.recipes.python_text import PythonText
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused

DEFAULT_FIELDS = ({"name": "name", "type": "str"},)


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Write the entity's module, its export and its tests; what is there already stays."""
    package = find_package(files, args["package_dir"])
    class_name = checked_identifier(camel(args["entity"]), "a class")
    module = checked_identifier(snake(args["entity"]), "a module")
    fields = parse_fields(args.get("fields") or DEFAULT_FIELDS)
    edits: list[FileEdit] = []

    path = package.module_path(module)
    existing = files.read(path)
    if existing is None:
        edits.append(FileEdit(path, None, entity_source(class_name, fields).encode()))
    else:
        _check_existing(path, existing, class_name, fields)

    edits += export_edits(files, package, module, class_name)
    test_path = f"{package.tests}/test_{module}.py"
    if files.read(test_path) is None:
        source = _test_source(package, module, class_name, fields)
        edits.append(FileEdit(test_path, None, source.encode()))
    return edits


def export_edits(files: RepoFiles, package: Package, module: str, name: str) -> list[FileEdit]:
    """The edit of `__init__.py` that exports ``name``, if one is needed; a missing `__init__.py` is made."""
    base = files.read(package.init)
    if base is None:
        folder = package.import_name.rsplit(".", 1)[-1].replace("_", " ")
        text = f'"""The {folder} package."""\n\nfrom .{module} import {name}\n\n__all__ = ["{name}"]\n'
        return [FileEdit(package.init, None, text.encode())]
    source = PythonText.decode(package.init, base)
    new = source.encode(add_export(source, package.import_name, module, name))
    return [FileEdit(package.init, base, new)] if new != base else []


def entity_source(class_name: str, fields: Sequence[EntityField]) -> str:
    """The module with the dataclass."""
    phrase = " ".join(snake(class_name).split("_"))
    listing = _listing([each.name.replace("_", " ") for each in fields])
    needs_field = any(each.default and each.default.startswith("field(") for each in fields)
    # A field called `field` with a default would hide the function of that name from those after it.
    maker = "field as dataclass_field" if any(each.name == "field" for each in fields) else "field"
    imports = sorted({line for each in fields if (line := each.import_line)})
    imports.insert(0, f"from dataclasses import dataclass{f', {maker}' if needs_field else ''}")
    imports = _merged(imports)
    lines = [f'"""{phrase.capitalize()}: {listing}."""', "", "from __future__ import annotations", "", *imports]
    lines += ["", "", "@dataclass", f"class {class_name}:"]
    problems = [_rule(each) for each in fields]
    told = _listing([text for text, _ in filter(None, problems)], "or")
    summary = f"{article(phrase).capitalize()} {phrase} with its {listing}."
    if told:
        lines += [f'    """{summary}', "", f"    Raises ValueError when {told}.", '    """', ""]
    else:
        lines += [f'    """{summary}"""', ""]
    for each in fields:
        default = f" = {each.default}" if each.default else ""
        if default.startswith(" = field("):
            default = default.replace("field(", f"{maker.rsplit(' ', 1)[-1]}(", 1)
        lines.append(f"    {each.name}: {each.annotation}{default}")
    checks = [line for rule in problems if rule for line in rule[1]]
    if checks:
        lines += ["", "    def __post_init__(self) -> None:", *(f"        {line}" for line in checks)]
    return "\n".join(lines) + "\n"


def sample_call(class_name: str, fields: Sequence[EntityField], **override: str) -> str:
    """An expression that builds a valid instance."""
    values = {each.name: each.sample() for each in fields if each.default is None} | override
    return f"{class_name}({', '.join(f'{name}={value}' for name, value in values.items())})"


def sample_imports(fields: Sequence[EntityField]) -> list[str]:
    """The imports that `sample_call` needs."""
    return _merged(sorted({line for each in fields if each.default is None and (line := each.import_line)}))


def _rule(field: EntityField) -> tuple[str, list[str]] | None:
    me = f"self.{field.name}"
    words = field.name.replace("_", " ")
    if field.is_email:
        return f"{words} has no @", [f'if "@" not in {me}:', f'    raise ValueError("{words} must hold an @")']
    if field.not_blank:
        return f"{words} is blank", [f"if not {me}.strip():", f'    raise ValueError("{words} must not be blank")']
    if field.not_negative:
        guard = f"{me} is not None and " if field.optional else ""
        raising = f'    raise ValueError("{words} must not be negative")'
        return f"{words} is negative", [f"if {guard}{me} < 0:", raising]
    return None


def _test_source(package: Package, module: str, class_name: str, fields: Sequence[EntityField]) -> str:
    variable = snake(class_name)
    thing, called = in_tests(class_name)
    bad = [(each, _bad_value(each)) for each in fields if _rule(each)]
    imports = [*sample_imports(fields)]
    if any("Decimal(" in value for _, value in bad) and not any("decimal" in line for line in imports):
        imports.append("from decimal import Decimal")
    head = [f'"""{class_name} keeps its values{" and refuses senseless ones" if bad else ""}."""', ""]
    blocks = [imports, ["import pytest"] if bad else [], [f"from {package.import_name}.{module} import {thing}"]]
    for block in blocks:
        if block:
            head += [*block, ""]
    class_name = called
    lines = [*head, "", f"def test_{variable}_keeps_its_values() -> None:"]
    lines.append(f"    {variable} = {sample_call(class_name, fields)}")
    for each in fields:
        wanted = (
            each.sample()
            if each.default is None
            else {"field(default_factory=list)": "[]"}.get(each.default, each.default)
        )
        compare = f"is {wanted}" if wanted in {"None", "False"} else f"== {wanted}"
        lines.append(f"    assert {variable}.{each.name} {compare}")
    for each, value in bad:
        lines += ["", "", f"def test_{variable}_refuses_a_bad_{each.name}() -> None:"]
        match = {True: "@"}.get(each.is_email, "blank" if each.not_blank else "negative")
        lines.append(f'    with pytest.raises(ValueError, match="{match}"):')
        lines.append(f"        {sample_call(class_name, fields, **{each.name: value})}")
    return "\n".join(lines) + "\n"


def _bad_value(field: EntityField) -> str:
    if field.is_email:
        return '"nobody"'
    if field.not_blank:
        return '" "'
    return {"Decimal": 'Decimal("-1")', "float": "-1.0"}.get(field.type, "-1")


def _check_existing(path: str, data: bytes, class_name: str, fields: Sequence[EntityField]) -> None:
    text = PythonText.decode(path, data).text
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    if class_name not in names:
        raise RecipeRefused(
            f"{path} exists and does not define {class_name}.",
            why="A recipe never overwrites a file that a person wrote.",
            next="Choose another entity name, or add the class by hand.",
        )
    found = read_fields(text, class_name)
    if found is None or [each.name for each in found] != [each.name for each in fields]:
        raise RecipeRefused(
            f"{path} defines {class_name} already, with other fields.",
            next="Change the class by hand or by a written instruction (`code`).",
        )


def _listing(items: Sequence[str], joiner: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {joiner} {items[-1]}" if items else ""


def _merged(imports: Sequence[str]) -> list[str]:
    """`from datetime import date` and `… datetime` become one line."""
    grouped: dict[str, list[str]] = {}
    for line in imports:
        _, module, _, names = line.split(" ", 3)
        grouped.setdefault(module, []).append(names)
    return [f"from {module} import {', '.join(names)}" for module, names in sorted(grouped.items())]


def reads(paths: Sequence[str], args: Args) -> list[str]:
    """The package's `__init__.py`, the entity's module and the tests of its name."""
    folder = clean_path(args["package_dir"])
    module = snake(args["entity"])
    names = {f"{module}.py", f"{module}_store.py", f"test_{module}.py", f"test_{module}_store.py"}
    return [path for path in paths if path == f"{folder}/__init__.py" or path.rsplit("/", 1)[-1] in names]


RECIPE = Recipe(
    name="python.entity",
    summary="Add a typed dataclass with checked values to a package, export it and test it.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["package_dir", "entity"],
        "properties": {
            "package_dir": {"type": "string", "description": "the package's folder, like `library` or `src/library`"},
            "entity": {"type": "string", "description": "the name of the thing, like `Book`"},
            "fields": {
                "type": "array",
                "description": "its fields: name and type (str, int, float, bool, date, datetime, Decimal, list[str])",
                "items": {"type": "object", "required": ["name"]},
            },
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={"library/__init__.py": '"""A library."""\n'},
            args={
                "package_dir": "library",
                "entity": "book",
                "fields": [{"name": "title", "type": "str"}, {"name": "pages", "type": "int"}],
            },
            after={
                "library/__init__.py": '"""A library."""\n\nfrom .book import Book\n\n__all__ = ["Book"]\n',
                "library/book.py": (
                    '"""Book: title and pages."""\n\nfrom __future__ import annotations\n\n'
                    "from dataclasses import dataclass\n\n\n@dataclass\nclass Book:\n"
                    '    """A book with its title and pages.\n\n'
                    '    Raises ValueError when title is blank or pages is negative.\n    """\n\n'
                    "    title: str\n    pages: int\n\n    def __post_init__(self) -> None:\n"
                    "        if not self.title.strip():\n"
                    '            raise ValueError("title must not be blank")\n'
                    "        if self.pages < 0:\n"
                    '            raise ValueError("pages must not be negative")\n'
                ),
                "tests/test_book.py": (
                    '"""Book keeps its values and refuses senseless ones."""\n\nimport pytest\n\n'
                    "from library.book import Book\n\n\ndef test_book_keeps_its_values() -> None:\n"
                    '    book = Book(title="example", pages=1)\n    assert book.title == "example"\n'
                    "    assert book.pages == 1\n\n\ndef test_book_refuses_a_bad_title() -> None:\n"
                    '    with pytest.raises(ValueError, match="blank"):\n        Book(title=" ", pages=1)\n\n\n'
                    "def test_book_refuses_a_bad_pages() -> None:\n"
                    '    with pytest.raises(ValueError, match="negative"):\n        Book(title="example", pages=-1)\n'
                ),
            },
        ),
    ),
)
