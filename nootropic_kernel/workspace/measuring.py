"""What the person settled about measuring: what is kept of a call, where it goes, what it costs, how much it may.

In the person's settings these are the sections ``telemetry``, ``tariff``, ``prices`` and ``budget``. A workspace file
may keep less, send less and spend less; where spans go, which port opens and what things cost only the person says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

PromptText: TypeAlias = Literal["off", "local", "export"]
Tell: TypeAlias = Callable[[str], None]

# From keeping nothing to giving it away.
_TEXT_LEVELS: tuple[PromptText, ...] = ("off", "local", "export")


@dataclass(frozen=True)
class TelemetrySettings:
    """What is kept of model calls and where it goes.

    :param prompt_text: prompts, answers and thoughts in spans: ``off`` nowhere, ``local`` on this machine only,
        ``export`` also at the OTLP endpoint.
    :param otlp_endpoint: the full URL (``…/v1/traces``) that spans are sent to; None sends nothing.
    :param mlflow: whether model calls become traces in the workspace's MLflow store, where it has one.
    :param metrics_port: the loopback port for Prometheus; None opens none.
    """

    prompt_text: PromptText = "local"
    otlp_endpoint: str | None = None
    mlflow: bool = True
    metrics_port: int | None = None


@dataclass(frozen=True)
class Tariff:
    """What computing on this machine costs; nothing where the person names no price for it.

    :param usd_per_kwh: price of electricity.
    :param max_watts, idle_watts: power of the processor under full load and at rest.
    :param machine_usd, machine_hours: price of the machine and the hours that it lasts.
    """

    usd_per_kwh: float | None = None
    max_watts: float | None = None
    idle_watts: float | None = None
    machine_usd: float | None = None
    machine_hours: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether computing here has a price: what cannot be measured of it is unknown then, not free."""
        return bool(self.usd_per_kwh or self.machine_usd)


@dataclass(frozen=True)
class Price:
    """What a cloud model costs: USD for a million tokens read, read from the server's cache, and written."""

    input: float
    output: float
    cache_read: float | None = None


@dataclass(frozen=True)
class BudgetSettings:
    """The most that model calls may cost, in USD; None is no limit."""

    per_day: float | None = None
    per_run: float | None = None
    per_plan: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is any limit."""
        return (self.per_day, self.per_run, self.per_plan) != (None, None, None)


@dataclass(frozen=True)
class Measuring:
    """The four sections together."""

    telemetry: TelemetrySettings = TelemetrySettings()
    tariff: Tariff = Tariff()
    budget: BudgetSettings = BudgetSettings()
    prices: Mapping[str, Price] = field(default_factory=dict)

    @classmethod
    def of_person(cls, sections: Mapping[str, Mapping[str, Any]], tell: Tell) -> Measuring:
        """The person's sections; ``tell`` gets a sentence about each entry that cannot be used."""
        telemetry, tariff = _Section("telemetry", sections, tell), _Section("tariff", sections, tell)
        found = cls(
            TelemetrySettings(
                telemetry.text_level("promptText") or "local",
                telemetry.url("otlpEndpoint"),
                telemetry.boolean("mlflow", True),
                telemetry.port("metricsPort"),
            ),
            Tariff(
                usd_per_kwh=tariff.number("usdPerKwh"),
                max_watts=tariff.number("maxWatts"),
                idle_watts=tariff.number("idleWatts"),
                machine_usd=tariff.number("machineUsd"),
                machine_hours=tariff.number("machineHours"),
            ),
            _budget(sections, tell),
            _prices(sections, tell),
        )
        telemetry.report_unknown()
        tariff.report_unknown()
        return found

    def narrowed(self, sections: Mapping[str, Mapping[str, Any]], tell: Tell) -> Measuring:
        """These settings with what a workspace's file may take away from them."""
        for grant in ("tariff", "prices"):
            if sections.get(grant):
                tell(f"{grant!r} is ignored, because only your own settings can say what things cost.")
        section = _Section("telemetry", sections, tell)
        for grant in ("otlpEndpoint", "metricsPort"):
            if section.get(grant) is not None:
                tell(f"'telemetry.{grant}' is ignored, because only your own settings can grant it.")
        level = section.text_level("promptText") or "export"
        own = self.telemetry
        telemetry = replace(
            own,
            prompt_text=min(own.prompt_text, level, key=_TEXT_LEVELS.index),
            mlflow=own.mlflow and section.boolean("mlflow", True),
        )
        section.report_unknown()
        wanted = _budget(sections, tell)
        budget = BudgetSettings(
            _lower(self.budget.per_day, wanted.per_day),
            _lower(self.budget.per_run, wanted.per_run),
            _lower(self.budget.per_plan, wanted.per_plan),
        )
        return replace(self, telemetry=telemetry, budget=budget)


