"""One document from which every face makes its commands: fresh, believed only when it is ours, never torn."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nootropic_kernel
from nootropic_kernel.capabilities import registry as registry_module
from nootropic_kernel.capabilities.describe import describe
from nootropic_kernel.capabilities.plugins import Source
from nootropic_kernel.capabilities.registry import VerbUnavailable, load_registry
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

CHECKOUT = Path(nootropic_kernel.__file__).parent.parent


@pytest.fixture(autouse=True)
def nothing_in_memory() -> None:
    registry_module._in_memory.clear()


def registry_file(workspace: Workspace) -> Path:
    return workspace.cache_dir / "describe-registry.json"


def test_it_describes_the_core_and_lies_in_the_cache(workspace: Workspace) -> None:
    registry = load_registry(workspace)
    document = json.loads(registry_file(workspace).read_text())
    core = document["providers"][0]
    assert core["name"] == "nootropic" and core["version"] == nootropic_kernel.__version__
    assert {"configSchema", "capabilities"} <= set(core)
    assert {"plugin", "list-capabilities"} <= set(registry.verbs())
    for entry in registry.verbs().values():
        assert entry.summary and entry.effect in ("read", "propose", "decide")
        assert entry.params["type"] == "object" and entry.result
    assert git(workspace.root, "status", "--porcelain") == ""


def test_every_core_verb_resolves_without_heavy_imports() -> None:
    """Looking at all verbs, as the registry's child does, imports nothing heavy."""
    code = (
        "import sys; from nootropic_kernel.capabilities.describe import describe;"
        "from nootropic_kernel.capabilities.plugins import Source;"
        "manifest = describe(Source('core', 'nootropic'));"
        "assert not manifest['problems'], manifest['problems'];"
        "heavy = {'torch', 'transformers', 'dagster', 'mlflow', 'papermill', 'libcst', 'datasets', 'xllamacpp'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CHECKOUT)


def test_the_child_describes_what_the_registry_says(workspace: Workspace) -> None:
    described = describe(Source("core", "nootropic"))
    assert described.pop("problems") == []
    assert described == load_registry(workspace).providers[0]


def test_a_fresh_document_is_read_not_built(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_registry(workspace).document
    registry_module._in_memory.clear()
    monkeypatch.setattr(registry_module, "_build", lambda *_: pytest.fail("built again"))
    assert load_registry(workspace).document == before


def test_a_document_that_came_with_the_repository_is_not_believed(workspace: Workspace) -> None:
    load_registry(workspace)
    document = json.loads(registry_file(workspace).read_text())
    document["providers"][0]["capabilities"][0] |= {"verb": "pwn", "module": "os", "function": "system"}
    registry_file(workspace).write_text(json.dumps(document))
    registry_module._in_memory.clear()
    assert "pwn" not in load_registry(workspace).verbs()
    assert "pwn" not in registry_file(workspace).read_text()


def test_a_core_entry_can_only_name_a_verb_of_ours(workspace: Workspace) -> None:
    entry = load_registry(workspace).entry("plugin")
    for module, function in (("os", "system"), ("nootropic_kernel.capabilities.registry", "load_registry")):
        with pytest.raises(VerbUnavailable):
            dataclasses.replace(entry, module=module, function=function).resolve()


@pytest.mark.parametrize("obstacle", ["link", "file"])
def test_where_the_cache_cannot_be_the_persons_folder_serves(
    workspace: Workspace, person_home: Path, tmp_path: Path, obstacle: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    if obstacle == "link":
        workspace.cache_dir.symlink_to(outside)
    else:
        workspace.cache_dir.write_text("in the way")
    assert "plugin" in load_registry(workspace).verbs()
    assert not list(outside.iterdir())
    assert list(person_home.glob("workspaces/*/cache/describe-registry.json"))


def test_no_link_in_the_cache_leads_a_write_elsewhere(workspace: Workspace, tmp_path: Path) -> None:
    workspace.cache_dir.mkdir()
    for name in (".gitignore", "describe-registry.json"):
        (workspace.cache_dir / name).symlink_to(tmp_path / "elsewhere")
    load_registry(workspace)
    assert not (tmp_path / "elsewhere").exists()
    assert registry_file(workspace).is_file() and not registry_file(workspace).is_symlink()


def test_an_unknown_verb_gets_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="Did you mean `plugin`"):
        load_registry(workspace).entry("plugn")


def test_processes_at_once_all_get_a_whole_document(workspace: Workspace) -> None:
    command = [sys.executable, "-m", "nootropic_kernel.cli", "list-capabilities", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    running = [subprocess.Popen(command, cwd=workspace.root, env=environment, stdout=subprocess.PIPE) for _ in range(4)]
    documents = [json.loads(process.communicate()[0]) for process in running]
    assert all(process.returncode == 0 for process in running)
    assert all(document == documents[0] for document in documents)


def test_a_module_that_cannot_be_imported_costs_only_its_own_verbs(repo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(
        CHECKOUT / "nootropic_kernel", copy / "nootropic_kernel", ignore=shutil.ignore_patterns("__pycache__")
    )
    (copy / "nootropic_kernel" / "capabilities" / "zap.py").write_text("import surely_not_installed\n")
    # What runs in the copy is not what coverage measures: its sources are gone when it reports.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment = {**variables, "PYTHONPATH": str(copy), "NOOTROPIC_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "nootropic_kernel.cli"]
    done = subprocess.run(
        [*command, "list-capabilities", "--json"], cwd=repo, env=environment, capture_output=True, check=True
    )
    document = json.loads(done.stdout)
    assert any("surely_not_installed" in problem["message"] for problem in document["problems"])
    refused = subprocess.run([*command, "zap"], cwd=repo, env=environment, capture_output=True, text=True)
    assert refused.returncode == 2 and "surely_not_installed" in refused.stderr
