"""What a plan is called: the first sentence of its brief that says something."""

from __future__ import annotations

import re

from nootropic_kernel.planning.reading.lexicon import Lexicon


def title_of(text: str, lexicon: Lexicon) -> str:
    """The first sentence of the brief that is no greeting, on one line."""
    lines = [line.strip() for line in text.splitlines()]
    line = next((line for line in lines if re.search(r"\w", line)), "")
    sentences = re.split(r"(?<=[.!?])\s", re.sub(r"\s+", " ", line.lstrip("#*->•.,;:!? ") or line))
    small = lexicon.words("stop")
    line = next((each for each in sentences if set(re.findall(r"[\w'’-]+", each.lower())) - small), sentences[0])
    line = re.sub(r"^(?:bug|issue|feature(?: request)?|task|todo|request|idea)\s*:\s*(?=\w)", "", line, flags=re.I)
    line = re.sub(r"(?:\s+(?:that|which|to))+[\s:]*$", "", tidy(line)).rstrip(" .!?:;,-–—")
    return (line if len(line) <= 72 else line[:71].rsplit(" ", 1)[0] + "…") or "Plan"


def tidy(text: str) -> str:
    """The text on one line, without what is left over where a constraint was taken out."""
    line = " ".join(text.split())
    line = re.sub(r"\s*\(\s*[,;\s]*\)", "", line)
    line = re.sub(r"(?:\s*[,;]\s*)+(?=[,;.]|$)|\s+(?=[,;.](?:\s|$))", "", line)
    line = re.sub(r"(?<=[.!?])(?:\s*[-•]?\s*\.)+(?=\s|$)", "", line)
    line = re.sub(
        r"(?<!log)(?<!logs)(?<!logged)(?<!sign)(?<!signs)(?<!signed)(?:\s+(?:and|with|in|by|for|or))+\s*(?=$|[.!?](?:\s|$))",
        "",
        line,
    )
    line = re.sub(r"\s+(?:with|by|for)\s*(?=[,;](?:\s|$))", "", line)
    return re.sub(r"(?:\s+[-•*])+$|^[,;.\s]+", "", line).strip()
