"""Reading HDDL 1.0: a domain and a problem, checked for names, types, arities and orders, each fault with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nootropic_kernel.planning.errors import HddlInvalid
from nootropic_kernel.planning.hddl.problem import (
    Action,
    And,
    Atom,
    Effect,
    Equal,
    Formula,
    Method,
    Not,
    OfType,
    Or,
    Problem,
    Quantified,
    Variable,
)
from nootropic_kernel.planning.hddl.syntax import Group, Word, parse

_IGNORED = {":requirements", ":functions", ":metric"}  # costs are read over: any plan will do
_ORDERED = {":ordered-subtasks", ":ordered-tasks"}
_SUBTASKS = {":subtasks", ":tasks"} | _ORDERED
_ROOT = "object"


def read(domain: str, problem: str, names: tuple[str, str] = ("domain", "problem")) -> Problem:
    """The problem that two texts in HDDL describe.

    :param names: what the two are called in errors.
    :raises HddlInvalid: for what is wrong, unknown, or not supported (numbers, times).
    """
    reader = _Reader(names[0])
    reader.domain(_definition(domain, names[0], "domain"))
    reader.file = names[1]
    return reader.problem(_definition(problem, names[1], "problem"))


def _definition(text: str, file: str, kind: str) -> Group:
    group = parse(text, file)
    title = group[1] if len(group) > 1 else None
    if group.head != "define" or not isinstance(title, Group) or title.head != kind:
        raise HddlInvalid(file, group.line, f"must stand `(define ({kind} …) …)`")
    return group


@dataclass
class _Reader:
    file: str
    parents: dict[str, list[str]] = field(default_factory=lambda: {_ROOT: []})
    own: dict[str, tuple[str, ...]] = field(default_factory=dict)  # object → its types
    predicates: dict[str, tuple[Variable, ...]] = field(default_factory=dict)
    tasks: dict[str, tuple[Variable, ...]] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    methods: dict[str, list[Method]] = field(default_factory=dict)

    def fail(self, where: Word | Group, problem: str) -> HddlInvalid:
        return HddlInvalid(self.file, where.line, problem)

    def domain(self, group: Group) -> None:
        parts = self._sections(group)
        for part in parts.get(":types", []):
            for kind, types, _ in self._typed(part[1:]):
                self.parents.setdefault(kind, []).extend(types)
                for above in types:
                    self.parents.setdefault(above, [])
        self._objects(parts.get(":constants", []))
        for part in parts.get(":predicates", []):
            for each in part[1:]:
                self._declare(self.predicates, self._group(each), "predicate")
        for part in parts.get(":task", []):
            fields = self._fields(part)
            self._unique(self.tasks, self._name(part), "task")
            self.tasks[self._name(part)] = self._variables(fields.get(":parameters"))
        for part in parts.get(":action", []):
            self._unique(self.tasks, self._name(part), "task")
            self._action(part)
        for part in parts.get(":method", []):
            self._method(part)

    def problem(self, group: Group) -> Problem:
        parts = self._sections(group)
        self._objects(parts.get(":objects", []))
        htn = [each for name in (":htn", ":htn-tihtn") for each in parts.get(name, [])]
        if len(htn) != 1:
            raise self.fail(group, "must be one initial task network (`:htn`)")
        init = tuple(self._fact(self._group(each)) for part in parts.get(":init", []) for each in part[1:]
                     if self._group(each).head != "=")  # fmt: skip
        goals = [self._formula(part[1], {}) for part in parts.get(":goal", []) if len(part) > 1]
        fields = self._fields(htn[0], named=False)
        variables = self._variables(fields.get(":parameters"))
        top = self._network("", Atom("", ()), variables, And(), fields, htn[0])
        return Problem(
            self._title(group), self._closed(), frozenset(self.own), tuple(self.predicates), self.tasks, self.actions,
            {task: tuple(self.methods.get(task, ())) for task in self.tasks if task not in self.actions},
            top, init, And(tuple(goals)),
        )  # fmt: skip

    def _sections(self, group: Group) -> dict[str, list[Group]]:
        known = {":types", ":constants", ":predicates", ":task", ":action", ":method", ":domain", ":objects", ":init",
                 ":htn", ":htn-tihtn", ":goal"} | _IGNORED  # fmt: skip
        found: dict[str, list[Group]] = {}
        for each in group[2:]:
            part = self._group(each)
            if part.head not in known:
                raise self.fail(part, f"is {part.head or 'a group'!r}, which is not supported")
            found.setdefault(part.head, []).append(part)
        return found

    def _title(self, group: Group) -> str:
        return " ".join(str(each) for each in self._group(group[1])[1:])

    def _objects(self, parts: Sequence[Group]) -> None:
        for part in parts:
            for name, types, where in self._typed(part[1:]):
                self._known_types(types, where)
                self.own[name] = (*self.own.get(name, ()), *types)

    def _closed(self) -> dict[str, tuple[str, ...]]:
        above: dict[str, set[str]] = {}
        for name in self.parents:
            found, todo = {name, _ROOT}, [name]
            while todo:
                more = set(self.parents[todo.pop()]) - found
                found |= more
                todo += more
            above[name] = found
        return {
            name: tuple(thing for thing, types in self.own.items() if any(name in above[each] for each in types))
            for name in self.parents
        }

    def _typed(self, items: Sequence[Word | Group]) -> Iterator[tuple[str, tuple[str, ...], Word]]:
        """``a b - t c``: names with their types."""
        names: list[Word] = []
        at = 0
        while at < len(items):
            item = items[at]
            if isinstance(item, Group):
                raise self.fail(item, "must stand a name, not a group")
            if item != "-":
                names.append(item)
                at += 1
                continue
            if at + 1 == len(items):
                raise self.fail(item, "is no type after the `-`")
            kind = items[at + 1]
            types = tuple(map(str, kind[1:])) if isinstance(kind, Group) else (str(kind),)
            yield from ((str(name), types, name) for name in names)
            names, at = [], at + 2
        yield from ((str(name), (_ROOT,), name) for name in names)

    def _known_types(self, types: tuple[str, ...], where: Word) -> None:
        for each in types:
            if each not in self.parents:
                raise self.fail(where, f"is the type {each!r}, which is not declared")

    def _variables(self, group: Word | Group | None) -> tuple[Variable, ...]:
        found: list[Variable] = []
        for name, types, where in self._typed(group if isinstance(group, Group) else []):
            self._known_types(types, where)
            if not name.startswith("?"):
                raise self.fail(where, f"must stand a variable instead of {name!r}")
            if any(each.name == name for each in found):
                raise self.fail(where, f"is {name!r} for the second time")
            found.append(Variable(name, types))
        return tuple(found)

    def _declare(self, into: dict[str, tuple[Variable, ...]], group: Group, what: str) -> None:
        name = self._word(group, 0)
        self._unique(into, name, what)
        rest = Group(group.line)
        rest.extend(group[1:])
        into[name] = self._variables(rest)

    def _unique(self, known: dict[str, tuple[Variable, ...]], name: Word, what: str) -> None:
        if name in known:
            raise self.fail(name, f"is the {what} {name!r} for the second time")

    def _name(self, part: Group) -> Word:
        return self._word(part, 1)

    def _word(self, group: Group, at: int) -> Word:
        if at >= len(group) or not isinstance(word := group[at], Word):
            raise self.fail(group, "is a name missing")
        return word

    def _group(self, item: Word | Group) -> Group:
        if isinstance(item, Word):
            raise self.fail(item, f"must stand a group instead of {str(item)!r}")
        return item

    def _fields(self, part: Group, *, named: bool = True) -> dict[str, Group]:
        """``:parameters (…) :precondition (…)`` by name."""
        known = {":parameters", ":task", ":precondition", ":effect", ":ordering", ":constraints"} | _SUBTASKS
        found: dict[str, Group] = {}
        items = part[2:] if named else part[1:]
        for name, value in zip(items[::2], items[1::2], strict=False):
            if isinstance(name, Group) or name not in known | {":order", ":causal-links", ":causallinks"}:
                raise self.fail(name, f"is {str(name)!r}, which is not supported")
            found[name] = self._group(value)
        if len(items) % 2:
            raise self.fail(items[-1], "is a name without a value")
        return found

    def _action(self, part: Group) -> None:
        name, fields = self._name(part), self._fields(part)
        variables = self._variables(fields.get(":parameters"))
        scope = {each.name: each for each in variables}
        condition = self._optional(fields.get(":precondition"), scope)
        effects = tuple(self._effects(fields[":effect"], scope, (), And())) if ":effect" in fields else ()
        self.tasks[name] = variables
        self.actions[name] = Action(str(name), variables, condition, effects)

    def _method(self, part: Group) -> None:
        name, fields = self._name(part), self._fields(part)
        if ":task" not in fields:
            raise self.fail(part, f"is the method {name!r} without a task")
        variables = self._variables(fields.get(":parameters"))
        scope = {each.name: each for each in variables}
        task = self._task(fields[":task"], scope)
        if task.name in self.actions:
            raise self.fail(part, f"is a method for {task.name!r}, which is an action")
        condition = self._optional(fields.get(":precondition"), scope)
        made = self._network(str(name), task, variables, condition, fields, part)
        self.methods.setdefault(task.name, []).append(made)

    def _network(
        self, name: str, task: Atom, variables: tuple[Variable, ...], condition: Formula, fields: dict[str, Group],
        part: Group,
    ) -> Method:  # fmt: skip
        scope = {each.name: each for each in variables}
        if ":constraints" in fields:
            condition = And((condition, self._optional(fields[":constraints"], scope)))
        given = [(key, fields[key]) for key in fields if key in _SUBTASKS]
        if len(given) > 1:
            raise self.fail(part, "are the subtasks given twice")
        labels: list[str] = []
        subtasks: list[Atom] = []
        for each in self._listed(given[0][1]) if given else ():
            labelled = len(each) == 2 and isinstance(each[1], Group)
            labels.append(str(self._word(each, 0)) if labelled else "")
            subtasks.append(self._task(self._group(each[1]) if labelled else each, scope))
        pairs = set()
        if given and given[0][0] in _ORDERED:
            pairs = {(at, at + 1) for at in range(len(subtasks) - 1)}
        for each in self._listed(fields.get(":ordering", fields.get(":order", Group(part.line)))):
            words = [str(word) for word in each if word != "<"]
            if len(words) != 2 or not set(words) <= set(labels) or "" in words:
                raise self.fail(each, "is an order of subtasks that are not there")
            pairs.add((labels.index(words[0]), labels.index(words[1])))
        before = _transitive(pairs)
        if any(left == right for left, right in before):
            raise self.fail(part, "is an order that goes in a circle")
        return Method(name, task, variables, condition, tuple(subtasks), before)

    def _listed(self, group: Group) -> list[Group]:
        """``(and a b)``, ``a`` or ``()`` as a list."""
        if not group:
            return []
        if group.head == "and":
            return [self._group(each) for each in group[1:] if each]
        return [group] if group.head else [self._group(each) for each in group]

    def _task(self, group: Group, scope: dict[str, Variable]) -> Atom:
        return self._atom(group, scope, self.tasks, "task")

    def _fact(self, group: Group) -> Atom:
        return self._atom(group, {}, self.predicates, "predicate")

    def _atom(
        self, group: Group, scope: dict[str, Variable], known: dict[str, tuple[Variable, ...]], what: str
    ) -> Atom:
        name = self._word(group, 0)
        if name not in known:
            raise self.fail(name, f"is the {what} {str(name)!r}, which is not declared")
        args = tuple(self._term(self._word(group, at), scope) for at in range(1, len(group)))
        if len(args) != len(known[name]):
            raise self.fail(name, f"has {str(name)!r} {len(args)} arguments instead of {len(known[name])}")
        return Atom(str(name), args)

    def _term(self, word: Word, scope: dict[str, Variable]) -> str:
        if word not in (scope if word.startswith("?") else self.own):
            kind = "variable" if word.startswith("?") else "object"
            raise self.fail(word, f"is the {kind} {str(word)!r}, which is not declared")
        return str(word)

    def _optional(self, group: Group | None, scope: dict[str, Variable]) -> Formula:
        return self._formula(group, scope) if group else And()

    def _formula(self, item: Word | Group, scope: dict[str, Variable]) -> Formula:
        group = self._group(item)
        if not group:
            return And()
        rest = group[1:]
        match group.head:
            case "and":
                return And(tuple(self._formula(each, scope) for each in rest))
            case "or":
                return Or(tuple(self._formula(each, scope) for each in rest))
            case "not" if len(rest) == 1:
                return Not(self._formula(rest[0], scope))
            case "imply" if len(rest) == 2:
                return Or((Not(self._formula(rest[0], scope)), self._formula(rest[1], scope)))
            case "forall" | "exists" if len(rest) == 2:
                variables = self._variables(self._group(rest[0]))
                inner = scope | {each.name: each for each in variables}
                return Quantified(group.head == "forall", variables, self._formula(rest[1], inner))
            case "=" if len(rest) == 2:
                return Equal(self._term(self._word(group, 1), scope), self._term(self._word(group, 2), scope))
            case "sortof" | "sort-of":
                kind = self._word(group, 3) if len(group) == 4 else self._word(group, 2)
                self._known_types((str(kind),), kind)
                return OfType(self._term(self._word(group, 1), scope), str(kind))
            case "not" | "imply" | "forall" | "exists" | "=":
                raise self.fail(group, f"has {group.head!r} the wrong number of parts")
        return self._atom(group, scope, self.predicates, "predicate")

    def _effects(
        self, group: Group, scope: dict[str, Variable], variables: tuple[Variable, ...], condition: Formula
    ) -> Iterator[Effect]:
        rest = group[1:]
        match group.head:
            case "and" | "":
                for each in rest if group.head else group:
                    yield from self._effects(self._group(each), scope, variables, condition)
            case "forall" | "when" if len(rest) != 2:
                raise self.fail(group, f"has {group.head!r} the wrong number of parts")
            case "forall":
                more = self._variables(self._group(rest[0]))
                inner = scope | {each.name: each for each in more}
                yield from self._effects(self._group(rest[1]), inner, (*variables, *more), condition)
            case "when":
                both = And((condition, self._formula(rest[0], scope)))
                yield from self._effects(self._group(rest[1]), scope, variables, both)
            case "increase":
                return
            case "not" if len(rest) == 1:
                atom = self._atom(self._group(rest[0]), scope, self.predicates, "predicate")
                yield Effect(atom, False, variables, condition)
            case _:
                yield Effect(self._atom(group, scope, self.predicates, "predicate"), True, variables, condition)


def _transitive(pairs: set[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """All pairs that follow from some."""
    after: dict[int, set[int]] = {}
    for left, right in pairs:
        after.setdefault(left, set()).add(right)
    found: set[tuple[int, int]] = set()
    for start in after:
        todo = list(after[start])
        while todo:
            each = todo.pop()
            if (start, each) not in found:
                found.add((start, each))
                todo += after.get(each, ())
    return frozenset(found)
