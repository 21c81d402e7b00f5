"""One scan as rows: added, or amended where a camera of it was checked again."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from camagent.document.model import CameraView, ScanDocument
from camagent.document.write import document_text
from camagent.model.fault import FaultCode
from camagent.store import state_rows
from camagent.store.daily import count_day, thin
from camagent.text.moments import stamp_text

# its window spans cameras that say the same: a twentieth of zlib's size here, in half the time
LZMA_PRESET = 1


def add(connection: sqlite3.Connection, document: ScanDocument, cameras: Iterable[CameraView]) -> bytes:
    """Its document, what changed, today's counts; what is older than RAW_DAYS is thinned.

    `document` has no cameras of its own: they are taken one after the other, so that they need not all be
    there at once. Returns: the text as it is kept, packed.
    """
    stamps = [stamp_text(document.started_at), stamp_text(document.finished_at)]
    judged_by = (document.profile.id, document.profile.digest)
    present: dict[str, bool] = {}

    def noted() -> Iterator[CameraView]:
        for camera in cameras:
            if not was_stopped(camera):
                state_rows.note_state(connection, camera, stamps[0])
                present[camera.id] = camera_answered(camera)
            yield camera

    text = packed(document_text(document, noted()))
    connection.execute(
        "INSERT INTO scan (started_at, finished_at, profile_id, profile_digest,"
        " ready, not_ready, undetermined, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*stamps, *judged_by, *_counts(document), text),
    )
    count_day(connection, document.started_at, present)
    thin(connection, document.started_at)
    return text


def amend(connection: sqlite3.Connection, document: ScanDocument, camera_ids: Sequence[str]) -> None:
    """The newest scan that began when this one did is this one now; nothing is counted twice."""
    finished_at, began_at = stamp_text(document.finished_at), stamp_text(document.started_at)
    connection.execute(
        "UPDATE scan SET finished_at = ?, ready = ?, not_ready = ?, undetermined = ?, document = ?"
        " WHERE id = (SELECT max(id) FROM scan WHERE started_at = ?)",
        (finished_at, *_counts(document), packed([document.compact_json()]), began_at),
    )
    for camera in document.cameras:
        if camera.id in camera_ids and not was_stopped(camera):
            state_rows.note_state(connection, camera, finished_at)


def camera_answered(camera: CameraView) -> bool:
    """Something of the camera answered in this run: its ONVIF side or one of its streams."""
    return camera.clock is not None or any(stream.measured is not None for stream in camera.streams)


def was_stopped(camera: CameraView) -> bool:
    """The user ended the run before it was seen: that is neither a change nor a missing answer."""
    return any(fault.code == FaultCode.STOPPED for fault in camera.faults)


def packed(pieces: Iterable[bytes]) -> bytes:
    """A text as it is kept: LZMA, for `lzma.decompress`."""
    packer = lzma.LZMACompressor(preset=LZMA_PRESET)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def _counts(document: ScanDocument) -> tuple[int, int, int]:
    return document.summary.ready, document.summary.not_ready, document.summary.undetermined
