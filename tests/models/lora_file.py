"""A LoRA adapter as a GGUF file, written by hand: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

from __future__ import annotations

import random
import struct
from pathlib import Path

_UINT32, _FLOAT32, _STRING = 4, 6, 8
_ALIGN = 32


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def write_lora(file: Path, *, width: int, blocks: int, rank: int = 4, strength: float = 0.5, seed: int = 1) -> None:
    """An adapter of random numbers for each block's output of attention in a llama model of that width."""
    chance = random.Random(seed)
    shapes: list[tuple[str, int, int]] = []
    for block in range(blocks):
        name = f"blk.{block}.attn_output.weight"
        shapes += [(f"{name}.lora_a", width, rank), (f"{name}.lora_b", rank, width)]
    facts = [
        ("general.type", _STRING, _text("adapter")),
        ("general.architecture", _STRING, _text("llama")),
        ("adapter.type", _STRING, _text("lora")),
        ("adapter.lora.alpha", _FLOAT32, struct.pack("<f", float(rank))),
        ("general.alignment", _UINT32, struct.pack("<I", _ALIGN)),
    ]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(facts))
    head += b"".join(_text(key) + struct.pack("<I", kind) + value for key, kind, value in facts)
    data = b""
    for name, columns, rows in shapes:
        head += _text(name) + struct.pack("<IQQIQ", 2, columns, rows, 0, len(data))
        numbers = [chance.gauss(0, strength / width**0.5) for _ in range(columns * rows)]
        data += struct.pack(f"<{len(numbers)}f", *numbers)
        data += b"\0" * (-len(data) % _ALIGN)
    file.write_bytes(head + b"\0" * (-len(head) % _ALIGN) + data)
