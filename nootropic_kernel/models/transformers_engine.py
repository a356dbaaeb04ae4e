"""A model in transformers: conversation to tokens to text, under a grammar, with a LoRA adapter, or to a vector."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from nootropic_kernel.models.dequantise import dequantised
from nootropic_kernel.models.transformers_adapters import Adapters

# What is read of a prompt between two looks at whether anybody still wants the answer.
_PREFILL = 256


class Refused(Exception):
    """A request that this engine does not serve; ``document`` says why, as llama.cpp would."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document["message"])
        self.document = document


@dataclass(frozen=True)
class Piece:
    """Some text of an answer; the last one has a reason."""

    text: str
    tokens: int
    finish_reason: str | None = None


class TransformersEngine:
    """One loaded model. It answers one request at a time."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.set_num_threads(options.threads)
        folder = Path(options.model)
        if folder.suffix == ".gguf":
            folder = dequantised(folder)
        self.alias = options.alias
        self.device = "cuda" if options.gpu and torch.cuda.is_available() else "cpu"
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        self.writes = any("ForCausalLM" in name for name in config.architectures or ())
        kind = transformers.AutoModelForCausalLM if self.writes else transformers.AutoModel
        # A checkpoint that is a pickle could run anything, so only safetensors are read.
        model = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, **self._precision(options)
        )
        if not options.four_bit:
            model = model.to(self.device)
        self.window = min(options.n_ctx, getattr(config, "max_position_embeddings", None) or options.n_ctx)
        self.model: Any = model.eval()
        self._adapters = Adapters(self.model)
        self._grammars: Any = None
        self._turn = threading.Lock()

    def prompt(self, messages: Sequence[dict[str, Any]]) -> str:
        """A conversation in the model's own template, ready for the answer."""
        if not self.tokenizer.chat_template:
            return "".join(f"{message['role']}: {message['content']}\n" for message in messages) + "assistant: "
        return str(self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True))

    def tokens(self, text: str, *, special: bool) -> list[int]:
        """The tokens of a text; ``special`` marks are read as such, and put around it where the model wants them."""
        if special:
            # The template has written the marks of the beginning already.
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        return list(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def answer(self, body: dict[str, Any], gone: Callable[[], bool]) -> tuple[int, Iterator[Piece]]:
        """How many tokens the prompt has, and the pieces of the answer; they end when ``gone`` says so.

        :raises Refused: when the prompt does not fit, or the model does not write.
        """
        if not self.writes:
            raise Refused({"code": 501, "type": "not_supported_error", "message": "This model makes embeddings only."})
        ids = self.tokens(self.prompt(body["messages"]), special=True)
        if len(ids) >= self.window:
            message = f"the request has {len(ids)} tokens, the window {self.window}"
            kind = {"code": 400, "type": "exceed_context_size_error", "message": message}
            raise Refused({**kind, "n_prompt_tokens": len(ids), "n_ctx": self.window})
        matcher = self._matcher(body.get("grammar"))
        adapter = self._adapter(body.get("lora") or ())
        return len(ids), self._write(ids, body, matcher, adapter, gone)

    def embed(self, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        """One vector a text, the mean of its tokens' last states, of length 1; and how many tokens were read.

        :raises Refused: when the model was made to write.
        """
        if self.writes:
            why = "This model was made to write; its states are no embeddings."
            raise Refused({"code": 501, "type": "not_supported_error", "message": why})
        with self._turn, torch.inference_mode():
            batch = self.tokenizer(
                list(texts), return_tensors="pt", padding=True, truncation=True, max_length=self.window
            ).to(self.device)
            states = self.model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
            means = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            vectors = torch.nn.functional.normalize(means.float(), dim=1)
        return vectors.tolist(), int(batch["attention_mask"].sum())

    def _adapter(self, wanted: Sequence[dict[str, Any]]) -> str:
        """The folder of the adapter to answer with, at hand now; empty for none."""
        folder = next((str(row["path"]) for row in wanted if float(row.get("scale", 0)) > 0), "")
        if folder:
            try:
                with self._turn:
                    self._adapters.load(folder)
            except ValueError as error:
                raise Refused({"code": 400, "type": "invalid_request_error", "message": str(error)}) from error
        return folder

    def _write(
        self, ids: list[int], body: dict[str, Any], matcher: Any, adapter: str, gone: Callable[[], bool]
    ) -> Iterator[Piece]:
        from tokenizers.decoders import DecodeStream

        decoder = DecodeStream(skip_special_tokens=True)
        stops, ends = tuple(body.get("stop") or ()), self._end_tokens()
        most = min(int(body.get("max_tokens") or self.window), self.window - len(ids))
        held, number = "", 0
        with self._turn, torch.inference_mode(), self._adapters.applied(adapter):
            generator = torch.Generator(self.device)
            generator.manual_seed(int(body["seed"])) if body.get("seed") is not None else generator.seed()
            past, logits = self._read(ids, gone)
            while logits is not None and number < most:
                token = self._choose(logits, body, matcher, generator)
                number += 1
                if token in ends:
                    yield Piece(held, number, "stop")
                    return
                held += decoder.step(self.tokenizer.backend_tokenizer, token) or ""
                cut = min((found for stop in stops if (found := held.find(stop)) >= 0), default=-1)
                if cut >= 0:
                    yield Piece(held[:cut], number, "stop")
                    return
                if matcher is not None and (not matcher.consume_token(token) or matcher.is_stopped()):
                    yield Piece(held, number, "stop")
                    return
                # A text that may be the beginning of a stop is kept back until it is known not to be.
                ready = len(held) - max((len(stop) - 1 for stop in stops), default=0)
                if ready > 0:
                    yield Piece(held[:ready], number)
                    held = held[ready:]
                if gone():
                    return
                step = self.model(
                    input_ids=torch.tensor([[token]], device=self.device), past_key_values=past, use_cache=True
                )
                past, logits = step.past_key_values, step.logits[0, -1]
        if logits is not None:
            yield Piece(held, number, "length")

    def _read(self, ids: list[int], gone: Callable[[], bool]) -> tuple[Any, Any]:
        past = logits = None
        for start in range(0, len(ids), _PREFILL):
            if gone():
                return past, None
            part = torch.tensor([ids[start : start + _PREFILL]], device=self.device)
            step = self.model(input_ids=part, past_key_values=past, use_cache=True)
            past, logits = step.past_key_values, step.logits[0, -1]
        return past, logits

    def _choose(self, logits: Any, body: dict[str, Any], matcher: Any, generator: Any) -> int:
        logits = logits.float()
        if matcher is not None:
            # Applied here: llguidance's own helper is compiled by torch at first use, which takes seconds.
            allowed = torch.frombuffer(bytearray(matcher.compute_logit_bias()), dtype=torch.uint8).to(self.device)
            logits = logits[: len(allowed)].masked_fill(allowed[: len(logits)] == 0, float("-inf"))
        temperature = float(body.get("temperature") or 0.0)
        if temperature <= 0:
            return int(logits.argmax())
        chances = torch.softmax(logits / temperature, dim=-1)
        top_p = body.get("top_p")
        if top_p is not None and top_p < 1:
            ordered, places = chances.sort(descending=True)
            chances[places[ordered.cumsum(0) - ordered > top_p]] = 0.0
        return int(torch.multinomial(chances, 1, generator=generator))

    def _matcher(self, grammar: str | None) -> Any:
        if not grammar:
            return None
        import llguidance
        from llguidance.hf import from_tokenizer

        if self._grammars is None:
            self._grammars = from_tokenizer(self.tokenizer, n_vocab=self.model.config.vocab_size)
        matcher = llguidance.LLMatcher(self._grammars, grammar)
        if error := matcher.get_error():
            raise Refused({"code": 400, "type": "invalid_request_error", "message": f"The grammar: {error}"})
        return matcher

    def _end_tokens(self) -> set[int]:
        named = self.model.generation_config.eos_token_id
        listed = named if isinstance(named, list) else [named]
        return {int(token) for token in (*listed, self.tokenizer.eos_token_id) if token is not None}

    def _precision(self, options: argparse.Namespace) -> dict[str, Any]:
        if options.four_bit:
            import bitsandbytes  # noqa: F401 — without it transformers would say so only in the middle of loading

            compute = torch.bfloat16 if self.device == "cuda" else torch.float32
            config = transformers.BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute
            )
            return {"quantization_config": config, "device_map": {"": self.device}, "dtype": compute}
        return {"dtype": "auto" if self.device == "cuda" else torch.float32}
