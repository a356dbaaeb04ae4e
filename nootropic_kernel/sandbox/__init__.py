"""The one launcher for code that we did not write."""

from nootropic_kernel.sandbox.launch import SandboxResult, SandboxUnavailable, available, run_approved, run_confined

__all__ = ["SandboxResult", "SandboxUnavailable", "available", "run_approved", "run_confined"]
