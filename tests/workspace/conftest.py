"""What the tests of workspaces start from."""

from __future__ import annotations

from tests.host.conftest import run_time as run_time
