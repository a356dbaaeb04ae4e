"""A judge of hierarchical plans that shares no code with the planner: own reader, own executor, own check of the tree.

It reads the two HDDL files and the plan in the format of IPC 2020, executes the actions, and looks for every
decomposition whether the method's variables can be chosen so that its task, subtasks, order and conditions fit. A
method's condition must hold in the state before its first action (before the next action where it has none).
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

from tests.planning.strips import parse

Tree = Any  # nested lists of words


def tree(text: str) -> Tree:
    """The nested lists of a file."""
    return parse(text)[0]


def pairs(words: list[Any]) -> list[tuple[str, list[str]]]:
    """Names with the types after their ``-``."""
    found: list[tuple[str, list[str]]] = []
    waiting: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "-":
            kind = next(rest)
            found += [(each, kind[1:] if isinstance(kind, list) else [kind]) for each in waiting]
            waiting = []
        else:
            waiting.append(word)
    return found + [(each, ["object"]) for each in waiting]


class Judge:
    """One problem, against which plans are checked."""

    def __init__(self, domain: str, problem: str) -> None:
        parents: dict[str, list[str]] = {}
        kinds: dict[str, list[str]] = {}
        self.actions: dict[str, dict[str, Any]] = {}
        self.methods: dict[str, dict[str, Any]] = {}
        self.compound: set[str] = set()
        self.init: set[tuple[str, ...]] = set()
        self.goal: Tree = []
        self.network: dict[str, Any] = {}
        for part in [*tree(domain)[2:], *tree(problem)[2:]]:
            head = part[0]
            if head == ":types":
                for name, above in pairs(part[1:]):
                    parents.setdefault(name, []).extend(above)
            elif head in (":constants", ":objects"):
                for name, above in pairs(part[1:]):
                    kinds.setdefault(name, []).extend(above)
            elif head in (":action", ":method"):
                fields = dict(zip(part[2::2], part[3::2], strict=True))
                (self.actions if head == ":action" else self.methods)[part[1]] = fields
            elif head == ":task":
                self.compound.add(part[1])
            elif head in (":htn", ":htn-tihtn"):
                self.network = dict(zip(part[1::2], part[2::2], strict=True))
            elif head == ":init":
                self.init = {tuple(each) for each in part[1:]}
            elif head == ":goal":
                self.goal = part[1]
        self.kinds = {}
        for name, given in kinds.items():
            reached, todo = {"object"}, list(given)
            while todo:
                if (kind := todo.pop()) not in reached:
                    reached.add(kind)
                    todo += parents.get(kind, [])
            self.kinds[name] = reached

    def objects(self, types: list[str]) -> list[str]:
        return [name for name, reached in self.kinds.items() if reached & set(types)]

    def holds(self, formula: Tree, at: dict[str, str], state: set[tuple[str, ...]]) -> bool:
        """A formula under a binding."""
        if not formula:
            return True
        head, rest = formula[0], formula[1:]
        if head == "and":
            return all(self.holds(each, at, state) for each in rest)
        if head == "or":
            return any(self.holds(each, at, state) for each in rest)
        if head == "not":
            return not self.holds(rest[0], at, state)
        if head == "imply":
            return not self.holds(rest[0], at, state) or self.holds(rest[1], at, state)
        if head == "=":
            return at.get(rest[0], rest[0]) == at.get(rest[1], rest[1])
        if head in ("sortof", "sort-of"):
            return rest[-1] in self.kinds[at.get(rest[0], rest[0])]
        if head in ("forall", "exists"):
            return (all if head == "forall" else any)(
                self.holds(rest[1], {**at, **more}, state) for more in self.choices(rest[0])
            )
        return tuple(at.get(each, each) for each in formula) in state

    def choices(self, variables: list[Any]) -> list[dict[str, str]]:
        """All bindings of typed variables."""
        names = pairs(variables)
        domains = [self.objects(types) for _, types in names]
        return [dict(zip((name for name, _ in names), values, strict=True)) for values in itertools.product(*domains)]

    def fits(self, variables: list[Any], values: dict[str, str]) -> bool:
        return all(self.kinds[values[name]] & set(types) for name, types in pairs(variables) if name in values)

    def execute(self, name: str, args: list[str], state: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """The state after an action; it must be possible."""
        action = self.actions[name]
        parameters = action.get(":parameters", [])
        names = [each for each, _ in pairs(parameters)]
        assert len(names) == len(args), f"{name} has {len(args)} arguments"
        at = dict(zip(names, args, strict=True))
        assert self.fits(parameters, at), f"{name} {args}: wrong types"
        assert self.holds(action.get(":precondition", []), at, state), f"{name} {args} is not possible"
        adds: set[tuple[str, ...]] = set()
        gone: set[tuple[str, ...]] = set()
        self.change(action.get(":effect", []), at, state, adds, gone)
        return (state - gone) | adds

    def change(
        self, effect: Tree, at: dict[str, str], state: set[tuple[str, ...]], adds: set[tuple[str, ...]],
        gone: set[tuple[str, ...]],
    ) -> None:  # fmt: skip
        if not effect or effect[0] == "increase":
            return
        if effect[0] == "and":
            for each in effect[1:]:
                self.change(each, at, state, adds, gone)
        elif effect[0] == "forall":
            for more in self.choices(effect[1]):
                self.change(effect[2], {**at, **more}, state, adds, gone)
        elif effect[0] == "when":
            if self.holds(effect[1], at, state):
                self.change(effect[2], at, state, adds, gone)
        else:
            negative = effect[0] == "not"
            atom = effect[1] if negative else effect
            (gone if negative else adds).add(tuple(at.get(each, each) for each in atom))

    def judge(self, plan: str) -> int:
        """Check a plan; the number of its actions. An AssertionError says what is wrong with it."""
        lines = [line.split() for line in plan.lower().strip().splitlines()]
        assert lines[0] == ["==>"] and lines[-1] == ["<=="], "no plan"
        lines = lines[1:-1]
        middle = next(number for number, line in enumerate(lines) if line[0] == "root")
        states = [self.init]
        tasks: dict[str, list[str]] = {}
        span: dict[str, list[int]] = {}
        for number, line in enumerate(lines[:middle]):
            assert line[1] in self.actions, f"{line[1]} is no action"
            states.append(self.execute(line[1], line[2:], states[-1]))
            tasks[line[0]], span[line[0]] = line[1:], [number]
        assert self.holds(self.goal, {}, states[-1]), "the goal is missed"
        parts: dict[str, list[str]] = {}
        ways: dict[str, str] = {}
        for line in lines[middle + 1 :]:
            arrow = line.index("->")
            assert line[0] not in tasks and line[1] in self.compound, line
            tasks[line[0]], ways[line[0]], parts[line[0]] = line[1:arrow], line[arrow + 1], line[arrow + 2 :]
        roots = lines[middle][1:]
        uses = [*roots, *(each for some in parts.values() for each in some)]
        assert sorted(uses) == sorted(tasks), "a task is used twice, or not at all"
        order, todo = [], [*roots]
        while todo:
            order.append(each := todo.pop())
            todo += parts.get(each, [])
        assert len(order) == len(tasks), "the tree goes in a circle"
        for each in reversed(order):
            if each in parts:
                inside = [number for part in parts[each] for number in span[part]]
                span[each] = [min(inside), max(inside)] if inside else []
        self.network_fits(self.network, {}, [tasks[each] for each in roots], [span[each] for each in roots], None)
        first = 0
        begins: dict[str, list[int]] = {}
        walk = [*reversed(roots)]
        while walk:  # in the order of the plan, to know where a method without actions stands
            each = walk.pop()
            if each in parts:
                # Without an action of its own it may stand anywhere between its neighbours; the planner lists in order.
                begins[each] = [span[each][0]] if span[each] else list(range(first, len(states)))
                walk += reversed(parts[each])
            else:
                first = max(first, span[each][0] + 1) if not self.partial else 0
        for each, name in ways.items():
            method = self.methods[name]
            assert method[":task"][0] == tasks[each][0], f"{name} is not for {tasks[each]}"
            inner = [tasks[part] for part in parts[each]]
            spans = [span[part] for part in parts[each]]
            assert any(self.matches(method, tasks[each], inner, spans, states[where]) for where in begins[each]), (
                f"{name} does not fit {tasks[each]}"
            )
        return middle

    @property
    def partial(self) -> bool:
        """Whether some order is left open."""
        return any(":ordered-subtasks" not in each for each in [*self.methods.values(), self.network])

    def matches(
        self, method: dict[str, Any], task: list[str], inner: list[list[str]], spans: list[list[int]],
        state: set[tuple[str, ...]],
    ) -> bool:  # fmt: skip
        at: dict[str, str] = {}
        for name, value in zip(method[":task"][1:], task[1:], strict=True):
            if at.setdefault(name, value) != value and name.startswith("?"):
                return False
        try:
            self.network_fits(method, at, inner, spans, state)
        except AssertionError:
            return False
        return True

    def network_fits(
        self, network: dict[str, Any], at: dict[str, str], inner: list[list[str]], spans: list[list[int]],
        state: set[tuple[str, ...]] | None,
    ) -> None:  # fmt: skip
        """The subtasks are those of the network under one binding, in its order, and its conditions hold."""
        key = next((each for each in network if re.fullmatch(":(ordered-)?(sub)?tasks", each)), "")
        listed = network.get(key, [])
        if listed and listed[0] == "and":
            listed = listed[1:]
        elif listed and isinstance(listed[0], str):
            listed = [listed]
        listed = [each for each in listed if each]
        named = [(each[0], each[1]) if len(each) == 2 and isinstance(each[1], list) else ("", each) for each in listed]
        assert len(named) == len(inner), "wrong number of subtasks"
        at = dict(at)
        for (_, wanted), given in zip(named, inner, strict=True):
            assert wanted[0] == given[0] and len(wanted) == len(given), f"{given} instead of {wanted}"
            for name, value in zip(wanted[1:], given[1:], strict=True):
                assert (at.setdefault(name, value) if name.startswith("?") else name) == value, f"{name} is not {value}"
        variables = network.get(":parameters", [])
        assert self.fits(variables, at), "wrong types"
        order = network.get(":ordering", network.get(":order", []))
        order = order[1:] if order and order[0] == "and" else [order] if order else []
        labels = [label for label, _ in named]
        before = [
            (labels.index(left), labels.index(right)) for left, right in ([w for w in o if w != "<"] for o in order)
        ]
        if "ordered" in key:
            before += [(place, place + 1) for place in range(len(named) - 1)]
        after: dict[int, set[int]] = {}
        for left, right in before:
            after.setdefault(left, set()).add(right)
        for start in range(len(named)):  # subtasks without actions hand the order on
            reached, todo = set[int](), [start]
            while todo:
                here = todo.pop()
                more = after.get(here, set()) - reached
                reached |= more
                todo += more
            for other in reached:
                assert not spans[start] or not spans[other] or spans[start][-1] < spans[other][0], "wrong order"
        free = [(name, types) for name, types in pairs(variables) if name not in at]
        wanted = ["and", network.get(":precondition", []), network.get(":constraints", [])]
        assert self.satisfiable(wanted, free, at, state or set()), "its condition does not hold"

    def satisfiable(
        self, wanted: Tree, free: list[tuple[str, list[str]]], at: dict[str, str], state: set[tuple[str, ...]]
    ) -> bool:
        """Whether the variables that are left can be chosen so that the formula holds."""
        flat, todo = [], [wanted]
        while todo:
            each = todo.pop()
            if each and each[0] == "and":
                todo += each[1:]
            elif each:
                flat.append(each)

        def ready(part: Tree, names: set[str]) -> bool:
            return not names & set(str(part).replace("'", " ").replace(",", " ").replace("]", " ").split())

        def choose(left: list[tuple[str, list[str]]], binding: dict[str, str], parts: list[Tree]) -> bool:
            names = {name for name, _ in left}
            due = [part for part in parts if ready(part, names)]
            if not all(self.holds(part, binding, state) for part in due):
                return False
            rest = [part for part in parts if part not in due]
            if not left:
                return True
            counts = [sum(name in str(part) for part in rest) for name, _ in left]
            pick = counts.index(max(counts))
            (name, types), others = left[pick], left[:pick] + left[pick + 1 :]
            return any(choose(others, {**binding, name: value}, rest) for value in self.objects(types))

        return choose(free, at, flat)


def check(domain: Path, problem: Path, plan: str) -> int:
    """Check a plan for two files; the number of its actions."""
    return Judge(domain.read_text(), problem.read_text()).judge(plan)
