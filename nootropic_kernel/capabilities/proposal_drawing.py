"""Draws a proposal for people: first what there is to decide, then file by file, bounded, and saying what is left."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from nootropic_kernel.capabilities.proposal_document import BELOW, FileView, HunkView, ProposalDocument
from nootropic_kernel.changes.diff_drawing import as_html, terminal
from nootropic_kernel.changes.diff_view import LONGEST_LINE
from nootropic_kernel.workspace.plain_text import UNSEEN, fitted, visible, width

# A page of a text or a Markdown document: so many hunks, or characters in them, whichever comes first.
PAGE_HUNKS = 50
PAGE_CHARACTERS = 60_000
# So many characters of lines are drawn in one HTML output; a notebook is saved with all of it.
HTML_CHARACTERS = 150_000
# Up to so many hunks need no list of files before them.
FEW = 5
MOST_QUOTED = 40
MARKS = {"pending": "•", "accepted": "✓", "edited": "✎", "rejected": "✗", "undone": "↶"}
_STATES = {"pending": "to decide", "edited": "accepted with your own text"}
_CODE = re.compile(r"`([^`]+)`")


def text(result: ProposalDocument, *, color: bool, whole: bool = False) -> str:
    """A page of the diff for a terminal, or with ``whole`` all of it."""
    parts = ["\n".join([*heading(result, color=color), *_file_list(result)])]
    shown = result.hunks if whole else _page(result)
    path = ""
    for hunk in shown:
        if hunk.path != path:
            path = hunk.path
            parts.append(_bold(f"── {visible(path)}", color))
        parts.append(hunk_text(hunk, color=color))
    return "\n\n".join([*parts, *_closing(result, whole=whole)])


def heading(result: ProposalDocument, *, color: bool = False) -> list[str]:
    """What the proposal is, what checks said, how much there is to decide, and what to beware of: a line each."""
    lines = [_bold(visible(result.proposal.heading()), color)]
    lines += ["  " + visible(line).replace("\n", BELOW) for line in result.proposal.check_lines()]
    if len(result.hunks) > 1:
        lines.append("  " + _counts(result))
    if refused := sum(hunk.refused is not None for hunk in result.hunks):
        lines.append(f"  ⚠ {refused} of them cannot be accepted now, and say{'s' * (refused == 1)} why.")
    if _needs_failing(result):
        lines.append("  ⚠ It fails its checks: accept takes it, or a part of it, only with `--failing`.")
    if hiding := [hunk.ref for hunk in result.hunks if any(UNSEEN.search(line.text) for line in hunk.lines)]:
        names = ", ".join(hiding[:5]) + (f" and {len(hiding) - 5} more" if len(hiding) > 5 else "")
        lines.append(f"  ⚠ {names}: characters that hide or turn text around, shown as ⟨U+202E⟩ and the like")
    return lines


def hunk_text(hunk: HunkView, *, color: bool) -> str:
    """One hunk for a terminal: its name and state, what is in its way, its lines."""
    head = f"{MARKS.get(hunk.state, ' ')} {hunk.ref}  {hunk.header}  [{hunk.state_words()}]"
    lines = [f"\x1b[36m{head}\x1b[0m" if color else head]
    if hunk.refused:
        lines.append(f"\x1b[33m⚠ not now: {hunk.refused}\x1b[0m" if color else f"⚠ not now: {hunk.refused}")
    lines.append(terminal(hunk.shown(), color=color))
    if hunk.draft is not None:
        lines += ["  What was proposed:", *quoted(hunk.new)]
    return "\n".join(lines)


def quoted(text: str) -> list[str]:
    """A text beside a diff, as indented lines; a long one is cut, and says so."""
    lines = text.splitlines()
    more = [f"  … {len(lines) - MOST_QUOTED} more lines"] if len(lines) > MOST_QUOTED else []
    return [*(f"  | {visible(line[:LONGEST_LINE])}" for line in lines[:MOST_QUOTED]), *more]


def markdown(result: ProposalDocument) -> str:
    """A page of headings and fenced diffs, as GitHub shows them."""
    first, *rest = heading(result)
    parts = [f"**{plain(first)}**", *(_item(line.strip()) for line in rest)]
    parts += [f"- {plain(' '.join(line.split()))}" for line in _file_list(result)]
    for hunk in _page(result):
        body = terminal(hunk.shown(), color=False)
        fence = "`" * max(3, _longest_run(body) + 1)
        where = f"`{hunk.ref}` {plain(hunk.path)} — {plain(hunk.header)} *({hunk.state_words()})*"
        refused = f" ⚠ {plain(hunk.refused)}" if hunk.refused else ""
        parts.append(f"{where}{refused}\n\n{fence}diff\n{body}\n{fence}")
    return "\n\n".join([*parts, *map(plain, _closing(result))])


def page_html(result: ProposalDocument) -> str:
    """All files with their counts, each opening to its hunks; what would make the page too large is named instead."""
    first, *rest = heading(result)
    out = [f"<p><strong>{html.escape(first)}</strong></p>"]
    if rest:
        items = (f'<li style="white-space:pre-wrap">{html.escape(line.strip())}</li>' for line in rest)
        out.append("<ul>" + "".join(items) + "</ul>")
    left = HTML_CHARACTERS
    begun = opened = False
    views = {view.path: view for view in result.files}
    for path, hunks in groupby(result.hunks, key=lambda hunk: hunk.path):
        drawn: list[str] = []
        left_out = 0
        for hunk in hunks:
            left -= _characters(hunk)
            if left < 0 and begun:
                left_out += 1
            else:
                drawn.append(hunk_html(hunk))
                begun = True
        if left_out:
            command = f"review {result.proposal.id} --file {visible(path)}"
            out_of = f"{left_out} hunk{_s(left_out)} not drawn here"
            drawn.append(f"<p>… {out_of}: <code>{html.escape(command)}</code> shows them.</p>")
        is_open = len(result.hunks) <= FEW or (not opened and views[path].pending > 0)
        opened = opened or is_open
        about = html.escape(" · ".join(part.strip() for part in _about(views[path])))
        summary = f"<summary><code><b>{html.escape(visible(path))}</b></code> {about}</summary>"
        out.append(f"<details{' open' if is_open else ''}>{summary}{''.join(drawn)}</details>")
    out += [f"<p>{with_code(line)}</p>" for line in _closing(result, whole=True)]
    return "".join(out)


def hunk_html(hunk: HunkView, *, both: bool = False) -> str:
    """A hunk with its name, its state and what is in its way.

    Beside a draft stands what was proposed; with ``both``, beside any text of the person's own.
    """
    head = html.escape(f"{MARKS.get(hunk.state, ' ')} {hunk.ref}  {hunk.header}")
    title = f"<code>{head}</code> <em>{html.escape(hunk.state_words())}</em>"
    parts = [f'<div style="margin:10px 0 2px">{title}</div>']
    if hunk.refused:
        parts.append(f'<div role="note">⚠ Not now: {with_code(hunk.refused)}</div>')
    parts.append(as_html(hunk.shown()))
    if hunk.draft is not None or (both and hunk.edited is not None):
        lines = html.escape("\n".join(quoted(hunk.new)))
        parts.append(f"<details><summary>What was proposed</summary><pre>{lines}</pre></details>")
    return "".join(parts)


def with_code(line: str) -> str:
    """A line as HTML: what stands between backticks is shown as code, everything is escaped, nothing hidden."""
    return _CODE.sub(r"<code>\1</code>", html.escape(visible(line)))


def plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line and with nothing hidden."""
    return "".join(f"\\{ch}" if ch in "\\`*_[]<>|#" else " " if ch == "\n" else ch for ch in visible(text))


