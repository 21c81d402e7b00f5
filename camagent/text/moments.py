"""Dates and times as a person reads them, in Vietnamese or English, and as documents carry them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime

from camagent.model.scan_result import VIETNAM as VIETNAM


def moment_text(moment: datetime, lang: str) -> str:
    """Date and time in Vietnam."""
    local = moment.astimezone(VIETNAM)
    return f"{local:%d/%m/%Y %H:%M}" if lang == "vi" else f"{local:%Y-%m-%d %H:%M} (UTC+7)"


def day_text(day: date, lang: str) -> str:
    """A day as a person reads it."""
    return f"{day:%d/%m/%Y}" if lang == "vi" else f"{day:%Y-%m-%d}"


def stamp_text(moment: datetime) -> str:
    """RFC 3339 in UTC, as documents carry it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def table_moment_text(moment: datetime) -> str:
    """For a cell of a table: to the minute, in Vietnamese time, in the order in which text sorts."""
    return f"{moment.astimezone(VIETNAM):%Y-%m-%d %H:%M}"
