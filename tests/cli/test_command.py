"""The command line as a program sees it: one document, exit codes, clean ends."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

import nootropic_kernel
from tests.capabilities.plugin_folders import trust, write_greeter

CHECKOUT = Path(nootropic_kernel.__file__).parent.parent
NOO = [sys.executable, "-m", "nootropic_kernel.cli"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


@pytest.fixture
def noo(repo: Path) -> Run:
    """Run `noo` in the repository."""

    def run(*arguments: str, stdin: str = "", cwd: Path = repo) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*NOO, *arguments], cwd=cwd, env=environment(), input=stdin, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture
def greeter(repo: Path, tmp_path: Path) -> Path:
    """A trusted plugin in the repository."""
    folder = write_greeter(repo, tmp_path / "imported")
    trust(folder)
    return folder


def test_help_lists_the_verbs_of_the_registry(noo: Run, greeter: Path) -> None:
    done = noo("--help")
    assert done.returncode == 0
    assert "greet" in done.stdout and "Greet somebody." in done.stdout and "list-capabilities" in done.stdout
    assert noo("help", "greet").stdout == noo("greet", "--help").stdout
    assert "WHOM" in noo("greet", "--help").stdout


def test_no_verb_is_wrong_use_with_the_help_on_stderr(noo: Run) -> None:
    done = noo()
    assert done.returncode == 2 and not done.stdout and "list-capabilities" in done.stderr


def test_version(noo: Run) -> None:
    assert noo("--version").stdout == f"nootropic {nootropic_kernel.__version__}\n"
    assert json.loads(noo("--version", "--json").stdout) == {"version": nootropic_kernel.__version__}


def test_one_document_fits_the_schema_of_the_registry(noo: Run, greeter: Path) -> None:
    listed = json.loads(noo("list-capabilities", "--json").stdout)
    schemas = {entry["verb"]: entry["result"] for provider in listed["providers"] for entry in provider["capabilities"]}
    jsonschema.validate(listed, schemas["list-capabilities"])
    for form, read in (("--json", json.loads), ("--yaml", yaml.safe_load)):
        done = noo("ask", form)
        assert read(done.stdout) == {"message": "nobody to ask"}
        assert "printed by the plugin" in done.stderr
        jsonschema.validate(read(done.stdout), schemas["ask"])


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "said"),
    [
        (["gret"], 2, "UsageError", "Did you mean `greet`?"),
        (["greet", "--whmo", "x"], 2, "UsageError", "Did you mean `--whom`?"),
        (["wait", "soon"], 2, "UsageError", "a number"),
        (["plugin", "trust", "nobody"], 2, "UsageError", "no plugin folder"),
        (["fault"], 1, "InternalError", "ZeroDivisionError"),
        (["-C", "/nowhere/at/all", "greet"], 1, "WorkspaceUnusable", "not a folder"),
    ],
)
def test_errors_are_a_document_a_sentence_and_a_code(
    noo: Run, greeter: Path, arguments: list[str], code: int, kind: str, said: str
) -> None:
    plain = noo(*arguments)
    assert plain.returncode == code and said in plain.stderr and not plain.stdout
    assert "Traceback" not in plain.stderr
    done = noo(*arguments, "--json")
    assert done.returncode == code
    error = json.loads(done.stdout)["error"]
    assert error["type"] == kind and {"what", "why", "next", "data"} <= set(error)
    assert said in done.stderr


def test_debug_shows_the_traceback(noo: Run, greeter: Path) -> None:
    assert 'raise ZeroDivisionError("a fault of the plugin")' in noo("fault", "--debug").stderr


def test_another_folder(noo: Run, greeter: Path, repo: Path, tmp_path: Path) -> None:
    assert noo("-C", str(repo), "greet", cwd=tmp_path).stdout == "Hello, world.\n"


def test_json_is_a_word_after_the_double_dash(noo: Run, greeter: Path) -> None:
    assert noo("greet", "--", "--json").stdout == "Hello, --json.\n"


def test_a_projects_own_modules_do_not_stand_in_for_ours(noo: Run, repo: Path) -> None:
    for name in ("json", "queue", "yaml", "pydantic", "random"):
        (repo / f"{name}.py").write_text("raise SystemExit('the project module ran')\n")
    assert noo("list-capabilities", "--yaml").returncode == 0


def test_a_terminal_that_knows_only_ascii(repo: Path, greeter: Path) -> None:
    for form, said in (("--json", "Ad\\u00e4"), ("--yaml", "Ad\\xE4"), (None, "Ad?")):
        command = [*NOO, "greet", "Adä", *([form] if form else [])]
        variables = {**environment(), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        done = subprocess.run(command, cwd=repo, env=variables, capture_output=True)
        assert said in done.stdout.decode("ascii"), done.stderr


def start(repo: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*NOO, *arguments],
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_interrupt_ends_clean(repo: Path, greeter: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*NOO, "wait", "60", "--json"]
    process = subprocess.Popen(command, cwd=repo, env=environment(), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    seen = b""
    while b"tick " not in seen:
        seen += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130 and time.monotonic() - began < 5
    assert json.loads(out)["error"]["type"] == "Interrupted"
    seen = os.read(ours, 10_000)
    os.close(ours)
    assert b"Traceback" not in seen and seen.count(b"Waiting was stopped.") == 1


def test_progress_stays_out_of_a_log(noo: Run, greeter: Path) -> None:
    assert noo("wait", "0.1").stderr == ""


@pytest.mark.parametrize("form", ["--json", "--yaml"])
def test_a_reader_that_has_gone_is_no_traceback(repo: Path, form: str) -> None:
    """Regression: the error's own document met the closed pipe outside of everything that catches."""
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [*NOO, "show", "P1", form], cwd=repo, env=environment(), stdout=theirs, stderr=subprocess.PIPE, timeout=120
    )
    os.close(theirs)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