def _item(line: str) -> str:
    """An item of a Markdown list; the lines below its first, a traceback, are shown as they are."""
    first, _, rest = line.replace(BELOW, "\n").partition("\n")
    if not rest:
        return f"- {plain(first)}"
    fence = "`" * max(3, _longest_run(rest) + 1)
    below = "\n".join(f"  {each}" for each in [f"{fence}text", *rest.split("\n"), fence])
    return f"- {plain(first)}\n\n{below}"


def pages(hunks: Sequence[HunkView]) -> list[list[HunkView]]:
    """The hunks in pages of bounded length; there is always a first one."""
    found: list[list[HunkView]] = [[]]
    room = PAGE_CHARACTERS
    for hunk in hunks:
        cost = _characters(hunk)
        if len(found[-1]) == PAGE_HUNKS or (found[-1] and cost > room):
            found.append([])
            room = PAGE_CHARACTERS
        found[-1].append(hunk)
        room -= cost
    return found


def _page(result: ProposalDocument) -> list[HunkView]:
    every = pages(result.hunks)
    return every[min(max(result.page, 1), len(every)) - 1]


def _counts(result: ProposalDocument) -> str:
    files, hunks = len(result.files), len(result.hunks)
    of_all = f" of {result.total}" if hunks < result.total else ""
    states = Counter(hunk.state for hunk in result.hunks)
    told = ", ".join(f"{states[state]} {_STATES.get(state, state)}" for state in MARKS if states[state])
    return f"{hunks}{of_all} hunks in {files} file{_s(files)}: {told}"


