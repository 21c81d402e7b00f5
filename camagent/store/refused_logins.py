"""Which log-ins were refused, by all runs of this machine: one wrong try a day per device and secret.

A file of its own beside the record, so that a scan by hand, a check and the service share it whatever becomes
of the record. Holds user names and keyed fingerprints, never a password; without the key (which lies in
another folder) nobody can try passwords against it. Where the file cannot be used, runs go on and remember
for themselves only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from camagent.model.fault import FaultCode
from camagent.model.login_strength import Strength
from camagent.model.secret import Credential
from camagent.store.open_file import ClosedAtEnd, connect, transaction
from camagent.text.moments import stamp_text

# the longest lock-outs of common makes last hours; a wrong password is not urgent
AGAIN_AFTER = timedelta(days=1)
TRYING_FOR = timedelta(seconds=30)  # a log-in is answered sooner; a killed process leaves it behind
MAX_PLACES = 20_000  # doors: four of each of 5,000 cameras
# others write for a millisecond; longer would hold up the streams that this process is watching
BUSY_MS = 300
_STEPS = (
    (
        # `state`: "trying" (by the process `owner`), "sent" (by it, and not answered), "refused", "accepted".
        """CREATE TABLE login (
            device TEXT NOT NULL,
            secret TEXT NOT NULL,
            user TEXT NOT NULL,
            state TEXT NOT NULL,
            owner TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (device, secret)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # The strongest log-in that was asked for at a door ("rtsp 192.0.2.4:554"); the numbers of `Strength`.
        """CREATE TABLE shown_strength (
            place TEXT PRIMARY KEY,
            hashing INTEGER NOT NULL,
            cover INTEGER NOT NULL,
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """A log-in that a device refused less than a day ago."""

    device: str
    user: str
    at: datetime

    @property
    def again_at(self) -> datetime:
        """When it may be tried again."""
        return self.at + AGAIN_AFTER


class LoginRecord(ClosedAtEnd):
    """An open record of refusals; no method raises for what the disk or another process does."""

    def __init__(self, connection: sqlite3.Connection, key: bytes, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._key = key
        self._now = now
        self._owner = secrets.token_hex(8)

    def close(self) -> None:
        """Give back what was begun and not sent, and let go of the file."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._connection.execute("DELETE FROM login WHERE state = 'trying' AND owner = ?", (self._owner,))
        self._connection.close()

    def claim(self, device: str, credential: Credential) -> FaultCode | None:
        """Say that this log-in is about to be sent, before it is.

        Returns: None where it may be; AUTH_REJECTED where it was refused within a day; BUSY where another
        process is sending it at this moment.
        """
        mark, now = self._mark(credential), self._now()
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            row = self._connection.execute(
                "SELECT state, owner, at FROM login WHERE device = ? AND secret = ?", (device, mark)
            ).fetchone()
            state, owner, at = row or ("trying", self._owner, stamp_text(now))
            if state in ("trying", "sent") and owner != self._owner and _within(at, now, TRYING_FOR):
                return FaultCode.BUSY
            if state in ("refused", "sent") and _within(at, now, AGAIN_AFTER):
                return FaultCode.AUTH_REJECTED
            if state != "accepted":
                self._put(device, credential, "trying")
        return None

    def sent(self, device: str, credential: Credential) -> None:
        """It goes out now: until `returned`, nobody knows what the device makes of it, whatever ends us."""
        self._step(device, credential, "trying", "sent")

    def returned(self, device: str, credential: Credential) -> None:
        """An answer came, or the device had time for one."""
        self._step(device, credential, "sent", "trying")

    def refuse(self, device: str, credential: Credential) -> None:
        """The device refused it: nobody sends it there again within a day."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._put(device, credential, "refused")

    def accept(self, device: str, credential: Credential) -> None:
        """The device let us in: from now on a try that is cut off is no wrong one."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._put(device, credential, "accepted")

    def release(self, device: str, credential: Credential) -> None:
        """The device did not judge the log-in at all."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._connection.execute(
                "DELETE FROM login WHERE device = ? AND secret = ? AND state != 'accepted'",
                (device, self._mark(credential)),
            )

    def strongest(self, place: str) -> Strength | None:
        """The strongest log-in that was ever asked for at this door, by any run; None where none was."""
        with suppress(sqlite3.DatabaseError):
            query = "SELECT hashing, cover FROM shown_strength WHERE place = ?"
            row = self._connection.execute(query, (place,)).fetchone()
            return Strength(*row) if row is not None else None
        return None

    def note_strength(self, place: str, strength: Strength) -> None:
        """Remember it; beyond MAX_PLACES what was noted longest ago is forgotten."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            row = (place, *strength, stamp_text(self._now()))
            self._connection.execute(
                "INSERT INTO shown_strength VALUES (?, ?, ?, ?) ON CONFLICT (place) DO UPDATE SET"
                " hashing = max(hashing, excluded.hashing), cover = max(cover, excluded.cover),"
                " at = excluded.at",
                row,
            )
            self._connection.execute(
                "DELETE FROM shown_strength WHERE place IN"
                " (SELECT place FROM shown_strength ORDER BY at DESC, place LIMIT -1 OFFSET ?)",
                (MAX_PLACES,),
            )

    def forget_strength(self, covers: Callable[[str], bool]) -> int:
        """The devices at these addresses may ask for less from now on; answers how many doors that are."""
        places: list[str] = []
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            rows = self._connection.execute("SELECT place FROM shown_strength").fetchall()
            places = [place for (place,) in rows if covers(_host_of(place))]
            self._connection.executemany(
                "DELETE FROM shown_strength WHERE place = ?", [(place,) for place in places]
            )
        return len(places)

    def refusals(self) -> tuple[RefusedLogin, ...]:
        """Every log-in that is not tried again yet, in the order of the devices; also one whose answer nobody
        waited for."""
        now = self._now()
        rows: list[tuple[str, str, str]] = []
        with suppress(sqlite3.DatabaseError):
            rows = self._connection.execute(
                "SELECT device, user, at FROM login WHERE state = 'refused' OR state = 'sent' AND at < ?"
                " ORDER BY device, user",
                (stamp_text(now - TRYING_FOR),),
            ).fetchall()
        return tuple(
            RefusedLogin(device, user, datetime.fromisoformat(at))
            for device, user, at in rows
            if _within(at, now, AGAIN_AFTER)
        )

    def allow(self, covers: Callable[[str], bool]) -> int:
        """Forget the refusals of these devices, because a person put it right; answers how many there
        were."""
        devices = {refusal.device for refusal in self.refusals() if covers(refusal.device)}
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM login WHERE device = ?", [(device,) for device in devices]
            )
        return len(devices)

    def _step(self, device: str, credential: Credential, before: str, after: str) -> None:
        """From one state of our own try to another."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._connection.execute(
                "UPDATE login SET state = ?, at = ?"
                " WHERE device = ? AND secret = ? AND state = ? AND owner = ?",
                (after, stamp_text(self._now()), device, self._mark(credential), before, self._owner),
            )

    def _put(self, device: str, credential: Credential, state: str) -> None:
        row = (device, self._mark(credential), credential.user, state, self._owner, stamp_text(self._now()))
        self._connection.execute("INSERT OR REPLACE INTO login VALUES (?, ?, ?, ?, ?, ?)", row)

    def _mark(self, credential: Credential) -> str:
        text = f"{credential.user}\0{credential.secret.reveal()}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


def open_logins(path: Path, key: bytes, now: Callable[[], datetime]) -> LoginRecord:
    """Open or make the file, readable by its owner only; a damaged one is set aside.

    Raises: OperatorError where it cannot be used.
    """
    connection, _ = connect(path, _STEPS)
    # after a power cut one more try is worth less than 64 waits
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    record = LoginRecord(connection, key, now)
    with suppress(sqlite3.DatabaseError):
        stale = "DELETE FROM login WHERE state != 'accepted' AND at < ?"
        connection.execute(stale, (stamp_text(now() - AGAIN_AFTER),))
    return record


def _host_of(place: str) -> str:
    return place.partition(" ")[2].rpartition(":")[0]


def _within(stamp: str, now: datetime, span: timedelta) -> bool:
    """Less than `span` ago, or ahead of a clock that was set back meanwhile."""
    return abs(now - datetime.fromisoformat(stamp)) < span
