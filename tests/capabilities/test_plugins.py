"""Plugins: listed before they are trusted, run only as they were trusted, skipped when they are bad."""

from __future__ import annotations

import importlib.util
import json
import marshal
import sys
from pathlib import Path

import pytest

from nootropic_kernel.capabilities import registry as registry_module
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.plugin import PluginResult
from nootropic_kernel.capabilities.plugins import PluginNotTrusted
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import person_settings_file
from tests.capabilities.plugin_folders import trust, write_greeter, write_plugin


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "imported"


def call(workspace: Workspace, verb: str, **arguments: object) -> object:
    session = Session(workspace=workspace)
    try:
        return invoke(verb, arguments, session)
    finally:
        session.close()


def test_an_untrusted_folder_is_listed_and_never_imported(workspace: Workspace, marker: Path) -> None:
    write_greeter(workspace.root, marker)
    registry = load_registry(workspace)
    assert [item["name"] for item in registry.untrusted] == ["greeter"]
    with pytest.raises(UsageError):
        registry.entry("greet")
    result = call(workspace, "plugin")
    assert isinstance(result, PluginResult) and result.plugins[0].state == "not trusted"
    assert not marker.exists()


def test_trust_is_the_persons_and_for_this_content_only(workspace: Workspace, marker: Path) -> None:
    folder = write_greeter(workspace.root, marker)
    call(workspace, "plugin", action="trust", name="greeter")
    assert str(folder.resolve()) in json.loads(person_settings_file().read_text())["trustedPlugins"]
    entry = load_registry(workspace).entry("greet")
    assert entry.summary == "Greet somebody." and entry.help == "It does no more than that."
    assert str(call(workspace, "greet", whom="Ada")) == "Hello, Ada."
    (folder / "data.txt").write_text("one file more")
    registry = load_registry(workspace)
    assert "greet" not in registry.verbs()
    assert "changed since" in registry.untrusted[0]["why"]
    with pytest.raises(PluginNotTrusted):
        entry.resolve()


def test_trust_can_be_taken_back(workspace: Workspace, marker: Path) -> None:
    trust(write_greeter(workspace.root, marker))
    entry = load_registry(workspace).entry("greet")
    call(workspace, "plugin", action="untrust", name="greeter")
    assert "greet" not in load_registry(workspace).verbs()
    with pytest.raises(PluginNotTrusted):
        entry.resolve()


def test_a_workspace_file_cannot_grant_trust(workspace: Workspace, marker: Path) -> None:
    folder = write_greeter(workspace.root, marker)
    trust(folder)
    granted = json.loads(person_settings_file().read_text())
    person_settings_file().unlink()
    (workspace.root / "nootropic.json").write_text(json.dumps(granted))
    assert "greet" not in load_registry(workspace).verbs()
    assert not marker.exists()


def test_what_is_trusted_is_the_source_not_a_compiled_leftover(workspace: Workspace, marker: Path) -> None:
    folder = write_greeter(workspace.root, marker)
    leftover = Path(importlib.util.cache_from_source(str(folder / "plugin.py")))
    leftover.parent.mkdir()
    code = compile("raise SystemExit('compiled leftover ran')", "plugin.py", "exec")
    unchecked = (0b01).to_bytes(4, "little") + bytes(8)
    leftover.write_bytes(importlib.util.MAGIC_NUMBER + unchecked + marshal.dumps(code))
    trust(folder)
    assert str(call(workspace, "greet")) == "Hello, world."


def test_a_package_may_have_modules_of_its_own(workspace: Workspace) -> None:
    folder = write_plugin(
        workspace.root,
        "parts",
        """
        from .words import WORD
        from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability

        class Said(Result):
            word: str

        @capability(effect=CapabilityEffect.READ)
        def say_word(params: Params, session: Session) -> Said:
            "Say the word."
            return Said(word=WORD)

        def describe():
            return {"name": "parts", "version": "2", "configSchema": {"type": "object"}, "capabilities": [say_word]}
        """,
        "__init__.py",
    )
    (folder / "words.py").write_text("WORD = 'inner'\n")
    trust(folder)
    result = call(workspace, "say-word")
    assert getattr(result, "word", None) == "inner"


