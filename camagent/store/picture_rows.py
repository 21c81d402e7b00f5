"""The narrow door to what is kept of pictures: four rows of numbers a camera at most, and never a picture.

Three of them are full: the references by day and by night (or under infrared), and the latest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from camagent.model.daylight import by_night
from camagent.model.earlier_runs import SeenPicture
from camagent.model.stream import NightLook, PictureNumbers

LATEST = "latest"
NIGHT, NIGHT_LATEST = "night", "night_latest"
MAX_ROWS = 20_000  # four each of `store.MAX_KNOWN` cameras
_WITHOUT = "DELETE FROM picture WHERE camera_id = ? AND kind = ?"
_COLUMNS = "camera_id, kind, at, luma, detail, chroma_u, chroma_v, sharpness, infrared, sound, conditions"


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """One row: the reference by day or under infrared, or how the last check saw the camera."""

    camera_id: str
    kind: str
    at: datetime
    numbers: PictureNumbers
    sound: bool
    conditions: tuple[str, ...] = ()
    """Of a look by night."""


def kind_of(numbers: PictureNumbers) -> str:
    """Which reference these numbers can be."""
    return "infrared" if numbers.infrared else "day"


def write_seen(connection: sqlite3.Connection, pictures: Iterable[SeenPicture], at: str) -> None:
    """The latest of each camera anew; its reference where it has none and the picture was sound."""
    room = MAX_ROWS - connection.execute("SELECT count(*) FROM picture").fetchone()[0]
    for one in pictures:
        if room <= 0:
            return
        kept = StoredPicture(one.camera_id, LATEST, datetime.fromisoformat(at), one.numbers, one.sound)
        _put(connection, kept, "REPLACE")
        if one.makes_reference:
            _put(connection, replace(kept, kind=kind_of(one.numbers)), "IGNORE")
        if one.night is not None:
            if one.sound and not _has_infrared(connection, one.camera_id):
                _put(connection, replace(kept, kind=NIGHT), "IGNORE")
            numbers = replace(one.numbers, luma=b"", detail=b"")
            looked = replace(kept, numbers=numbers, at=one.night.at, conditions=one.night.conditions)
            _put(connection, replace(looked, kind=NIGHT_LATEST), "REPLACE")
        if one.sound and one.numbers.infrared:  # three full rows a camera at most: this is its night
            connection.execute(_WITHOUT, (one.camera_id, NIGHT))
        room -= 4


def accept_latest(connection: sqlite3.Connection, camera_id: str) -> StoredPicture | None:
    """The latest picture becomes the reference of its light; None where there is none.

    That of the night is made anew by the next sound look by night; where a look by lamplight is accepted, the
    others are made anew, for they show the old aim.
    """
    kept = {picture.kind: picture for picture in read_pictures(connection, camera_id)}
    latest = kept.get(LATEST)
    if latest is None:
        return None
    lamps = by_night(latest.at) and not latest.numbers.infrared
    accepted = replace(latest, kind=NIGHT if lamps else kind_of(latest.numbers), sound=True)
    for kind in ("day", "infrared") if lamps else (NIGHT,):
        connection.execute(_WITHOUT, (camera_id, kind))
    _put(connection, accepted, "REPLACE")
    return accepted


def read_pictures(connection: sqlite3.Connection, camera_id: str | None = None) -> tuple[StoredPicture, ...]:
    """Everything kept, of one camera or of all."""
    where, values = ("", ()) if camera_id is None else (" WHERE camera_id = ?", (camera_id,))
    rows: Sequence[Any] = connection.execute(
        f"SELECT {_COLUMNS} FROM picture{where} ORDER BY 1, 2", values
    ).fetchall()
    return tuple(_kept(row) for row in rows)


def references_of(rows: Iterable[StoredPicture]) -> dict[str, tuple[PictureNumbers, ...]]:
    """By camera id: its references by day and under infrared."""
    references: dict[str, tuple[PictureNumbers, ...]] = {}
    for kept in rows:
        if kept.kind == kind_of(kept.numbers):
            references[kept.camera_id] = (*references.get(kept.camera_id, ()), kept.numbers)
    return references


def nights_of(rows: Sequence[StoredPicture]) -> tuple[dict[str, PictureNumbers], dict[str, NightLook]]:
    """By camera id: the reference of the night, and the last look by night."""
    references = {kept.camera_id: kept.numbers for kept in rows if kept.kind == NIGHT}
    last = (kept for kept in rows if kept.kind == NIGHT_LATEST)
    return references, {kept.camera_id: NightLook(kept.at, kept.conditions) for kept in last}


def _has_infrared(connection: sqlite3.Connection, camera_id: str) -> bool:
    """A reference under infrared is there: that is the night's own."""
    kind = connection.execute(
        "SELECT 1 FROM picture WHERE camera_id = ? AND kind = 'infrared'", (camera_id,)
    ).fetchone()
    return kind is not None


def _put(connection: sqlite3.Connection, kept: StoredPicture, otherwise: str) -> None:
    """Write one row; `otherwise`: what becomes of one that is there, REPLACE or IGNORE."""
    numbers = kept.numbers
    row = (
        kept.camera_id,
        kept.kind,
        kept.at.isoformat(),
        numbers.luma,
        numbers.detail,
        numbers.chroma_u,
        numbers.chroma_v,
        numbers.sharpness,
        int(numbers.infrared),
        int(kept.sound),
        ",".join(kept.conditions),
    )
    places = ",".join("?" * len(row))
    connection.execute(f"INSERT OR {otherwise} INTO picture ({_COLUMNS}) VALUES ({places})", row)


def _kept(row: Sequence[Any]) -> StoredPicture:
    camera_id, kind, at, luma, detail, u, v, sharpness, infrared, sound, conditions = row
    numbers = PictureNumbers(luma, detail, u, v, sharpness, bool(infrared))
    stated = tuple(name for name in conditions.split(",") if name)
    return StoredPicture(camera_id, kind, datetime.fromisoformat(at), numbers, bool(sound), stated)
