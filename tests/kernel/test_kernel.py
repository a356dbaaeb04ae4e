"""The kernel: our name, the magics loaded, quick, quiet, and unharmed by what lies around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import nootropic_kernel
from nootropic_kernel.kernel import NootropicKernelApp
from tests.capabilities.plugin_folders import write_greeter
from tests.conftest import git
from tests.kernel.running import PACKAGE, Kernel, running_kernel

pytestmark = pytest.mark.slow

HEAVY = {"torch", "transformers", "dagster", "mlflow", "papermill", "libcst", "datasets", "xllamacpp"}
LOADED = f"import sys; sorted({HEAVY!r} & set(sys.modules))"


@pytest.fixture
def kernel(repo: Path) -> Iterator[Kernel]:
    with running_kernel(repo) as running:
        yield running


def test_kernelspec_names_the_module_that_starts_it() -> None:
    spec = json.loads((PACKAGE / "kernelspec" / "kernel.json").read_text())
    assert spec["display_name"] == "Nootropic (Python)" and spec["language"] == "python"
    assert spec["argv"][1:4] == ["-P", "-m", "nootropic_kernel"]
    assert (PACKAGE / "kernelspec" / "logo-svg.svg").read_text().startswith("<svg")
    assert NootropicKernelApp.kernel_class.default_value.implementation == "nootropic"


def test_it_tells_who_it_is_and_has_the_magics(kernel: Kernel) -> None:
    info = kernel.client.kernel_info(reply=True, timeout=60)["content"]
    assert info["implementation"] == "nootropic"
    assert info["implementation_version"] == nootropic_kernel.__version__
    assert info["banner"].startswith("Nootropic")
    assert "list-capabilities" in kernel.run("%noo").text


def test_loading_is_quick_and_imports_nothing_heavy(repo: Path) -> None:
    code = (
        "import sys, time; from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance(); before = set(sys.modules); began = time.process_time();"
        "shell.extension_manager.load_extension('nootropic_kernel');"
        "print(time.process_time() - began); print(*(set(sys.modules) - before))"
    )
    best = 9.0
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=repo, env=_environment(), capture_output=True, text=True, check=True
        )
        seconds, modules = done.stdout.splitlines()[-2:]
        best = min(best, float(seconds))
        assert not (HEAVY | {"pydantic", "httpx", "opentelemetry", "sqlite3"}) & set(modules.split())
    assert best < 0.3


def test_verbs_import_nothing_heavy(kernel: Kernel) -> None:
    assert kernel.run(LOADED).text == "[]"
    assert kernel.run("%noo list-capabilities").status == "ok"
    ran = kernel.run(BRIEF)
    assert ran.status == "ok", ran.error
    assert kernel.run("%noo search author").status == "ok" and kernel.run("%noo board").status == "ok"
    assert kernel.run(LOADED).text == "[]"


def test_starting_reaches_for_no_network(repo: Path, tmp_path: Path) -> None:
    """No socket but the loopback one is opened while the kernel starts and lists its verbs."""
    watch = (
        "import sys\n"
        "def audit(event, arguments):\n"
        "    if event in ('socket.getaddrinfo', 'socket.gethostbyname'):\n"
        "        host = arguments[0]\n"
        "    elif event == 'socket.connect':\n"
        "        address = arguments[1]\n"
        "        host = address[0] if isinstance(address, tuple) else 'unix'\n"
        "    else:\n"
        "        return\n"
        "    if host not in ('127.0.0.1', 'localhost', '::1', 'unix', None, ''):\n"
        f"        open({str(tmp_path / 'network')!r}, 'a').write(f'{{event}} {{host}}\\n')\n"
        "sys.addaudithook(audit)\n"
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(watch)
    with running_kernel(repo, [str(tmp_path / "site")]) as kernel:
        assert str(tmp_path) in kernel.run("import sitecustomize; sitecustomize.__file__").text
        assert kernel.run("%noo list-capabilities").status == "ok"
    assert not (tmp_path / "network").exists(), (tmp_path / "network").read_text()


def test_two_kernels_at_once_share_a_workspace(repo: Path) -> None:
    with running_kernel(repo) as one, running_kernel(repo) as two:
        first = one.client.execute("%noo list-capabilities --into mine")
        second = two.client.execute("%noo list-capabilities --into mine")
        for kernel, request in ((one, first), (two, second)):
            assert kernel.reply_to(request)["status"] == "ok"
        assert one.run("mine.fingerprint").text == two.run("mine.fingerprint").text
    assert git(repo, "status", "--porcelain") == ""


BRIEF = "%%noo plan --into plan\nSort books by author, and show the shelf in the README.\n"


def test_two_kernels_that_plan_the_same_make_one_plan(repo: Path) -> None:
    with running_kernel(repo) as one, running_kernel(repo) as two:
        for kernel, request in [(kernel, kernel.client.execute(BRIEF)) for kernel in (one, two)]:
            reply = kernel.reply_to(request)
            assert reply["status"] == "ok", reply
        assert one.run("plan.plan").text == two.run("plan.plan").text
    assert git(repo, "log", "--format=%s").splitlines().count(git(repo, "log", "-1", "--format=%s")) == 1
    assert git(repo, "rev-list", "--count", "HEAD") == "2"


def test_restart_and_run_all_gives_the_same(repo: Path) -> None:
    seen = []
    for _ in range(2):
        with running_kernel(repo) as kernel:
            ran = kernel.run(BRIEF)
            assert ran.status == "ok", ran.error
            seen.append((git(repo, "rev-parse", "HEAD"), kernel.run("plan.document()['epics']").text))
    assert seen[0] == seen[1]


def test_a_hostile_repository_gets_nothing(repo: Path, tmp_path: Path, person_home: Path) -> None:
    marker = tmp_path / "imported"
    write_greeter(repo, marker)
    (repo / "nootropic.json").write_text(
        json.dumps(
            {
                "backends": {"evil": {"url": "https://cloud.example.com/v1", "model": "x"}},
                "modelPreference": ["evil"],
                "allowCloudFallback": True,
                "trustedPlugins": {str(repo / "plugins" / "greeter"): "0" * 64},
            }
        )
    )
    for name in ("random", "json", "yaml", "pydantic", "queue", "sqlite3"):
        (repo / f"{name}.py").write_text(f"open({str(marker)!r}, 'w').write({name!r})\n")
    with running_kernel(repo) as kernel:
        assert kernel.run("%noo list-capabilities").status == "ok"
        assert "greeter is not loaded" in kernel.run("%noo").text
        assert "Did you mean" in kernel.run("%noo greeet").error or "no verb" in kernel.run("%noo greet").error
        settings = kernel.run(
            "from nootropic_kernel.workspace.settings import load_settings\n"
            "from nootropic_kernel.workspace.location import Workspace\n"
            "found = load_settings(Workspace.find())\n"
            "(dict(found.backends), found.model_preference, found.allow_cloud_fallback)"
        )
        assert settings.text == "({}, (), False)"
    assert not marker.exists(), marker.read_text()


def test_broken_settings_stop_nobody(repo: Path, person_home: Path) -> None:
    person_home.mkdir()
    (person_home / "config.json").write_text("{broken")
    (repo / "nootropic.json").write_text("[]")
    with running_kernel(repo) as kernel:
        assert kernel.run("%noo list-capabilities").status == "ok"
        assert "not valid JSON" in kernel.run("%noo status").text


def test_no_repository(tmp_path: Path) -> None:
    plain = tmp_path / "plain folder"
    plain.mkdir()
    with running_kernel(plain) as kernel:
        assert kernel.run("%noo plugin list").status == "ok"


def test_killed_and_started_again_it_goes_on(repo: Path) -> None:
    with running_kernel(repo) as kernel:
        kernel.client.execute("%noo list-capabilities")
        time.sleep(0.3)
        kernel.manager.shutdown_kernel(now=True)
    with running_kernel(repo) as kernel:
        assert kernel.run("%noo list-capabilities").status == "ok"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
