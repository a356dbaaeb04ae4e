"""An amendment keeps the name of the package that the plan gave it."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import read_facts


@pytest.mark.parametrize("brief", ["Clients and invoices in SQLite, with a CLI", "A CLI for payments and invoices"])
def test_another_noun_first_in_the_brief_renames_no_package(brief: str) -> None:
    facts = read_facts({})
    old = make_plan("Invoices and clients in PostgreSQL, with a CLI", facts)
    assert make_plan(brief, facts).bindings["package"] != old.bindings["package"]
    made = amend_plan(old, brief, facts, ())
    assert made.plan.bindings["package"] == old.bindings["package"]
