"""Tokens a second of the transformers engine against transformers' own ``generate``, whole and in 4 bits.

    python experiments/benchmarks/transformers_engine.py [--size 1.5b] [--rounds 3] [--tokens 128] [--prompt 512]

The model has the shape of Qwen2.5-Coder at that size (``tiny`` for a machine without a GPU) and random numbers, so that
it can be made anywhere; what it says means nothing, how fast it says it does. Engine and ``generate`` share the loaded
model and take turns; both are greedy. ``agree_until`` is the share of the text before they part, which rounding
decides where two tokens are as likely. Memory is what torch holds at most on the GPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from itertools import takewhile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "models")]

import tiny_models  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from llguidance import LLMatcher  # noqa: E402

from nootropic_kernel.models.transformers_engine import TransformersEngine  # noqa: E402

SHAPES = {
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128},
    "1.5b": {"hidden_size": 1536, "num_hidden_layers": 28, "num_attention_heads": 12, "intermediate_size": 8960},
    "7b": {"hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28, "intermediate_size": 18944},
}
KEY_VALUE_HEADS = {"tiny": 2, "1.5b": 2, "7b": 4}
VOCABULARY = 151_936


def make(folder: Path, size: str) -> tuple[Path, Path]:
    """Write a model of that shape which never ends by itself, and a LoRA adapter for it."""
    import peft

    tiny_models.main(folder / "small")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "small" / "writer")
    torch.manual_seed(7)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    config = transformers.Qwen2Config(
        **SHAPES[size],
        num_key_value_heads=KEY_VALUE_HEADS[size],
        vocab_size=400 if size == "tiny" else VOCABULARY,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        eos_token_id=None,
        dtype=torch.bfloat16 if device == "cuda" else torch.float32,
    )
    with torch.device(device):
        model = transformers.Qwen2ForCausalLM(config).to(config.dtype)
    with torch.no_grad():
        # Only what the small tokenizer can spell is ever said, and never the end.
        model.lm_head.weight[len(tokenizer) :] = 0
        model.lm_head.weight[tokenizer.eos_token_id] = 0
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=8, target_modules="all-linear", init_lora_weights=False))
    adapted.save_pretrained(folder / "adapter")
    return folder / "model", folder / "adapter"


def ours(engine: TransformersEngine, text: str, tokens: int, **more: Any) -> tuple[float, float, str]:
    """Seconds to the first token, seconds a token after it, and the text."""
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens, "temperature": 0.0, **more}
    started = time.perf_counter()
    _, pieces = engine.answer(body, lambda: False)
    first, written, said = 0.0, 0, ""
    for piece in pieces:
        first = first or time.perf_counter() - started
        written, said = max(written, piece.tokens), said + piece.text
    return first, (time.perf_counter() - started - first) / max(written - 1, 1), said


def generate(engine: TransformersEngine, text: str, tokens: int) -> tuple[float, float, str]:
    """The same by transformers' own loop; its first token by a run of one."""
    prompt = engine.prompt([{"role": "user", "content": text}])
    ids = torch.tensor([engine.tokens(prompt, special=True)], device=engine.device)
    row = {"attention_mask": torch.ones_like(ids), "do_sample": False, "pad_token_id": 0}
    took = []
    for most in (1, tokens):
        started = time.perf_counter()
        out = engine.model.generate(ids, max_new_tokens=most, min_new_tokens=most, **row)
        out = out[0, ids.shape[1] :].tolist()
        took.append(time.perf_counter() - started)
    return took[0], (took[1] - took[0]) / (tokens - 1), engine.tokenizer.decode(out, skip_special_tokens=True)


def agreement(first: str, second: str) -> float:
    """The share of the first text that the second begins with."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    return round(same / max(len(first), 1), 2)


def measure(model: Path, adapter: Path, options: argparse.Namespace, *, four_bit: bool) -> dict[str, Any]:
    """One precision: load, both in turns, with the adapter, memory."""
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    engine = TransformersEngine(
        argparse.Namespace(model=str(model), alias="it", threads=2, n_ctx=4096, gpu=True, four_bit=four_bit)
    )
    load_s = time.perf_counter() - started
    text = "fox " * max(options.prompt // len(engine.tokens("fox ", special=False)), 1)
    ours(engine, text, 8), generate(engine, text, 8)
    rounds = [
        (ours(engine, text, options.tokens), generate(engine, text, options.tokens)) for _ in range(options.rounds)
    ]
    with_adapter = ours(engine, text, options.tokens, lora=[{"path": str(adapter), "scale": 1}])
    after = ours(engine, text, options.tokens)
    schema = {"type": "array", "items": {"enum": ["fox", "dog"]}, "minItems": options.tokens}
    constrained = ours(engine, text, options.tokens, grammar=LLMatcher.grammar_from_json_schema(schema))
    said = rounds[0][0][2]
    return {
        "device": torch.cuda.get_device_name() if gpu else "cpu",
        "precision": "nf4" if four_bit else str(engine.model.dtype).removeprefix("torch."),
        "load_s": round(load_s, 2),
        "memory_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if gpu else None,
        "tokens_per_s": round(1 / statistics.median(row[0][1] for row in rounds), 1),
        "tokens_per_s_generate": round(1 / statistics.median(row[1][1] for row in rounds), 1),
        "ratio": round(statistics.median(row[1][1] / row[0][1] for row in rounds), 3),
        "first_token_s": round(statistics.median(row[0][0] for row in rounds), 3),
        "first_token_s_generate": round(statistics.median(row[1][0] for row in rounds), 3),
        "agree_until": agreement(said, rounds[0][1][2]),
        "tokens_per_s_adapter": round(1 / with_adapter[1], 1),
        "adapter_changes_text": with_adapter[2] != said,
        "without_it_again": agreement(said, after[2]),
        "tokens_per_s_schema": round(1 / constrained[1], 1),
        "schema_kept": set(constrained[2]) <= set('[]", \n\t\rfoxdg'),
    }


def main() -> None:
    """Print a line of JSON a precision."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", choices=sorted(SHAPES), default="1.5b" if torch.cuda.is_available() else "tiny")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--prompt", type=int, default=512)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        model, adapter = make(Path(place), options.size)
        for four_bit in (False, True):
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            print(json.dumps({"size": options.size, **measure(model, adapter, options, four_bit=four_bit)}), flush=True)


if __name__ == "__main__":
    main()
