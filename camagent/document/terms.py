"""The two reporting terms of the school year: which one is meant, and from when to when it goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from camagent.document.school_year import REPORTING_DATES
from camagent.text.moments import VIETNAM

TERMS = {"hk1": ("hk2", "hk1"), "cn": ("hk1", "hk2")}
"""By name of a report: the reporting date before, and its own."""


@dataclass(frozen=True, slots=True)
class Term:
    """One report: what became, until its date, of what was asked on the date before."""

    name: str
    last_day: date
    """The reporting date before."""
    day: date
    """Its own reporting date."""

    @property
    def before(self) -> datetime:
        """What began before this moment was known last time."""
        return _end_of(self.last_day)

    @property
    def until(self) -> datetime:
        """What began before this moment is in the report."""
        return _end_of(self.day)


def term_of(name: str, today: date) -> Term:
    """The running term of that name, else the last one that ended."""
    started_by, ended_by = TERMS[name]
    month, day = REPORTING_DATES[ended_by]
    ends = [date(year, month, day) for year in range(today.year - 1, today.year + 2)]
    terms = [Term(name, _date_before(started_by, end), end) for end in ends]
    return [term for term in terms if term.last_day < today][-1]


def _date_before(name: str, end: date) -> date:
    month, day = REPORTING_DATES[name]
    this_year = date(end.year, month, day)
    return this_year if this_year < end else date(end.year - 1, month, day)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM)
