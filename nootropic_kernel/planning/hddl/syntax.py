"""The parentheses of HDDL: words and groups that know their line."""

from __future__ import annotations

import re

from nootropic_kernel.planning.errors import HddlInvalid

_TOKEN = re.compile(r";[^\n]*|[()]|[^\s();]+|\n")
_DEEPEST = 100  # groups in groups; people and generators stay below 20


class Word(str):
    """A word in lower case (HDDL does not tell cases apart), with its line."""

    line: int

    def __new__(cls, text: str, line: int) -> Word:
        made = super().__new__(cls, text.lower())
        made.line = line
        return made


class Group(list["Word | Group"]):
    """What stands between two parentheses, with the line of the first."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line

    @property
    def head(self) -> str:
        """The first word; empty where there is none."""
        return self[0] if self and isinstance(self[0], Word) else ""


def parse(text: str, file: str) -> Group:
    """The one group of a file.

    :raises HddlInvalid: where parentheses do not match, or something stands outside of them.
    """
    line, open_groups, whole = 1, list[Group](), None
    for token in _TOKEN.findall(text):
        if token == "\n":
            line += 1
        elif token == "(":
            if whole is not None:
                raise HddlInvalid(file, line, "something follows after the end of the definition")
            if len(open_groups) == _DEEPEST:
                raise HddlInvalid(file, line, f"groups are nested more than {_DEEPEST} deep")
            group = Group(line)
            if open_groups:
                open_groups[-1].append(group)
            open_groups.append(group)
        elif token == ")":
            if not open_groups:
                raise HddlInvalid(file, line, "a parenthesis is closed that was never opened")
            group = open_groups.pop()
            whole = whole if open_groups else group
        elif not token.startswith(";"):
            if not open_groups:
                raise HddlInvalid(file, line, f"{token!r} stands outside of all parentheses")
            open_groups[-1].append(Word(token, line))
    if whole is None:
        at = open_groups[-1].line if open_groups else 1
        raise HddlInvalid(file, at, "a parenthesis is never closed" if open_groups else "the file is empty")
    return whole
