"""The record of a site: every scan, what changed since, who is known, what people answered and decided.

SQLite in WAL mode, one file. Raw scans for RAW_DAYS, then one a week beside every change of state and daily
counts. Each method is one transaction: after a power cut a scan is there as a whole or not at all.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from camagent.document.decisions import Decision
from camagent.document.model import CameraView, ScanDocument
from camagent.document.read import MAX_DOCUMENT_BYTES, DocumentError, parse_document
from camagent.document.states import CameraState
from camagent.model.earlier_runs import KnownDevice, MemoryChange, Signs
from camagent.model.expected import ExpectedCamera, Retirement
from camagent.model.json_form import from_json
from camagent.model.operator_error import OperatorError
from camagent.model.scan_result import History, ManualAnswer
from camagent.model.stream import NightLook, PictureNumbers
from camagent.model.text import Message, message
from camagent.model.trust import Trust
from camagent.store import expected_rows, outages, picture_rows, scans, state_rows, trust_rows
from camagent.store.daily import RAW_DAYS, count_day, day_of
from camagent.store.open_file import ClosedAtEnd, connect, transaction, translated
from camagent.store.picture_rows import StoredPicture
from camagent.store.scans import camera_answered
from camagent.text.moments import VIETNAM, stamp_text
from camagent.text.vietnamese import clean_line

# cameras remembered; a device that calls itself something new every day must not grow the file
MAX_KNOWN = 5_000
MAX_PINS = 20_000  # places whose certificate is remembered
MAX_TRIED = 10  # scans that are looked at for one that can be read


class Store(ClosedAtEnd):
    """An open record; may be used from several threads, one at a time."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        set_aside: Path | None,
        tell: Callable[[Message], None] = lambda _: None,
    ) -> None:
        self.path = path
        self.tell = tell
        self.set_aside = set_aside
        """Where a damaged earlier file was put; to be told to the operator."""
        self._connection = connection
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the file; what was saved is on disk already."""
        self._connection.close()

    def save(self, document: ScanDocument) -> None:
        """Add a scan: its document, what changed, today's counts; thin what is older than RAW_DAYS."""
        self.save_each(document.model_copy(update={"cameras": ()}), document.cameras)

    def save_each(self, head: ScanDocument, cameras: Iterable[CameraView]) -> bytes:
        """The same of a document without its cameras, which are taken one after the other.

        Returns: its text as `scans.packed` packs it.
        """
        with self._write() as connection:
            return scans.add(connection, head, cameras)

    def amend(self, document: ScanDocument, camera_ids: Sequence[str]) -> None:
        """Put the document in the place of the scan that began when it did: these cameras were checked again,
        and their new state is noted at its end."""
        with self._write() as connection:
            scans.amend(connection, document, camera_ids)

    def note_probes(self, at: datetime, answers: Mapping[str, bool]) -> None:
        """Count cheap checks between scans: camera id and whether it answered."""
        with self._write() as connection:
            count_day(connection, at, answers)

    def latest(self) -> ScanDocument | None:
        """The newest scan that can be read; what cannot is told. None in a new store."""
        return next(self._read("SELECT id FROM scan ORDER BY id DESC LIMIT ?", (MAX_TRIED,)), None)

    def before(self, moment: datetime, ago: int = 1) -> ScanDocument | None:
        """Of the scans that began before a moment the newest, or that many back; None where there are not so
        many."""
        query = "SELECT id FROM scan WHERE started_at < ? ORDER BY started_at DESC, id DESC LIMIT ? OFFSET ?"
        return next(self._read(query, (stamp_text(moment), MAX_TRIED, ago - 1)), None)

    def since(self, moment: datetime) -> ScanDocument | None:
        """Of the scans that began at a moment or later the oldest that can be read; None where there is
        none."""
        query = "SELECT id FROM scan WHERE started_at >= ? ORDER BY started_at, id LIMIT ?"
        return next(self._read(query, (stamp_text(moment), MAX_TRIED)), None)

    def verdicts(self, most: int) -> tuple[tuple[datetime, int, int, int], ...]:
        """When the last scans began, and how many cameras were ready, not ready, undetermined; newest
        first."""
        query = "SELECT started_at, ready, not_ready, undetermined FROM scan ORDER BY id DESC LIMIT ?"
        return tuple((datetime.fromisoformat(at), *counts) for at, *counts in self._rows(query, (most,)))

    def cameras_called(self, text: str) -> tuple[str, ...]:
        """Ids of the cameras that ever had this id, name or address."""
        query = (
            "SELECT DISTINCT camera_id FROM camera_state WHERE ? IN (camera_id, name, address) ORDER BY "
            "camera_id"
        )
        return tuple(camera_id for (camera_id,) in self._rows(query, (text,)))

    def texts(self) -> Iterator[bytes]:
        """The documents of the last scans as JSON text, newest first; what is damaged is told and left
        out."""
        return self._texts("SELECT id FROM scan ORDER BY id DESC LIMIT ?", (MAX_TRIED,))

    def histories(self, now: datetime) -> dict[str, History]:
        """How often each camera answered in the last RAW_DAYS."""
        since, today = now - timedelta(days=RAW_DAYS), day_of(now)
        query = (
            "SELECT camera_id, sum(probes), sum(answered), min(day), count(*) FROM camera_day"
            " WHERE day >= ? AND day <= ? GROUP BY camera_id"
        )
        dark = outages.longest(self._rows(outages.OF_ALL, (stamp_text(since),)), since, now)
        histories = {}
        for camera_id, probes, answers, day, days in self._rows(query, (day_of(since), today)):
            first = date.fromisoformat(day)
            span = (date.fromisoformat(today) - first).days + 1
            begins = datetime.combine(first, time(), VIETNAM)
            histories[camera_id] = History(probes, answers, begins, span, days, dark.get(camera_id))
        return histories

    def states(self, camera_id: str) -> tuple[CameraState, ...]:
        """Every change of one camera, oldest first."""
        return tuple(map(state_rows.read_state, self._rows(state_rows.OF_CAMERA, (camera_id,))))

    def remember(self, learned: MemoryChange, at: datetime) -> None:
        """Add what a run learned of devices and certificates; what others wrote meanwhile stays."""
        met = stamp_text(at)
        rows = [
            (
                item.id,
                item.address,
                json.dumps(item.video_source),
                json.dumps(item.signs),
                item.service_url,
                met,
            )
            for item in learned.devices
        ]
        with self._write() as connection:
            connection.executemany("INSERT OR REPLACE INTO known_device VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.execute(
                "DELETE FROM known_device WHERE id IN"
                " (SELECT id FROM known_device ORDER BY met_at DESC, id LIMIT -1 OFFSET ?)",
                (MAX_KNOWN,),
            )
            room = MAX_PINS - connection.execute("SELECT count(*) FROM pin").fetchone()[0]
            connection.executemany("INSERT OR IGNORE INTO pin VALUES (?, ?)", learned.pins[: max(room, 0)])
            trust_rows.write_trusted(connection, learned.trusted, met)
            picture_rows.write_seen(connection, learned.pictures, met)
            expected_rows.write_expected(connection, learned.expected, learned.superseded)

    def expected_cameras(self) -> tuple[ExpectedCamera, ...]:
        """Every camera that answered once and that nobody forgot; the retired are among them."""
        with self._lock, translated(self.path):
            is_new = expected_rows.is_new(self._connection)
        newest = self.latest() if is_new else None
        if newest is not None:  # stored before cameras were expected
            query = "SELECT camera_id, max(day) FROM camera_day WHERE answered > 0 GROUP BY camera_id"
            cameras = expected_rows.of_document(newest, dict(self._rows(query, ())))
            with self._write() as connection:
                expected_rows.write_expected(connection, cameras, ())
        with self._lock, translated(self.path):
            return expected_rows.read_expected(self._connection)

    def retire(self, camera_id: str, word: Retirement) -> bool:
        """A person took the camera out of service; False where no such camera is expected."""
        retirement = Retirement(clean_line(word.by), clean_line(word.reason), word.on)
        with self._write() as connection:
            return expected_rows.retire(connection, camera_id, retirement)

    def forget(self, camera_id: str, at: datetime) -> bool:
        """The camera is expected no more; False where no such camera is expected."""
        with self._write() as connection:
            return expected_rows.forget(connection, camera_id, at)

    def kept_pictures(self, camera_id: str | None = None) -> tuple[StoredPicture, ...]:
        """What is kept of the pictures of one camera, or of all: numbers only."""
        with self._lock, translated(self.path):
            return picture_rows.read_pictures(self._connection, camera_id)

    def references(self) -> dict[str, tuple[PictureNumbers, ...]]:
        """By camera id: how its picture was when it was sound."""
        return picture_rows.references_of(self.kept_pictures())

    def nights(self) -> tuple[dict[str, PictureNumbers], dict[str, NightLook]]:
        """By camera id: its picture by night when that was sound, and the last look by night."""
        return picture_rows.nights_of(self.kept_pictures())

    def accept_picture(self, camera_id: str) -> StoredPicture | None:
        """The latest picture of a camera becomes its reference; None where no check has seen one."""
        with self._write() as connection:
            return picture_rows.accept_latest(connection, camera_id)

    def grant_trust(self, network: str, at: datetime) -> None:
        """The operator trusts every device of this address or range."""
        with self._write() as connection:
            trust_rows.grant(connection, network, stamp_text(at))

    def trust(self) -> Trust:
        """Who let us in before, and whom the operator trusts."""
        with self._lock, translated(self.path):
            return trust_rows.read_trust(self._connection)

    def forget_pins(self, host: str, places: Sequence[str]) -> None:
        """The certificates of these places of a host are no longer expected."""
        with self._write() as connection:
            trust_rows.accept_certificate(connection, host)
            connection.executemany("DELETE FROM pin WHERE address = ?", [(place,) for place in places])

    def known_devices(self) -> tuple[KnownDevice, ...]:
        """The cameras of earlier runs."""
        rows = self._rows(
            "SELECT id, address, video_source, signs, service_url FROM known_device ORDER BY id", ()
        )
        return tuple(
            KnownDevice(key, address, json.loads(source), from_json(Signs, json.loads(signs), "signs"), url)
            for key, address, source, signs, url in rows
        )

    def pins(self) -> tuple[tuple[str, str], ...]:
        """(address, certificate fingerprint) as last seen."""
        return tuple(self._rows("SELECT address, fingerprint FROM pin ORDER BY address", ()))

    def answer(self, camera_id: str, answer: ManualAnswer) -> None:
        """Keep a person's answer; "" as camera id holds for the whole site; a later answer replaces it."""
        expires = answer.expires.isoformat() if answer.expires else None
        by, note = clean_line(answer.by), clean_line(answer.note) if answer.note else None
        row = (camera_id, answer.rule, int(answer.met), by, answer.on.isoformat(), expires, note)
        with self._write() as connection:
            connection.execute("INSERT OR REPLACE INTO manual_answer VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def answers(self) -> dict[str, tuple[ManualAnswer, ...]]:
        """Every answer that is kept, also expired ones: the rule says what has expired."""
        answers: dict[str, list[ManualAnswer]] = {}
        for camera_id, rule, met, by, on, expires, note in self._rows(
            "SELECT * FROM manual_answer ORDER BY 1, 2", ()
        ):
            until = date.fromisoformat(expires) if expires else None
            kept = ManualAnswer(rule, bool(met), by, date.fromisoformat(on), until, note)
            answers.setdefault(camera_id, []).append(kept)
        return {camera_id: tuple(items) for camera_id, items in answers.items()}

    def decisions(self) -> dict[str, Decision]:
        """What camagent 0.1.0 recorded here about each row of an area's list, the newest decision."""
        query = "SELECT row_id, decision, note, source, at FROM decision ORDER BY id"
        return {
            row_id: Decision(row_id, word, note, source, datetime.fromisoformat(at))
            for row_id, word, note, source, at in self._rows(query, ())
        }

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self.path), transaction(self._connection):
            yield self._connection

    def _rows(self, query: str, gaps: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock, translated(self.path):
            return self._connection.execute(query, gaps).fetchall()

    def _read(self, query: str, gaps: tuple[object, ...]) -> Iterator[ScanDocument]:
        for text in self._texts(query, gaps):
            try:
                yield parse_document(text, self.path.name)
            except DocumentError as error:
                self.tell(message("report.store.unreadable_scan", path=str(self.path), reason=error.problem))

    def _texts(self, query: str, gaps: tuple[object, ...]) -> Iterator[bytes]:
        """One at a time, for each may be large; a damaged one costs itself only."""
        for (number,) in self._rows(query, gaps):
            for (packed,) in self._rows("SELECT document FROM scan WHERE id = ?", (number,)):
                try:
                    unpacker = lzma.LZMADecompressor(memlimit=MAX_DOCUMENT_BYTES)
                    yield unpacker.decompress(packed, MAX_DOCUMENT_BYTES)
                except lzma.LZMAError:
                    reason = message("report.store.not_packed")
                    self.tell(message("report.store.unreadable_scan", path=str(self.path), reason=reason))


def open_store(path: Path, tell: Callable[[Message], None] = lambda _: None) -> Store:
    """Open or make the record at `path`; a damaged file is set aside and named in `Store.set_aside`.

    tell: takes one line for each stored scan that cannot be read.

    Raises: OperatorError with one line: which file, what, what to do.
    """
    connection, set_aside = connect(path)
    return Store(path, connection, set_aside, tell)


__all__ = ["Store", "OperatorError", "camera_answered", "open_store"]
