"""The one launcher for code that we did not write."""

from nootropic_kernel.sandbox.launch import run_approved, run_confined
from nootropic_kernel.sandbox.level import LevelStatus, available, levels
from nootropic_kernel.sandbox.limits import Limits
from nootropic_kernel.sandbox.result import SandboxResult, SandboxUnavailable

__all__ = [
    "LevelStatus",
    "Limits",
    "SandboxResult",
    "SandboxUnavailable",
    "available",
    "levels",
    "run_approved",
    "run_confined",
]
