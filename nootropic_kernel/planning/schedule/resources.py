"""Who does the work of a plan: agents with a capacity, a speed and a price, and when each of them is busy."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from nootropic_kernel.planning.model import GONE, Plan, Task

EXACT = 6  # digits after the point that hours keep
NEAR = 1e-7  # hours that differ by less are the same

_KEYS = ("id", "capacity", "speed", "cost_usd_per_hour", "usd_per_million_tokens", "kinds")


@dataclass(frozen=True)
class Agent:
    """Who or what does tasks of some kinds.

    ``capacity`` is how many tasks at once; ``speed`` how many estimated hours it does in one; ``cost_usd_per_hour`` is
    paid while it works; ``usd_per_million_tokens`` prices the tokens of model tasks that have no price of their own.
    """

    id: str
    capacity: int = 1
    speed: float = 1.0
    cost_usd_per_hour: float = 0.0
    kinds: tuple[str, ...] = ("person",)
    usd_per_million_tokens: float | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Agent:
        """An agent from its entry in the plan's ``agents`` (see :func:`agent_problems` for what may be wrong in it)."""
        given = {key: value for key, value in record.items() if key in _KEYS}
        return cls(**{**given, "kinds": tuple(given.get("kinds", ("person",)))})

    def does(self, task: Task) -> bool:
        """Whether tasks of that sort are its work. What nothing can do yet is left to people."""
        return ("person" if task.how.kind == "none" else task.how.kind) in self.kinds

    def hours(self, task: Task) -> float:
        """How long it takes for a task."""
        return round(task.estimate.hours / self.speed, EXACT)

    def cost(self, task: Task) -> float:
        """What a task costs in USD when it does it, as far as that is known (see :func:`price_unknown`)."""
        return task.estimate.hours / self.speed * self.cost_usd_per_hour + (token_cost(task, self) or 0.0)


# Who works where a budget was given and nobody was named. What a recipe writes has to be looked at only, and the
# estimates of a model's tasks count their review.
DEFAULTS = (
    Agent("recipes", speed=4.0, kinds=("recipe",)),
    Agent("model", kinds=("model",)),
    Agent("people", kinds=("person",)),
)


def agents_of(plan: Plan) -> tuple[Agent, ...]:
    """The plan's agents, and default ones for kinds of work that none of them does.

    None at all where the plan has neither agents nor a budget: nobody waits for anybody then, only for tasks.
    """
    if not plan.agents and not plan.budget:
        return ()
    named = tuple(Agent.of(record) for record in plan.agents)
    covered = {kind for agent in named for kind in agent.kinds}
    taken = {agent.id for agent in named}
    return (
        *named,
        *(
            agent if agent.id not in taken else Agent(f"{agent.id}-default", speed=agent.speed, kinds=agent.kinds)
            for agent in DEFAULTS
            if not covered & set(agent.kinds)
        ),
    )


def chosen(agents: Sequence[Agent], task: Task, before: Task | None = None) -> Agent | None:
    """Who does a task that has nobody yet: who did the one before it, else the fastest; None where nobody is named."""
    able = [agent for agent in agents if agent.does(task)]
    same = [agent for agent in able if before is not None and agent.id == before.agent]
    return min(same or able, key=lambda agent: (agent.hours(task), agent.cost(task)), default=None)


def token_cost(task: Task, agent: Agent | None = None) -> float | None:
    """What the model's tokens of a task cost in USD; None where nobody knows, 0 where no model is asked."""
    if task.estimate.cost_usd is not None:
        return task.estimate.cost_usd
    if task.how.kind != "model":
        return 0.0
    price = agent.usd_per_million_tokens if agent is not None else None
    return None if price is None else round(task.estimate.tokens * price / 1e6, EXACT)


def price_unknown(plan: Plan) -> list[Task]:
    """The live tasks whose tokens nobody knows the price of."""
    agents = {agent.id: agent for agent in agents_of(plan)}
    return [
        task
        for task in plan.tasks
        if task.status not in GONE and token_cost(task, agents.get(task.agent or "")) is None
    ]


class Load:
    """How many tasks an agent does at any time, and when it can take another one."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._times = [float("-inf")]
        self._tasks = [0]  # from each of these times to the next

    def earliest(self, at: float, hours: float) -> float:
        """The first time from ``at`` at which it is free to do a task of that length."""
        index = bisect_right(self._times, at + NEAR) - 1
        while True:
            while self._tasks[index] >= self._capacity:
                index += 1
                at = self._times[index]
            following = index + 1
            while following < len(self._times) and self._times[following] < at + hours - NEAR:
                if self._tasks[following] >= self._capacity:
                    break
                following += 1
            else:
                return at
            index = following

    def take(self, start: float, end: float) -> None:
        """Do one more task in that time, whether or not it is free then."""
        if end - start <= NEAR:
            return
        first, last = self._cut(start), self._cut(end)
        for index in range(first, last):
            self._tasks[index] += 1

    def _cut(self, at: float) -> int:
        """The index of a time, which becomes one of those that are told apart."""
        index = bisect_right(self._times, at + NEAR) - 1
        if self._times[index] < at - NEAR:
            index += 1
            self._times.insert(index, at)
            self._tasks.insert(index, self._tasks[index - 1])
        return index


def unknown_keys(given: Iterable[str], known: Sequence[str], what: str) -> list[str]:
    """The keys that nobody reads, in sentences with the nearest known one: a limit with a slip is no limit."""
    found = []
    for key in given:
        if key not in known:
            near = [each for each in known if key.lower() in each.split("_")][:1]
            near = near or get_close_matches(key.lower(), known, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]!r}? Known" if near else "known"
            found.append(f"{what} has no key {key!r}; {meant}: {', '.join(known)}")
    return found


def unknown_agent_keys(record: Any) -> list[str]:
    """The keys of an agent that nobody reads, in sentences."""
    given = record if isinstance(record, Mapping) else {}
    return unknown_keys(given, _KEYS, f"the agent {given.get('id', '')}".strip())


def agent_problems(records: tuple[dict[str, Any], ...]) -> list[str]:
    """What is wrong with the ``agents`` of a plan, in sentences."""
    found: list[str] = [problem for record in records for problem in unknown_agent_keys(record)]
    names: set[str] = set()
    for record in records:
        name = record.get("id") if isinstance(record, dict) else None
        if not isinstance(name, str) or not name:
            found.append("an agent has no id")
            continue
        if name in names:
            found.append(f"the agent {name} is there twice")
        names.add(name)
        capacity, kinds = record.get("capacity", 1), record.get("kinds", ["person"])
        if not isinstance(capacity, int) or isinstance(capacity, bool) or not 1 <= capacity <= 1000:
            found.append(f"the capacity of agent {name} must be a whole number from 1 to 1000")
        if not _number(record.get("speed", 1.0)) or not 0.001 <= record.get("speed", 1.0) <= 1000:
            found.append(f"the speed of agent {name} must be a number from 0.001 to 1000")
        for key in ("cost_usd_per_hour", "usd_per_million_tokens"):
            if key in record and (not _number(record[key]) or not 0 <= record[key] <= 1e9):
                found.append(f"{key} of agent {name} must be a number from 0 to a billion")
        if not isinstance(kinds, list | tuple) or not kinds or set(map(str, kinds)) - {"person", "model", "recipe"}:
            found.append(f"the kinds of agent {name} must be some of person, model, recipe")
    return found


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
