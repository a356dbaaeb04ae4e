"""Every relative link, make target and verb that the documents name exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".venv", "node_modules", "demo", ".git", "dist", "build", "{{cookiecutter.project_slug}}"}
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not SKIPPED & set(path.relative_to(ROOT).parts) and "labextension" not in path.parts
)
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?[^)]*\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    found = set()
    for heading in re.findall(r"^#+ +(.+)$", text, flags=re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_relative_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    broken = []
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        goal = (document.parent / name) if name else document
        if not goal.exists() or (
            anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text(encoding="utf-8"))
        ):
            broken.append(target)
    assert not broken


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_make_targets_named_in_the_documents_exist(document: Path) -> None:
    code = "\n".join(CODE.findall(document.read_text(encoding="utf-8")))
    named = set(re.findall(r"(?:^|[`$;&|]\s*)make ([a-z][a-z-]*)", code, flags=re.MULTILINE))
    assert named <= make_targets()


def test_every_make_target_that_is_offered_parses() -> None:
    offered = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True)
    assert offered.returncode == 0
    targets = re.findall(r"make ([a-z-]+)", offered.stdout)
    dry = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True)
    assert targets and dry.returncode == 0, dry.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_verbs_named_in_the_documents_exist(document: Path, tmp_path: Path) -> None:
    from nootropic_kernel.capabilities.registry import load_registry
    from nootropic_kernel.workspace.location import Workspace

    code = "\n".join(CODE.findall(document.read_text(encoding="utf-8")))
    named = set(re.findall(r"(?:^|[`$;&|/]\s*)(?:%{0,2})noo ([a-z][a-z-]*)", code, flags=re.MULTILINE))
    known = set(load_registry(Workspace.find(tmp_path)).verbs())
    assert named <= known


# The sample project speaks of files of its own.
@pytest.mark.parametrize("document", [one for one in DOCUMENTS if "sample_project" not in one.parts], ids=ids)
def test_files_named_as_code_exist(document: Path) -> None:
    """`path/to/file.py` in running text: a file of this repository, when its first folder is one."""
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    top = {path.name for path in ROOT.iterdir()} - {"demo", ".venv", "tests"}
    broken = [
        name
        for name in re.findall(r"`([\w.-]+/[\w./-]+)`", text)
        if name.split("/")[0] in top and not (ROOT / name).exists()
    ]
    assert not broken
