"""A model by transformers in the service's child: torch is in that child and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nootropic_kernel.workspace.location import Workspace
from tests.host.test_service import pid
from tests.models.conftest import models as models

pytestmark = [pytest.mark.learning, pytest.mark.slow, pytest.mark.timeout(400)]

CODE = """
import json, sys
from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.backend_settings import BackendSettings
settings = BackendSettings("mine", "", sys.argv[2], kind="transformers")
backend = connect(settings, workspace=Workspace.find(sys.argv[1]))
answer = backend.chat(ChatRequest((Message("user", "the quick brown fox"),), 8))
print(json.dumps({"tokens": answer.output_tokens, "engine": backend.engine_pid(), "torch": "torch" in sys.modules}))
"""


def has_torch(process: int) -> bool:
    """Whether the library is loaded in the process."""
    return any("torch" in mapped.path for mapped in psutil.Process(process).memory_maps())


@pytest.mark.deep
def test_torch_is_in_the_child_alone(workspace: Workspace, run_time: Path, models: Path) -> None:
    command = [sys.executable, "-c", CODE, str(workspace.root), str(models / "writer")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["tokens"] and said["torch"] is False
    assert has_torch(said["engine"]) and not has_torch(pid(workspace))
