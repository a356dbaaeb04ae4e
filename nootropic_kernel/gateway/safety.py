"""The ``safety`` field of ``/v1/chat``: what of it can be kept is kept, what cannot be measured is never passed over.

The answer is looked at as a whole, before any of it is sent. Toxicity, bias and truth have no measure here: asked to
``flag`` or ``log`` them, the answer says ``not_measured``; asked to ``block``, the request is refused.
"""

from __future__ import annotations

import logging

from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.gateway.replies import SafetyFinding
from nootropic_kernel.gateway.requests import Safety
from nootropic_kernel.workspace.secrets import secrets_in

_log = logging.getLogger(__name__)


def is_enforced(safety: Safety | None) -> bool:
    """Whether answers must be whole before they are sent."""
    return safety is not None and (safety.secrets is not None or safety.forbidden is not None)


def examine(safety: Safety, text: str) -> list[SafetyFinding]:
    """What came of each rule.

    :raises Refused: when a rule that blocks is broken.
    """
    findings = [
        SafetyFinding(check=name, action=rule.action, status="not_measured", detail="Nothing here measures it.")
        for name in ("toxicity", "bias", "factual")
        if (rule := getattr(safety, name)) is not None
    ]
    if safety.secrets is not None:
        kinds = sorted({kind for _, kind in secrets_in(text)})
        findings.append(SafetyFinding(check="secrets", action=safety.secrets.action, status="passed"))
        if kinds:
            findings[-1] = _found(findings[-1], f"It holds {', '.join(kinds)}.")
    if safety.forbidden is not None:
        folded = text.casefold()
        broken = [number for number, word in enumerate(safety.forbidden.texts) if word.casefold() in folded]
        findings.append(SafetyFinding(check="forbidden", action=safety.forbidden.action, status="passed"))
        if broken:
            findings[-1] = _found(findings[-1], f"It holds the forbidden texts {', '.join(map(str, broken))}.")
    return findings


def _found(finding: SafetyFinding, detail: str) -> SafetyFinding:
    if finding.action == "block":
        raise Refused(
            400, "safety_violation", "The answer broke a safety rule and is not shown.", why=detail,
            next="Ask in another way.", param=f"safety.{finding.check}",
        )  # fmt: skip
    if finding.action == "log":
        _log.warning("An answer broke the rule %r. %s", finding.check, detail)
    return finding.model_copy(update={"status": "found", "detail": detail})
