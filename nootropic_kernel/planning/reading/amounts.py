"""The patterns of constraints: amounts of money, time, people, tokens and coverage with the words around them."""

from __future__ import annotations

import re

from nootropic_kernel.planning.reading.dates import DAY

_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "eighty": 80, "hundred": 100, "single": 1, "a single": 1, "lone": 1,
    "a couple of": 2, "a pair of": 2, "a dozen": 12, "half a": 0.5,
    "one and a half": 1.5, "a hundred": 100, "one hundred": 100,
}  # fmt: skip
# Those of them that are one word and nothing but a number.
NUMBER_WORDS = frozenset(_WORDS) - {"a", "an", "one", "single", "lone"}
_SPELT = "|".join(sorted((re.escape(word).replace(r"\ ", r"\s+") for word in _WORDS), key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
_N = rf"(?:{_DIGITS}|(?:{_SPELT})(?!\w))"

# What opens a limit, and what may close it.
_LIMIT = (
    r"(?:(?:in\s+)?(?:under|below)|(?:in\s+)?less\s+than|within|(?:in\s+|for\s+)?(?:at\s+(?:the\s+)?most)|up\s+to"
    r"|max(?:imum|imal|\.)?(?:\s+of)?|maximally|(?:in\s+|for\s+)?(?:no|not)\s+(?:more|longer)\s+than|limited\s+to"
    r"|capped\s+at|(?:not\s+)?exceed(?:ing)?|<=?|≤)"
)
_LABEL = (
    r"(?:(?:(?:the|our|my|a|total|overall|time|money|maximum|max|cost|spending)\s+){0,4}"
    r"(?:budget(?:ed)?|time\s?box|time|effort|estimate|costs?|spend(?:ing)?|limit)\s*(?:limit\s*)?"
    r"(?:is|are|of|:|=|must\s+(?:be|stay|not)|should\s+(?:be|stay|not)|may\s+not|for\s+(?:it|this|that)\s+is)?\s*"
    r"|(?:(?:i|we)\s+|i've\s+|we've\s+)?(?:have|got|can\s+spend|may\s+spend|want\s+to\s+spend|will\s+spend)\s+(?:only\s+|about\s+|got\s+)?"
    r"|(?:it\s+)?(?:should|must|may|can|shall)(?:\s+not)?\s+(?:cost|take|be\s+(?:done|finished|ready|built|made)|exceed)(?:\s+us)?\s+(?:more\s+than\s+)?"
    r"|(?:it\s+)?(?:costs?|takes?|taking|costing|cost)\s+)"
)
_TRAIL = (
    r"(?:\s+(?:at\s+(?:the\s+)?most|max(?:imum|\.)?|tops|or\s+less|in\s+total|altogether|in\s+all|budget|limit)(?!\w))"
)


# For other patterns of amounts.
AMOUNT, LIMIT = _N, _LIMIT


def _flags(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_PERIOD = (
    r"(?:(?P<each>\s*(?:per|an?|each|every|/)\s*(?:day|week|month|quarter|year)|\s+(?:daily|weekly|monthly|yearly))\b)?"
)
MONEY = _flags(
    rf"(?<![\w$])(?P<label>{_LABEL})?(?P<limit>{_LIMIT}\s+|{_LIMIT}(?=\s*\$)\s*)?(?:for\s+)?(?:about\s+)?"
    rf"(?:(?:USD\s*|US)?\$\s?(?P<a>{_DIGITS})(?P<ka>k)?(?:\s*USD|\s+(?:US\s+)?dollars?)?"
    rf"|(?P<b>(?<![\d.,]){_N})(?P<kb>k)?\s*(?:USD|US\$|dollars?|US\s+dollars?|bucks)|(?:USD)\s?(?P<c>{_DIGITS}))"
    rf"(?![\w%])(?!\s*(?:per|an?|/)\s*(?:hour|h|user|seat)\b){_PERIOD}(?P<trail>{_TRAIL})?"
)
FOREIGN = _flags(
    rf"(?<![\w€£])(?P<label>{_LABEL})?(?P<limit>{_LIMIT}\s+|{_LIMIT}(?=\s*[€£¥₹])\s*)?(?:for\s+)?"
    rf"(?:(?P<sign>[€£¥₹]|CHF|EUR|GBP)\s?(?P<n>{_DIGITS})(?P<k>k)?"
    rf"|(?P<m>(?<![\d.,]){_N})(?P<km>k)?\s*(?P<unit>€|£|¥|₹|euros?|EUR|pounds?|quid|GBP|CHF|francs?|yen|rupees?))"
    rf"(?!\w){_PERIOD}(?P<trail>{_TRAIL})?(?:\s*[(,=~≈]\s*(?:about|approx(?:\.|imately)?|roughly|~|≈|=)?\s*(?:US)?\$\s?(?P<usd>{_DIGITS})\s*\)?)?"
)
# "a budget of 2k": a bare amount is money where nothing else is counted.
BUDGET = _flags(
    rf"(?<!\w)(?P<label>(?:(?:with|on|the|our|my|an?|total|overall|maximum|max)\s+){{0,4}}"
    rf"(?<!time\s)budget\s*(?:is|of|:|=|limit)\s*)"
    rf"(?P<limit>{_LIMIT}\s*)?(?P<n>{_DIGITS})(?P<k>k)?(?=\s*(?:[.;:!\n)]|,(?!\d)|(?:and|with|by|in|for|at)\b|$))(?P<trail>{_TRAIL})?"
)
FREE = _flags(
    r"(?<!\w)(?P<limit>free\s+of\s+(?:charge|cost)|at\s+no\s+(?:cost|charge)|at\s+zero\s+cost|for\s+free|for\s+nothing"
    r"|without\s+(?:spending\s+(?:any\s+)?money|(?:any\s+)?costs?)|(?:with\s+)?(?:no|zero)\s+(?:budget|money)|(?:with\s+)?no\s+costs?"
    r"|(?:and\s+)?(?:it\s+)?(?:must|should|may|can|shall)(?:\s+not|n't)\s+cost\s+(?:us\s+|me\s+)?(?:anything|a\s+(?:cent|thing))"
    r"|(?:and\s+)?(?:it\s+)?(?:must|should|may|shall)\s+cost\s+(?:us\s+|me\s+)?nothing)(?!\w)"
)
SOON = _flags(
    r"(?<!\w)(?P<limit>asap|as\s+(?:soon|fast|quickly)\s+as\s+possible|urgent(?:ly)?)(?!\w)(?!-)\s*(?P<trail>please\b)?:?"
)
TOKENS = _flags(
    rf"(?<!\w)(?P<label>{_LABEL})?(?P<limit>{_LIMIT}\s+)?(?P<n>{_N})\s*(?P<k>k|m|million)?\s*tokens(?P<trail>{_TRAIL})?(?!\w)"
)
DURATION = _flags(
    rf"(?<![\w-])(?P<label>{_LABEL})?(?P<limit>(?:{_LIMIT}|in|over)\s+)?(?:about\s+|the\s+next\s+)?"
    rf"(?P<n>(?<![\d.,:]){_N})(?:\s+|-)?(?P<unit>(?:person-|working\s+)?(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?))(?!\w)"
    rf"(?P<work>(?:\s+of\s+(?:work|effort|time))|(?<=person-days)|(?<=person-weeks))?"
    rf"(?:'s?\s+time|\s+from\s+now)?(?P<trail>{_TRAIL})?"
)
DEADLINE = _flags(
    rf"(?<!\w)(?P<label>(?:(?:the|our|my|a|hard)\s+){{0,3}}"
    rf"(?:deadline|due(?:\s+date)?)\s*(?:is|of|:|=|on|for\s+(?:it|this)\s+is)?\s*"
    rf"|(?:(?:and\s+)?(?:it\s+)?(?:must|should|has\s+to|needs\s+to|to)\s+be\s+)?(?:live|online|ready|done|finished|due|delivered|completed?|shipped)\s+)?"
    rf"(?P<how>by|before|until|till|no\s+later\s+than|not\s+later\s+than|at\s+the\s+latest\s+(?:by|on)"
    rf"|(?<=deadline:\s)|(?<=deadline\s)|(?<=deadline\sis\s)|(?<=due\s)|(?<=live\s)on|(?<=ready\s)on|(?<=done\s)on|(?<=due\s)on)\s*"
    rf"(?<![a-z])(?P<day>{DAY})(?:\s+at\s+the\s+latest|\s+latest)?(?!\w)"
)
# "this weekend": a limit of time without `by`, where it stands by itself.
PERIOD = _flags(
    r"(?<!\w)(?P<limit>over\s+|on\s+|during\s+|within\s+|for\s+)?(?P<day>(?:this|the\s+coming|next|the)\s+weekend"
    r"|this\s+(?:week|month|quarter|year))(?!\w)"
)
_KIND = (
    r"(?:developers?|devs?|engineers?|programmers?|coders?|students?(?=\s+(?:work|will|can))|people|persons?"
    r"|colleagues?|contributors?|volunteers?|interns?|freelancers?|contractors?|maintainers?|hackers|designers?"
    r"|(?:data\s+)?scientists?|analysts?|testers?|administrators?|sysadmins?|researchers?|FTEs?|full[\s-]time\s+equivalents?)"
)
_SORT = (
    r"(?:full-?time|junior|senior|experienced|python|backend|back-end|frontend|front-end|full-?stack|web|mobile|data"
    r"|software|devops|machine\s+learning|ML)"
)
# How much of their time: half of it, unless the brief says another share.
_SHARE = (
    r"(?:half[\s-](?:time|days?)|part[\s-]?time|(?:on\s+)?half\s+(?:of\s+)?(?:the|their|his|her|my|our)\s+time"
    r"|(?:at\s+)?(?<!\d)\d{1,2}\s?%(?:\s+of\s+(?:the|their|his|her|my|our)\s+time)?)"
)
_RATE = r"(?:\s*,?\s*(?:at|for|each\s+at|paid)?\s*\$\s?(?P<rate>\d+(?:\.\d+)?)\s*(?:per|an?|/)\s*(?:hour|h)\b)?"
_TEAM = (
    r"(?:(?:we\s+(?:are|have)|we're|i\s+(?:am|have)|with|by|for|in|there\s+is|there's)\s+)?(?:our\s+|my\s+)?(?:an?\s+)?"
    r"(?:small\s+)?team\s*(?:of|:|is|has|are|size(?:\s*:|\s+is|\s+of)?)\s*"
    rf"(?P<team>{_N})(?:\s+{_KIND})?"
)
_SIZED = (
    rf"(?:by\s+|with\s+|for\s+|in\s+)?an?\s+(?P<sized>{_N})[\s-]"
    r"(?:person|people|m[ae]n|wom[ae]n|developer|dev)[\s-]team"
)
_WE_ARE = (
    rf"(?:there\s+(?:are|will\s+be)\s+|we\s+are\s+|we're\s+)(?P<are>{_N})(?:\s+of\s+us|\s+{_KIND})?"
    r"(?=\s*(?:[.,;:!\n)]|and\b|who\b|on\b|working\b|$))"
)
_OF_US = (
    rf"(?:the\s+)?(?P<of_us>{_N})\s+of\s+us(?:\s+(?:will|can|are\s+going\s+to|are)\s+"
    r"(?:work(?:ing)?(?:\s+on\s+(?:it|this))?|build(?:ing)?(?:\s+(?:it|this))?|do(?:ing)?\s+(?:it|this)))?"
)
_PLAIN = (
    rf"(?:(?P<by>(?:done|built|made|written|developed|created|finished|implemented|carried\s+out)\s+by|by)\s+"
    rf"|(?:we\s+)?(?:have|has|got|with|using)\s+)?(?P<plain>\d+[.,]\d+(?=\s*(?:FTE|full))|{_N})"
    rf"(?:\s+(?P<before>{_SHARE}))?(?:\s+{_SORT})*\s+(?:{_KIND}|(?<=a\spair\sof\s)\w+)"
    r"(?:\s+(?:will\s+|can\s+|are\s+|is\s+)?(?:(?:work(?:s|ing)?|available)(?:\s+on\s+(?:it|this|the\s+project))?"
    r"|(?:build(?:s|ing)?|do(?:es|ing)?|on)\s+(?:it|this|the\s+project)))?(?!\w)"
)
_ENDS_THERE = r"(?=\s*(?:[.,;:!\n)]|in\b|within\b|by\b|before\b|with\b|under\b|and\b|$))"
_ALONE = (
    r"(?P<alone>(?:i\s+(?:am|work|will\s+work|do\s+(?:it|this)|build\s+(?:it|this))|i'm|working|and\s+work)\s+"
    r"(?:(?:completely|all|on\s+(?:it|this))\s+){0,3}alone(?:\s+on\s+(?:it|this))?"
    r"|(?:(?:all\s+)?by\s+myself|on\s+my\s+own|single-?handed(?:ly)?|just\s+me|only\s+me"
    rf"|solo(?:\s+(?:project|developer|dev))?|as\s+a\s+solo\s+developer){_ENDS_THERE}"
    r"|(?:i\s+am|i'm)\s+the\s+only\s+(?:developer|one|person|programmer)(?:\s+on\s+(?:it|this))?"
    r"|(?:one|1)[\s-](?:man|person|woman)(?:\s+(?:project|team|job|show))?"
    r"|(?<=[,;(])\s*alone(?=\s*(?:[.,;!\n)]|$)))"
)
_PAIR = (
    r"(?P<pair>(?:(?:done|built|made|written|developed|by|for)\s+)*"
    r"(?:me|i|myself)\s+and\s+(?:a|my|one)\s+(?:friend|colleague|brother|sister|partner|mate))"
)
_FEW = r"(?P<few>(?:with\s+)?(?:a\s+few|several|some)\s+(?:developers|devs|engineers|programmers))"
PEOPLE = _flags(
    rf"(?<![\w-])(?:{_TEAM}|{_SIZED}|{_WE_ARE}|(?:{_OF_US})|(?:{_PLAIN})|{_ALONE}|{_PAIR}|{_FEW})"
    rf"(?:,?\s*\(?(?P<after>{_SHARE})(?:\s+each)?\)?)?{_RATE}(?!\w)"
)
_PERCENT = r"\s*(?:%|percent\b|per\s+cent\b)"
_TESTS = r"(?:(?:tests?|code|line|branch|unit[\s-]tests?)[\s-]+)*"
_AT_LEAST = r"(?:(?:(?:at\s+least|a\s+minimum\s+of|over|above|minimum|min\.?|>=?|≥|to)\s*))?"
COVERAGE = _flags(
    rf"(?<!\w)(?:(?:with|needs?|requires?|and|has|have|must\s+have|should\s+have|at)\s+)?(?:a\s+)?"
    rf"(?:{_AT_LEAST}(?<!\d)(?P<a>\d{{1,3}}){_PERCENT}\s*(?:of\s+)?{_TESTS}coverage(?!\w)"
    rf"|{_TESTS}coverage\s*(?:of|at|above|over|is|must\s+be|should\s+be|:|=|target\s*:?)?\s*{_AT_LEAST}(?P<b>\d{{1,3}}){_PERCENT})"
)


def number_of(text: str | None) -> float:
    """A number in digits or in words; 0 for nothing."""
    words = " ".join((text or "").lower().split())
    if words in _WORDS:
        return float(_WORDS[words])
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", words):
        return float(words.replace(",", ""))
    return float(words.replace(",", ".")) if words else 0.0


def counted(match: re.Match[str]) -> float | None:
    """How many people a match of :data:`PEOPLE` names, in full-time ones; None where it names no number."""
    if match["alone"]:
        return 1.0
    if match["pair"]:
        return 2.0
    named = match["team"] or match["sized"] or match["are"] or match["of_us"] or match["plain"]
    return number_of(named) if named else None


def share(match: re.Match[str]) -> float:
    """How much of their time the people of a match of :data:`PEOPLE` give, from 0 to 1."""
    words = match["before"] or match["after"] or ""
    percent = re.search(r"\d+", words)
    return min(1.0, int(percent.group()) / 100 or 1.0) if percent else 0.5 if words else 1.0
