"""LoRA adapters on a model in transformers: each is read when a request first asks for it, the model never again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class _Loaded:
    name: str
    stamp: tuple[int, int]


class Adapters:
    """The adapters on one model, which they change in place while they are applied."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._adapted: Any = None
        self._loaded: dict[str, _Loaded] = {}
        self._read = 0

    def load(self, folder: str) -> None:
        """Have the adapter in ``folder`` at hand; one that was written anew since is read again.

        :raises ValueError: when there is no LoRA adapter with safetensors, or it does not fit the model.
        """
        weights, old = Path(folder) / "adapter_model.safetensors", self._loaded.get(folder)
        try:
            facts = weights.stat()
            kind = json.loads((Path(folder) / "adapter_config.json").read_text()).get("peft_type")
        except (OSError, ValueError, AttributeError) as error:
            raise ValueError(f"{folder} is no LoRA adapter with safetensors ({error})") from error
        stamp = (facts.st_mtime_ns, facts.st_size)
        if kind != "LORA":
            raise ValueError(f"{folder} is no LoRA adapter, but {kind!r}")
        if old is not None and old.stamp == stamp:
            return
        import peft

        self._read += 1
        name = f"adapter{self._read}"
        try:
            if self._adapted is None:
                # One that is never applied, so that each of the others can be taken off again if it does not fit.
                config = peft.LoraConfig.from_pretrained(folder, inference_mode=True)
                self._adapted = peft.get_peft_model(self._model, config, adapter_name="never applied")
            found = self._adapted.load_adapter(folder, adapter_name=name)
            strange = [*found.unexpected_keys, *(key for key in found.missing_keys if f".{name}." in key)]
            if strange:
                raise ValueError(f"no place for {strange[0]}" if found.unexpected_keys else f"it lacks {strange[0]}")
        except (RuntimeError, KeyError, TypeError, ValueError, OSError) as error:
            if self._adapted is not None and name in self._adapted.peft_config:
                self._adapted.delete_adapter(name)
            raise ValueError(f"The adapter in {folder} does not fit this model: {str(error)[:300]}") from error
        self._adapted.eval()
        self._loaded[folder] = _Loaded(name, stamp)
        if old is not None:
            self._adapted.delete_adapter(old.name)

    @contextmanager
    def applied(self, folder: str) -> Iterator[None]:
        """Apply the adapter in ``folder``, which was loaded before, for the block; none with an empty text."""
        if self._adapted is None:
            yield
        elif not folder:
            with self._adapted.disable_adapter():
                yield
        else:
            self._adapted.set_adapter(self._loaded[folder].name)
            yield
