"""The commands that a brief names in quotes: `subcommands 'trim' (cut primers off reads) and 'merge'`."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.reading.actions import Action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import own_name

_COMMANDS = frozenset({"command", "commands", "subcommand", "subcommands", "sub-command", "sub-commands"})
_OPTIONS = frozenset({"option", "options"})
_TYPED = _COMMANDS | {"cli", "command-line", "commandline", "terminal", "console", "shell"}
_COMMAND, _OPTION = "command", "option"
_QUOTES = {"'": "'", '"': '"', "‘": "’", "’": "’", "“": "”", "„": "“", "«": "»"}
_JOINS = frozenset({",", "and", "or", "&", ";", "\n", "-", "*", "•", "plus"})
_NOT = frozenset({"not", "isn't", "aren't", "no"})
_SAYS = frozenset({":", "to", "for", "that", "which", "–", "—", "-", "="})
_ENDS = frozenset({".", "!", "?", "\n", ";"})
_LONGEST_NAME = 3
_DONE_FOR_WHAT_IS_KEPT = frozenset({"add", "list", "remove"})
IN_ITS_COMMANDS = "a command; in the task for the commands of what is kept"
DONE = "to be done: "


@dataclass(frozen=True)
class _Quoted:
    """A name in quotes: tokens ``start`` to ``end``, its quotes among them."""

    start: int
    end: int
    words: list[Token]

    @property
    def name(self) -> str:
        return " ".join(word.bare for word in self.words)


def find_named_commands(tokens: Tokens, lexicon: Lexicon) -> list[Action]:
    """One action for each command that is named; the words of its name, and what stands behind it, are marked."""
    if not any(token.lower in _COMMANDS | _OPTIONS for token in tokens):
        return []
    quoted = {each.start: each for each in _quoted(tokens)}
    typed = any(token.lower in _TYPED for token in tokens)
    found: dict[str, Action] = {}
    sort = ""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if (each := quoted.get(index)) is not None:
            index = each.end
            mine = sort or _sort_behind(tokens, each.end, quoted)
            if mine:
                said, index = _said(tokens, each.end, quoted, lexicon)
                action = _action(each, said, mine)
                found.setdefault(action.name, action)
                told = () if _opens_for(said) else said
                for part in (*each.words, *(part for part in told if part.lower not in lexicon.words("stop"))):
                    part.mark("matched", f"{DONE}{action.title}")
            continue
        if token.lower in _COMMANDS or (token.lower in _OPTIONS and typed):
            sort = _COMMAND if token.lower in _COMMANDS else _OPTION
        elif _ends_list(tokens, index, quoted, lexicon):
            sort = ""
        index += 1
    return list(found.values())


def commands_left(commands: list[Action], tokens: Tokens, things: Things) -> list[Action]:
    """Those that need a task of their own: what is kept has commands to add, list and remove it already."""
    if not things.fields:
        return commands
    usual = [each for each in commands if each.word.lower() in _DONE_FOR_WHAT_IS_KEPT]
    tokens.relabel(tuple(f"{DONE}{each.title}" for each in usual), IN_ITS_COMMANDS, "matched")
    return [each for each in commands if each not in usual]


def _quoted(tokens: Tokens) -> list[_Quoted]:
    found: list[_Quoted] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if token.kind == "quoted":
            found.append(_Quoted(index - 1, index, [token]))
        elif token.text in _QUOTES:
            end = index
            while end < len(tokens) and tokens[end].kind in ("word", "number") and end - index < _LONGEST_NAME:
                end += 1
            closed = end < len(tokens) and tokens[end].text in (_QUOTES[token.text], token.text)
            if closed and end > index:
                found.append(_Quoted(index - 1, end + 1, tokens[index:end]))
                index = end + 1
    return found


def _sort_behind(tokens: Tokens, end: int, quoted: dict[int, _Quoted]) -> str:
    """`'add' and 'list' commands`: what the names of a list are, where it ends in that."""
    while end < len(tokens):
        if (each := quoted.get(end)) is not None:
            end = each.end
        elif tokens[end].lower in _JOINS | ARTICLES:
            end += 1
        else:
            return _COMMAND if tokens[end].lower in _COMMANDS else ""
    return ""


def _ends_list(tokens: Tokens, index: int, quoted: dict[int, _Quoted], lexicon: Lexicon) -> bool:
    token = tokens[index]
    said = token.kind == "word" and (token.lower not in lexicon.words("stop") | _JOINS or token.lower in _NOT)
    return said or (token.text in _ENDS and not _goes_on(tokens, index, quoted))


def _goes_on(tokens: Tokens, index: int, quoted: dict[int, _Quoted]) -> bool:
    """Whether another name follows the sign: a list of lines, or one with semicolons."""
    while index < len(tokens) and tokens[index].lower in _JOINS:
        index += 1
    return index in quoted


def _said(tokens: Tokens, end: int, quoted: dict[int, _Quoted], lexicon: Lexicon) -> tuple[list[Token], int]:
    """What is said of the command right behind its name, and where that ends."""
    if end >= len(tokens):
        return [], end
    if tokens[end].text == "(":
        close = next((at for at in range(end, len(tokens)) if tokens[at].text == ")"), len(tokens))
        return tokens[end + 1 : close], min(close + 1, len(tokens))
    opens = tokens[end].lower
    verb = lexicon.verb(opens) is not None and opens not in lexicon.words("stop")
    if opens not in _SAYS and not verb:
        return [], end
    start = end if verb or opens == "for" else end + 1
    place = start
    while place < len(tokens) and tokens[place].text not in _ENDS:
        if tokens[place].lower in _JOINS and _goes_on(tokens, place, quoted):
            break
        place += 1
    said = tokens[start:place]
    return said, (end if _opens_for(said) else place)


def _opens_for(said: list[Token]) -> bool:
    """`'done' for chores`: what follows is read on as well, as it can be what is kept."""
    return bool(said) and said[0].lower == "for"


def _action(each: _Quoted, said: list[Token], sort: str) -> Action:
    told = ""
    for part in said:
        told += part.text if part.text in (",", ".", ":", ")", "'", "’") or not told else f" {part.text}"
    title = f"{each.name}: {told}" if said and not _opens_for(said) else " ".join([f"The {sort}", each.name, told])
    return Action(own_name(each.name, "action"), title.strip(), each.name, each.words[0].at, typed=sort)
