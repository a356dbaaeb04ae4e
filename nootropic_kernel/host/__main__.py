"""The service's process: detaches itself from whoever starts it, then serves.

Run with ``python -P run_module.py nootropic_kernel.host …``. The first line on standard output is JSON,
``{"ready": true, "pid": …}`` or ``{"ready": false, "error": …}``; what follows goes to the log.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path


def main() -> int:
    """Become the service of a workspace; the process that was started ends at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the workspace")
    parser.add_argument("--state", type=Path, required=True, help="its state folder, for logs")
    parser.add_argument("--folder", type=Path, required=True, help="the private run-time folder")
    parser.add_argument("--idle-s", type=float, default=600.0)
    options = parser.parse_args()
    # As a child of its first client it would be ended with that client's process tree, or stay its zombie.
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    report = _take_over_output(options.state / "logs")
    from nootropic_kernel.host.service import Service, ServiceBusy

    try:
        with Service(options.root, options.state, options.folder, options.idle_s) as service:
            _say(report, {"ready": True, "pid": os.getpid()})
            service.serve()
    except (ServiceBusy, OSError) as error:
        _say(report, {"ready": False, "error": str(error)})
        return 1
    return 0


def _take_over_output(folder: Path) -> int:
    """Keep standard output for the report alone; what is printed from here on goes to the log."""
    report = os.dup(1)
    folder.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    log = os.open(folder / "service.log", flags, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return report


def _say(report: int, message: dict[str, object]) -> None:
    try:
        os.write(report, (json.dumps(message) + "\n").encode())
        os.close(report)
    except OSError:
        pass  # The client that started us is gone, or has heard that we are ready.


if __name__ == "__main__":
    sys.exit(main())
