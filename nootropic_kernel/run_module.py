"""Runs a module of this very package in a new process: ``python -P run_module.py nootropic_kernel.host …``.

Run by file, so that neither the caller's folder nor another installed copy of the package decides what is imported.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the module that the first argument names, with the others as its own."""
    package = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = module
    spec.loader.exec_module(module)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
