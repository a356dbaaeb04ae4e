"""Review hunk by hunk in a terminal: a line of input for each, and one turn with all that was accepted at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.proposal_document import HunkView
from nootropic_kernel.capabilities.proposal_drawing import MARKS, heading, hunk_text, quoted
from nootropic_kernel.capabilities.proposal_views import ProposalResult, terminal_has_color
from nootropic_kernel.changes.dry_run import refusals
from nootropic_kernel.changes.store import Proposal
from nootropic_kernel.workspace.errors import Interrupted, NootropicError, UsageError
from nootropic_kernel.workspace.plain_text import visible

HELP = """\
y  accept this hunk                      n  reject it
e  edit it in your editor, and accept    s  leave it undecided
a  accept the rest of this file          d  reject the rest of this file
A  accept all the rest                   u  take back the last answer
j  next hunk, decided or not             k  previous hunk
g  go to a hunk: g 12                    /  search: /text
q  no more questions: go to the end      ?  this help
At the end y carries out what you answered; n or q leaves, and nothing is carried out.
Ctrl-C ends and carries out nothing. What you accept becomes one turn, which `undo` takes back."""


_WORDS = {"yes": "y", "no": "n", "quit": "q", "help": "?"}


@dataclass(frozen=True)
class Answer:
    """What the person answered for a hunk, with their own text where they edited it."""

    accept: bool
    text: str | None = None

    def words(self) -> str:
        """The answer for a heading."""
        if not self.accept:
            return "you reject it"
        return "you accept it" if self.text is None else "you accept your own text"


def review_interactively(proposal: Proposal, numbers: Sequence[int], session: Session) -> list[str]:
    """Ask about each of the hunks that is pending, carry the answers out, and return sentences on what was done.

    Raises:
        UsageError: nobody can answer here: an agent, a pipe, a page.
        Interrupted: the person stopped, or the input ended; nothing was carried out.
    """
    if session.ask is None:
        buttons = f", with the buttons of `%noo review {proposal.id} --widgets`" if session.face == "magic" else ""
        raise UsageError(
            "There is nobody to answer.",
            why="An interactive review needs a terminal.",
            next=f"Decide with `accept {proposal.id}:1` and `reject {proposal.id}:2`{buttons}, or in a terminal.",
        )
    refused = refusals(session.workspace, proposal, unsaved=session.unsaved)
    shown = ProposalResult.of(proposal, session.workspace, only=set(numbers), refused=refused)
    pending = shown.pending()
    if not pending:
        return [f"Nothing waits for a decision in {proposal.id}."]
    dialogue = Dialogue(pending, session, session.ask)
    session.write("\n".join([*heading(shown, color=terminal_has_color()), "  ? explains the letters"]) + "\n")
    if not dialogue.run():
        return ["Nothing was carried out; all hunks are as they were."]
    return _carry_out(pending, dialogue.answers, session, session.ask)


class Dialogue:
    """The questions and answers; nothing is decided here. Places count from 0, ``len(hunks)`` is the end."""

    def __init__(self, hunks: Sequence[HunkView], session: Session, ask: Callable[[str], str | None]) -> None:
        self.hunks = hunks
        self.session = session
        self.ask = ask
        self.answers: dict[int, Answer] = {}
        self.at = 0
        self.color = terminal_has_color()
        self._before: list[tuple[int, dict[int, Answer]]] = []
        self._sought = ""

    def run(self) -> bool:
        """Ask until the person ends it; whether the answers shall be carried out."""
        drawn = None
        while True:
            if drawn != (self.at, len(self._before)):
                self._draw()
                drawn = (self.at, len(self._before))
            line = self.ask(self._prompt())
            if line is None:
                raise Interrupted("The review was stopped; all hunks are as they were.")
            ended = self._follow(line.strip())
            if ended is not None:
                return ended

    def _follow(self, line: str) -> bool | None:
        """Do what a line says; where it ends the review, whether the answers shall be carried out."""
        line = _WORDS.get(line.lower(), line)
        key, rest = line[:1], line[1:].strip()
        ended = self.at == len(self.hunks)
        if rest and key not in ("g", "/"):  # `abort` is not `a`
            key = line
        if ended and key in ("y", "n", "q"):
            return key == "y"
        if key == "q":
            if not self.answers:
                return True
            self.at = len(self.hunks)
        elif key in ("?", ""):
            self._say(HELP if key else "Answer with one of the letters; ? explains them.")
        elif key == "u":
            self._take_back()
        elif key in ("j", "k"):
            self._go(self.at + (1 if key == "j" else -1))
        elif key == "g":
            self._go_to(rest or self.ask("Go to hunk: ") or "")
        elif key == "/":
            self._search(rest or self._sought)
        elif key == "A":
            self._answer(Answer(True), [k for k in range(len(self.hunks)) if k not in self.answers])
        elif ended:
            self._say("y carries your answers out, n or q leaves without; u takes the last back, k goes back.")
        elif key in ("y", "n"):
            self._answer(Answer(key == "y"), [self.at])
        elif key in ("a", "d"):
            rest_of_file = [
                k for k in range(self.at, len(self.hunks)) if self.hunks[k].path == self.hunks[self.at].path
            ]
            self._answer(Answer(key == "a"), [k for k in rest_of_file if k == self.at or k not in self.answers])
        elif key == "s":
            self._on()
        elif key == "e":
            self._edit()
        else:
            self._say(f"`{visible(line[:20])}` is no answer; ? explains them.")
        return None

    def _answer(self, answer: Answer, places: Iterable[int]) -> None:
        self._before.append((self.at, dict(self.answers)))
        self.answers.update(dict.fromkeys(places, answer))
        self._on()

    def _on(self) -> None:
        """Go to the next hunk without an answer, or to the end."""
        rest = range(self.at + 1, len(self.hunks))
        self.at = next((k for k in rest if k not in self.answers), len(self.hunks))

    def _take_back(self) -> None:
        if not self._before:
            self._say("There is no answer to take back.")
            return
        self.at, self.answers = self._before.pop()

    def _go(self, place: int) -> None:
        if not 0 <= place <= len(self.hunks):
            self._say("This is the first hunk." if place < 0 else "There are no more hunks.")
            return
        self.at = place

    def _go_to(self, name: str) -> None:
        name = name.strip().rpartition(":")[2]
        place = next((k for k, hunk in enumerate(self.hunks) if str(hunk.number) == name), None)
        if place is None:
            first, last = self.hunks[0].number, self.hunks[-1].number
            self._say(f"There is no hunk {visible(name[:20])} to decide; they lie between {first} and {last}.")
            return
        self.at = place

    def _search(self, text: str) -> None:
        self._sought = text
        for place in [*range(self.at + 1, len(self.hunks)), *range(self.at + 1)]:
            if place < len(self.hunks) and text and text.casefold() in _searched(self.hunks[place]):
                self.at = place
                return
        self._say(f"`{visible(text[:40])}` is in none of these hunks." if text else "Write what to find: /text")

    def _edit(self) -> None:
        hunk = self.hunks[self.at]
        if hunk.kind == "file" and not hunk.header.startswith("new "):
            self._say("This hunk is about the whole file; it has no lines to edit.")
            return
        if self.session.edit_text is None:
            self._say(f"There is no editor here; `accept {hunk.ref}` takes a text of your own too.")
            return
        before = self.answers.get(self.at)
        text = before.text if before is not None and before.text is not None else hunk.draft
        try:
            written = self.session.edit_text(hunk.new if text is None else text, hunk.path)
        except Interrupted:
            raise
        except NootropicError as error:
            self._say(str(error))
            return
        as_is = written == (hunk.new if hunk.draft is None else hunk.draft)
        self._answer(Answer(True, None if as_is else written), [self.at])

    def _draw(self) -> None:
        if self.at == len(self.hunks):
            self._say(f"\nYour answers: {self._tally()}")
            return
        hunk = self.hunks[self.at]
        answer = self.answers.get(self.at)
        said = ""
        if answer is not None:
            said = f"\n  {MARKS['accepted' if answer.accept else 'rejected']} {answer.words()}"
            said += "".join(f"\n{line}" for line in quoted(answer.text or ""))
        place = f"── {visible(hunk.path)} · {self.at + 1} of {len(self.hunks)}"
        head = f"\x1b[1m{place}\x1b[0m" if self.color else place
        self._say(f"\n{head}\n{hunk_text(hunk, color=self.color)}{said}")

    def _prompt(self) -> str:
        if self.at == len(self.hunks):
            return "Carry this out? [y,n,u,k,g,/,q,?] "
        return f"Accept {self.hunks[self.at].ref}? [y,n,e,s,a,d,A,u,j,k,g,/,q,?] "

    def _tally(self) -> str:
        accepted = sum(answer.accept for answer in self.answers.values())
        rejected = len(self.answers) - accepted
        return f"{accepted} to accept, {rejected} to reject, {len(self.hunks) - len(self.answers)} left undecided."

    def _say(self, text: str) -> None:
        self.session.write(text + "\n")


def _searched(hunk: HunkView) -> str:
    return "\n".join([hunk.ref, hunk.path, hunk.header, *(line.text for line in hunk.lines)]).casefold()


def _carry_out(
    hunks: Sequence[HunkView], answers: dict[int, Answer], session: Session, ask: Callable[[str], str | None]
) -> list[str]:
    """Accept in one turn, then reject. Where files are in the way, the person may leave those out."""
    accepted = {k: answer for k, answer in answers.items() if answer.accept}
    told: list[str] = []
    while accepted:
        try:
            told.append(_accept(hunks, accepted, session))
            break
        except Interrupted:
            raise
        except NootropicError as error:
            in_the_way = set(error.data.get("paths", ()))
            others = {k: answer for k, answer in accepted.items() if hunks[k].path not in in_the_way}
            session.write(f"\n{error}\n")
            if not others or len(others) == len(accepted):
                raise
            question = f"Leave {', '.join(sorted(in_the_way))} undecided, and accept the other {len(others)}? [y/N] "
            if (ask(question) or "").strip().lower() not in ("y", "yes"):
                raise
            accepted = others
    rejected = [hunks[k].ref for k, answer in sorted(answers.items()) if not answer.accept]
    if rejected:
        told.append(invoke("reject", {"refs": rejected}, session).text())
    left = len(hunks) - len(accepted) - len(rejected)
    if left:
        told.append(f"{left} left undecided.")
    return told if accepted or rejected else ["Nothing was decided."]


def _accept(hunks: Sequence[HunkView], accepted: dict[int, Answer], session: Session) -> str:
    """Accept as one turn; texts of the person's own are kept as drafts first, which the turn takes."""
    for place, answer in accepted.items():
        if answer.text is not None:
            invoke("edit", {"ref": hunks[place].ref, "text": answer.text}, session)
    return invoke("accept", {"refs": [hunks[k].ref for k in sorted(accepted)]}, session).text()
