"""Tab completion on `%noo` lines, instead of everything else that IPython would offer there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from nootropic_kernel.magics.commands import NooMagics

# A line magic may stand behind an assignment; a cell magic only at the very start.
_LINE = re.compile(r"^\s*(?:[\w.,\s\[\]'\"]+=\s*)?%noo(?P<rest>\s.*)$", re.DOTALL)
_CELL = re.compile(r"^%%noo(?P<rest>\s.*)$", re.DOTALL)
_NOTHING = SimpleMatcherResult(completions=[], suppress=False)


class NooMatcher:
    """Completes verbs, options, values, paths and ids of one shell's `%noo` lines."""

    def __init__(self, magics: NooMagics) -> None:
        self._magics = magics

    @context_matcher(identifier="nootropic_kernel.NooMatcher", priority=1000)  # type: ignore[untyped-decorator]
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """Return what fits at the cursor; nothing where the line is not ours."""
        typed = _our_part(context)
        if typed is None:
            return _NOTHING
        from nootropic_kernel.capabilities.candidates import Candidate
        from nootropic_kernel.capabilities.completion import complete
        from nootropic_kernel.capabilities.typed_words import quote_word, split_words
        from nootropic_kernel.magics.commands import local_modules_last

        fragment = re.search(r"\S*$", typed)
        current = fragment.group() if fragment else ""
        before = split_words(typed[: len(typed) - len(current)])
        own = [Candidate("--into", "Also keep the result in a variable.")]
        if before[-1:] == ["--into"]:
            return _NOTHING
        with local_modules_last():
            names = self._magics.live_names() if current.startswith("@") else []
            found = complete(self._magics.find_workspace(), before, current, extra=own if before else [], names=names)
        completions = [
            SimpleCompletion(
                text=candidate.text if re.search("[=@]", candidate.text) else quote_word(candidate.text), type="magic"
            )
            for candidate in found
        ]
        # Where nothing fits, Python's own names fit even less: what is typed already keeps them away.
        completions = completions or [SimpleCompletion(text=current, type="magic")]
        return SimpleMatcherResult(completions=completions, suppress=True, matched_fragment=current)


def _our_part(context: CompletionContext) -> str | None:
    """The text after `%noo` up to the cursor; None where the cursor is not on such a line."""
    text = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
    found = _LINE.match(text)
    if found is None and context.cursor_line == 0:
        found = _CELL.match(text)
    return found.group("rest") if found else None