def _file_list(result: ProposalDocument) -> Iterator[str]:
    if len(result.files) < 2 or len(result.hunks) <= FEW:
        return
    yield ""
    columns = min(60, max(width(visible(view.path)) for view in result.files))
    for view in result.files[:200]:
        yield "  ".join(["", fitted(visible(view.path), columns), *_about(view)])
    if len(result.files) > 200:
        yield f"  … and {len(result.files) - 200} more files"


def _about(view: FileView) -> list[str]:
    counts = f"{view.hunks:3} hunk{_s(view.hunks) or ' '}"
    changed = f"+{view.added} −{view.removed}"
    waiting = f"{view.pending} to decide" if view.pending else "decided"
    return [counts, f"{changed:>11}", *([waiting] if view.pending != view.hunks else []), *view.about]


def _closing(result: ProposalDocument, *, whole: bool = False) -> list[str]:
    lines = list(result.notes)
    name = result.proposal.id
    count = len(pages(result.hunks))
    if count > 1 and not whole:
        page = min(max(result.page, 1), count)
        more = f"`review {name} --page {page % count + 1}`, or one file: `review {name} --file PATH`"
        lines.append(f"Page {page} of {count}: {more}.")
    if pending := result.pending():
        flag = " --failing" if _needs_failing(result) else ""
        one = f" or `accept {pending[0].ref}{flag}`" if len(pending) > 1 else ""
        lines.append(f"{len(pending)} to decide: `accept {_name_of_shown(result)}{flag}`{one}, `reject …`.")
    return lines


def _needs_failing(result: ProposalDocument) -> bool:
    return bool(result.pending()) and any(check.passed is False for check in result.proposal.checks)


def _name_of_shown(result: ProposalDocument) -> str:
    """What names the hunks that are shown, and no others."""
    if len(result.hunks) == 1 and result.total > 1:
        return result.hunks[0].ref
    if len(result.hunks) < result.total:
        return f"{result.proposal.id}/{visible(result.files[0].path)}"
    return result.proposal.id


def _characters(hunk: HunkView) -> int:
    return 100 + sum(len(line.text) + 2 for line in hunk.lines)


def _bold(line: str, color: bool) -> str:
    return f"\x1b[1m{line}\x1b[0m" if color else line


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _longest_run(body: str) -> int:
    return max((len(run) for run in re.findall("`+", body)), default=0)
