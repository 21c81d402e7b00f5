"""Opening the store's file: WAL, migrations, and a damaged file set aside. The other door to sqlite3."""

from __future__ import annotations

import errno
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.platform.whole_files import make_data_folder, make_private
from camagent.store.migrations import MIGRATIONS, Migrations

# another process (the service beside a scan by hand) writes for milliseconds; ten seconds is a hang
BUSY_S = 10.0
_LOOK_EVERY_S = 0.02
_SIDE_FILES = ("", "-wal", "-shm")
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_KINDS = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR: "disk_fails",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "not_writable",
    sqlite3.SQLITE_CANTOPEN: "not_writable",
    sqlite3.SQLITE_PERM: "not_writable",
    sqlite3.SQLITE_AUTH: "not_writable",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}


_OS_KINDS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EIO: "disk_fails",
    errno.ELOOP: "link",
}


class ClosedAtEnd(ABC):
    """An open record in a `with` statement: whatever ends it, the file is let go of."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""


def connect(path: Path, steps: Migrations = MIGRATIONS) -> tuple[sqlite3.Connection, Path | None]:
    """A ready connection with the tables of `steps`, and where a damaged file was set aside.

    Raises: OperatorError.
    """
    with translated(path):
        for _ in range(2):  # asked twice: another process may have set the damaged file aside meanwhile
            try:
                return _ready(path, steps), None
            except sqlite3.DatabaseError as error:
                if _primary(error) not in _DAMAGED:
                    raise
        aside = _set_aside(path)
        return _ready(path, steps), aside


def connect_kept(path: Path, steps: Migrations) -> sqlite3.Connection:
    """A ready connection to a file that a person keeps and copies: one file, and a damaged one is refused as
    it is.

    A list made without the decisions that stood in it would be signed. The journal is SQLite's rollback
    journal, because WAL keeps part of the record beside the file and does not work on a network share.

    Raises: OperatorError.
    """
    with translated(path):
        return _ready(path, steps, journal="DELETE")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """sqlite3's exceptions become one clear line."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        kind = _KINDS.get(_primary(error))
        if kind is None:
            raise  # our bug: wrong SQL
        raise OperatorError(message(f"report.store.{kind}", path=str(path))) from None


def _primary(error: sqlite3.Error) -> int:
    """The primary result code; extended codes carry it in their low byte."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _ready(path: Path, steps: Migrations, journal: str = "WAL") -> sqlite3.Connection:
    """SQLite does not wait for another process that makes the same file, or closes it as the last one: the
    change of the journal is refused at once. So it is asked again."""
    _make_private(path)
    give_up_s = time.monotonic() + BUSY_S
    while True:
        try:
            return _open_once(path, steps, journal)
        except sqlite3.OperationalError as error:
            if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up_s:
                raise
        time.sleep(_LOOK_EVERY_S)


def _open_once(path: Path, steps: Migrations, journal: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("PRAGMA synchronous = FULL")  # a commit outlives a power cut
        _only_our_tables(connection, path, steps)
        state = connection.execute("PRAGMA quick_check(1)").fetchone()
        if state != ("ok",):
            raise _damage()
        _migrate(connection, path, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """The file for its owner only, before SQLite writes to it; its side files take the same rights."""
    try:
        make_data_folder(path.parent)
        make_private(path)
    except OSError as error:
        kind = _OS_KINDS.get(error.errno or 0, "not_writable")
        raise OperatorError(message(f"report.store.{kind}", path=str(path))) from None


def _damage() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("quick_check")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _migrate(connection: sqlite3.Connection, path: Path, steps: Migrations) -> None:
    if _version(connection) == len(steps):
        return
    with transaction(connection):  # asked again inside: another process may have been faster
        version = _version(connection)
        if version > len(steps):
            raise OperatorError(
                message("report.store.newer", path=str(path), version=version, known=len(steps))
            )
        for number, statements in enumerate(steps[version:], start=version + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _only_our_tables(connection: sqlite3.Connection, path: Path, steps: Migrations) -> None:
    """Before anything is read: in another's view, trigger or index a query may take all memory, or never end.

    Raises: OperatorError where the file holds something else than camagent made.
    """
    connection.execute("BEGIN")  # both as of one moment: another process may be migrating
    version, schema = _version(connection), _schema(connection)
    connection.execute("COMMIT")
    if version <= len(steps) and schema != _own_schema(steps[:version]):
        raise OperatorError(message("report.store.foreign", path=str(path)))


@lru_cache(maxsize=8)
def _own_schema(steps: Migrations) -> frozenset[str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in chain.from_iterable(steps):
            connection.execute(statement)
        return _schema(connection)


def _schema(connection: sqlite3.Connection) -> frozenset[str]:
    """What made each table, index, view and trigger, but for those that SQLite makes by itself."""
    texts = connection.execute("SELECT sql FROM sqlite_schema WHERE sql NOT LIKE 'CREATE TABLE sqlite_stat%'")
    return frozenset(text for (text,) in texts)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and nobody else writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.DatabaseError):  # a full disk has rolled back by itself
            connection.execute("ROLLBACK")
        raise


def _set_aside(path: Path) -> Path:
    """Rename the damaged file and its side files; never delete them."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for attempt in range(100):  # a second damaged file in the same second gets a number
        aside = path.with_name(f"{path.name}.damaged-{stamp}" + (f"-{attempt}" if attempt else ""))
        if not aside.exists():
            break
    try:
        for suffix in _SIDE_FILES:
            side = path.with_name(path.name + suffix)
            if side.exists():
                side.rename(aside.with_name(aside.name + suffix))
    except OSError:
        raise OperatorError(message("report.store.not_writable", path=str(path))) from None
    return aside
