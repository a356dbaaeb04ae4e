"""Build hook: the lab extension when its sources changed; `experiments/` and the nightly report in the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# A build front end does not put the checkout on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from bootstrap.front_end import MIN_NODE, MISSING, FrontEnd, node_version


class NootropicBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Hatchling calls this before it collects files (twice in an editable install: hence the stamp)."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        self._build_front_end(FrontEnd(root))
        if self.target_name == "wheel" and version == "standard" and (root / "experiments").is_dir():
            # Only there: an editable install reads the folder of the checkout.
            build_data["force_include"][str(root / "experiments")] = "nootropic_kernel/experiments"
            report = "notebooks/nightly_report.ipynb"
            build_data["force_include"][str(root / report)] = f"nootropic_kernel/{report}"

    def _build_front_end(self, front_end: FrontEnd) -> None:
        if not front_end.has_sources or front_end.fresh():
            self._keep_folder(front_end)
            return
        env = dict(os.environ)
        try:
            found = node_version(env)
            if found is None or found < MIN_NODE:
                raise FileNotFoundError("node")
            front_end.build(env)
        except (OSError, subprocess.SubprocessError) as error:
            what = MISSING if isinstance(error, FileNotFoundError) else f"The front-end build failed: {error}"
            if front_end.built:
                self.app.display_warning(f"{what} What was last built is used.")
            else:
                self.app.display_warning(f"{what} Everything else is installed.")
        self._keep_folder(front_end)

    def _keep_folder(self, front_end: FrontEnd) -> None:
        # Hatchling stops when a mapped folder is missing; an empty one is simply nothing to install.
        front_end.output.mkdir(parents=True, exist_ok=True)
