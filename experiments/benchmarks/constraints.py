"""Ways of stating limits against what their author meant: technologies, people, money, days, hours and qualities.

`python experiments/benchmarks/constraints.py [--show]` reads `constraints_held_out.yaml`: sixty single phrases, twenty
written later, and thirty briefs that combine several. A phrase counts when everything that its author names is in the
plan and no other amount is; a quality counts when one of its words is in an acceptance check of the plan, in its
limits, or told as noted and not enforced. Money in another currency, and what returns each month, counts when its
amount is told.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts

FILE = Path(__file__).with_name("constraints_held_out.yaml")


def told(plan: Plan, mark: str = "") -> str:
    """Everything that the plan demands or notes, in lower case.

    :param mark: only notes that say this.
    """
    noted = [f"{use.text} {use.meaning}" for use in plan.words if use.verdict == "noted" and mark in use.meaning]
    checks = [check.text for task in plan.tasks for check in task.acceptance]
    coverage = f"coverage {plan.bindings['coverage']}" if plan.bindings["coverage"] else ""
    return " ".join([*plan.limits, *checks, *noted, coverage]).lower()


def people(plan: Plan) -> float | None:
    """How many persons work on it, a half-time one counted half."""
    if not plan.agents:
        return None
    return sum(float(agent.get("capacity", 1)) * float(agent.get("speed", 1.0)) for agent in plan.agents)


def missed(plan: Plan, expect: dict[str, Any]) -> list[str]:
    """What of it is not as its author meant it."""
    found: list[str] = []
    atoms = set(plan.bindings["atoms"])
    found += [f"use {name}" for name in expect.get("use", ()) if f"uses:{name}" not in atoms]
    left_out = " ".join(text.lower() for text in plan.limits if text.startswith("leave out"))
    left_out += f" {plan.bindings['old_technology']}".lower()
    found += [
        f"avoid {name}" for name in expect.get("avoid", ()) if f"avoids:{name}" not in atoms and name not in left_out
    ]
    wanted = expect.get("people")
    if people(plan) not in (wanted if isinstance(wanted, list) else [wanted]):
        found.append(f"people {people(plan)}")
    amount, currency = expect.get("money", (None, "USD"))
    if currency == "USD" and "per" not in expect:
        if plan.budget.get("cost_usd") != amount:
            found.append(f"money {plan.budget.get('cost_usd')}")
    elif f"{amount:g}" not in told(plan) or "cost_usd" in plan.budget:
        found.append(f"money of another sort {plan.budget.get('cost_usd')}")
    due, given = expect.get("due"), plan.budget.get("deadline")
    days = due if isinstance(due, list) else [due]
    if (date.fromisoformat(given) if given else None) not in days:
        found.append(f"due {given}")
    if plan.budget.get("hours") != expect.get("hours"):
        found.append(f"hours {plan.budget.get('hours')}")
    wanted_words = [str(word) for word in expect.get("quality", ())]
    if wanted_words and not any(word in told(plan, "not enforced") for word in wanted_words):
        found.append(f"quality {wanted_words}")
    return found


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--show", action="store_true", help="name what was missed")
    given = arguments.parse_args()
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    singles = [(document["carrier"].format(phrase=each["phrase"]), each) for each in document["single"]]
    second = [(document["carrier"].format(phrase=each["phrase"]), each) for each in document["second"]]
    combined = [(each["brief"], each) for each in document["briefs"]]
    for name, cases in (("single", singles), ("second", second), ("briefs", combined)):
        results: Counter[str] = Counter()
        for brief, expect in cases:
            wrong = missed(make_plan(brief, read_facts({}), today=document["today"]), expect)
            results["whole"] += not wrong
            results.update(each.split()[0] for each in wrong)
            if given.show and wrong:
                print(f"  {expect.get('phrase', brief)!r}: {'; '.join(wrong)}")
        by = ", ".join(f"{what} {count}" for what, count in sorted(results.items()) if what != "whole")
        print(f"{name}: {results['whole']} of {len(cases)} whole; wrong in: {by or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
