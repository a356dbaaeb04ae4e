"""A GGUF file of a small llama of random numbers, which transformers and llama.cpp can load, and who converts it.

``python tiny_gguf.py FILE`` writes nothing: it loads the libraries, and then converts FILE once for each line on
standard input, in a process of its own whose id it prints; after it has ended, how.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def write_gguf(file: Path, *, width: int = 64, blocks: int = 2, seed: int = 3) -> None:
    """Write the file."""
    import gguf
    import numpy
    from tokenizers.pre_tokenizers import ByteLevel

    marks = ["<unk>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(ByteLevel.alphabet())
    merges = ["t h", "th e", "a n"]
    words = [*marks, *letters, *(merge.replace(" ", "") for merge in merges)]
    kinds = [gguf.TokenType.CONTROL] * len(marks) + [gguf.TokenType.NORMAL] * (len(words) - len(marks))
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(width)
    writer.add_block_count(blocks)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 2)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    chance = numpy.random.default_rng(seed)
    shapes = {"token_embd": (len(words), width), "output": (len(words), width)}
    for block in range(blocks):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{block}.{name}"] = (width, width)
        shapes |= {f"blk.{block}.ffn_gate": (2 * width, width), f"blk.{block}.ffn_up": (2 * width, width)}
        shapes[f"blk.{block}.ffn_down"] = (width, 2 * width)
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", chance.normal(0, 0.3, shape).astype("float32"))
    for name in ("output_norm", *(f"blk.{b}.{n}" for b in range(blocks) for n in ("attn_norm", "ffn_norm"))):
        writer.add_tensor(f"{name}.weight", numpy.ones(width, "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main(file: Path) -> None:
    """Convert the file on demand."""
    import gguf  # noqa: F401
    import torch
    import transformers  # noqa: F401
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: F401

    from nootropic_kernel.models.dequantise import dequantised

    torch.set_num_threads(1)
    print("ready", flush=True)
    for _ in sys.stdin:
        if (child := os.fork()) == 0:
            dequantised(file)
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
