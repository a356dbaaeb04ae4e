"""A reader and executor of PDDL and HDDL for tests: it knows no plans, and shares no code with what it judges."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Expression = Any  # a word, or a list of expressions
Fact = tuple[str, ...]


def parse(text: str) -> list[Expression]:
    """The expressions of a text; comments are left out."""
    stack: list[list[Expression]] = [[]]
    for token in re.findall(r"[()]|[^\s()]+", re.sub(r";.*", "", text).lower()):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise ValueError("brackets do not match")
    return stack[0]


def typed(words: Sequence[str]) -> dict[str, str]:
    """Names with their types."""
    found: dict[str, str] = {}
    names: list[str] = []
    at = iter(words)
    for word in at:
        if word == "-":
            found |= dict.fromkeys(names, next(at))
            names = []
        else:
            if word in found or word in names:
                raise ValueError(f"{word} is declared twice")
            names.append(word)
    return found | dict.fromkeys(names, "object")


@dataclass
class Action:
    """An action or method: parameters with types, what must hold, and what changes or is done instead."""

    name: str
    parameters: dict[str, str]
    needs: list[Fact]
    adds: list[Fact] = field(default_factory=list)
    deletes: list[Fact] = field(default_factory=list)
    task: Fact = ()
    subtasks: list[Fact] = field(default_factory=list)
    ordered: bool = True


@dataclass
class World:
    """A domain with a problem."""

    types: dict[str, str]
    objects: dict[str, str]
    predicates: dict[str, list[str]]
    actions: dict[str, Action]
    methods: list[Action]
    tasks: set[str]
    start: frozenset[Fact]
    goal: list[Fact]
    top: list[Fact]

    def is_a(self, name: str, kind: str) -> bool:
        """Whether an object is of a type."""
        of: str | None = self.objects[name]
        while of is not None:
            if of == kind:
                return True
            of = self.types.get(of)
        return kind == "object"

    def run(self, steps: Sequence[Fact]) -> frozenset[Fact]:
        """What holds after these actions."""
        state = self.start
        for name, *arguments in steps:
            action = self.actions[name]
            bound = dict(zip(action.parameters, arguments, strict=True))
            for parameter, kind in action.parameters.items():
                if not self.is_a(bound[parameter], kind):
                    raise ValueError(f"{bound[parameter]} is no {kind}")
            for need in action.needs:
                if _filled(need, bound) not in state:
                    raise ValueError(f"{name}: {_filled(need, bound)} does not hold")
            state = state - {_filled(f, bound) for f in action.deletes} | {_filled(f, bound) for f in action.adds}
        return state

    def possible(self, state: frozenset[Fact], action: Action, bound: dict[str, str]) -> Iterator[dict[str, str]]:
        """The ways to complete bindings so that an action or method applies."""
        open_needs = [need for need in action.needs if not set(need[1:]) <= set(bound) | set(self.objects)]
        for need in action.needs:
            if need not in open_needs and _filled(need, bound) not in state:
                return
        if not open_needs:
            free = [name for name in action.parameters if name not in bound]
            choices = [[o for o in self.objects if self.is_a(o, action.parameters[name])] for name in free]
            for chosen in itertools.product(*choices):
                yield bound | dict(zip(free, chosen, strict=True))
            return
        need = open_needs[0]
        for fact in state:
            if fact[0] != need[0] or len(fact) != len(need):
                continue
            more = dict(bound)
            fits = all(
                more.setdefault(word, value) == value if word.startswith("?") else word == value
                for word, value in zip(need[1:], fact[1:], strict=True)
            )
            if fits and all(self.is_a(more[n], kind) for n, kind in action.parameters.items() if n in more):
                yield from self.possible(state, action, more)

    def decompose(self) -> list[Fact] | None:
        """The actions that the tasks of the problem come to, depth first and from left to right."""
        return self._decompose(self.top, self.start)

    def _decompose(self, agenda: list[Fact], state: frozenset[Fact]) -> list[Fact] | None:
        done: list[Fact] = []
        while agenda and agenda[0][0] in self.actions:
            name, *arguments = agenda[0]
            action = self.actions[name]
            bound = dict(zip(action.parameters, arguments, strict=True))
            if not all(_filled(need, bound) in state for need in action.needs):
                return None
            state = state - {_filled(f, bound) for f in action.deletes} | {_filled(f, bound) for f in action.adds}
            done.append(agenda[0])
            agenda = agenda[1:]
        if not agenda:
            return done
        for method in self.methods:
            if method.task[0] != agenda[0][0]:
                continue
            bound = dict(zip(method.task[1:], agenda[0][1:], strict=True))
            for whole in self.possible(state, method, bound):
                rest = self._decompose([*(_filled(part, whole) for part in method.subtasks), *agenda[1:]], state)
                if rest is not None:
                    return done + rest
        return None


def read(domain: str, problem: str) -> World:
    """A domain and a problem, with every name checked against its declaration."""
    ((_, (_, name), *parts),) = parse(domain)
    ((_, _, *given),) = parse(problem)
    if [":domain", name] not in given:
        raise ValueError("the problem is of another domain")
    one = {part[0]: part[1:] for part in [*parts, *given] if part[0] not in (":action", ":method", ":task")}
    types = typed(one.get(":types", []))
    objects = typed(one.get(":constants", [])) | typed(one.get(":objects", []))
    predicates = {predicate[0]: list(typed(predicate[1:]).values()) for predicate in one[":predicates"]}
    actions = {part[1]: _action(part) for part in parts if part[0] == ":action"}
    methods = [_action(part) for part in parts if part[0] == ":method"]
    top = _listed(_keys(one.get(":htn", [])).get(":ordered-subtasks", _keys(one.get(":htn", [])).get(":subtasks", [])))
    tasks = {part[1] for part in parts if part[0] == ":task"}
    start = frozenset(tuple(fact) for fact in one[":init"])
    world = World(types, objects, predicates, actions, methods, tasks, start, _listed(one[":goal"][0]), top)
    if len(actions) + len(methods) != sum(part[0] in (":action", ":method") for part in parts):
        raise ValueError("an action is there twice")
    if len({method.name for method in methods}) != len(methods) or tasks & set(actions):
        raise ValueError("a method or task is there twice")
    for fact in [*world.start, *world.goal]:
        _check(world, fact, {})
    for action in [*actions.values(), *methods]:
        for fact in [*action.needs, *action.adds, *action.deletes]:
            _check(world, fact, action.parameters)
        for part in action.subtasks:
            if part[0] not in tasks | set(actions):
                raise ValueError(f"{part[0]} is neither task nor action")
    return world


def _check(world: World, fact: Fact, parameters: dict[str, str]) -> None:
    kinds = world.predicates[fact[0]]
    for word, kind in zip(fact[1:], kinds, strict=True):
        if word.startswith("?"):
            if parameters[word] != kind:
                raise ValueError(f"{word} of {fact} is no {kind}")
        elif not world.is_a(word, kind):
            raise ValueError(f"{word} of {fact} is no {kind}")


def _action(part: list[Expression]) -> Action:
    keys = _keys(part[2:])
    effects = _listed(keys.get(":effect", []))
    ordered = ":ordered-subtasks" in keys
    return Action(
        part[1],
        typed(keys.get(":parameters", [])),
        _listed(keys.get(":precondition", [])),
        [fact for fact in effects if fact[0] != "not"],
        [tuple(fact[1]) for fact in effects if fact[0] == "not"],
        tuple(keys.get(":task", ())),
        _listed(keys.get(":ordered-subtasks" if ordered else ":subtasks", [])),
        ordered,
    )


def _keys(words: Sequence[Expression]) -> dict[str, Expression]:
    return dict(zip(words[::2], words[1::2], strict=True))


def _listed(expression: list[Expression]) -> list[Fact]:
    if not expression:
        return []
    return [tuple(each) for each in (expression[1:] if expression[0] == "and" else [expression])]


def _filled(fact: Fact, bound: dict[str, str]) -> Fact:
    return tuple(bound.get(word, word) for word in fact)
