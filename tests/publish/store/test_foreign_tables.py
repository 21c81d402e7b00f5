"""A record that somebody else made: what stands in its schema is never run."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from camagent.store import open_store
from camagent.store.office import open_office
from tests.refusal import refused

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
LARGE = "length(hex(zeroblob(200000000)))"


def view(name: str) -> str:
    return f"DROP TABLE {name}; CREATE VIEW {name} AS {ENDLESS} SELECT x FROM c"


def trigger(name: str) -> str:
    work = f"SELECT count(*) FROM ({ENDLESS} SELECT x FROM c)"
    return f"CREATE TRIGGER t BEFORE INSERT ON {name} BEGIN {work}; END"


def index(name: str) -> str:
    return f"CREATE INDEX i ON {name}({LARGE})"


def check(name: str) -> str:
    return f"DROP TABLE {name}; CREATE TABLE {name} (id CHECK ({LARGE} > 0)); INSERT INTO {name} VALUES (1)"


def missing(name: str) -> str:
    return f"DROP TABLE {name}"


@pytest.mark.parametrize("open_record", [open_store, open_office])
@pytest.mark.parametrize("change", [view, trigger, index, check, missing])
def test_what_we_did_not_make_is_refused_at_once(
    open_record: Callable[[Path], AbstractContextManager[object]],
    change: Callable[[str], str],
    tmp_path: Path,
) -> None:
    path = tmp_path / "record.sqlite"
    with open_record(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(change("decision"))
    began_s = time.process_time()
    with refused("not those that camagent makes"):
        open_record(path)
    assert time.process_time() - began_s < 3 and list(tmp_path.glob("*damaged*")) == []


def test_statistics_of_sqlite_itself_are_no_stranger(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("INSERT INTO pin VALUES ('a', 'b'); ANALYZE")
    open_store(path).close()
