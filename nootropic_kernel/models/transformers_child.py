"""The transformers engine's process: a model folder, or a GGUF file dequantised once, behind the same protocol.

It ends, reports and counts its requests as :mod:`nootropic_kernel.models.child` says, and answers the part of llama.cpp
server's HTTP protocol that our client of it uses. It reads safetensors only, runs no code of a model's folder, and
reaches for no network.
"""

from __future__ import annotations

import argparse
import os
import sys

from nootropic_kernel.models import child

# Read by the libraries when they are imported.
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def main(argv: list[str] | None = None) -> int:
    """Serve a model by transformers."""
    parser = child.parser()
    parser.add_argument("--four-bit", action="store_true", help="quantise it to 4 bits by bitsandbytes")
    return child.run(parser.parse_args(argv), _serve)


def _serve(options: argparse.Namespace, key: str) -> int:
    os.environ.update(_ENVIRONMENT)
    from nootropic_kernel.models.transformers_engine import TransformersEngine
    from nootropic_kernel.models.transformers_server import listen

    return listen(TransformersEngine(options), key)


if __name__ == "__main__":
    sys.exit(main())
