"""The cameras that a site is expected to have, and what a person said of them: rows of one table."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from camagent.document.model import CameraView, ScanDocument
from camagent.model.expected import DeviceWords, ExpectedCamera, Retirement
from camagent.model.json_form import from_json, to_json
from camagent.text.moments import stamp_text

# cameras of all sites that one machine visits; who was not present for longest goes first
MAX_EXPECTED = 5_000

_COLUMNS = "id, site, name, address, video_source, words, present_at, place, said_by, said_on, reason"


def read_expected(connection: sqlite3.Connection) -> tuple[ExpectedCamera, ...]:
    """Every camera that nobody forgot."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM expected_camera WHERE state <> 'forgotten' ORDER BY id"
    )
    return tuple(_camera(row) for row in rows.fetchall())


def is_new(connection: sqlite3.Connection) -> bool:
    """Nothing was ever kept here: a new record, or one of a camagent before this table."""
    return connection.execute("SELECT 1 FROM expected_camera LIMIT 1").fetchone() is None


def write_expected(
    connection: sqlite3.Connection, cameras: Sequence[ExpectedCamera], superseded: Sequence[str]
) -> None:
    """The cameras as they are now; what a person said meanwhile stays, unless a forgotten one answered
    since."""
    connection.executemany(
        "INSERT INTO expected_camera (id, site, name, address, video_source, words, present_at, place, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'expected') ON CONFLICT (id) DO UPDATE SET"
        " site = excluded.site, name = excluded.name, address = excluded.address,"
        " video_source = excluded.video_source, words = excluded.words, present_at = excluded.present_at,"
        " place = excluded.place, state = iif(state = 'forgotten', 'expected', state)"
        " WHERE excluded.present_at > present_at OR (state = 'expected' AND excluded.present_at = "
        "present_at)",
        [_row(camera) for camera in cameras],
    )
    connection.executemany("DELETE FROM expected_camera WHERE id = ?", [(key,) for key in superseded])
    connection.execute(
        "DELETE FROM expected_camera WHERE id IN"
        " (SELECT id FROM expected_camera ORDER BY present_at DESC, id LIMIT -1 OFFSET ?)",
        (MAX_EXPECTED,),
    )


def retire(connection: sqlite3.Connection, camera_id: str, word: Retirement) -> bool:
    """Out of service from now on; False where no such camera is expected."""
    row = (word.by, word.on.isoformat(), word.reason, camera_id)
    return (
        connection.execute(
            "UPDATE expected_camera SET state = 'retired', said_by = ?, said_on = ?, reason = ?"
            " WHERE id = ? AND state <> 'forgotten'",
            row,
        ).rowcount
        > 0
    )


def forget(connection: sqlite3.Connection, camera_id: str, at: datetime) -> bool:
    """Expected no more; False where no such camera is expected. One that answers later is expected anew."""
    # A run that began before still holds it as it was: only an answer after this moment counts.
    row = (stamp_text(at), camera_id)
    query = (
        "UPDATE expected_camera SET state = 'forgotten', present_at = ? WHERE id = ? AND state <> 'forgotten'"
    )
    return connection.execute(query, row).rowcount > 0


def of_document(document: ScanDocument, last_day: Mapping[str, str]) -> list[ExpectedCamera]:
    """The cameras of a scan that was stored before this table was: those that ever answered.

    `last_day`: by camera id, the last day on which it answered.
    """
    cameras = []
    for camera in document.cameras:
        if camera.id in last_day:
            day = datetime.fromisoformat(f"{last_day[camera.id]}T00:00:00+07:00")
            cameras.append(_of_view(camera, document.site.id, min(day, document.finished_at)))
    return cameras


def _of_view(camera: CameraView, site: str, present_at: datetime) -> ExpectedCamera:
    device = camera.device
    words = DeviceWords()
    if device is not None:
        words = DeviceWords(
            device.manufacturer,
            device.model,
            device.firmware,
            device.serial,
            device.mac,
            tuple(device.onvif_profiles),
        )
    at = camera.present_at or present_at
    return ExpectedCamera(
        camera.id, site, camera.name, camera.address, camera.video_source, words, at, camera.place
    )


def _row(camera: ExpectedCamera) -> tuple[str | None, ...]:
    words, at = json.dumps(to_json(camera.words)), stamp_text(camera.present_at)
    return (camera.id, camera.site, camera.name, camera.address, camera.video_source, words, at, camera.place)


def _camera(row: tuple[str, ...]) -> ExpectedCamera:
    key, site, name, address, source, words, present_at, place, by, on, reason = row
    return ExpectedCamera(
        id=key,
        site=site,
        name=name,
        address=address,
        video_source=source,
        words=from_json(DeviceWords, json.loads(words), "words"),
        present_at=datetime.fromisoformat(present_at),
        place=place,
        retired=Retirement(by, reason, date.fromisoformat(on)) if by is not None else None,
    )
