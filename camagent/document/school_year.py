"""Earlier scans as a school names them: last, third last, a time, a date, a reporting date of the school
year. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

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


@dataclass(frozen=True, slots=True)
class EarlierScan:
    """Which scan is meant: `ago` scans before the newest one, or the last that began before `until`."""

    ago: int | None = None
    until: datetime | None = None


MAX_AGO = 999  # scans back; a longer number is a date with its dashes forgotten


def parse_earlier(text: str, now: datetime) -> EarlierScan | None:
    """What `--compare` names: "last", "3" (scans ago), "08:36", "2026-11-28 08:36", or a reporting date.

    now: with the zone of the school; a time of day is the latest such one up to now.
    Returns: None where it is none of these.
    """
    text = " ".join(text.split()).casefold()
    if text == "last":
        return EarlierScan(ago=1)
    if (
        text.isascii()
        and text.isdecimal()
        and 1 <= int(text[:4]) <= MAX_AGO
        and len(text) <= len(str(MAX_AGO))
    ):
        return EarlierScan(ago=int(text))
    moment = _moment(text, now)
    if moment is not None:
        return EarlierScan(until=moment + timedelta(minutes=1))
    day = parse_report_date(text, now.date())
    midnight = datetime.combine(day + timedelta(days=1), time(), now.tzinfo) if day is not None else None
    return EarlierScan(until=midnight) if midnight is not None else None


def _moment(text: str, now: datetime) -> datetime | None:
    first, _, last = text.replace("t", " ").rpartition(" ")
    try:
        clock = datetime.strptime(last, "%H:%M").time()
    except ValueError:
        return None
    day = parse_report_date(first, now.date()) if first else now.date()
    if day is None:
        return None
    moment = datetime.combine(day, clock, now.tzinfo)
    return moment - timedelta(days=1) if not first and moment > now else moment
