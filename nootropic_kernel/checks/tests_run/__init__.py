"""The repository's own tests: how they are run, and what a run of them says about a change.

A program of ours (`runner`) runs them and signs what it reports; `report` reads that, `changed` tells the tests' side
of a change from the rest, and `verdict` says what it all means. Whatever runs in one process can in the end be forged
by code that knows the runner, so every result says who vouches for it.
"""

from nootropic_kernel.checks.tests_run.command import NAME, TIMEOUT_S, VARIABLES, test_command, why_not_run
from nootropic_kernel.checks.tests_run.steps import tests_step
from nootropic_kernel.checks.tests_run.verdict import VOUCHED

__all__ = ["NAME", "TIMEOUT_S", "VARIABLES", "VOUCHED", "test_command", "tests_step", "why_not_run"]
