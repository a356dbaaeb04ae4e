"""A proposal with buttons, made of ipywidgets: for notebooks where our own renderer is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.proposal_document import HunkView
from nootropic_kernel.capabilities.proposal_drawing import heading, hunk_html, with_code
from nootropic_kernel.capabilities.proposal_views import ProposalResult
from nootropic_kernel.changes.accept import ChecksFail
from nootropic_kernel.changes.dry_run import refusals
from nootropic_kernel.changes.layers import NeedsOwnYes
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

# So many hunks have widgets at a time: each is some ten objects in the browser.
PAGE = 10
_FILTERS = {
    "all": "All hunks",
    "pending": "To decide",
    "accepted": "Accepted",
    "edited": "Accepted with your text",
    "rejected": "Rejected",
    "undone": "Undone",
}


def review_widget(shown: ProposalResult, workspace: Workspace) -> Any:
    """The hunks with buttons to decide; a press calls the same verbs as typing them.

    :raises ImportError: where there is no ipywidgets.
    """
    return ReviewPanel(shown, workspace).widget


class ReviewPanel:
    """The state of one review in a cell: what is shown, where the person is, and what the last press did."""

    def __init__(self, shown: ProposalResult, workspace: Workspace) -> None:
        import ipywidgets

        self.make = ipywidgets
        self.workspace = workspace
        self.wanted = {hunk.number for hunk in shown.hunks}
        self.shown = shown
        self.first = 0
        self.editing: str | None = None
        self.typed = ""
        self.message = ipywidgets.HTML()
        self.own_yes = ipywidgets.HBox()
        self.heading = ipywidgets.HTML()
        self.progress = ipywidgets.IntProgress(min=0)
        self.told = ipywidgets.HTML()
        self.filter = ipywidgets.Dropdown(
            options=[(label, state) for state, label in _FILTERS.items()],
            description="Show",
            tooltip="Which hunks are shown",
        )
        self.filter.observe(lambda _: self._turn_to(0), names="value")
        self.tools = ipywidgets.HBox(layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.body = ipywidgets.VBox()
        self.pager = ipywidgets.HBox(layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.widget = ipywidgets.VBox(
            [
                self.heading,
                ipywidgets.HBox([self.progress, self.told]),
                self.tools,
                self.message,
                self.own_yes,
                self.body,
                self.pager,
            ]
        )
        self._draw()

    def decide(self, verb: str, arguments: Mapping[str, Any]) -> bool:
        """Call a verb, tell what it did or why it refused, and show what holds now; whether it did it."""
        session = Session(self.workspace, face="widget")
        self.own_yes.children = []
        try:
            told, sign = invoke(verb, arguments, session).text(), ""
        except (NeedsOwnYes, ChecksFail) as error:
            told, sign = str(error), "⚠ "
            fails = isinstance(error, ChecksFail)
            yes = {**arguments, "failing" if fails else "allow_executable": True}
            tip = "Yes to a change that fails its checks" if fails else "Yes to files that run by themselves"
            label = "Accept it all the same" if fails else "Accept these too"
            self.own_yes.children = [self._plain(label, tip, lambda: self.decide(verb, yes))]
        except NootropicError as error:
            told, sign = str(error), "⚠ "
        finally:
            self._reload(session)
            session.close()
        lines = "".join(f"<div>{with_code(sign + line)}</div>" for line in told.split("\n"))
        self.message.value = f'<div role="status">{lines}</div>'
        self._draw()
        return not sign

    def _reload(self, session: Session) -> None:
        proposal = ProposalStore(session.database(), self.workspace).get(self.shown.proposal.id)
        refused = refusals(self.workspace, proposal)
        notes = self.shown.notes
        self.shown = ProposalResult.of(proposal, self.workspace, only=self.wanted, notes=notes, refused=refused)

    def _filtered(self) -> list[HunkView]:
        return [hunk for hunk in self.shown.hunks if self.filter.value in ("all", hunk.state)]

    def _draw(self) -> None:
        hunks = self._filtered()
        self.first = max(0, min(self.first, (len(hunks) - 1) // PAGE * PAGE))
        page = hunks[self.first : self.first + PAGE]
        first, *rest = heading(self.shown)
        facts = "".join(f'<li style="white-space:pre-wrap">{with_code(line.strip())}</li>' for line in rest)
        notes = "".join(f"<p>{with_code(note)}</p>" for note in self.shown.notes)
        self.heading.value = f"<strong>{with_code(first)}</strong><ul>{facts}</ul>{notes}"
        total = len(self.shown.hunks)
        decided = total - len(self.shown.pending())
        self.progress.max, self.progress.value = total, decided
        self.told.value = f"{decided} of {total} decided"
        self.tools.children = self._tools()
        self.body.children = self._rows(page) or [self.make.HTML("<p>No hunk is in this state.</p>")]
        self.pager.children = self._pager(len(hunks)) if len(hunks) > PAGE else []

    def _tools(self) -> list[Any]:
        pending = bool(self.shown.pending())
        view = self.shown.proposal
        # The hunks that are shown and no others: a part of a proposal may have been asked for.
        refs = [hunk.ref for hunk in self.shown.pending()]
        whole = len(self.shown.hunks) == self.shown.total
        named = [view.id] if whole else refs
        tools = [
            self.filter,
            self._button(
                "Accept all", "Accept every hunk that is still to decide", "accept", named, pending, "success"
            ),
            self._button("Reject all", "Reject every hunk that is still to decide", "reject", named, pending),
            self._plain("◀ To decide", "The previous page with a hunk to decide", lambda: self._jump(-1), pending),
            self._plain("To decide ▶", "The next page with a hunk to decide", lambda: self._jump(1), pending),
        ]
        if view.undoable:
            tools.append(self._button(f"Undo {view.undoable}", "Take the last turn back", "undo", [view.undoable]))
        if view.redoable:
            tools.append(self._button(f"Redo {view.redoable}", "Bring back what was undone", "redo", [view.redoable]))
        return tools

    def _rows(self, page: list[HunkView]) -> list[Any]:
        rows: list[Any] = []
        path = None
        for hunk in page:
            if hunk.path != path:
                path = hunk.path
                rows.append(self._file(path))
            rows.append(self._hunk(hunk))
        return rows

    def _file(self, path: str) -> Any:
        view = next(view for view in self.shown.files if view.path == path)
        about = f"{view.hunks - view.pending} of {view.hunks} decided · +{view.added} −{view.removed}"
        title = f"<b>{with_code(path)}</b> {with_code(' · '.join([*view.about, about]))}"
        refs = [hunk.ref for hunk in self.shown.hunks if hunk.path == path and hunk.state == "pending"]
        parts = [self.make.HTML(title)]
        if view.hunks > 1:
            parts += [
                self._button("Accept file", f"Accept all of {path}", "accept", refs, bool(refs)),
                self._button("Reject file", f"Reject all of {path}", "reject", refs, bool(refs)),
            ]
        return self.make.HBox(parts, layout=self.make.Layout(flex_flow="row wrap"))

    def _hunk(self, hunk: HunkView) -> Any:
        drawn = self.make.HTML(hunk_html(hunk, both=True))
        parts = [drawn, *([self._editor(hunk)] if self.editing == hunk.ref else [self._actions(hunk)])]
        return self.make.VBox(parts, layout=self.make.Layout(margin="0 0 12px 0"))

    def _actions(self, hunk: HunkView) -> Any:
        ref = hunk.ref
        if hunk.state in ("accepted", "edited"):
            buttons = [self._button(f"Undo {ref}", "Take this hunk back", "undo", [ref])]
        elif hunk.state == "undone":
            buttons = [self._button(f"Redo {ref}", "Bring this hunk back", "redo", [ref])]
        else:
            buttons = [
                self._button(f"Accept {ref}", "Write it to the file and commit it", "accept", [ref], True, "success")
            ]
            if hunk.state == "pending":
                buttons.append(self._button(f"Reject {ref}", "Leave the file as it is", "reject", [ref]))
            if hunk.kind != "file" or hunk.header.startswith("new "):
                buttons.append(self._plain(f"Edit {ref}", "Write your own text instead", lambda: self._edit(hunk)))
        return self.make.HBox(buttons)

    def _editor(self, hunk: HunkView) -> Any:
        rows = min(24, self.typed.count("\n") + 3)
        area = self.make.Textarea(self.typed, layout=self.make.Layout(width="95%", height=f"{rows * 1.4:.0f}em"))
        area.observe(lambda change: setattr(self, "typed", change.new), names="value")
        ref = hunk.ref
        buttons = [
            self._plain("Accept my text", "Write your text to the file and commit it", lambda: self._keep(ref, True)),
            self._plain("Keep as draft", "Keep your text; accept takes it later", lambda: self._keep(ref, False)),
            self._plain("Cancel", "Leave the hunk as it is", lambda: self._edit(None)),
        ]
        if hunk.draft is not None:
            buttons.append(self._plain("As proposed", "Drop your text", lambda: self._keep(ref, False, reset=True)))
        return self.make.VBox([area, self.make.HBox(buttons)])

    def _keep(self, ref: str, accept: bool, *, reset: bool = False) -> None:
        """Keep what was typed as a draft (or drop it), and accept it; what was typed stays where that is refused."""
        text = {"reset": True} if reset else {"text": self.typed}
        if self.decide("edit", {"ref": ref, **text}) and (not accept or self.decide("accept", {"refs": [ref]})):
            self._edit(None)

    def _edit(self, hunk: HunkView | None) -> None:
        self.editing = None if hunk is None else hunk.ref
        if hunk is not None:
            self.typed = hunk.new if hunk.draft is None else hunk.draft
        self._draw()

    def _pager(self, count: int) -> list[Any]:
        last = (count - 1) // PAGE * PAGE
        return [
            self._plain("◀ Page", "Previous page", lambda: self._turn_to(self.first - PAGE), self.first > 0),
            self.make.HTML(f"{self.first + 1} to {min(self.first + PAGE, count)} of {count} hunks"),
            self._plain("Page ▶", "Next page", lambda: self._turn_to(self.first + PAGE), self.first < last),
        ]

    def _turn_to(self, first: int) -> None:
        self.first = first
        self._draw()

    def _jump(self, step: int) -> None:
        """Go to the nearest page that way with a hunk to decide, around the end where there is none."""
        places = [k // PAGE * PAGE for k, hunk in enumerate(self._filtered()) if hunk.state == "pending"]
        if not places:
            self.filter.value = "all"  # the filter hides them
            places = [k // PAGE * PAGE for k, hunk in enumerate(self._filtered()) if hunk.state == "pending"]
        ahead = [place for place in places if (place - self.first) * step > 0]
        self._turn_to((min(ahead) if step > 0 else max(ahead)) if ahead else places[0 if step > 0 else -1])

    def _button(
        self, label: str, tooltip: str, verb: str, refs: list[str], enabled: bool = True, style: str = ""
    ) -> Any:
        return self._plain(label, tooltip, lambda: self.decide(verb, {"refs": refs}), enabled, style)

    def _plain(
        self, label: str, tooltip: str, press: Callable[[], object], enabled: bool = True, style: str = ""
    ) -> Any:
        button = self.make.Button(description=label, tooltip=tooltip, disabled=not enabled, button_style=style)
        button.layout.width = "auto"
        button.on_click(lambda _: press())
        return button
