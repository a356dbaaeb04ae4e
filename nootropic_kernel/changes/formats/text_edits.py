"""Edits of one text, gathered against the lines it had, so that they can neither overlap nor touch a line in vain.

Only lines that the edit changes are replaced: a context line keeps its own trailing space, punctuation and line end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.matching import Fit, find, indentation, split_ends, trimmed
from nootropic_kernel.changes.formats.operations import InsertAfter, Replace
from nootropic_kernel.changes.line_diff import Block, changed_blocks


@dataclass(frozen=True, order=True)
class Splice:
    """The lines ``start`` up to ``end`` become these."""

    start: int
    end: int
    lines: tuple[str, ...]

    def clashes(self, other: Splice) -> bool:
        """Whether both want the same lines, or to insert at the same place."""
        if self.start == self.end == other.start == other.end:
            return True
        return self.start < other.end and other.start < self.end


class TextEdits:
    """A text under edit. ``path`` is its name in errors."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._texts, self._ends = split_ends(text)
        self._splices: list[Splice] = []
        self._seen: list[Replace | InsertAfter] = []
        self._final_newline = not self._ends or self._ends[-1] != ""

    def replace(self, edit: Replace) -> None:
        """Note a replacement. Lines that only an earlier edit of the same answer made may be searched for, too.

        Raises:
            NoUsableEdit: no place or several fit, or an earlier edit wants the same lines.
        """
        if edit in self._seen:
            return  # said twice
        if edit.final_newline is not None:
            self._final_newline = edit.final_newline
        if not edit.search.strip():
            if edit.at_end:
                self._add([Splice(len(self._texts), len(self._texts), tuple(split_ends(edit.replace)[0]))])
                self._seen.append(edit)
                return
            blank = edit.changes is None and not edit.search
            if any(line.strip() for line in self._texts) or not (blank or edit.search.count("\n") == len(self._texts)):
                raise NoUsableEdit("no_match", "the edit does not say which lines it replaces", path=self._path)
            self.rewrite(edit.replace)
            self._seen.append(edit)
            return
        try:
            found = self._found(edit)
        except NoUsableEdit as problem:
            if problem.kind != "no_match" or not self._splices:
                raise
            self._settle()
            found = self._found(edit)
        self._add(found)
        self._seen.append(edit)

    def insert(self, edit: InsertAfter) -> None:
        """Note lines to put after a line. Raises NoUsableEdit when there is no such line."""
        if edit in self._seen:
            return
        if not 0 <= edit.line <= len(self._texts):
            why = f"{self._path} has {len(self._texts)} lines, so nothing can be inserted after line {edit.line}"
            raise NoUsableEdit("no_match", why, path=self._path)
        self._add([Splice(edit.line, edit.line, tuple(split_ends(edit.text)[0]))])
        self._seen.append(edit)

    def rewrite(self, text: str) -> None:
        """Note a whole new text. Raises NoUsableEdit (`overlap`) after other edits."""
        new = split_ends(text.removeprefix("\ufeff"))[0]
        if self._splices:
            raise NoUsableEdit("overlap", f"{self._path} is given as a whole and in parts", path=self._path)
        if not self._texts:
            self._final_newline = text.endswith(("\n", "\r"))
        blocks = changed_blocks(self._texts, new, join=0)
        self._add([Splice(b.old_from, b.old_to, tuple(new[b.new_from : b.new_to])) for b in blocks])

    def text(self) -> str:
        """The text with all edits made, its line ends and the state of its last line as they were."""
        self._settle()
        return "".join(map(str.__add__, self._texts, self._ends))

    def _add(self, splices: Sequence[Splice]) -> None:
        fresh = [splice for splice in splices if splice not in self._splices]  # the same change said twice is one
        for new in fresh:
            clash = next((old for old in self._splices if old.clashes(new)), None)
            if clash is not None:
                where = f"line {clash.start + 1}"
                raise NoUsableEdit("overlap", f"two edits change {self._path} at {where}", path=self._path)
        self._splices += fresh

    def _found(self, edit: Replace) -> list[Splice]:
        if edit.within_lines and (place := self._within(edit)) is not None:
            return self._unambiguous(edit, *place)
        return self._by_lines(edit)[1]

    def _by_lines(self, edit: Replace) -> tuple[Fit, list[Splice]]:
        search, replace = split_ends(edit.search)[0], split_ends(edit.replace)[0]
        fit = find(self._texts, search, path=self._path, narrow=self._narrower(edit, len(search)))
        changes = edit.changes
        if changes is None:
            changes = _changes(fit, search, replace)
        return fit, _splices(self._texts, fit, search, replace, changes, self._path)

    def _unambiguous(self, edit: Replace, at: int, old: list[str], new: list[str]) -> list[Splice]:
        """What a text within lines changes; refused where only its indentation was left out, and it matters."""
        fit = Fit(at, "exact")
        found = _splices(self._texts, fit, old, new, _changes(fit, old, new), self._path)
        lead = indentation(old[0])
        if lead and not edit.search.startswith(lead) and "\n" in edit.replace.rstrip("\n"):
            try:
                other, shifted = self._by_lines(edit)
            except NoUsableEdit:
                return found
            if other.rung == "indentation" and shifted != found:
                why = "the old text leaves out its indentation, so the new lines could mean two; give whole lines"
                raise NoUsableEdit("ambiguous", why, path=self._path)
        return found

    def _within(self, edit: Replace) -> tuple[int, list[str], list[str]] | None:
        """The lines around a text that may begin and end inside a line: their index, as they are, as they become."""
        whole = "\n".join(self._texts) + "\n"
        search, replace = _plain_ends(edit.search), _plain_ends(edit.replace)
        places = _places(whole, search)
        if len(places) > 1:
            lines = [whole.count("\n", 0, place) for place in places[:5]]
            raise NoUsableEdit(
                "many_matches",
                f"the text to replace is in {self._path} {len(places)} times "
                f"(lines {', '.join(str(line + 1) for line in lines)}); give more lines around it",
                path=self._path,
                lines=[(line + 1, self._texts[line]) for line in lines],
            )
        if not places:
            return None
        start, end = places[0], places[0] + len(search)
        first = whole.rfind("\n", 0, start) + 1
        if search.endswith("\n"):
            last = end
            if not replace.endswith("\n") and (replace or first < start):
                why = "the old text ends with a line end and the new one does not"
                raise NoUsableEdit("broken", why, path=self._path)
        else:
            last = whole.index("\n", end) + 1
        new = whole[first:start] + replace + whole[end:last]
        return whole.count("\n", 0, first), split_ends(whole[first:last])[0], split_ends(new)[0]

    def _narrower(self, edit: Replace, count: int) -> Callable[[list[int]], list[int]] | None:
        if not edit.anchors and not edit.at_end:
            return None

        def narrow(hits: list[int]) -> list[int]:
            if edit.at_end:
                hits = [at for at in hits if not any(line.strip() for line in self._texts[at + count :])]
            return self._after_anchors(hits, edit.anchors)

        return narrow

    def _after_anchors(self, hits: list[int], anchors: Sequence[str]) -> list[int]:
        """The hits below the anchors, where each anchor is one line only; if several, those in the anchor's block."""
        start, end = 0, len(self._texts)
        for anchor in anchors:
            wanted = anchor.strip()
            found = [at for at in range(start, end) if self._texts[at].strip() == wanted]
            if len(found) != 1:
                continue  # it says nothing: the lines alone decide
            start, end = found[0], self._block_end(found[0], end)
            # A hunk may repeat the line that its anchor names.
            hits = [at for at in hits if at >= start]
            inside = [at for at in hits if at < end]
            if len(hits) > 1:
                hits = inside
        return hits

    def _block_end(self, at: int, end: int) -> int:
        depth = len(indentation(self._texts[at]))
        for number in range(at + 1, end):
            line = self._texts[number]
            if line.strip() and len(indentation(line)) <= depth:
                return number
        return end

    def _settle(self) -> None:
        """Make the edits so far; those to come are against the result."""
        texts, ends = self._texts, self._ends
        usual = next((end for end in ends if end), "\n")
        for splice in sorted(self._splices, reverse=True):
            near = ends[splice.start : splice.end]
            beside = ends[splice.start - 1] if splice.start else ends[splice.end] if splice.end < len(ends) else ""
            fresh = [near[k] if k < len(near) else beside for k in range(len(splice.lines))]
            texts[splice.start : splice.end] = splice.lines
            ends[splice.start : splice.end] = [end or usual for end in fresh]
        if ends:
            ends[:-1] = [end or usual for end in ends[:-1]]
            ends[-1] = (ends[-1] or usual) if self._final_newline else ""
        self._splices = []


