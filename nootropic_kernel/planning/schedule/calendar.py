"""Working hours and days: eight hours a day from Monday to Friday, counted from the day on which a plan was made.

The day of the start and the day of a deadline both count whole: "by Friday" means when Friday's work is done.
"""

from __future__ import annotations

from datetime import date, timedelta

from nootropic_kernel.planning.schedule.resources import NEAR

HOURS_A_DAY = 8.0
_WEEK = 5


def working_hours(start: date, deadline: date) -> float:
    """How many working hours there are from a day up to another, both included; 0 when it lies before."""
    if deadline < start:
        return 0.0
    weeks, rest = divmod((deadline - start).days + 1, 7)
    days = weeks * _WEEK + sum((start.weekday() + day) % 7 < _WEEK for day in range(rest))
    return days * HOURS_A_DAY


def day_of(start: date, hours: float) -> date:
    """The day on which so many hours of work, counted from the start, are done.

    With none to do it is the start itself.

    :raises OverflowError: when it lies beyond the year 9999.
    """
    if hours <= NEAR:
        return start
    days = int((hours - NEAR) // HOURS_A_DAY)  # whole working days that pass before
    if start.weekday() >= _WEEK:
        start += timedelta(days=7 - start.weekday())
    weeks, rest = divmod(start.weekday() + days, _WEEK)
    return start + timedelta(days=weeks * 7 + rest - start.weekday())


def in_hours(number: float) -> str:
    """A number of hours as people read it."""
    return f"{round(number, 2):g}"
