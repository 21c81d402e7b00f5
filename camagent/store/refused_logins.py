"""Which log-ins were refused, by all runs of this machine: one wrong try a day per device and secret.

A file of its own beside the record, so that a scan by hand, a check and the service share it whatever becomes
of the record. A refusal counts at every address where the device shows that it is the same one. Holds user
names and keyed fingerprints, never a password; without the key (which lies in another folder) nobody can try
passwords against it. Where the file cannot be used, runs go on and remember for themselves only.
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
from camagent.model.secret import MAX_UNCLEAR, Credential
from camagent.model.trust import OwnSigns
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
    (
        # State "unclear": sent, and neither accepted nor refused, `unclear` times; the signs are `OwnSigns`.
        "ALTER TABLE login ADD COLUMN unclear INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE login ADD COLUMN mac TEXT",
        "ALTER TABLE login ADD COLUMN endpoint TEXT",
    ),
)
_ROW = "SELECT device, state, owner, at, unclear, mac, endpoint FROM login WHERE secret = ?"


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """A log-in that a device refused less than a day ago, or that was sent in vain too often."""

    device: str
    user: str
    at: datetime
    is_unclear: bool = False
    """It was neither accepted nor refused."""

    @property
    def again_at(self) -> datetime:
        """When it may be tried again."""
        return self.at + AGAIN_AFTER


@dataclass(frozen=True, slots=True)
class _Try:
    """One row: what became of a log-in at one address."""

    device: str
    state: str
    owner: str
    at: str
    unclear: int
    signs: OwnSigns


class LoginRecord(ClosedAtEnd):
    """An open record of refusals; no method raises for what the disk or another process does."""

    def __init__(self, connection: sqlite3.Connection, key: bytes, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._key = key
        self._now = now
        self._owner = secrets.token_hex(8)
        self._signs: dict[str, OwnSigns] = {}

    def close(self) -> None:
        """Give back what was begun and not sent, and let go of the file."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            own = (self._owner,)
            self._connection.execute(
                "UPDATE login SET state = 'unclear' WHERE state = 'trying' AND unclear > 0 AND owner = ?", own
            )
            self._connection.execute("DELETE FROM login WHERE state = 'trying' AND owner = ?", own)
        self._connection.close()

    def know(self, device: str, signs: OwnSigns) -> None:
        """Who is at this address in this run."""
        self._signs[device] = signs

    def claim(self, device: str, credential: Credential) -> FaultCode | None:
        """Say that this log-in is about to be sent, before it is.

        Returns: None where it may be; AUTH_REJECTED where it was refused within a day; AUTH_UNCLEAR where
        nobody knows what became of it; BUSY where it is being sent to that device at this moment.
        """
        now = self._now()
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            tries = self._tries(device, credential)
            if any(self._is_let_in(each, device) for each in tries):
                return None
            code = self._why_not(tries, device, now)
            if code is not None:
                return code
            own = [each for each in tries if each.device == device and _within(each.at, now, AGAIN_AFTER)]
            self._put(device, credential, "trying", sum(each.unclear for each in own))
        return None

    def sent(self, device: str, credential: Credential) -> None:
        """It goes out now: until `returned`, nobody knows what the device makes of it, whatever ends us."""
        self._step(device, credential, "trying", "sent")

    def returned(self, device: str, credential: Credential) -> None:
        """The device has not judged it."""
        self._step(device, credential, "sent", "trying")

    def unclear(self, device: str, credential: Credential) -> bool:
        """Nobody knows what the device made of it: it may have counted it; False where that is not kept."""
        return self._step(device, credential, "sent", "unclear")

    def refuse(self, device: str, credential: Credential) -> bool:
        """The device refused it: nobody sends it there again within a day; False where that is not kept."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._put(device, credential, "refused")
            return True
        return False

    def accept(self, device: str, credential: Credential) -> None:
        """The device let us in: from now on a try that is cut off is no wrong one."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            self._put(device, credential, "accepted")

    def was_accepted(self, device: str, credential: Credential) -> bool:
        """The device that is there let this in at some time, and has not refused it since."""
        with suppress(sqlite3.DatabaseError):
            return any(self._is_let_in(each, device) for each in self._tries(device, credential))
        return False

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
        rows: list[tuple[str, str, str, str]] = []
        with suppress(sqlite3.DatabaseError):
            rows = self._connection.execute(
                "SELECT device, user, at, state FROM login WHERE state = 'refused'"
                " OR state = 'sent' AND at < ? OR state = 'unclear' AND unclear >= ? ORDER BY device, user",
                (stamp_text(now - TRYING_FOR), MAX_UNCLEAR),
            ).fetchall()
        return tuple(
            RefusedLogin(device, user, datetime.fromisoformat(at), state != "refused")
            for device, user, at, state in rows
            if _within(at, now, AGAIN_AFTER)
        )

    def allow(self, covers: Callable[[str], bool]) -> int:
        """Forget the refusals of these devices at every address of theirs, because a person put it right;
        answers how many devices there were."""
        lifted: set[str] = set()
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            rows = self._connection.execute(_ROW.replace("secret = ?", "state != 'accepted'")).fetchall()
            tries = [_read(row) for row in rows]
            asked = [each for each in tries if covers(each.device)]
            lifted = {each.device for each in asked if each.state != "trying"}
            same = {each.device for each in tries if each.device not in lifted and _is_one_of(each, asked)}
            self._connection.executemany(
                "DELETE FROM login WHERE device = ? AND state != 'accepted'",
                [(device,) for device in lifted | same],
            )
        return len(lifted)

    def _tries(self, device: str, credential: Credential) -> list[_Try]:
        """What became of this log-in at this address, and at others where this device showed itself."""
        signs = self._signs.get(device, OwnSigns())
        rows = self._connection.execute(
            f"{_ROW} AND (device = ? OR mac = ? OR endpoint = ?)",
            (self._mark(credential), device, signs.mac, signs.endpoint),
        ).fetchall()
        tries = map(_read, rows)
        return [each for each in tries if each.device == device or each.signs.is_one_with(signs)]

    def _is_let_in(self, each: _Try, device: str) -> bool:
        """At this address, and who is there now does not differ from who let us in."""
        is_same = each.device == device and each.signs.may_be(self._signs.get(device, OwnSigns()))
        return is_same and each.state == "accepted"

    def _why_not(self, tries: list[_Try], device: str, now: datetime) -> FaultCode | None:
        recent = [each for each in tries if _within(each.at, now, AGAIN_AFTER)]
        for each in recent:
            is_other = each.owner != self._owner or each.device != device
            if each.state in ("trying", "sent") and is_other and _within(each.at, now, TRYING_FOR):
                return FaultCode.BUSY
        states = {each.state for each in recent}
        if "refused" in states:
            return FaultCode.AUTH_REJECTED
        is_spent = sum(each.unclear for each in recent) >= MAX_UNCLEAR
        return FaultCode.AUTH_UNCLEAR if is_spent or "sent" in states else None

    def _step(self, device: str, credential: Credential, before: str, after: str) -> bool:
        """From one state of our own try to another; False where it was in none, or the disk fails."""
        with suppress(sqlite3.DatabaseError), transaction(self._connection):
            changed = self._connection.execute(
                "UPDATE login SET state = ?, at = ?, unclear = unclear + ?"
                " WHERE device = ? AND secret = ? AND state = ? AND owner = ?",
                (
                    *(after, stamp_text(self._now()), after == "unclear"),
                    *(device, self._mark(credential), before, self._owner),
                ),
            )
            return changed.rowcount == 1
        return False

    def _put(self, device: str, credential: Credential, state: str, unclear: int = 0) -> None:
        signs = self._signs.get(device, OwnSigns())
        row = (device, self._mark(credential), credential.user, state, self._owner, stamp_text(self._now()))
        self._connection.execute(
            "INSERT OR REPLACE INTO login VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, unclear, signs.mac, signs.endpoint),
        )

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


def _is_one_of(each: _Try, others: list[_Try]) -> bool:
    return any(each.signs.is_one_with(other.signs) for other in others)


def _read(row: tuple[str, str, str, str, int, str | None, str | None]) -> _Try:
    return _Try(*row[:5], OwnSigns(*row[5:]))


def _host_of(place: str) -> str:
    return place.partition(" ")[2].rpartition(":")[0]


def _within(stamp: str, now: datetime, span: timedelta) -> bool:
    """Less than `span` ago, or ahead of a clock that was set back meanwhile."""
    return abs(now - datetime.fromisoformat(stamp)) < span
