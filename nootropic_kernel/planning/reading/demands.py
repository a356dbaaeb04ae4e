"""What a brief demands of the result: standards, licences, where it runs, how fast and how small it is.

No task follows from such a demand; it becomes a limit of every task that a model or a person writes, and a check of its
acceptance. Told by closed classes of words, so that what a program is about ("checks pages for WCAG faults") is none.
"""

from __future__ import annotations

import re
from datetime import date

from nootropic_kernel.planning.reading.amounts import AMOUNT, LIMIT
from nootropic_kernel.planning.reading.said import opened
from nootropic_kernel.planning.reading.stated import Constraints, Said

_MUST = (
    r"(?:(?P<who>it|this|that|which|(?:the|our)\s+(?:app|site|page|tool|service|program|system|result))\s+)?"
    r"(?P<must>(?:must|should|shall|has\s+to|have\s+to|needs?\s+to|ought\s+to|is\s+to)\s+)?(?:also\s+|always\s+|still\s+)?"
)
_STANDARD = (
    r"(?:WCAG(?:\s*2(?:\.\d)?)?(?:[\s-]*(?:level\s+)?A{1,3}(?!\w))?|GDPR|DSGVO|HIPAA|CCPA|PCI[\s-]DSS|SOC\s?2"
    r"|ISO(?:/IEC)?\s?\d{4,5}|OWASP(?:\s+Top\s+(?:10|Ten))?|ASVS|PEP\s?8|Section\s+508|EN\s?301\s?549|BITV|FIPS(?:\s?\d+)?|FedRAMP)"
)
_CAPITAL = r"(?-i:[A-Z])[\w.+-]*\w"
# A full stop is part of a name only within it (`Ubuntu 22.04`): behind it, a new sentence opens with a capital as well.
_NAMED = rf"{_CAPITAL}(?:[^\S\n]+(?-i:[A-Z0-9])(?:[\w+]|[.-](?=[\w+]))*){{0,7}}"
_PLATFORM = (
    r"(?:an?\s+|the\s+|all\s+|any\s+|both\s+|every\s+|old(?:er)?\s+|modern\s+|small\s+|cheap\s+|current\s+|mobile\s+|smart)*"
    r"(?:browsers?|phones?|devices?|tablets?|desktops?|laptops?|screens?|screen\s+readers?|CPUs?|GPUs?|hardware|computers?"
    rf"|(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day){_NAMED})"
)
_OFF_THE_NET = (
    r"(?:offline(?:[\s-](?:first|capable|too|as\s+well))?"
    r"|without\s+(?:an?\s+|the\s+|any\s+)?(?:internet|network|connection)(?:\s+(?:access|connection))?)"
)
_UNIT = (
    r"(?:ms|milliseconds?|seconds?|sec|[kKMGT]i?B|(?:kilo|mega|giga)bytes?|fps|lines(?:\s+of\s+code)?|LOC"
    r"|(?:concurrent\s+|simultaneous\s+|parallel\s+)?(?:requests|users|connections|visitors|transactions|queries|rows"
    r"|records|events|messages|sessions))"
    r"(?:\s*(?:per|an?|each|/)\s*(?:s|second|minute|hour|day)(?!\w))?(?:\s+of\s+(?:memory|RAM|disk(?:\s+space)?))?"
)
_HOLDS = r"handles?|serves?|supports?|process(?:es)?|copes?\s+with|scales?\s+to|bears?|withstands?"


def _flags(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


DEMANDS = (
    _flags(
        rf"(?<![\w-]){_MUST}(?:be\s+|is\s+)?(?P<lead>(?:meet(?:s|ing)?|conform(?:s|ing)?\s+(?:to|with)|compl(?:y|ies|ying|iant)\s+with"
        rf"|follow(?:s|ing)?|pass(?:es|ing)?|in\s+line\s+with|according\s+to)\s+(?:the\s+)?)?"
        rf"(?P<what>{_STANDARD}|(?-i:[A-Z])(?-i:[A-Z0-9])+(?=[\s-](?:compliant|conformant|conforming|certified)))"
        rf"(?P<trail>[\s-](?:compliant|compliance|conformant|conformance|conforming|certified))?(?!\w)"
    ),
    _flags(
        rf"(?<![\w-])(?:(?P<lead>(?:released|published|licen[sc]ed|available)\s+under\s+(?:an?\s+|the\s+)?{_NAMED}"
        rf"|under\s+(?:an?\s+|the\s+)?{_NAMED}(?=\s+licen[sc]e))(?:\s+licen[sc]e)?"
        rf"|(?:an?\s+|the\s+)?{_NAMED}[\s-]licen[sc]ed?|licen[sc]e\s*(?::|=|is|must\s+be)\s*{_NAMED})(?!\w)"
    ),
    _flags(
        rf"(?<![\w-]){_MUST}(?P<lead>(?:runs?|works?|(?:be|is|stays?)\s+(?:usable|deployable|available|installable|accessible))\s+)"
        rf"(?P<what>{_OFF_THE_NET}|(?:on|under)\s+{_PLATFORM}(?:(?:\s*,\s*|\s+and\s+|\s+or\s+|/)(?:on\s+)?{_PLATFORM})*)(?!\w)"
    ),
    _flags(rf"(?<![\w-])(?P<alone>(?:usable\s+)?{_OFF_THE_NET})(?!\w)"),
    _flags(
        rf"(?<![\w-]){_MUST}(?P<lead>(?:(?P<holds>{_HOLDS})|answers?|responds?|loads?|stays?|starts?(?:\s+up)?|boots?|renders?|fits?|takes?"
        rf"|needs?|uses?|runs?|be|keeps?(?:\s+\w+)?|finish(?:es)?)\s+)?(?:in(?:to)?\s+|at\s+)?"
        rf"(?P<limit>(?:{LIMIT}|at\s+least|more\s+than|over)\s+)?(?:of\s+)?(?P<what>(?<![\d.,]){AMOUNT}\s*{_UNIT})(?!\w)"
    ),
)


def read_demand(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """Keep a demand, where it is about the result and not about what it works with."""
    groups = match.groupdict()
    before = brief[max(0, match.start() - 100) : match.start()]
    own = bool(groups.get("who") or groups.get("must"))
    alone = opened(brief, match)
    if groups.get("lead") and not own and not alone and _OTHERS.search(before):
        return
    told = bool(groups.get("lead") or groups.get("trail"))
    if "limit" in groups:
        told = own and told and bool(groups["limit"] or groups["holds"])
        alone = alone and bool(groups["limit"] or groups["holds"])
    if not (told or alone):
        return
    text = re.sub(r"^(?:it|this|that|which)\s+", "", " ".join(match.group().split()), flags=re.I)
    found.demands.append(text)
    found.said.append(Said(*match.span(), "matched", f"demand: {text}", alone))


# "people who work on Linux", "we work offline": somebody else's doing.
_OTHERS = re.compile(r"\b(?:who|people|i|we|they|you|users?|to|\w+s)\s*$", re.I)