def _budget(sections: Mapping[str, Mapping[str, Any]], tell: Tell) -> BudgetSettings:
    section = _Section("budget", sections, tell)
    # A limit that cannot be read must not pass as none: nothing may be spent until it is mended.
    found = BudgetSettings(*(section.limit(key) for key in ("perDayUsd", "perRunUsd", "perPlanUsd")))
    section.report_unknown()
    return found


def _prices(sections: Mapping[str, Mapping[str, Any]], tell: Tell) -> dict[str, Price]:
    found = {}
    for model, entry in sections.get("prices", {}).items():
        section = _Section(f"prices.{model}", {f"prices.{model}": entry if isinstance(entry, dict) else {}}, tell)
        read, written, cached = (section.number(key) for key in ("input", "output", "cacheRead"))
        section.report_unknown()
        if read is None or written is None:
            tell(f'\'prices.{model}\' needs "input" and "output" (USD for a million tokens); it is ignored.')
        else:
            found[model] = Price(read, written, cached)
    return found


def _lower(own: float | None, other: float | None) -> float | None:
    return own if other is None else other if own is None else min(own, other)


class _Section:
    """One section of a settings document, read by type."""

    def __init__(self, name: str, sections: Mapping[str, Mapping[str, Any]], tell: Tell) -> None:
        self._name = name
        self._values = sections.get(name, {})
        self._tell = tell
        self._known: set[str] = set()

    def get(self, key: str) -> Any:
        self._known.add(key)
        return self._values.get(key)

    def number(self, key: str) -> float | None:
        value = self.get(key)
        if value is not None and not _is_amount(value):
            self._wrong(key, "a number, 0 or more")
            return None
        return None if value is None else float(value)

    def limit(self, key: str) -> float | None:
        value = self.get(key)
        if value is None or _is_amount(value):
            return None if value is None else float(value)
        self._tell(f"'{self._name}.{key}' must be a number, 0 or more; it counts as 0 until it is one.")
        return 0.0

    def boolean(self, key: str, default: bool) -> bool:
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._wrong(key, "true or false")
        return default

    def text_level(self, key: str) -> PromptText | None:
        value = self.get(key)
        if value is None:
            return None
        for level in _TEXT_LEVELS:
            if value == level:
                return level
        self._tell(f"'{self._name}.{key}' must be one of {', '.join(_TEXT_LEVELS)}; it counts as off until it is.")
        return "off"

    def url(self, key: str) -> str | None:
        value = self.get(key)
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
            usable = parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
            usable = usable and parts is not None and parts.username is None and parts.port != 0
        except ValueError:
            usable = False
        if value is None or usable:
            return None if value is None else str(value)
        self._wrong(key, "a URL (http or https) without a password in it")
        return None

    def port(self, key: str) -> int | None:
        value = self.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536):
            return value
        self._wrong(key, "a port number")
        return None

    def report_unknown(self) -> None:
        for key in sorted(set(self._values) - self._known):
            self._tell(f"the key '{self._name}.{key}' is not known; it is ignored.")

    def _wrong(self, key: str, wanted: str) -> None:
        self._tell(f"'{self._name}.{key}' must be {wanted}; it is ignored.")


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
