"""Dates as a school names them: an ISO or Vietnamese date, or the reporting dates of a school year. Pure."""

from __future__ import annotations

from datetime import date, datetime

REPORTING_DATES: dict[str, tuple[int, int]] = {"hk1": (1, 10), "hk2": (5, 15)}
"""The end-of-term reports: 10 January (first term) and 15 May (second term), as (month, day)."""


def parse_report_date(text: str, today: date) -> date | None:
    """The day that is meant: "2026-01-10", "10/01/2026", or "hk1"/"hk2": the latest such date up to today.

    Returns: None where it is none of these.
    """
    text = text.strip().casefold()
    if text in REPORTING_DATES:
        month, day = REPORTING_DATES[text]
        this_year = date(today.year, month, day)
        return this_year if this_year <= today else date(today.year - 1, month, day)
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None
