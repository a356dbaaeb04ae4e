"""``python -m nootropic_kernel.cli`` is ``noo``."""

import sys

if __name__ == "__main__":
    # `-m` puts the current folder first on the path; a project's own modules must not stand in for ours.
    if sys.path and not sys.flags.safe_path:
        del sys.path[0]
    from nootropic_kernel.cli import main

    sys.exit(main())
