"""What looks like a secret in a text, and the text without it."""

from __future__ import annotations

import re

REDACTED = "[secret removed]"

_KEY = "(?:[A-Z]+ )*PRIVATE KEY-----"
_START = "(?<![A-Za-z0-9])"  # not a word's boundary: names end with an underscore, too
_SECRETS = {
    # To its end where that is there, also within quotes; else as far as lines look like one.
    "a private key": re.compile(
        rf"-----BEGIN {_KEY}"
        rf"(?:(?:(?!-----)[\w+/=\s\\\"',:;.()-]){{0,20000}}-----END {_KEY}|(?:\s+[A-Za-z0-9+/=]{{16,}})*)"
    ),
    "an AWS key id": re.compile(rf"{_START}(?:AKIA|ASIA)[0-9A-Z]{{16}}\b"),
    "a GitHub token": re.compile(rf"{_START}(?:gh[pousr]_[A-Za-z0-9]{{36,}}|github_pat_[A-Za-z0-9_]{{50,}})\b"),
    "a model provider's key": re.compile(rf"{_START}(?:sk|pk|rk)-(?:ant-|proj-|live-|test-)?[A-Za-z0-9_-]{{20,}}\b"),
    "a Slack token": re.compile(rf"{_START}xox[abprs]-[A-Za-z0-9-]{{10,}}\b"),
    "a Hugging Face token": re.compile(rf"{_START}hf_[A-Za-z0-9]{{30,}}\b"),
    "a Google key": re.compile(rf"{_START}AIza[0-9A-Za-z_-]{{35}}\b"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"{}<>]+:[^\s/:@'\"{}<>$]{6,}@[\w.-]+"),
    "a JSON web token": re.compile(rf"{_START}eyJ[A-Za-z0-9_-]{{10,}}\.eyJ[A-Za-z0-9_-]{{10,}}\.[A-Za-z0-9_-]{{10,}}"),
    "a value assigned to a secret's name": re.compile(
        r"""(?i)\b[\w-]*(?:api_?key|secret|passwd|password|access_?token|auth_?token)["']?\s*[:=]\s*["'](?!\{|<|\$|%)"""
        r"""(?=[^"'\s]*\d)[A-Za-z0-9+/_=.-]{16,}["']"""
    ),
}


def secrets_in(text: str) -> list[tuple[int, str]]:
    """The lines of a text that look like a secret, and what they look like; never the secret itself."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for name, pattern in _SECRETS.items():
            if pattern.search(line):
                found.append((number, name))
                break
    return found


def redact(text: str) -> str:
    """The text with what looks like a secret replaced by `REDACTED`: what goes to a model goes through this."""
    for pattern in _SECRETS.values():
        text = pattern.sub(REDACTED, text)
    return text
