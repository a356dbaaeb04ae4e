"""Who serves what a step asks for: the model, the files, the search, the sandbox and the person."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from nootropic_kernel.agents.coder import FORMAT_RETRIES
from nootropic_kernel.agents.edit_prompt import ModelFacts
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.files import read_file
from nootropic_kernel.changes.formats.repetition import REPEATS, Repetition
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.checks.tests_run import VARIABLES
from nootropic_kernel.checks.tests_run.pipe import ReportPipe
from nootropic_kernel.checks.tests_run.report import rewritten
from nootropic_kernel.checks.worktree import worktree_with
from nootropic_kernel.models.catalogue import EMBEDDED, find_model
from nootropic_kernel.models.contract import Backend, ChatRequest, Message
from nootropic_kernel.models.errors import ModelError, NoModel
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.router import Router
from nootropic_kernel.models.validation import RETRIES
from nootropic_kernel.retrieval import Index, search
from nootropic_kernel.runs.driver import Handlers
from nootropic_kernel.runs.effects import Answer, Approve, Ask, Read, Run, RunResult, Search, Single, Snippet
from nootropic_kernel.runs.errors import NobodyToAsk
from nootropic_kernel.sandbox import run_approved, run_confined
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import current_span
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import check_path, lexical_fault
from nootropic_kernel.workspace.settings import Settings

_TRIAL = re.compile(r"trial:[0-9a-f]{16}")
# Purposes of an `Ask` that say that the answer before it did not do.
_REJECTED = ("format retry", "repair", "plan retry")


# No tokenizer makes this much of a token; who sends more does not keep to the limit that was asked for.
_CHARS_A_TOKEN = 32


class _Enough(Exception):
    """Thrown into a model's stream to end it; ``reason`` is the answer's finish reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Workbench:
    """The real handlers of one run.

    A step never has a folder to run things in: it registers edits with `trial` and names that trial in its ``Run``;
    the handler makes a worktree with those edits and runs the command there, confined.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        *,
        approve: Callable[[str], bool] | None = None,
        on_text: Callable[[str], None] | None = None,
        tell: Callable[[str], None] = lambda text: None,
        backend: str = "",
    ) -> None:
        self.workspace = workspace
        self._policy = Policy(backend=backend)
        self._approve = approve
        self._on_text = on_text
        self._tell = tell
        self._trials: dict[str, tuple[FileEdit, ...]] = {}
        self._settings = settings
        self._router = Router(settings, workspace)
        self._answered: Answer | None = None
        self._attempt = 0
        self._taken_over = 0
        self._paths: list[str] | None = None

    def handlers(self) -> Handlers:
        """The handlers that the driver wants."""
        return Handlers(
            ask=self._ask,
            approve=self._person,
            run=self._run,
            search=self._search,
            read=self._read,
            depends_on=self._depends_on,
            replayed=self._replayed,
        )

    def model(self) -> Backend:
        """The model that is asked first.

        :raises NoModel: when there is none.
        """
        return self._router.choose(self._policy).candidate.backend

    def paths(self) -> list[str]:
        """The files that an agent may see: tracked or trackable, not secret, not our own."""
        if self._paths is None:
            listed = Git(self.workspace.root).files() if self.workspace.has_git else _plain_files(self.workspace.root)
            self._paths = [path for path in listed if not lexical_fault(path)]
        return self._paths

    def model_facts(self) -> ModelFacts:
        """What is known of the model that will be asked; nothing when none can be."""
        try:
            backend = self.model()
        except NoModel:
            return ModelFacts()  # whoever asks is told why
        served = self._settings.backends.get(backend.name)
        if served is not None:
            return ModelFacts(served.model, served.context_window)
        embedded = find_model()
        return ModelFacts(embedded.name, embedded.serve.n_ctx)

    def forewarn(self, title: str) -> None:
        """Say before the wait what to expect, where the embedded model is to make an edit: most of its edits fail."""
        if self.model().kind != EMBEDDED:
            return
        said = (
            f"“{title}” goes to the embedded model {find_model().name}: it is small, and most of its edits fail. "
            "Nothing is written to your files. You may stop it, and name a larger model in your settings "
            "(`noo doctor` lists what answers here), or make the change yourself."
        )
        if self._on_text is not None:
            self._on_text(f"{said}\n\n")
        else:
            self._tell(said)

    def trial(self, edits: Sequence[FileEdit]) -> str:
        """The name under which a ``Run`` finds the files with these edits applied."""
        digest = hashlib.sha256()
        for edit in edits:
            digest.update(f"{edit.renamed_from}\0{edit.path}\0{edit.mode}\0".encode("utf-8", "surrogateescape"))
            digest.update(b"-" if edit.new is None else edit.new)
        name = f"trial:{digest.hexdigest()[:16]}"
        self._trials[name] = tuple(edits)
        return name

    def tell_busy(self, owner: str) -> None:
        """Say that another process does the same, and is waited for."""
        self._tell(f"{owner} is doing exactly this already; waiting for it …")

    def _depends_on(self, effect: Single) -> str:
        """An answer holds for the model that gave it; a test run, and a yes to it, for the files as they were."""
        if isinstance(effect, Ask):
            try:
                return self.model().identity
            except ModelError:
                return ""
        return self._state_of_files()

    def _state_of_files(self) -> str:
        """Changes whenever a file changes."""
        seen = hashlib.sha256()
        for path in self.paths():
            try:
                status = os.lstat(self.workspace.root / path)
            except OSError:
                continue
            seen.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        return seen.hexdigest()

    def _replayed(self, effect: Single) -> None:
        """What was heard before is not shown again as if it were new; it is only counted."""
        self._taken_over += 1
        if isinstance(effect, Ask):
            self._count(effect.purpose)

    def _begin(self, what: str) -> None:
        """Say what begins now, and first what an earlier try had done already."""
        if self._taken_over:
            self._tell(f"Resumed after step {self._taken_over}.")
            self._taken_over = 0
        self._tell(what)

    def _ask(self, ask: Ask, cancel: threading.Event) -> Answer:
        if self._answered is not None and ask.purpose in _REJECTED:
            self._router.report(self._answered, passed=False)
        name = self.model().name
        current = current_span()
        current.set(semconv.PURPOSE, ask.purpose)
        current.set(semconv.PROMPT, ask.prompt)
        current.set(semconv.PROMPT_VERSION, ask.prompt_version)
        messages = tuple(Message(message.role, _sendable(redact(message.content))) for message in ask.messages)
        request = ChatRequest(messages, ask.max_tokens, ask.temperature, ask.schema, purpose=ask.purpose)
        self._begin(f"Asking {name}{self._heading(ask.purpose)} …")
        prompt = "\n".join(message.content for message in messages)
        watcher = Repetition(prompt)

        def hear(piece: str) -> None:
            if self._on_text is not None:
                self._on_text(piece)
            if watcher.add(piece):
                raise _Enough(REPEATS)  # waiting for its token limit would cost a minute and bring more of the same
            if len(watcher.text) > ask.max_tokens * _CHARS_A_TOKEN:
                raise _Enough("length")

        def begin_anew(sentence: str) -> None:
            nonlocal watcher
            if self._on_text is not None and watcher.text:
                self._on_text(f"\n\n— {sentence} —\n\n")
            watcher = Repetition(prompt)
            self._tell(sentence)

        policy = replace(self._policy, prompt=f"{ask.prompt}@{ask.prompt_version}", waits_for_budget=True)
        try:
            answer = self._router.answer(request, hear, cancel, policy=policy, on_anew=begin_anew)
        except _Enough as enough:
            current.set("nootropic.ended", enough.reason)
            answer = Answer(watcher.text, name, name, enough.reason)
        self._answered = answer
        return answer

    def _count(self, purpose: str) -> None:
        self._attempt = self._attempt + 1 if purpose.endswith(" retry") else 1

    def _heading(self, purpose: str) -> str:
        """Which attempt this is, for the status line; it also parts the streamed answers."""
        self._count(purpose)
        if purpose == "format retry":
            which = f"attempt {self._attempt} of at most {FORMAT_RETRIES + 1}"
        elif purpose == "plan retry":
            which = f"attempt {self._attempt} of at most {RETRIES + 1}"
        elif purpose == "repair":
            which = "repair, because a check failed"
        else:
            return ""
        if self._on_text is not None:
            self._on_text(f"\n\n— {which} —\n\n")
        return f" ({which})"

    def _person(self, approve: Approve, cancel: threading.Event) -> bool:
        if self._approve is None:
            raise NobodyToAsk(approve.question)
        return self._approve(approve.question)

    def _run(self, run: Run, cancel: threading.Event) -> RunResult:
        edits = self._trials.get(run.folder) if _TRIAL.fullmatch(run.folder) else None
        if edits is None:
            raise PathRefused(run.folder, "A command runs only in a trial of a change")
        self._begin("Trying the change in the sandbox …")
        current = current_span()
        current.set("nootropic.command", " ".join(run.command[:3]))
        launch = run_approved if run.approved else run_confined
        said = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        with worktree_with(self.workspace, edits, self._tell) as folder, ReportPipe() as pipe:
            done = launch(
                run.command, folder, environment=said, timeout_s=run.timeout_s, cancel=cancel, channel=pipe.channel
            )
        current.set("nootropic.sandbox", done.level)
        current.set("process.exit.code", done.code)

        def kept(text: str) -> str:
            """What tests print goes to the journal, the proposal and perhaps a model; the copy's own place, which is
            another one each time and gone already, tells nobody anything."""
            return redact(text.replace(f"{folder}/", "").replace(str(folder), "."))

        return RunResult(
            done.code,
            kept(done.output),
            kept(done.errors),
            done.level,
            done.limits,
            rewritten(pipe.report, kept),
            kept(done.stopped_by),
            done.unenforced,
        )

    def _search(self, wanted: Search, cancel: threading.Event) -> list[Snippet]:
        hits = search(Index(self.workspace), wanted.query, wanted.limit)
        current_span().set("nootropic.limit", wanted.limit)
        current_span().set("nootropic.context", [f"{hit.path}:{hit.start}-{hit.end}" for hit in hits])
        return [Snippet(hit.path, hit.start, hit.end, hit.text, hit.score, hit.name) for hit in hits]

    def _read(self, read: Read, cancel: threading.Event) -> bytes | None:
        if read.path not in self.paths() or not _lies_inside(self.workspace.root, read.path):
            check_path(self.workspace, read.path)
        there = read_file(self.workspace.root, read.path)
        return None if there is None else there.content


def _sendable(text: str) -> str:
    """The text without what UTF-8 cannot hold: a found file's name may be bytes of another encoding."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _lies_inside(root: Path, path: str) -> bool:
    return Path(os.path.realpath(root / path)) == Path(os.path.realpath(root)) / path


def _plain_files(root: Path) -> list[str]:
    skipped = {"node_modules", "__pycache__", "venv"}
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in skipped and not name.startswith(".")]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in files]
    return sorted(found)
