"""Plans that were written before some names of the methods are rebuilt without them."""

from __future__ import annotations

from dataclasses import replace

from nootropic_kernel.planning.methods.data_bindings import FORMERLY
from nootropic_kernel.planning.methods.templates import fill
from nootropic_kernel.planning.tree import Tree
from tests.planning.test_new_projects import planned


def test_a_task_of_a_former_plan_shows_no_braces() -> None:
    plan = planned("ETL of sales.csv into SQLite")
    former = replace(plan, bindings={name: value for name, value in plan.bindings.items() if name not in FORMERLY})
    assert former.bindings != plan.bindings
    texts = ["Check {source}: {data_checks}", "{after_steps}", "{wrong_data}, {clean_check}, {hand_check}"]
    assert not any("{" in fill(text, Tree(former).bindings(None)) for text in texts)
    assert Tree(plan).bindings(None)["data_checks"] == plan.bindings["data_checks"]
