"""Problems in HDDL: read, solved, proved to have no plan; every plan is checked by a judge of its own."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.solve import SolveParams, solve
from nootropic_kernel.planning.errors import HddlInvalid
from nootropic_kernel.planning.hddl.plan import plan_of
from nootropic_kernel.planning.hddl.reader import read
from nootropic_kernel.planning.hddl.search import Search
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.planning.htn_verifier import Judge
from tests.promises.rooms import noo

pytestmark = pytest.mark.slow

FERRY = """
(define (domain ferry)
  (:requirements :typing :hierarchy :negative-preconditions)
  (:types car place - object)
  (:predicates (at ?c - car ?p - place) (ferry ?p - place) (aboard ?c - car) (full) (bridge ?a ?b - place)
    (seen ?p - place))
  (:task bring :parameters (?c - car ?p - place))
  (:task sail :parameters (?p - place))
  (:method there :parameters (?c - car ?p - place) :task (bring ?c ?p) :precondition (at ?c ?p) :subtasks ())
  (:method carry :parameters (?c - car ?a ?p - place) :task (bring ?c ?p)
    :ordered-subtasks (and (sail ?a) (board ?c ?a) (sail ?p) (leave ?c ?p)))
  (:method here :parameters (?p - place) :task (sail ?p) :precondition (ferry ?p))
  (:method left :parameters (?a ?p - place) :task (sail ?p)
    :ordered-subtasks (and (first (sail ?a)) (second (move ?a ?p))) :constraints (not (= ?a ?p)))
  (:action move :parameters (?a ?b - place) :precondition (and (ferry ?a) (bridge ?a ?b))
    :effect (and (not (ferry ?a)) (ferry ?b) (seen ?b)))
  (:action board :parameters (?c - car ?p - place) :precondition (and (ferry ?p) (at ?c ?p) (not (full)))
    :effect (and (not (at ?c ?p)) (aboard ?c) (full)))
  (:action leave :parameters (?c - car ?p - place) :precondition (and (ferry ?p) (aboard ?c))
    :effect (and (not (aboard ?c)) (at ?c ?p) (not (full)))))