READ_VERBS = """board, check --no-tests, doctor, list-capabilities, models, next, pipelines, plugin, recipes, review,
search author, show T1, spec, status"""


@pytest.mark.slow
def test_the_documents_of_the_core_fit_their_schemas(noo: Run, repo: Path) -> None:
    """`noo plan` first, then every verb that only looks: each document against what the registry promises."""
    listed = json.loads(noo("list-capabilities", "--json").stdout)
    schemas = {entry["verb"]: entry["result"] for entry in listed["providers"][0]["capabilities"]}
    plan = json.loads(noo("plan", "--brief", "-", "--json", stdin="Sort books by author.").stdout)
    jsonschema.validate(plan, schemas["plan"])
    tasks = [task for epic in plan["epics"] for story in epic["stories"] for task in story["tasks"]]
    assert tasks and all({"id", "title", "depends_on"} <= set(task) for task in tasks)
    for line in re.split(r",\s", READ_VERBS):
        done = noo(*line.split(), "--json")
        assert done.returncode in (0, 1), (line, done.stderr)
        document = json.loads(done.stdout)
        assert "error" not in document, (line, document)
        jsonschema.validate(document, schemas[line.split()[0]])


@pytest.mark.parametrize(("typed", "said"), [(b"y\n", "yes"), (b"\n", "no")])
def test_a_person_at_a_terminal_is_asked(repo: Path, greeter: Path, typed: bytes, said: str) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*NOO, "ask"], cwd=repo, env=environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(ours, 1000)
    os.write(ours, typed)
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0 and out.decode().splitlines()[-1] == said


def test_progress_overwrites_its_line_at_a_terminal(repo: Path, greeter: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*NOO, "wait", "0.2"],
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 1000):
            seen += part
    except OSError:  # the other side is closed: the end, on Linux
        pass
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert out == b"done waiting\n" and b"\r\x1b[2K 50% waiting" in seen and b"tick " in seen


def test_a_reader_that_goes_away_is_no_fault(repo: Path, greeter: Path) -> None:
    process = start(repo, "list-capabilities", "--json")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert err == "" and process.returncode in (0, 1)


def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, sys; os.rmdir({str(gone)!r}); from nootropic_kernel.cli import main; sys.exit(main(['plugin']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=gone, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_no_repository(noo: Run, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    assert noo("list-capabilities", cwd=plain).returncode == 0


def test_broken_settings_stop_nobody(noo: Run, person_home: Path) -> None:
    person_home.mkdir()
    (person_home / "config.json").write_text("{broken")
    assert noo("list-capabilities").returncode == 0
    refused = noo("plugin", "trust", "x")
    assert refused.returncode == 2


def test_a_broken_settings_file_is_never_overwritten(noo: Run, greeter: Path, person_home: Path) -> None:
    (person_home / "config.json").write_text("{broken")
    done = noo("plugin", "trust", "greeter")
    assert done.returncode == 1 and "not valid JSON" in done.stderr
    assert (person_home / "config.json").read_text() == "{broken"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gre"], {"greet"}),
        (["plugin", "tr"], {"trust"}),
        (["plugin", "trust", ""], {"greeter"}),
        (["wait", "--"], {"--deaf", "--help", "--json", "--yaml", "--no-pager"}),
        (["greet", "Ada", ""], set()),
        (["-C", ".", "gre"], {"greet"}),
        ([""], {"greet", "plan", "accept"}),
        (["nonsense", ""], set()),
    ],
)
def test_completion_comes_from_the_registry(noo: Run, greeter: Path, words: list[str], expected: set[str]) -> None:
    found = set(noo("--complete", "words", "--", *words).stdout.split())
    assert expected <= found if words == [""] else found == expected


def test_completion_creates_nothing_but_the_cache(noo: Run, repo: Path) -> None:
    noo("--complete", "words", "--", "accept", "P")
    assert not (repo / ".nootropic").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_bash_script_completes(noo: Run, repo: Path, greeter: Path, tmp_path: Path) -> None:
    command = tmp_path / "bin" / "noo"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join(NOO)} "$@"\n')
    command.chmod(0o755)
    script = noo("--completion", "bash").stdout
    for line in ("noo plugin tr", "noo plugin --action=t", "noo "):
        script += f'COMPREPLY=(); COMP_LINE="{line}"; COMP_POINT={len(line)}; _noo; echo "${{COMPREPLY[@]}}"\n'
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=repo, env={**environment(), "PATH": path}, capture_output=True, text=True
    )
    first, second, third = done.stdout.splitlines()
    assert (first, second) == ("trust", "trust"), done.stderr
    assert {"greet", "plan", "--version"} <= set(third.split())


def test_an_unknown_shell_is_wrong_use(noo: Run) -> None:
    assert noo("--completion", "tcsh").returncode == 2
    assert "complete -c noo" in noo("--completion", "fish").stdout
    assert "#compdef noo" in noo("--completion", "zsh").stdout
