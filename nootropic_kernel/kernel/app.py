"""IPython's kernel under our own name, with the extension loaded at its start."""

from __future__ import annotations

import sys
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets import List, Type, Unicode

from nootropic_kernel import __version__


class NootropicKernel(IPythonKernel):
    """A Python kernel that knows `%noo`."""

    implementation = "nootropic"
    implementation_version = __version__

    @property
    def banner(self) -> str:  # type: ignore[override]
        """What a console shows first."""
        python = ".".join(map(str, sys.version_info[:3]))
        return (
            f"Nootropic {__version__} on Python {python}\n`%noo` lists what it can do; `%noo plan --help` tells more.\n"
        )


class NootropicKernelApp(IPKernelApp):
    """Starts :class:`NootropicKernel`. Nothing here reaches for the network."""

    name = "nootropic-kernel"
    kernel_class: Any = Type(NootropicKernel, klass="ipykernel.kernelbase.Kernel").tag(config=True)
    default_extensions: Any = List(Unicode(), ["storemagic", "nootropic_kernel"]).tag(config=True)