"""


def ferry(edges: list[tuple[int, int]], cars: list[tuple[int, int]], start: int, *, ordered: bool = True) -> str:
    """Places by number, cars with where they are and where to."""
    places = sorted({start, *(each for pair in [*edges, *cars] for each in pair)})
    tasks = " ".join(f"(bring c{at} p{to})" for at, (_, to) in enumerate(cars))
    return f"""(define (problem some) (:domain ferry)
      (:objects {" ".join(f"p{at}" for at in places)} - place {" ".join(f"c{at}" for at in range(len(cars)))} - car)
      (:htn :parameters () :{"ordered-" if ordered else ""}subtasks (and {tasks}))
      (:init (ferry p{start}) {" ".join(f"(bridge p{a} p{b})" for a, b in edges)}
             {" ".join(f"(at c{at} p{where})" for at, (where, _) in enumerate(cars))}))"""


def solved(domain: str, problem: str, seconds: float = 5.0) -> tuple[str, int]:
    """What came out, and the number of actions of a plan that the judge accepts."""
    outcome = Search(read(domain, problem)).run(seconds)
    if outcome.root is None:
        return outcome.state, 0
    return outcome.state, Judge(domain, problem).judge(plan_of(*outcome.root).text())


def domain_of(*parts: str, predicates: str = "(a) (b) (c)") -> str:
    return f"(define (domain d) (:types t u - object) (:predicates {predicates}) {' '.join(parts)})"


def problem_of(tasks: str, init: str = "", goal: str = "", objects: str = "x y - t z - u") -> str:
    wanted = f"(:goal {goal})" if goal else ""
    htn = f"(:htn :ordered-subtasks (and {tasks}))"
    return f"(define (problem p) (:domain d) (:objects {objects}) {htn} (:init {init}) {wanted})"


places = st.integers(0, 5)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(places, places), max_size=12),
    st.lists(st.tuples(places, places), min_size=1, max_size=3),
    places,
    st.booleans(),
)
def test_every_plan_replays_and_none_is_missed(
    edges: list[tuple[int, int]], cars: list[tuple[int, int]], start: int, ordered: bool
) -> None:
    state, _ = solved(FERRY, ferry(edges, cars, start, ordered=ordered))

    def reached(begin: int) -> set[int]:
        found = {begin}
        while more := {b for a, b in edges if a in found} - found:
            found |= more
        return found

    def possible(here: int, left: tuple[tuple[int, int], ...]) -> bool:
        """Whether the cars can be brought, one after the other, from where the ferry is."""
        if not left:
            return True
        firsts = range(1) if ordered else range(len(left))
        return any(
            (where == to and possible(here, rest))
            or (where in reached(here) and to in reached(where) and possible(to, rest))
            for (where, to), rest in ((left[at], left[:at] + left[at + 1 :]) for at in firsts)
        )

    total = ordered or len(cars) == 1
    assert state == ("solved" if possible(start, tuple(cars)) else "none" if total else "unknown")


def test_left_recursion_ends_and_no_plan_is_proved() -> None:
    assert solved(FERRY, ferry([(0, 1), (1, 0), (2, 1)], [(1, 2)], 0)) == ("none", 0)
    assert solved(FERRY, ferry([(0, 1), (1, 2), (2, 0)], [(1, 0)], 2))[0] == "solved"


def test_a_method_that_only_contains_itself_has_no_plan() -> None:
    domain = domain_of("(:task turn) (:method again :task (turn) :subtasks (turn))")
    assert solved(domain, problem_of("(turn)")) == ("none", 0)


def test_recursion_counts_as_far_as_the_goal_needs() -> None:
    domain = domain_of(
        "(:task all) (:method more :parameters (?x - t) :task (all) :ordered-subtasks (and (all) (take ?x)))",
        "(:method enough :task (all) :subtasks ())",
        "(:action take :parameters (?x - t) :precondition (free ?x) :effect (and (not (free ?x)) (held ?x)))",
        predicates="(free ?x) (held ?x)",
    )
    problem = problem_of("(all)", "(free x) (free y)", "(and (held x) (held y))")
    assert solved(domain, problem) == ("solved", 2)
    assert solved(domain, problem_of("(all)", "(free x)", "(and (held x) (held y))")) == ("none", 0)


def test_deep_recursion_is_no_trouble() -> None:
    names = [f"n{at}" for at in range(1500)]
    domain = domain_of(
        "(:task walk :parameters (?x))",
        "(:method on :parameters (?x ?y) :task (walk ?x) :ordered-subtasks (and (step ?x ?y) (walk ?y)))",
        "(:method end :parameters (?x) :task (walk ?x) :precondition (last ?x))",
        "(:action step :parameters (?x ?y) :precondition (next ?x ?y))",
        predicates="(next ?x ?y) (last ?x)",
    )
    links = " ".join(f"(next {a} {b})" for a, b in itertools.pairwise(names))
    problem = problem_of("(walk n0)", f"(last {names[-1]}) {links}", objects=" ".join(names))
    assert solved(domain, problem) == ("solved", len(names) - 1)


@pytest.mark.parametrize(
    ("condition", "init", "expected"),
    [
        ("(not (a))", "", "solved"),
        ("(not (a))", "(a)", "none"),
        ("(or (a) (b))", "(b)", "solved"),
        ("(or (a) (b))", "(c)", "none"),
        ("(imply (a) (b))", "(a)", "none"),
        ("(imply (a) (b))", "(a) (b)", "solved"),
        ("(forall (?v - t) (p ?v))", "(p x)", "none"),
        ("(forall (?v - t) (p ?v))", "(p x) (p y)", "solved"),
        ("(exists (?v - u) (p ?v))", "(p x)", "none"),
        ("(exists (?v - u) (not (p ?v)))", "", "solved"),
        ("(= x y)", "", "none"),
        ("(not (= x y))", "", "solved"),
        ("(and (not (and (a) (b))) ())", "(a)", "solved"),
    ],
)
def test_conditions(condition: str, init: str, expected: str) -> None:
    predicates = "(a) (b) (c) (p ?v)"
    constants = "(:constants x y - t z - u)"
    action = domain_of(constants, f"(:action go :precondition {condition})", predicates=predicates)
    assert solved(action, problem_of("(go)", init, objects=""))[0] == expected
    method = domain_of(
        constants, f"(:task do) (:method m :task (do) :precondition {condition} :subtasks (go))", "(:action go)",
        predicates=predicates,
    )  # fmt: skip
    assert solved(method, problem_of("(do)", init, objects=""))[0] == expected


def test_effects_read_the_state_before_and_what_is_made_true_stays_true() -> None:
    domain = domain_of(
        "(:action swap :effect (and (when (a) (and (not (a)) (b))) (when (b) (and (not (b)) (a)))))",
        "(:action clear :effect (and (forall (?v - t) (not (p ?v))) (p x)))",
        "(:constants x y - t)",
        predicates="(a) (b) (p ?v)",
    )
    assert solved(domain, problem_of("(swap)", "(a)", "(and (b) (not (a)))", objects=""))[0] == "solved"
    assert solved(domain, problem_of("(swap) (swap)", "(a)", "(and (a) (not (b)))", objects=""))[0] == "solved"
    assert solved(domain, problem_of("(swap)", "(a) (b)", "(and (a) (b))", objects=""))[0] == "solved"
    assert solved(domain, problem_of("(clear)", "(p y)", "(and (p x) (not (p y)))", objects=""))[0] == "solved"
    assert solved(domain, problem_of("(clear)", "(p y)", "(p y)", objects=""))[0] == "none"


def test_open_orders_are_tried_and_an_open_end_proves_nothing() -> None:
    domain = domain_of(
        "(:action first :precondition (not (a)) :effect (b))", "(:action then :precondition (b) :effect (a))"
    )
    free = problem_of("(then) (first)").replace(":ordered-subtasks", ":subtasks")
    assert solved(domain, free) == ("solved", 2)
    assert solved(domain, problem_of("(then) (first)")) == ("none", 0)
    bound = free.replace("(then) (first)", "(s1 (then)) (s2 (first))").replace("(:init", "(:init", 1)
    bound = bound.replace("))) (:init", ")) :ordering (< s1 s2)) (:init")
    assert solved(domain, bound) == ("none", 0)
    assert solved(domain, free.replace("(then) (first)", "(then) (then)"))[0] == "unknown"


def test_types_of_arguments_choose_methods() -> None:
    domain = domain_of(
        "(:task use :parameters (?o - object))",
        "(:method by-t :parameters (?o - t) :task (use ?o) :subtasks (one ?o))",
        "(:method by-u :parameters (?o - u) :task (use ?o) :subtasks (other ?o))",
        "(:action one :parameters (?o - t) :effect (a)) (:action other :parameters (?o - u) :effect (b))",
    )
    assert solved(domain, problem_of("(use z)", "", "(b)")) == ("solved", 1)
    assert solved(domain, problem_of("(use z)", "", "(a)")) == ("none", 0)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("(full))", "(full)", "never closed"),
        ("- car ?a ?p", "- wagon ?a ?p", "wagon"),
        ("(sail ?a) (board ?c ?a)", "(sail ?a) (bord ?c ?a)", "bord"),
        ("(board ?c ?a)", "(board ?c)", "arguments"),
        ("(move ?a ?p)", "(move ?a ?q)", "?q"),
        ("(ferry ?b) (seen ?b)", "(fery ?b) (seen ?b)", "fery"),
        (":constraints", ":constrains", ":constrains"),
        ("(:action move", "(:durative-action move", "durative"),
        ("(:action leave", "(:action board", "second time"),
    ],
)
def test_a_broken_file_is_told_with_its_line(old: str, new: str, what: str) -> None:
    assert old in FERRY
    with pytest.raises(HddlInvalid) as caught:
        read(FERRY.replace(old, new, 1), ferry([(0, 1)], [(0, 1)], 0))
    assert what in str(caught.value)
    line = 2 if what == "never closed" else FERRY[: FERRY.index(old)].count("\n") + 1
    assert caught.value.data == {"file": "domain", "line": line}


@pytest.mark.parametrize(
    "text", ["", "(", ")", "()", "(define)", "(define (problem p)) x", "(" * 5000, "(define 3 (:init))"]
)
def test_what_is_no_hddl_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(HddlInvalid):
        read(FERRY, text)


def test_an_order_in_a_circle_is_refused() -> None:
    tasks = "(:htn :subtasks (and (s1 (go)) (s2 (go))) :ordering (and (< s1 s2) (< s2 s1)))"
    problem = f"(define (problem p) (:domain d) {tasks} (:init))"
    with pytest.raises(HddlInvalid, match="circle"):
        read(domain_of("(:action go)"), problem)


def test_the_verb_prints_a_plan_or_says_that_there_is_none(repo: Path) -> None:
    (repo / "domain.hddl").write_text(FERRY)
    (repo / "good.hddl").write_text(ferry([(0, 1), (1, 0)], [(1, 0)], 0))
    (repo / "bad.hddl").write_text(ferry([(0, 1)], [(1, 0)], 0))
    done = noo(repo, "solve", "domain.hddl", "good.hddl")
    assert done.returncode == 0, done.stderr
    assert Judge(FERRY, (repo / "good.hddl").read_text()).judge(done.stdout) == 4
    none = noo(repo, "solve", "domain.hddl", "bad.hddl")
    assert none.returncode == 1 and "There is no plan" in none.stdout
    broken = noo(repo, "solve", "good.hddl", "bad.hddl")
    assert broken.returncode == 1 and "good.hddl, line 1," in broken.stderr


@pytest.mark.parametrize("name", ["a\0b", "~nobody-of-this-name/x", "x" * 300])
def test_what_is_no_path_is_refused(workspace: Workspace, name: str) -> None:
    """Regression: it was a fault of ours."""
    with pytest.raises(UsageError, match="no path"):
        solve(SolveParams(domain=name, problem="problem.hddl"), Session(workspace))
