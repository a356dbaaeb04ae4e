"""Change requests to repositories that exist: is every change asked for in the plan, and nothing made up?

`python experiments/benchmarks/change_requests.py [--show]` reads `changes_held_out.yaml`. For each request: is the plan
sound, is it of the kind that a reader expects, is each change in a task (or told as not understood), do tasks name the
files that it is about, is each file that is not there told as new, and is nothing in it made up from the wording?
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.validate import problems

REQUESTS = Path(__file__).with_name("changes_held_out.yaml")
MEASURES = ("sound", "kind", "changes", "files", "new files told", "nothing made up")
# What tasks of a plan say about the kind of the request: beginnings of task kinds.
_KINDS = {
    "bug": ("failing-test", "mend", "fault-shown", "change-failing-test", "change-fault-shown", "test-shown"),
    "restructure": ("rename", "refactor", "change-edit"),
    "migrate": ("migration", "upgrade", "language", "change-move", "change-upgrade"),
    "speed": ("speed",),
    "add": ("change-edit", "ability", "action"),
    "remove": ("delete",),
    "tests": ("change-edit", "behaviour-tests", "failing-test"),
    "docs": ("document", "docstrings", "guide", "site"),
    "data": ("step", "change-edit", "change-clean"),
}


def load() -> tuple[dict[str, RepositoryFacts], list[dict[str, Any]]]:
    """The repositories as planning sees them, and the requests."""
    document = yaml.safe_load(REQUESTS.read_text(encoding="utf-8"))
    repositories = {
        name: read_facts({path: text.encode() for path, text in files.items()})
        for name, files in document["repositories"].items()
    }
    return repositories, document["requests"]


def told(task: Task, brief: str) -> str:
    """What a task says of its own: without the brief that some tasks quote as a whole."""
    body = re.sub(r"\s+", " ", task.body).replace(re.sub(r"\s+", " ", brief).strip(), "")
    return " ".join([task.title, body, *task.files, *(entry.text for entry in task.acceptance)]).lower()


def covered(change: Mapping[str, Any], texts: Iterable[str]) -> bool:
    """Whether one text has a word of each group."""
    return any(all(any(w in text for w in group.split("|")) for group in change["words"]) for text in texts)


def missed_changes(plan: Plan, request: Mapping[str, Any]) -> list[str]:
    """The changes asked for that are in no task and in no word that was told as not understood."""
    brief = request["brief"] if len(request["changes"]) > 1 else ""
    texts = [told(task, brief) for task in plan.tasks if task.how.kind != "none"]
    texts += [use.text.lower() for use in plan.words if use.verdict == "not understood"]
    return [" & ".join(change["words"]) for change in request["changes"] if not covered(change, texts)]


def untold_files(plan: Plan, facts: RepositoryFacts) -> list[str]:
    """Files of tasks that neither exist nor are said to be written; where something is built, files are new."""
    found: list[str] = []
    if shipped_library().archetypes[plan.archetype].builds:
        return found
    for task in plan.tasks:
        text = f"{task.title} {task.body}".lower()
        makes = re.search(r"\b(?:write|tests?|new|create[sd]?|add|list)\b", text) is not None
        found += [path for path in task.files if path not in facts.paths and not makes]
    return found


def made_up(plan: Plan, request: Mapping[str, Any]) -> list[str]:
    """What must not be in titles, files and commands."""
    texts = [text for task in plan.tasks for text in (task.title, *task.files)]
    texts += [str(entry.verify) for task in plan.tasks for entry in task.acceptance if entry.verify]
    return [word for word in request["must_not"] if any(re.search(rf"(?<!\w){re.escape(word)}", t) for t in texts)]


def results(plan: Plan, request: Mapping[str, Any], facts: RepositoryFacts) -> dict[str, str]:
    """What is wrong, by measure; an empty text for what is right."""
    named = {path for task in plan.tasks for path in task.files}
    begun = [start for kind in request["kind"] for start in _KINDS[kind]]
    right = any(task.kind.startswith(tuple(begun)) for task in plan.tasks)
    sound = not problems(plan) and bool(plan.tasks)
    return {
        "sound": "" if sound else "unsound",
        "kind": "" if right else f"{plan.archetype}, not {'/'.join(request['kind'])}",
        "changes": "; ".join(missed_changes(plan, request)),
        "files": ", ".join(path for path in request["files"] if path not in named),
        "new files told": ", ".join(untold_files(plan, facts)),
        "nothing made up": ", ".join(made_up(plan, request)),
    }


def main() -> int:
    """Measure and print; 1 when a plan is not sound."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--show", action="store_true", help="show each plan that missed something")
    arguments.add_argument("only", nargs="*", help="ids of requests")
    given = arguments.parse_args()
    repositories, requests = load()
    counts: Counter[str] = Counter()
    chosen = [request for request in requests if not given.only or request["id"] in given.only]
    for request in chosen:
        facts = repositories[request["repository"]]
        plan = make_plan(request["brief"], facts)
        wrong = results(plan, request, facts)
        counts.update(name for name in MEASURES if not wrong[name])
        counts["all of it"] += not any(wrong.values())
        if given.show and (any(wrong.values()) or given.only):
            print(f"{request['id']} [{plan.archetype}] {request['brief']!r}")
            print("".join(f"    MISSED {name}: {text}\n" for name, text in wrong.items() if text), end="")
            for task in plan.tasks:
                print(f"      {task.id} {task.kind}: {task.title}  {list(task.files)}")
    print(f"{len(chosen)} requests; " + ", ".join(f"{name} {counts[name]}" for name in (*MEASURES, "all of it")))
    return 1 if counts["sound"] < len(chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
