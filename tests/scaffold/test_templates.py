"""Templates of strangers are data: they reach nothing, run nothing, and say what is wrong in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.main import cookiecutter

from nootropic_kernel.planning.projects.rendering import TemplateInvalid
from nootropic_kernel.planning.projects.templates import NoSuchTemplate, TemplateLibrary
from nootropic_kernel.workspace.location import Workspace
from tests.scaffold.making import made

TOP = "{{cookiecutter.project_slug}}"


def template(place: Path, files: dict[str, str], **settings: Any) -> Path:
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    (place / "cookiecutter.json").write_text(json.dumps({"project_slug": "x", **settings}))
    return place


def rendered(place: Path, **given: Any) -> dict[str, str]:
    library = TemplateLibrary(None)
    found = library.render(library.find(str(place)), {"project_slug": "x", **given})
    return {path: file.content.decode() for path, file in found.files.items()}


def test_a_plain_template_gives_what_cookiecutter_gives(tmp_path: Path) -> None:
    files = {
        f"{TOP}/README.md": "# {{ cookiecutter.title }}\n{% if cookiecutter.kind == 'b' %}B{% endif %}\n",
        f"{TOP}/src/{{{{cookiecutter.package}}}}/a.py": "NAME = '{{ cookiecutter.title | upper }}'\n",
        f"{TOP}/raw/page.html": "{{ not ours }}\n",
        f"{TOP}/slug.txt": "{{ cookiecutter.title | slugify }}",
    }
    place = template(
        tmp_path / "plain",
        files,
        title="Some Title",
        package="{{ cookiecutter.project_slug }}_package",
        kind=["b", "a"],
        _copy_without_render=["raw/*"],
    )
    theirs = Path(cookiecutter(str(place), no_input=True, output_dir=str(tmp_path / "out")))
    wanted = {path.relative_to(theirs).as_posix(): path.read_text() for path in theirs.rglob("*") if path.is_file()}
    assert rendered(place) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cookiecutter.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../secret' %}",
        "{{ cookiecutter.pop('project_slug') }}",
        "{{ no.such }}",
        "{% for %}",
        "{{ 1 / 0 }}",
        "{% for i in range(10000000) %}x{% endfor %}",
    ],
)
def test_a_template_reaches_nothing_but_its_values(text: str, tmp_path: Path) -> None:
    place = template(tmp_path / "bad", {f"{TOP}/a.txt": text})
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(TemplateInvalid, match="bad"):
        rendered(place)
    with pytest.raises(TemplateInvalid):
        rendered(template(tmp_path / "worse", {f"{TOP}/a.txt": ""}, other=text))


def test_values_are_never_rendered_themselves(tmp_path: Path) -> None:
    place = template(tmp_path / "t", {f"{TOP}/a.txt": "{{ cookiecutter.title }}"}, title="")
    assert rendered(place, title="{{ 7*7 }}")["a.txt"] == "{{ 7*7 }}"


def test_hooks_are_not_run_and_extensions_not_loaded_and_both_are_said(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    hook = f"open({str(mark)!r}, 'w')\n"
    (tmp_path / "evil_extension.py").write_text(hook)
    place = template(
        tmp_path / "t",
        {f"{TOP}/a.txt": "a", "hooks/pre_gen_project.py": hook, "hooks/post_gen_project.py": hook},
        _extensions=["evil_extension.Evil"],
    )
    library = TemplateLibrary(None)
    found = library.render(library.find(str(place)), {})
    assert not mark.exists() and set(found.files) == {"a.txt"}
    assert "hooks" in " ".join(found.notes) and "extensions" in " ".join(found.notes)


def test_links_are_refused(tmp_path: Path) -> None:
    place = template(tmp_path / "t", {f"{TOP}/a.txt": "a"})
    os.symlink("/etc/passwd", place / TOP / "b.txt")
    with pytest.raises(TemplateInvalid, match="link"):
        rendered(place)


@pytest.mark.parametrize("name", ["../../x", "/etc/x", ".git/hooks/pre-commit", ".nootropic/x", ".env", "a/../../b"])
def test_a_path_that_no_project_may_hold_is_refused(name: str, tmp_path: Path) -> None:
    place = template(tmp_path / "t", {f"{TOP}/{{{{cookiecutter.name}}}}": "a"}, name=name)
    with pytest.raises(TemplateInvalid, match="path"):
        made({"name": "x", "template": str(place)})


def test_templates_that_go_round_in_a_circle_or_are_no_templates_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "experiments" / "templates"
    for name, below in (("one", "two"), ("two", "one"), ("three", "nothing-there")):
        template(root / name, {f"{TOP}/a.txt": name}, _extends=below)
    library = TemplateLibrary(Workspace.find(tmp_path))
    with pytest.raises(TemplateInvalid, match="circle"):
        library.render(library.find("one"), {})
    with pytest.raises(TemplateInvalid, match="nothing-there"):
        library.render(library.find("three"), {})
    (root / "one" / "cookiecutter.json").write_text("[")
    with pytest.raises(TemplateInvalid, match=r"cookiecutter\.json"):
        library.find("one")


@pytest.mark.parametrize("name", ["https://example.org/t.git", "gh:a/b", "git@example.org:a/b", "no-such", "/no/such"])
def test_nothing_is_fetched(name: str) -> None:
    with pytest.raises(NoSuchTemplate) as refused:
        TemplateLibrary(None).find(name)
    assert "web-application" in refused.value.next


def test_the_workspace_comes_before_plugins_and_those_before_what_is_shipped(tmp_path: Path) -> None:
    own, plugin = tmp_path / "experiments" / "templates", tmp_path / "plugin"
    for place in (own / "cli-tool", plugin / "cli-tool", plugin / "extra"):
        template(place, {f"{TOP}/a.txt": "a"})
    library = TemplateLibrary(Workspace.find(tmp_path), [plugin])
    assert [library.find(name).origin for name in ("cli-tool", "extra", "shop")] == ["workspace", "plugin", "shipped"]
    assert {"cli-tool", "extra", "shop"} <= {each.name for each in library.all()}
    assert not any(each.name.startswith("_") for each in library.all())


def test_a_file_is_made_once_for_each_thing(tmp_path: Path) -> None:
    place = template(tmp_path / "t", {f"{TOP}/{{{{entity.entity}}}}.txt": "{{ entity.Plural }}"})
    scaffold = made({"name": "x", "template": str(place), "entities": {"post": {}, "loan item": {}}})
    assert {path: file.content for path, file in scaffold.files.items()} == {
        "post.txt": b"Posts",
        "loan_item.txt": b"Loan items",
    }
