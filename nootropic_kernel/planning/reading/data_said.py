"""What data a brief says there is, where it names no file: `I have folders of FASTA files`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import NOUN, VERB
from nootropic_kernel.planning.reading.steps import step_kind
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import identifier

_OPENS = (("i", "have"), ("we", "have"), ("i've", "got"), ("we've", "got"), ("there", "are"), ("given",))
_HOLDERS = frozenset({"folder", "folders", "directory", "directories", "archive", "archives"})
_FILES = frozenset({"file", "files"})
_DATA = frozenset({"recordings", "scans", "spectra", "measurements", "data", "dataset", "datasets"})
_MEDIA = frozenset({"photos", "images", "pictures", "recordings", "scans", "videos", "pdfs", "texts"})
_PASSED = ARTICLES | {"of", "many", "several", "few", "two", "three", "lot", "lots", "bunch", "all", "full", "with"}
# What has rows; so has data of which nothing else is said.
_TABLES = frozenset(
    {"csv", "tsv", "excel", "xls", "xlsx", "parquet", "feather", "spreadsheet", "spreadsheets", "table", "tables",
     "sql", "sqlite", "log", "logs", "measurements", "data", "dataset", "datasets", "jsonl", "row", "rows",
     "column", "columns"}
)  # fmt: skip
_LONGEST = 3
_TOLD = re.compile(r"[;.:,\n]\s*|\band\s+(?:(?:i|we)\s+)?(?=(?:want|need|would)\b)", re.I)
_WANTED = re.compile(r"(?:(?:and|but|so)\s+)?(?:(?:i|we)\s+)?(?:(?:want|need|would\s+like)\s+to\s+)?", re.I)


@dataclass(frozen=True)
class DataSaid:
    """What it is called (empty for none), whether it has rows, and where the sentence ends that says it is there."""

    name: str = ""
    table: bool = True
    there: int = 0

    @property
    def there_is(self) -> list[str]:
        """Its name as a list of one, where the brief opens by saying that it is there."""
        return [identifier(self.name)] if self.there else []

    def title(self, text: str) -> str:
        """What is done with it, headed by its name, where the brief opens by saying that it is there; else nothing."""
        told = _TOLD.search(text, self.there) if self.there else None
        rest = text[told.end() :] if told else ""
        rest = rest[match.end() :] if (match := _WANTED.match(rest)) else rest
        first = re.match(r"[A-Z][a-z]", rest)
        rest = f"{rest[0].lower()}{rest[1:]}" if first else rest
        return f"{self.name[0].upper()}{self.name[1:]}: {rest}" if re.search(r"\w", rest) else ""


def find_data_said(tokens: Tokens, data_files: Sequence[str], lexicon: Lexicon) -> DataSaid:
    """The data: what the brief says is there to work on, or the files that it speaks of."""
    if data_files:
        return DataSaid()
    opening = next((len(words) for words in _OPENS if [t.lower for t in tokens[: len(words)]] == [*words]), 0)
    start = opening
    while opening and start < len(tokens) and _is_passed(tokens, start, lexicon):
        start += 1
    end = _noun_end(tokens, start, lexicon)
    held = any(token.lower in _HOLDERS for token in tokens[opening:start])
    if opening and end > start and (held or tokens[end - 1].lower in _FILES | _DATA):
        name = " ".join(token.text for token in tokens[start:end])
        if any(_is_work(token, lexicon) for token in tokens[end:]):
            return DataSaid(name, _is_table(tokens), tokens[end - 1].end)
    for index, token in enumerate(tokens):
        which = tokens[index - 1] if index else None
        if (
            token.lower in _FILES
            and which is not None
            and which.kind == "word"
            and _tells_which(tokens, index, lexicon)
        ):
            return DataSaid(f"{which.text} {token.text}", _is_table(tokens))
    return DataSaid(table=_is_table(tokens) or not any(token.lower in _MEDIA for token in tokens))


def mark_data(tokens: Tokens, data: DataSaid, lexicon: Lexicon) -> None:
    """Mark the words that say that the data is there."""
    for token in tokens:
        if token.at < data.there and token.lower not in lexicon.words("stop") and token.kind != "stop":
            token.mark("matched", f"data: {data.name}")


def _is_work(token: Token, lexicon: Lexicon) -> bool:
    """Whether it is a verb of data work, beyond keeping what there is."""
    return token.kind == "word" and token.part != NOUN and step_kind(token.lower, lexicon) not in (None, "keep")


def _is_passed(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    token = tokens[index]
    return token.kind == "number" or token.lower in _PASSED | _HOLDERS or lexicon.is_quality(token.lower)


def _noun_end(tokens: Tokens, index: int, lexicon: Lexicon) -> int:
    end = index
    while end < len(tokens) and end - index < _LONGEST and tokens[end].kind == "word":
        if tokens[end].lower in lexicon.words("stop") or tokens[end].part == VERB:
            break
        end += 1
    return end


def _tells_which(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`FASTQ files`: what stands before is a format, and no verb, article or quality."""
    which = tokens[index - 1]
    plain = which.part != VERB and not lexicon.is_quality(which.lower) and lexicon.verb(which.lower) is None
    return plain and which.lower not in lexicon.words("stop") | lexicon.words("code_words") - {
        "markdown",
        "json",
        "xml",
    }


def _is_table(tokens: Tokens) -> bool:
    return any(token.lower in _TABLES for token in tokens)
