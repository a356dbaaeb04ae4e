"""The Jupyter kernel "Nootropic (Python)": IPython's, with the magics loaded."""

from nootropic_kernel.kernel.app import NootropicKernel, NootropicKernelApp

__all__ = ["NootropicKernel", "NootropicKernelApp"]
