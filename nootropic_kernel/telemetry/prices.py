"""What cloud models cost: the person's own prices first, then the dated table that ships with Nootropic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nootropic_kernel.workspace.measuring import Price
from nootropic_kernel.workspace.resources import ResourceInvalid, shipped_folder

# Vendors name a model's editions by a date behind its name, and sell them at one price.
_EDITION = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
_MILLION = 1_000_000


@dataclass(frozen=True)
class KnownPrice:
    """A price, where it comes from (``your prices`` or ``price table`` with its date), and the longest prompt in tokens
    that it holds for."""

    price: Price
    origin: str
    most_input: int | None = None

    def of(self, input_tokens: int | None, output_tokens: int | None, cached_tokens: int | None = None) -> float | None:
        """USD for so many tokens; None when that cannot be told.

        :param input_tokens: all that were read, ``cached_tokens`` included.
        """
        if input_tokens is None or output_tokens is None:
            return None
        if self.most_input is not None and input_tokens > self.most_input:
            return None
        cached = min(cached_tokens or 0, input_tokens)
        per_cached = self.price.input if self.price.cache_read is None else self.price.cache_read
        read = (input_tokens - cached) * self.price.input + cached * per_cached
        return (read + output_tokens * self.price.output) / _MILLION


def price_of(kind: str, model: str, own: Mapping[str, Price]) -> KnownPrice | None:
    """What a model costs; None when nobody says.

    :param kind: the kind of backend. The table holds for a vendor's own servers alone: resellers have their own prices.
    :param own: the person's prices, by the model's name.
    """
    names = (model, _EDITION.sub("", model))
    for name in names:
        if name in own:
            return KnownPrice(own[name], "your prices")
    table = _table()
    models = table.get("vendors", {}).get(kind, {}).get("models", {})
    for name in names:
        if name in models:
            entry = models[name]
            price = Price(entry["input"], entry["output"], entry.get("cache_read"))
            return KnownPrice(price, f"price table of {table['as_of']}", entry.get("most_input"))
    return None


@cache
def _table() -> dict[str, Any]:
    """:raises ResourceInvalid: when the shipped file cannot be read."""
    import yaml

    file = shipped_folder() / "prices.yaml"
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ResourceInvalid(
            f"{file} cannot be read.", why=str(error), next="Install Nootropic again.", path=str(file)
        ) from error
    return dict(document)