OK_HEAD = """
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability

@capability(effect=CapabilityEffect.READ, verb={verb!r})
def some(params: Params, session: Session) -> Result:
    "Something."
    return Result()

"""
BAD = {
    "raises": ("raise ValueError('broken at import')\ndescribe = None", "broken at import"),
    "exits": ("raise SystemExit(3)\ndescribe = None", "exit code 3"),
    "dies": ("import os\nos._exit(7)\ndescribe = None", "ended with 7"),
    "crashes": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\ndescribe = None", "ended with -11"),
    "silent": ("x = 'describe'", "no function describe()"),
    "shape": ("def describe(): return {'name': 'x'}", "wrong shape"),
    "list": ("def describe(): return [1]", "wrong shape"),
    "unmarked": ("def describe(): return {'name': 'x', 'version': '1', 'capabilities': [print]}", "not marked"),
    "clash": (
        OK_HEAD.format(verb="plugin") + "def describe(): return {'name': 'x', 'version': '1', 'capabilities': [some]}",
        "one of nootropic already",
    ),
    "badverb": (
        OK_HEAD.format(verb="Rm -rf") + "def describe(): return {'name': 'x', 'version': '1', 'capabilities': [some]}",
        "no name for a verb",
    ),
}


def test_bad_plugins_are_reported_and_skipped(workspace: Workspace, marker: Path) -> None:
    trust(write_greeter(workspace.root, marker))
    for name, (source, _) in BAD.items():
        trust(write_plugin(workspace.root, name, source))
    registry = load_registry(workspace)
    assert {"greet", "plugin"} <= set(registry.verbs())
    problems = {problem["provider"]: problem for problem in registry.problems}
    for name, (_, said) in BAD.items():
        assert said in problems[name]["message"], problems[name]
        assert problems[name]["next"]


def test_a_link_in_a_plugin_bars_it(workspace: Workspace, marker: Path, tmp_path: Path) -> None:
    folder = write_greeter(workspace.root, marker)
    (folder / "more.py").symlink_to(tmp_path / "elsewhere.py")
    assert "is a link" in load_registry(workspace).untrusted[0]["why"]


def test_a_projects_own_plugins_folder_is_none_of_ours(workspace: Workspace) -> None:
    write_plugin(workspace.root, "theirs", "print('a plugin of another kind')", "__init__.py")
    registry = load_registry(workspace)
    assert not registry.untrusted and not registry.problems


def distribution(place: Path, name: str, source: str) -> None:
    """Lay out an installed distribution with an entry point."""
    (place / f"{name}.py").write_text(source)
    info = place / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[nootropic.plugins]\n{name} = {name}\n")


def test_an_installed_plugin_comes_and_goes(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    source = OK_HEAD.format(verb="installed-verb")
    source += "def describe(): return {'name': 'inst', 'version': '1', 'capabilities': [some]}\n"
    assert "installed-verb" not in load_registry(workspace).verbs()
    monkeypatch.syspath_prepend(str(site))
    distribution(site, "noo_test_installed", source)
    assert "installed-verb" in load_registry(workspace).verbs()
    call(workspace, "installed-verb")
    sys.modules.pop("noo_test_installed", None)
    (site / "noo_test_installed-1.0.dist-info" / "entry_points.txt").unlink()
    (site / "noo_test_installed-1.0.dist-info" / "METADATA").unlink()
    (site / "noo_test_installed-1.0.dist-info").rmdir()
    assert "installed-verb" not in load_registry(workspace).verbs()


def test_an_entry_point_that_lies_in_the_workspace_is_not_installed(
    workspace: Workspace, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(workspace.root, "noo_test_hostile", f"import pathlib\npathlib.Path({str(marker)!r}).write_text('ran')")
    monkeypatch.chdir(workspace.root)
    monkeypatch.syspath_prepend("")
    monkeypatch.syspath_prepend(str(workspace.root))
    registry = load_registry(workspace)
    assert not registry.problems and not marker.exists()


def test_unknown_plugins_get_the_nearest_name(workspace: Workspace, marker: Path) -> None:
    write_greeter(workspace.root, marker)
    with pytest.raises(UsageError, match="Did you mean `greeter`"):
        call(workspace, "plugin", action="trust", name="greter")
    with pytest.raises(UsageError, match="needs a name"):
        call(workspace, "plugin", action="trust")


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    registry_module._in_memory.clear()
