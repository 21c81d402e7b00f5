"""The area's own record, one file beside its lists: what was asked for each camera, what the office decided
about it.

A row is added where something changed, none is taken away: what stood on a reporting date can be told years
later. Each method is one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from camagent.document.decisions import Decision
from camagent.document.school_sightings import ASKED, SightingView
from camagent.store.moves import Move, moves_of
from camagent.store.office_schema import MIGRATIONS
from camagent.store.open_file import connect_kept, transaction, translated
from camagent.text.moments import stamp_text

_COLUMNS = tuple(field.name for field in fields(SightingView))
_CAMERA = _COLUMNS[: _COLUMNS.index("at")]
"""Who a camera is; the rest is how it was at a time."""
_AT = _COLUMNS.index("at")
_read_row = attrgetter(*_COLUMNS)
_STATE = ("row_id", *_COLUMNS[_COLUMNS.index("at") :])
_DECISION = "row_id, decision, note, source, at, decided_by, as_of"


class OfficeRecord:
    """An open record."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def note(self, sightings: Iterable[SightingView], at: datetime) -> tuple[Move, ...]:
        """Keep what is asked now and what is no longer; answers with the cameras that were found under
        another id.

        sightings: every camera of the schools that were heard; a school that is not in it changes nothing.
        """
        with self._write() as connection:
            connection.execute(_SEEN)
            connection.execute("DELETE FROM temp.seen")
            gaps = ", ".join("?" * len(_COLUMNS))
            connection.executemany(f"INSERT OR REPLACE INTO temp.seen VALUES ({gaps})", map(_row, sightings))
            missing = _sightings(connection.execute(_MISSING))
            unmet = _sightings(connection.execute(_UNMET)) if missing else []
            moves = moves_of(missing, unmet, set(connection.execute(_SHARED)) if missing else set())
            for move in moves:  # one that comes back to its earlier id is not sent round in a ring
                connection.execute("DELETE FROM moved WHERE from_id = ?", (move.to_id,))
            rows = [(move.from_id, move.to_id, stamp_text(at)) for move in moves]
            connection.executemany("INSERT OR REPLACE INTO moved VALUES (?, ?, ?)", rows)
            connection.execute(_KEEP_CAMERAS)
            connection.execute(_KEEP_STATES)
        return moves

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Add decisions; earlier ones stay in the journal."""
        rows = [
            (
                *(item.row_id, item.decision, item.note, item.source, stamp_text(item.at), item.by),
                item.as_of.isoformat() if item.as_of else None,
            )
            for item in decisions
        ]
        with self._write() as connection:
            connection.executemany(f"INSERT INTO decision ({_DECISION}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def journal(self) -> tuple[Decision, ...]:
        """Every decision ever recorded, oldest first, under the id that it was given for."""
        return tuple(
            Decision(row_id, word, note, source, datetime.fromisoformat(at), by, _day(as_of))
            for row_id, word, note, source, at, by, as_of in self._rows(_JOURNAL)
        )

    def decisions(self) -> dict[str, Decision]:
        """The newest decision about each camera, under the id that it has now."""
        moved = self._moved()
        decisions = {}
        for item in self.journal():
            key = _followed(item.row_id, moved)
            decisions[key] = replace(item, row_id=key)
        return decisions

    def asked_before(self, moment: datetime) -> tuple[SightingView, ...]:
        """For which cameras something was asked by the results that began before a moment, under their ids
        of now."""
        moved = self._moved()
        requests: dict[str, SightingView] = {}
        for item in _sightings(self._rows(_STOOD, (stamp_text(moment),))):
            key = _followed(item.row_id, moved)
            if key not in requests or requests[key].at <= item.at:
                requests[key] = replace(item, row_id=key)
        return tuple(item for item in requests.values() if item.state == ASKED)

    def first_at(self) -> datetime | None:
        """When the oldest result that was kept began; None in a new record."""
        ((first,),) = self._rows("SELECT min(at) FROM state")
        return datetime.fromisoformat(first) if first else None

    def cameras(self) -> dict[str, SightingView]:
        """Every camera for which anything was ever asked, as it was last seen, by each id that it had."""
        latest = {item.row_id: item for item in _sightings(self._rows(_LATEST))}
        moved = self._moved()
        return {key: latest.get(_followed(key, moved), item) for key, item in latest.items()}

    def states(self, row_id: str) -> tuple[SightingView, ...]:
        """Every change of one camera, oldest first, also from before it moved."""
        moved = self._moved()
        ids = [key for key in {*moved, row_id} if _followed(key, moved) == _followed(row_id, moved)]
        gaps = ", ".join("?" * len(ids))
        query = f"{_JOINED} WHERE state.row_id IN ({gaps}) ORDER BY state.at"
        return tuple(_sightings(self._rows(query, tuple(ids))))

    def current(self, row_id: str) -> str:
        """The id that a camera has now."""
        return _followed(row_id, self._moved())

    def _moved(self) -> dict[str, str]:
        return dict(self._rows("SELECT from_id, to_id FROM moved"))

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path), transaction(self._connection):
            yield self._connection

    def _rows(self, query: str, gaps: tuple[object, ...] = ()) -> list[Any]:
        with translated(self.path):
            return self._connection.execute(query, gaps).fetchall()


def open_office(path: Path) -> OfficeRecord:
    """Open or make the record at `path`.

    Raises: OperatorError with one line; a damaged file, one of a newer camagent, and one that is held stay as
    they are.
    """
    return OfficeRecord(path, connect_kept(path, MIGRATIONS))


def _followed(row_id: str, moved: Mapping[str, str]) -> str:
    passed = set()
    while row_id in moved and row_id not in passed:
        passed.add(row_id)
        row_id = moved[row_id]
    return row_id


def _row(item: SightingView) -> tuple[Any, ...]:
    values = _read_row(item)
    return (*values[:_AT], _stamp(item.at), *values[_AT + 1 :])


_stamp = lru_cache(maxsize=4096)(stamp_text)  # every camera of a school has the same moment


def _sightings(rows: Iterable[Sequence[Any]]) -> list[SightingView]:
    named = (dict(zip(_COLUMNS, row, strict=True)) for row in rows)
    return [SightingView(**{**values, "at": _moment(values["at"])}) for values in named]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


_JOURNAL = f"SELECT {_DECISION} FROM decision ORDER BY id"
_WHO = ", ".join(f"camera.{name}" for name in _CAMERA)
_HOW = ", ".join(f"state.{name}" for name in _STATE[1:])
_JOINED = f"SELECT {_WHO}, {_HOW} FROM state JOIN camera ON camera.row_id = state.row_id"
_STOOD = (
    f"{_JOINED} WHERE state.at ="
    " (SELECT max(at) FROM state AS other WHERE other.row_id = state.row_id AND other.at < ?)"
)
_LATEST = f"{_JOINED} WHERE state.at = (SELECT max(at) FROM state AS other WHERE other.row_id = state.row_id)"
_SEEN = f"CREATE TEMP TABLE IF NOT EXISTS seen ({', '.join(_COLUMNS)}, PRIMARY KEY (row_id)) WITHOUT ROWID"
_MISSING = (
    f"{_LATEST} AND camera.site_id IN (SELECT site_id FROM temp.seen)"
    " AND camera.row_id NOT IN (SELECT row_id FROM temp.seen)"
    " AND camera.row_id NOT IN (SELECT from_id FROM moved)"
)
_UNMET = (
    f"SELECT {', '.join(_COLUMNS)} FROM temp.seen WHERE row_id NOT IN (SELECT row_id FROM camera)"
    " OR row_id IN (SELECT from_id FROM moved)"
)
_SHARED = "SELECT site_id, serial FROM temp.seen WHERE serial <> '' GROUP BY 1, 2 HAVING count(*) > 1"
_TOLD = (
    "(temp.seen.state = 'asked' OR temp.seen.row_id IN (SELECT row_id FROM state)"
    " OR temp.seen.row_id IN (SELECT to_id FROM moved))"
)
_KEEP_CAMERAS = (
    f"INSERT OR REPLACE INTO camera SELECT {', '.join(_CAMERA)}, at FROM temp.seen WHERE {_TOLD}"
    " AND at >= coalesce((SELECT seen_at FROM camera WHERE camera.row_id = temp.seen.row_id), '')"
)
_SAME = (
    "SELECT 1 FROM state WHERE state.row_id = temp.seen.row_id"
    " AND state.at = (SELECT max(at) FROM state AS other"
    " WHERE other.row_id = temp.seen.row_id AND other.at < temp.seen.at)"
    " AND state.state = temp.seen.state AND state.verdict = temp.seen.verdict"
    " AND state.action = temp.seen.action AND state.reason = temp.seen.reason"
)
_KEEP_STATES = (
    f"INSERT OR REPLACE INTO state SELECT {', '.join(_STATE)} FROM temp.seen"
    f" WHERE {_TOLD} AND NOT EXISTS ({_SAME})"
)
