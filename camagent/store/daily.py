"""How often each camera answered, day by day, and what is thrown away when."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from camagent.store import outages
from camagent.text.moments import VIETNAM, stamp_text

RAW_DAYS = 30  # every scan is kept that long; the availability row of a profile looks back as far
ROLL_UP_DAYS = 5 * 366  # daily counts; bounds the file at about 120,000 rows for 64 cameras


def count_day(connection: sqlite3.Connection, at: datetime, answers: Mapping[str, bool]) -> None:
    """One more question to each of these cameras (id: did it answer) on the day of `at`."""
    connection.executemany(
        "INSERT INTO camera_day VALUES (?, ?, 1, ?) ON CONFLICT (camera_id, day)"
        " DO UPDATE SET probes = probes + 1, answered = answered + excluded.answered",
        [(camera_id, day_of(at), int(met)) for camera_id, met in answers.items()],
    )
    outages.note_outages(connection, at, answers)


def thin(connection: sqlite3.Connection, now: datetime) -> None:
    """Of scans older than RAW_DAYS keep one a week; of counts what ROLL_UP_DAYS hold."""
    limit = stamp_text(now - timedelta(days=RAW_DAYS))
    connection.execute(
        "DELETE FROM scan WHERE started_at < ? AND id NOT IN"
        " (SELECT max(id) FROM scan GROUP BY strftime('%Y-%W', started_at))",
        (limit,),
    )
    oldest = now - timedelta(days=ROLL_UP_DAYS)
    connection.execute("DELETE FROM camera_day WHERE day < ?", (day_of(oldest),))
    connection.execute("DELETE FROM outage WHERE missed_at < ?", (stamp_text(oldest),))


def day_of(moment: datetime) -> str:
    """The day in Vietnam, as ISO 8601."""
    return moment.astimezone(VIETNAM).date().isoformat()
