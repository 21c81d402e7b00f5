"""When a camera stopped answering and when it came back: rows of `outage`, kept as checks are counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

from camagent.model.scan_result import Outage
from camagent.text.moments import stamp_text

MAX_GAP = timedelta(hours=36)
"""Between two missed checks that are further apart nobody looked: they are two outages, as far as is known.
Longer than a day, so that one check a day is enough."""

OF_ALL = "SELECT camera_id, began_at, missed_at, ended FROM outage WHERE missed_at >= ?"


def note_outages(connection: sqlite3.Connection, at: datetime, answers: Mapping[str, bool]) -> None:
    """Begin, prolong or end the outage of each camera that was checked."""
    stamp, oldest = stamp_text(at), stamp_text(at - MAX_GAP)
    dark = [camera_id for camera_id, met in answers.items() if not met]
    connection.executemany(
        "UPDATE outage SET ended = 1 WHERE camera_id = ? AND ended = 0",
        [(camera_id,) for camera_id, met in answers.items() if met],
    )
    connection.executemany(
        "UPDATE outage SET ended = 1 WHERE camera_id = ? AND ended = 0 AND missed_at < ?",
        [(camera_id, oldest) for camera_id in dark],
    )
    connection.executemany(
        "UPDATE outage SET missed_at = max(missed_at, ?) WHERE camera_id = ? AND ended = 0",
        [(stamp, camera_id) for camera_id in dark],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO outage SELECT ?, ?, ?, 0"
        " WHERE NOT EXISTS (SELECT 1 FROM outage WHERE camera_id = ? AND ended = 0)",
        [(camera_id, stamp, stamp, camera_id) for camera_id in dark],
    )


def longest(rows: list[tuple[str, str, str, int]], since: datetime, now: datetime) -> dict[str, Outage]:
    """Of the rows of `OF_ALL` the longest of each camera, by what the checks prove between two moments."""
    best: dict[str, Outage] = {}
    for camera_id, began, missed, ended in rows:
        outage = Outage(
            max(datetime.fromisoformat(began), since), min(datetime.fromisoformat(missed), now), bool(ended)
        )
        if camera_id not in best or length(outage) > length(best[camera_id]):
            best[camera_id] = outage
    return best


def length(outage: Outage) -> timedelta:
    """From the first missed check to the last."""
    return outage.missed_at - outage.began_at
