"""What an MCP client may read: the plan, the proposals that wait for a decision, and what each would change.

https://modelcontextprotocol.io/specification/2025-11-25/server/resources

Reading leaves no trace: a workspace without a state folder gets none. Secrets are taken out of every text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

if TYPE_CHECKING:
    from nootropic_kernel.changes.store import ProposalStore

T = TypeVar("T")
_ROOT = "nootropic://"
_PLAN, _PROPOSALS = f"{_ROOT}plan", f"{_ROOT}proposals"
_MARKDOWN, _JSON, _DIFF = "text/markdown", "application/json", "text/x-diff"
_MOST_LISTED = 200
_MOST_CHARACTERS = 200_000

TEMPLATES = [
    {
        "uriTemplate": f"{_PROPOSALS}/{{id}}/diff",
        "name": "proposal",
        "title": "A proposal as a diff",
        "description": "All that a proposal (P1) would change.",
        "mimeType": _DIFF,
    },
    {
        "uriTemplate": f"{_PROPOSALS}/{{id}}/files/{{path}}",
        "name": "proposed file",
        "title": "One file of a proposal as a diff",
        "description": "What a proposal would change in one file; the path is percent-encoded.",
        "mimeType": _DIFF,
    },
]


class NoSuchResource(NootropicError):
    """There is nothing to read at that address."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"There is no resource {uri[:200]!r}.", next="resources/list names those that there are.", uri=uri[:200]
        )


class Resources:
    """The resources of one workspace, as they are at each call."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def listed(self) -> list[dict[str, Any]]:
        """What there is now: the plan, the open proposals, and the diffs of the newest of them."""
        found = [_resource(_PROPOSALS, "proposals", "Proposals that wait for a decision", _JSON)]
        if self._plan() is not None:
            found.insert(0, _resource(_PLAN, "plan", "The plan: project-spec.md", _MARKDOWN))
        for head in reversed(self._open()):
            address = f"{_PROPOSALS}/{head['id']}"
            found.append(_resource(f"{address}/diff", head["id"], f"{head['id']}: {head['title']}", _DIFF))
            for path in head["paths"]:
                uri = f"{address}/files/{quote(path, safe='')}"
                found.append(_resource(uri, f"{head['id']}/{path}", f"{head['id']}: {path}", _DIFF))
        return found[:_MOST_LISTED]

    def read(self, uri: str) -> dict[str, Any]:
        """The content of one.

        :raises NoSuchResource: when there is none of that address.
        """
        from nootropic_kernel.checks.scan import redact

        kind, text = self._content(uri)
        text = redact(text)
        if len(text) > _MOST_CHARACTERS:
            text = f"{text[:_MOST_CHARACTERS]}\n… {len(text) - _MOST_CHARACTERS} more characters\n"
        return {"uri": uri, "mimeType": kind, "text": text}

    def _content(self, uri: str) -> tuple[str, str]:
        if uri == _PLAN and (plan := self._plan()) is not None:
            return _MARKDOWN, plan
        if uri == _PROPOSALS:
            return _JSON, json.dumps({"proposals": self._open()}, indent=2, ensure_ascii=False)
        match uri.removeprefix(f"{_PROPOSALS}/").split("/") if uri.startswith(f"{_PROPOSALS}/") else []:
            case [identifier, "diff"]:
                return _DIFF, self._diff(uri, identifier, None)
            case [identifier, "files", path]:
                return _DIFF, self._diff(uri, identifier, unquote(path))
        raise NoSuchResource(uri)

    def _plan(self) -> str | None:
        from nootropic_kernel.changes.files import read_file
        from nootropic_kernel.planning.spec.file import FILE_NAME

        there = read_file(self._workspace.root, FILE_NAME)
        return None if there is None else there.content.decode("utf-8", "replace")

    def _open(self) -> list[dict[str, Any]]:
        """The proposals with something left to decide, oldest first."""
        from nootropic_kernel.capabilities.proposal_list import ProposalSummary

        def summaries(store: ProposalStore) -> list[dict[str, Any]]:
            heads = [head for head in store.overview().proposals if head.pending]
            return [ProposalSummary.of(head).model_dump(mode="json") for head in heads]

        return self._with_store(summaries, [])

    def _diff(self, uri: str, identifier: str, path: str | None) -> str:
        from nootropic_kernel.changes.diff_view import file_diff
        from nootropic_kernel.changes.store import NoSuchProposal

        def diff(store: ProposalStore) -> str | None:
            try:
                changeset = store.get(identifier).changeset
            except NoSuchProposal:
                return None
            edits = [edit for edit in changeset.files if path in (None, edit.path)]
            return "".join(file_diff(changeset, edit) for edit in edits) if edits else None

        found = self._with_store(diff, None)
        if found is None:
            raise NoSuchResource(uri)
        return found

    def _with_store(self, work: Callable[[ProposalStore], T], nothing: T) -> T:
        """What ``work`` makes of the proposals; ``nothing`` where there is no state yet."""
        if not (self._workspace.state_dir / "state.db").is_file():
            return nothing
        from nootropic_kernel.capabilities.base import Session
        from nootropic_kernel.changes.store import ProposalStore

        session = Session(self._workspace, face="mcp")
        try:
            return work(ProposalStore(session.database(), self._workspace))
        finally:
            session.close()


def _resource(uri: str, name: str, title: str, kind: str) -> dict[str, Any]:
    from nootropic_kernel.workspace.plain_text import visible

    return {"uri": uri, "name": visible(name), "title": visible(title), "mimeType": kind}
