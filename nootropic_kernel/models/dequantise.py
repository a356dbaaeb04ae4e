"""A GGUF file as a folder that transformers can load and train: dequantised once into the person's cache.

The folder is complete or not there: it is written beside its place and renamed. Beside it lies a manifest with the
sha256 of the GGUF file and of every file made from it. A folder that was cut short, or that something has changed,
is made anew.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from nootropic_kernel.models.files import sha256_of
from nootropic_kernel.workspace.homes import download_cache
from nootropic_kernel.workspace.locks import process_lock

_FORMAT = 1
_LOCK_S = 900.0


def place_of(gguf: Path, digest: str) -> Path:
    """Where the folder for a GGUF file with that sha256 is kept, whether it is there or not."""
    return download_cache() / "dequantised" / f"{gguf.stem}-{digest[:16]}"


def dequantised(gguf: Path) -> Path:
    """The folder for ``gguf``, made if it is not there.

    :raises ImportError: when transformers or gguf is not installed.
    :raises OSError: when it cannot be read or written; the messages are transformers' own.
    """
    digest = sha256_of(gguf)
    folder = place_of(gguf, digest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with process_lock(folder.with_name(f".{folder.name}.lock"), timeout_s=_LOCK_S):
        if is_whole(folder, digest):
            return folder
        for left in (folder, *folder.parent.glob(f".{folder.name}.part-*")):
            shutil.rmtree(left, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
        try:
            _convert(gguf, partial)
            made = {file.name: sha256_of(file) for file in sorted(partial.iterdir())}
            (partial / "manifest.json").write_text(json.dumps({"format": _FORMAT, "gguf": digest, "files": made}))
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def is_whole(folder: Path, digest: str) -> bool:
    """Whether the folder was made from the file with that sha256 and is as it was made."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        if (manifest["format"], manifest["gguf"]) != (_FORMAT, digest):
            return False
        return all(sha256_of(folder / name) == known for name, known in manifest["files"].items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _convert(gguf: Path, target: Path) -> None:
    import transformers

    where = {"gguf_file": gguf.name, "local_files_only": True}
    model = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, **where)
    # It refuses to save what it takes for quantised still.
    model.hf_quantizer, model.is_quantized = None, False
    vars(model.config).pop("quantization_config", None)
    model.save_pretrained(target)
    transformers.AutoTokenizer.from_pretrained(gguf.parent, **where).save_pretrained(target)
