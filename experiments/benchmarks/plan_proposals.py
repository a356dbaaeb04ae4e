"""Faulty proposals of a model for plans: how many faults are seen, how many proposals become a sound plan.

    python experiments/benchmarks/plan_proposals.py [--plans 900] [--seed 1]

Random plans of the shipped methods, said again by an imagined model with tasks of its own, with 0 to 5 faults of twenty
sorts. The judge of the outcome shares no code with the repair. The peer of the time is planning without a model.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nootropic_kernel.planning.errors import ProposalRefused
from nootropic_kernel.planning.proposal.repair import repaired
from tests.planning.faulty_proposals import case
from tests.planning.proposal_judge import judged, survived


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=900)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    injected: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    sound = refused = broken = alarms = lost = spans = 0
    repairing: list[float] = []
    for number in range(given.plans):
        count = number % 6
        plan, ground, document, faults = case(given.seed * 1_000_000 + number, count)
        begin = time.process_time()
        try:
            made = repaired(document, plan, ground)
        except ProposalRefused as refusal:
            refused += bool(refusal.reason)
            seen.update(fault.name for fault in faults)
            injected.update(fault.name for fault in faults)
            continue
        repairing.append(1000 * (time.process_time() - begin))
        injected.update(fault.name for fault in faults)
        seen.update(fault.name for fault in faults if fault.is_seen(made.findings))
        if not count:
            alarms += bool(made.findings)
            spans += 1
        if wrong := judged(plan, ground, made.plan):
            broken += 1
            print(f"seed {given.seed * 1_000_000 + number}: {[fault.name for fault in faults]}: {wrong}")
        else:
            sound += 1
        lost += len(survived(document, faults, made.plan))
    for name, many in sorted(injected.items()):
        if seen[name] < many:
            print(f"{name}: {seen[name]} of {many} seen")
    total = sum(injected.values())
    print(f"{given.plans} proposals, {total} faults of {len(injected)} sorts: {sum(seen.values())} seen")
    print(f"{sound} became sound plans, {refused} were refused with a reason, {broken} are broken")
    print(f"{alarms} of {spans} proposals without a fault gave a finding; {lost} sound tasks were lost")
    print(f"repair: {statistics.median(repairing):.1f} ms CPU in the median, {max(repairing):.1f} at most")


if __name__ == "__main__":
    main()
