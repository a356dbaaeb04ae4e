"""Text for a terminal: what a file name or a title holds must not move the cursor, set titles or hide words."""

from __future__ import annotations

import re

# The colours that our own diffs use, line ends and tabs; all other control characters are shown as a sign.
_OURS = r"\x1b\[(?:0|7|27|31|32|39)m|[\n\t]"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
_EITHER = re.compile(f"({_OURS})|{_CONTROL}")


def readable(text: str) -> str:
    """``text`` with every control character that we do not use ourselves replaced by ``�``."""
    return _EITHER.sub(lambda found: found[1] or "�", text)
