"""Readers of money and tokens that a brief may spend."""

from __future__ import annotations

import re
from datetime import date

from nootropic_kernel.planning.reading.amounts import number_of
from nootropic_kernel.planning.reading.said import counts, opened
from nootropic_kernel.planning.reading.stated import Constraints, Said, budgeted, unsure

_CURRENCIES = {
    "€": "EUR", "euro": "EUR", "eur": "EUR", "£": "GBP", "pound": "GBP", "quid": "GBP", "gbp": "GBP", "¥": "JPY",
    "yen": "JPY", "₹": "INR", "rupee": "INR", "chf": "CHF", "franc": "CHF",
}  # fmt: skip
_PRICE = "ask for the prices of what it will run on"


def read_money(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """US dollars: a budget, or what may be spent again and again."""
    amount = number_of(match["a"] or match["b"] or match["c"]) * (1000 if (match["ka"] or match["kb"]) else 1)
    if not counts(brief, match, found.verbs, price=True):
        unsure(brief, match, found, "could be a budget")
        return
    if match["each"]:
        _running(match, found, f"{amount:g} USD")
        return
    budgeted(match, found, "cost_usd", round(amount, 2), f"budget: {amount:g} USD")


def _running(match: re.Match[str], found: Constraints, amount: str) -> None:
    told = f"running costs of {amount} {' '.join(match['each'].split())}: not enforced; {_PRICE}"
    found.said.append(Said(*match.span(), "noted", told, True))


def read_bare_budget(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """A budget without a currency."""
    amount = number_of(match["n"]) * (1000 if match["k"] else 1)
    if opened(brief, match):
        budgeted(match, found, "cost_usd", round(amount, 2), f"budget: {amount:g} USD, as no currency is said")


def read_free(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """Nothing may be spent."""
    if opened(brief, match):
        budgeted(match, found, "cost_usd", 0.0, "budget: 0 USD")


def read_foreign(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """Another currency: noted, as plans count US dollars."""
    if not counts(brief, match, found.verbs, price=True):
        unsure(brief, match, found, "could be a budget")
        return
    if match["usd"]:
        amount = number_of(match["usd"])
        budgeted(match, found, "cost_usd", amount, f"budget: {amount:g} USD, as the brief converts it")
        return
    name = _CURRENCIES.get((match["sign"] or match["unit"]).lower().removesuffix("s"), match["sign"] or match["unit"])
    stated = f"{number_of(match['n'] or match['m']) * (1000 if match['k'] or match['km'] else 1):g} {name}"
    if match["each"]:
        _running(match, found, stated)
        return
    told = f"a budget of {stated}: not enforced; plans count US dollars: write the amount in USD"
    found.said.append(Said(*match.span(), "noted", told, True))


def read_tokens(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """What models may read and write."""
    amount = number_of(match["n"]) * {"k": 1e3, "m": 1e6}.get((match["k"] or "").lower()[:1], 1)
    if counts(brief, match, found.verbs):
        budgeted(match, found, "tokens", round(amount), f"budget: {amount:,.0f} tokens")
