"""Where plain words of a clause point to in a repository: `the old admin page`, `the CI`, `a --json flag`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import PurePosixPath

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token
from nootropic_kernel.planning.reading.wording import singular
from nootropic_kernel.planning.repository.facts import RepositoryFacts

_MANY = 4  # words that fit more files than that point to none
_SHORT = 3
_NO_PARTS = frozenset({"init", "main", "conftest", "setup", "py", "test", "tests", "spec"})
_KINDS_OF_PARTS = frozenset(
    {"page", "view", "endpoint", "route", "command", "support", "feature", "screen", "blueprint"}
)
_A_COMMAND = frozenset({"command", "commands", "subcommand", "subcommands"})
_TELLS_MORE = frozenset(
    {"that", "which", "to", "for", "with", "called", "named", "so", "of", "in", "from", "if", "when", ",", "(", ":"}
)
_WHERE = frozenset({"to", "in", "into", "inside", "of", "from", "on", "onto", "at", "above", "below", "under"})
_THE = frozenset({"the", "our", "my", "your", "its", "this"})
_EVERY = frozenset({"every", "each", "all"})
_COMMANDS = ("argparse", "click", "typer", "optparse", "docopt", "fire", "commander", "yargs", "clap", "cobra")
_ROUTERS = ("flask", "fastapi", "django", "starlette", "aiohttp", "express", "koa", "fastify", "axum", "sinatra")
_WORKFLOWS = (".github/workflows/", ".gitlab-ci.yml", ".circleci/", "azure-pipelines.yml", ".travis.yml", ".ci/")
NEW_WORKFLOW = ".github/workflows/ci.yml"
_VERSION = re.compile(r"v?\d+(?:\.[\dx*]+)*(?:-\d+(?:\.\d+)*)?[.,]?")


class WordPlaces:
    """The files that words mean: by the parts of names of files, classes and functions, and by what words stand for."""

    def __init__(self, facts: RepositoryFacts, lexicon: Lexicon) -> None:
        self.facts = facts
        self.lexicon = lexicon

    def of(self, tokens: Sequence[Token], verb: Token | None) -> list[str]:
        """The files that a clause is about, where it names no code.

        :param verb: the verb that opens it; it names nothing.
        """
        found = self.named(tokens, verb)
        return list(dict.fromkeys([*found, *self._standing_for(tokens, verb, bool(found)), *self.moved(tokens)]))

    def of_new_command(self, tokens: Sequence[Token], verb: Token | None) -> list[str]:
        """Where the commands are, if a command is to be added: `add a done command that marks a task`."""
        if verb is None or self.lexicon.verb(verb.lower) not in ("add to what is there", "make something new"):
            return []
        words = [token.lower for token in tokens[tokens.index(verb) + 1 :]]
        about = words[: next((at for at, word in enumerate(words) if word in _TELLS_MORE), len(words))]
        ends = [one for one, after in pairwise([*about, "and"]) if after == "and"]
        return self._importing(_COMMANDS) if _A_COMMAND & set(ends) else []

    def named(self, tokens: Sequence[Token], verb: Token | None, least: float = 0.0) -> list[str]:
        """The files whose names, or whose classes and functions, the words are.

        :param least: the share of the words of content that the names have to be made of.
        """
        if routed := self.routed(tokens):
            return routed
        words = {singular(token.lower) for token in tokens if self._tells(token) and token is not verb}
        content = words - self.lexicon.words("code_words") - self.lexicon.words("program_words") - _KINDS_OF_PARTS
        if words & self._old:
            words |= self._old
        fitting = [(parts, path) for parts, path in self._parts if parts <= words and self._fits(parts, tokens, verb)]
        if not fitting:  # "the admin blueprint", in a file admin_old
            old = [(parts, path) for parts, path in self._parts if parts & self._old and parts - self._old]
            fitting = [(parts, path) for parts, path in old if parts - self._old <= words]
        longest = [(parts, path) for parts, path in fitting if not any(parts < other for other, _ in fitting)]
        told = {word for parts, _ in longest for word in parts & words}
        if content and len(told & content) < least * len(content):
            return []
        named = list(dict.fromkeys(path for _, path in longest))
        return named if len(named) <= _MANY else []

    def routed(self, tokens: Sequence[Token]) -> list[str]:
        """The files of the routes that are named: `/search`."""
        return list(dict.fromkeys(path for route in _routes(tokens) for path in self.facts.routed(route)))[:_MANY]

    def moved(self, tokens: Sequence[Token]) -> list[str]:
        """The files that a package is imported in or declared by, where a clause names one."""
        found: list[str] = []
        for token in self.packages(tokens):
            importing = self.facts.importing(token.bare)
            found += importing[: 2 * _MANY]
            if token.bare.lower() in self.facts.tooling.packages:
                found.append(self.facts.tooling.manifest)
        return list(dict.fromkeys(filter(None, found)))

    def packages(self, tokens: Sequence[Token]) -> list[Token]:
        """The words that are packages which this repository depends on."""
        known = self.facts.tooling.packages
        inside = {path.split("/")[0] for path in self.facts.paths}
        return [
            token
            for token in tokens
            if token.kind in ("word", "quoted", "path") and token.lower not in self.lexicon.words("stop")
            and (token.bare.lower() in known or (self.facts.importing(token.bare) and token.bare not in inside))
        ]  # fmt: skip

    def versions(self, tokens: Sequence[Token]) -> bool:
        """Whether a number of a version stands behind a package or a language."""
        known = {id(token) for token in self.packages(tokens)}
        for one, other in pairwise(tokens):
            named = id(one) in known or self.lexicon.technology(one.lower) is not None or one.lower in ("python", "to")
            if named and _VERSION.fullmatch(other.lower):
                return one.lower != "to" or bool(known)
        return False

    def _tells(self, token: Token) -> bool:
        return token.kind == "word" and token.lower not in self.lexicon.words("stop") - self._old

    def _fits(self, parts: frozenset[str], tokens: Sequence[Token], verb: Token | None) -> bool:
        """A single word that is also a verb is a name only behind an article or a slash, or as a subject that opens."""
        if len(parts) > 1:
            return True
        (part,) = parts
        if part in self.lexicon.words("code_words"):
            return False
        mine = [at for at, token in enumerate(tokens) if singular(token.lower) == part]
        before = [tokens[at - 1].lower if at else "" for at in mine]
        verbs = [self.lexicon.is_verb(tokens[at].lower) for at in mine]
        opens = [verb is None and at == 0 for at in mine]  # "Search is broken"
        after = [word in ARTICLES or word == "/" for word in before]
        return not all(verbs) or any(opens) or any(after)

    def _standing_for(self, tokens: Sequence[Token], verb: Token | None, known: bool) -> Iterable[str]:
        """Files of words such as `CI`, `version`, `flag` and `endpoint`.

        :param verb: a workflow that is not there can be asked for only where something is to be done.
        :param known: other words point to files, so that a route or a command needs no guess.
        """
        said = f" {' '.join(token.lower for token in tokens)} "
        table = self.lexicon.table("change_places")
        kinds = {str(kind) for kind, words in table.items() if any(f" {word} " in said for word in words)}
        if "readme" in said.split():
            yield self.facts.tooling.readme or "README.md"
        if ("manifest" in kinds or self.versions(tokens)) and self.facts.tooling.manifest:
            yield self.facts.tooling.manifest
        if "workflow" in kinds:
            there = [path for path in sorted(self.facts.paths) if path.startswith(_WORKFLOWS)]
            yield from there[:_MANY] or ([NEW_WORKFLOW] if verb is not None else [])
        if ("commands" in kinds and not known) or any(re.fullmatch(r"--[\w-]+", token.text) for token in tokens):
            yield from self._importing(_COMMANDS)
        if "routes" in kinds and not known:
            yield from self._importing(_ROUTERS)

    def _importing(self, packages: Iterable[str]) -> list[str]:
        found = [path for package in packages for path in self.facts.importing(package)]
        mine = [path for path in dict.fromkeys(found) if path not in self.facts.tests]
        return mine if len(mine) <= _MANY else []

    @cached_property
    def _old(self) -> frozenset[str]:
        return self.lexicon.words("old_words")

    @cached_property
    def _parts(self) -> list[tuple[frozenset[str], str]]:
        """The words that names of files, classes and functions are made of, and the file of each."""
        found: list[tuple[frozenset[str], str]] = []
        for path in sorted(self.facts.paths):
            if path not in self.facts.tests:
                found.append((_words(PurePosixPath(path).stem), path))
        for path, module in sorted(self.facts.modules.items()):
            if path not in self.facts.tests:
                found += [(_words(symbol.name), path) for symbol in module.symbols]
        for path, source in sorted(self.facts.sources.items()):
            found += [(_words(name), path) for name in source.names]
        return [(parts, path) for parts, path in found if parts and all(len(part) >= _SHORT for part in parts)]


def is_where(tokens: Sequence[Token], index: int, known: frozenset[str] = _THE) -> bool:
    """`to the first page`: whether a noun ends a phrase for what is there already, where something is put.

    :param known: the words that say that it is there.
    """
    place = index - 1
    while place > 0 and tokens[place].kind == "word" and tokens[place].lower not in known | _WHERE:
        place -= 1
    return place > 0 and tokens[place].lower in known and tokens[place - 1].lower in _WHERE


def is_on_a_page(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """`show the version in the footer`: whether something is to be done on a part of a program's pages."""
    parts = lexicon.words("page_parts")
    return any(token.lower in parts and is_where(tokens, at, _THE | _EVERY) for at, token in enumerate(tokens))


def _routes(tokens: Sequence[Token]) -> Iterable[str]:
    """`/search`, `/items/:id`: what stands behind a slash that follows no word."""
    for at, token in enumerate(tokens[:-1]):
        alone = at == 0 or tokens[at - 1].end < token.at
        if token.text == "/" and alone and tokens[at + 1].at == token.end:
            yield f"/{tokens[at + 1].bare.rstrip('/')}"


def _words(name: str) -> frozenset[str]:
    """The words of a name: `LoanStore` and `loan_stores` are both loan and store."""
    cut = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = {singular(part.lower()) for part in re.split(r"[^A-Za-z0-9]+", cut) if part}
    return frozenset(words) - _NO_PARTS if words & _NO_PARTS and len(words) == 1 else frozenset(words)
