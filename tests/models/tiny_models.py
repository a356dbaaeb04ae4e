"""Writes small models of random numbers, each in a folder as transformers keeps them: ``python tiny_models.py FOLDER``.

``writer`` is a Llama with a chat template, ``teller`` the same that never ends by itself; ``nightly`` and ``other`` are
LoRA adapters for them, ``embedder`` is a BERT.
"""

from __future__ import annotations

import sys
from pathlib import Path

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def main(folder: Path) -> None:
    """Write them all."""
    import peft
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    torch.manual_seed(7)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = ["<pad>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=marks, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(["the quick brown fox jumps over the lazy dog again and again"] * 3, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<pad>", chat_template=TEMPLATE
    )
    sizes = {
        "vocab_size": len(fast),
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 128,
        "max_position_embeddings": 2048,
    }
    writer = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**sizes, initializer_range=0.5, eos_token_id=2, pad_token_id=0)
    )
    embedder = transformers.BertModel(transformers.BertConfig(**sizes, initializer_range=0.2))
    for name, model in (("writer", writer), ("embedder", embedder)):
        model.save_pretrained(folder / name)
        fast.save_pretrained(folder / name)
    with torch.no_grad():
        writer.lm_head.weight[fast.eos_token_id] = 0.0
    writer.save_pretrained(folder / "teller")
    fast.save_pretrained(folder / "teller")
    for name in ("nightly", "other"):
        lora = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        adapted = peft.get_peft_model(transformers.LlamaForCausalLM.from_pretrained(folder / "writer"), lora)
        with torch.no_grad():
            for parameter in adapted.parameters():
                if parameter.requires_grad:
                    parameter.mul_(20)
        adapted.save_pretrained(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