def _changes(fit: Fit, search: Sequence[str], replace: Sequence[str]) -> tuple[Block, ...]:
    keys = [fit.key(line) for line in search], [fit.key(line) for line in replace]
    return tuple(changed_blocks(*keys, join=0))


def _splices(
    texts: Sequence[str],
    fit: Fit,
    search: Sequence[str],
    replace: Sequence[str],
    changes: Sequence[Block],
    path: str,
) -> list[Splice]:
    """What really changes in the file, in its own form."""
    splices = []
    for block in changes:
        new: list[str] = []
        for line in replace[block.new_from : block.new_to]:
            shifted = fit.shift.apply(line) if fit.shift is not None else line
            if shifted is None:
                why = "the edit is indented otherwise than the file, and its new lines cannot be shifted alike"
                raise NoUsableEdit("no_match", why, path=path)
            new.append(shifted)
        start, end = fit.at + block.old_from, fit.at + block.old_to
        if fit.rung == "punctuation" and len(new) == end - start:
            old = search[block.old_from : block.old_to]
            new = [_with_own_marks(*three) for three in zip(texts[start:end], old, new, strict=True)]
        splices.append(Splice(start, end, tuple(new)))
    return splices


def _with_own_marks(own: str, old: str, new: str) -> str:
    """The new line with the file's own punctuation where the edit left the line as it was: at its two ends."""
    own, old = trimmed(own), trimmed(old)
    if len(own) != len(old):
        return new
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    return own[:head] + new[head : len(new) - tail] + (own[len(own) - tail :] if tail else "")


def _plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _places(text: str, piece: str) -> list[int]:
    """Where the piece stands, overlapping places too; a hundred at most."""
    found: list[int] = []
    place = text.find(piece)
    while place >= 0 and len(found) < 100:
        found.append(place)
        place = text.find(piece, place + 1)
    return found


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
