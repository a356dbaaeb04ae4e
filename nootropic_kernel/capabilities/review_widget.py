"""A proposal with buttons, made of ipywidgets: for notebooks where our own renderer is not there."""

from __future__ import annotations

import html
from typing import Any

from nootropic_kernel.capabilities.base import Result, Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.proposal_views import MOST_SHOWN, HunkView, ProposalResult
from nootropic_kernel.changes.diff_drawing import as_html
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace


def review_widget(shown: ProposalResult, workspace: Workspace) -> Any:
    """The hunks, each with a button to accept and one to reject it; a press calls the same verbs as typing them.

    :raises ImportError: where there is no ipywidgets.
    """
    import ipywidgets

    message = ipywidgets.HTML()
    body = ipywidgets.VBox()

    def decide(verb: str, ref: str) -> None:
        session = Session(workspace, face="widget")
        try:
            told: Result | NootropicError = invoke(verb, {"refs": [ref]}, session)
            stored = ProposalStore(session.database(), workspace).get(shown.proposal.id)
            draw(ProposalResult.of(stored, workspace))
        except NootropicError as error:
            told = error
        finally:
            session.close()
        message.value = f"<pre>{html.escape(str(told))}</pre>"

    def draw(current: ProposalResult) -> None:
        wanted = {hunk.ref for hunk in shown.hunks}
        body.children = [_row(hunk, decide) for hunk in current.hunks if hunk.ref in wanted][:MOST_SHOWN]

    draw(shown)
    heading = ipywidgets.HTML(f"<strong>{html.escape(shown.proposal.heading())}</strong>")
    return ipywidgets.VBox([heading, body, message])


def _row(hunk: HunkView, decide: Any) -> Any:
    import ipywidgets

    title = f"<code>{html.escape(f'{hunk.ref} {hunk.path} {hunk.header}')}</code> {hunk.state}"
    parts = [ipywidgets.HTML(title), ipywidgets.HTML(as_html(hunk.shown()))]
    if hunk.state == "pending":
        accept = ipywidgets.Button(description=f"Accept {hunk.ref}", button_style="success")
        reject = ipywidgets.Button(description=f"Reject {hunk.ref}")
        accept.on_click(lambda _: decide("accept", hunk.ref))
        reject.on_click(lambda _: decide("reject", hunk.ref))
        parts.append(ipywidgets.HBox([accept, reject]))
    return ipywidgets.VBox(parts)
