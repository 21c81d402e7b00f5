"""The narrow door to what is kept of pictures: three rows of numbers a camera at most, and never a
picture."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camagent.inventory.earlier_runs import SeenPicture
from camagent.model.stream import PictureNumbers

LATEST = "latest"
MAX_ROWS = 15_000  # three each of `store.MAX_KNOWN` cameras
_COLUMNS = "camera_id, kind, at, luma, detail, chroma_u, chroma_v, sharpness, infrared, sound"


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """One row: the reference by day or under infrared, or how the last check saw the camera."""

    camera_id: str
    kind: str
    at: datetime
    numbers: PictureNumbers
    sound: bool


def kind_of(numbers: PictureNumbers) -> str:
    """Which reference these numbers can be."""
    return "infrared" if numbers.infrared else "day"


def write_seen(connection: sqlite3.Connection, seen: Iterable[SeenPicture], at: str) -> None:
    """The latest of each camera anew; its reference where it has none and the picture was sound."""
    room = MAX_ROWS - connection.execute("SELECT count(*) FROM picture").fetchone()[0]
    for one in seen:
        row = _row(one.camera_id, at, one.numbers, one.sound)
        places = ",".join("?" * 10)
        if room > 0:
            connection.execute(
                f"INSERT OR REPLACE INTO picture ({_COLUMNS}) VALUES ({places})", (row[0], LATEST, *row[1:])
            )
        if room > 0 and one.sound:
            kind = kind_of(one.numbers)
            connection.execute(
                f"INSERT OR IGNORE INTO picture ({_COLUMNS}) VALUES ({places})", (row[0], kind, *row[1:])
            )
        room -= 2


def accept_latest(connection: sqlite3.Connection, camera_id: str) -> KeptPicture | None:
    """The latest picture becomes the reference of its light; None where there is none."""
    kept = {picture.kind: picture for picture in read(connection, camera_id)}
    latest = kept.get(LATEST)
    if latest is None:
        return None
    row = _row(camera_id, latest.at.isoformat(), latest.numbers, True)
    kind = kind_of(latest.numbers)
    places = ",".join("?" * 10)
    connection.execute(
        f"INSERT OR REPLACE INTO picture ({_COLUMNS}) VALUES ({places})", (row[0], kind, *row[1:])
    )
    return latest


def read(connection: sqlite3.Connection, camera_id: str | None = None) -> tuple[KeptPicture, ...]:
    """Everything kept, of one camera or of all."""
    where, values = ("", ()) if camera_id is None else (" WHERE camera_id = ?", (camera_id,))
    rows: Sequence[Any] = connection.execute(
        f"SELECT {_COLUMNS} FROM picture{where} ORDER BY 1, 2", values
    ).fetchall()
    return tuple(_kept(row) for row in rows)


def _row(camera_id: str, at: str, numbers: PictureNumbers, sound: bool) -> tuple[Any, ...]:
    return (
        camera_id,
        at,
        bytes(numbers.luma),
        bytes(numbers.detail),
        numbers.chroma_u,
        numbers.chroma_v,
        numbers.sharpness,
        int(numbers.infrared),
        int(sound),
    )


def _kept(row: Sequence[Any]) -> KeptPicture:
    camera_id, kind, at, luma, detail, u, v, sharpness, infrared, sound = row
    numbers = PictureNumbers(tuple(luma), tuple(detail), u, v, sharpness, bool(infrared))
    return KeptPicture(camera_id, kind, datetime.fromisoformat(at), numbers, bool(sound))
