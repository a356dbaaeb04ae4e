"""``python -m nootropic_kernel`` starts the kernel."""

import os
import sys

if __name__ == "__main__":
    # `-m` without `-P` puts the current folder first on the path: a notebook's neighbour `random.py` must not win while
    # the kernel itself is imported. The kernel adds the folder again later, for the person's own imports.
    here = os.path.realpath(os.getcwd())
    if not sys.flags.safe_path and sys.path and sys.path[0] and os.path.realpath(sys.path[0]) == here:
        del sys.path[0]

    from nootropic_kernel.kernel import NootropicKernelApp

    NootropicKernelApp.launch_instance()
