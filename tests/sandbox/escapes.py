"""Runs attacks at a level and tells what they reached: in the test's process, or by `python -m` as another user."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from nootropic_kernel.sandbox import Limits, SandboxResult, run_approved, run_confined
from tests.sandbox.attacks import ATTACKS, PRELUDE, Attack
from tests.sandbox.world import World, world

LIMITS = Limits(cpu_s=20, processes=40)


def attacked(around: World, attack: Attack, run: Callable[[list[str]], SandboxResult]) -> list[str]:
    """What ``attack`` reached, run as often as it asks."""
    around.make_box()
    command = ["python", "-c", PRELUDE + attack.code, around.told]
    said = ""
    for _ in range(attack.runs):
        done = run(command)
        said += done.output + done.errors.replace(command[2], "")
    assert "SyntaxError" not in said and "NameError" not in said, said
    return around.breaches(said)


def confined(around: World, attack: Attack, level: str) -> list[str]:
    """What ``attack`` reached at ``level``."""
    return attacked(around, attack, lambda command: run_confined(command, around.box, limits=LIMITS, level=level))


def unconfined(around: World, attack: Attack) -> list[str]:
    """What ``attack`` reached with nothing to hold it."""
    return attacked(around, attack, lambda command: run_approved(command, around.box))


if __name__ == "__main__":
    with world() as one:
        print(json.dumps({attack.name: confined(one, attack, sys.argv[1]) for attack in ATTACKS}))
