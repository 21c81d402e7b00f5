"""Power cuts, full disks, second processes and damaged files."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camagent.document.write import scan_document
from camagent.store import Store, open_store
from tests.publish.samples import school
from tests.refusal import refused

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

# Saves one scan after another in a process of its own; at the given number of SQL statements it kills itself,
# as a power cut would. Each number has its process and its file, and the first that comes to its end is the
# last: they are forked, because Python with its modules takes longer to start than three scans to save.
SAVE_UNTIL_KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from tests.publish.store.test_store_survives import START, save
from camagent.store import open_store
folder = Path(sys.argv[1])
def save_until(limit):
    real, seen = sqlite3.connect, 0
    def strike(_statement):
        nonlocal seen
        seen += 1
        if seen == limit:
            os.kill(os.getpid(), signal.SIGKILL)
    def connect(*args, **kwargs):
        connection = real(*args, **kwargs)
        connection.set_trace_callback(strike)
        return connection
    sqlite3.connect = connect
    with open_store(folder / f"{limit}.db") as store:
        for day in range(3):
            save(store, day)
for limit in range(1, 200):
    child = os.fork()
    if child == 0:
        save_until(limit)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(limit, ended, flush=True)
    if ended == 0:
        break
"""

SAVE_MANY = """
import sys
from pathlib import Path
from tests.publish.store.test_store_survives import START, save
from camagent.store import open_store
with open_store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2])):
        store.note_probes(START, {"cam-1": True})
        save(store, number)
"""


def save(store: Store, day: int) -> None:
    scan = school(3, started_at=START + timedelta(days=day))
    store.save(scan_document(scan))


def run(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=ROOT)


def check_whole(path: Path, latest_day: int | None) -> int | None:
    """The file is sound and holds whole scans only; the day of the newest one."""
    with open_store(path) as store:
        assert store.set_aside is None
        latest = store.latest()
        day = None if latest is None else (latest.started_at - START).days
        probes = store.histories(START + timedelta(days=3))
        assert {history.probes for history in probes.values()} == (set() if day is None else {day + 1})
        assert len(store.states("cam-000000000000")) == (0 if day is None else 1)
        if latest_day is not None:
            assert day == latest_day
        save(store, 0 if day is None else day + 1)  # and it goes on
        return day


def killed_at(folder: Path) -> dict[int, int]:
    """How the process of each number ended."""
    command = [sys.executable, "-c", SAVE_UNTIL_KILLED, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    return {int(limit): int(ended) for limit, ended in map(str.split, done.stdout.splitlines())}


@pytest.mark.slow
def test_a_process_killed_at_every_single_statement_leaves_whole_scans(tmp_path: Path) -> None:
    ends = killed_at(tmp_path)
    *killed, last = ends
    assert 40 < len(killed) < 199
    assert {ends[statement] for statement in killed} == {-signal.SIGKILL} and ends[last] == 0
    for statement in killed:
        check_whole(tmp_path / f"{statement}.db", None)
    check_whole(tmp_path / f"{last}.db", 2)


def test_a_power_cut_at_any_byte_of_the_log_leaves_the_old_scan_or_the_new_one(tmp_path: Path) -> None:
    """The log only grows while a scan is saved: each prefix of it is what a power cut may leave on the
    disk."""
    path = tmp_path / "site.db"
    with open_store(path) as store:
        save(store, 0)
        raw = sqlite3.connect(path)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        save(store, 1)
        log = path.with_name("site.db-wal").read_bytes()
        shutil.copy(path, tmp_path / "before.db")
    assert len(log) > 4096
    counts = set()
    frame = 4096 + 24
    cuts = {0, 1, 31, 32, len(log) - 1, len(log), *range(32, len(log), frame), *range(1000, len(log), 9973)}
    for number, cut in enumerate(sorted(cuts)):
        copy = tmp_path / f"{number}.db"
        shutil.copy(tmp_path / "before.db", copy)
        copy.with_name(f"{copy.name}-wal").write_bytes(log[:cut])
        counts.add(check_whole(copy, 1 if cut == len(log) else None))
    assert counts == {0, 1}


def test_two_processes_and_this_one_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    others = [run(SAVE_MANY, str(path), "15") for _ in range(2)]
    with open_store(path) as store:
        for number in range(15):
            store.note_probes(START, {"cam-1": True})
            save(store, number)
        for other in others:
            assert other.wait(timeout=100) == 0
        assert store.histories(START)["cam-1"].probes == 45
        assert store.latest() is not None


def test_a_full_disk_is_one_clear_line_and_the_old_record_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.db"
    with open_store(path) as store:
        save(store, 0)
    real = sqlite3.connect

    def small_disk(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection = real(*args, **kwargs)  # type: ignore[call-overload]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        assert isinstance(connection, sqlite3.Connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", small_disk)
    with open_store(path) as store:
        with refused("disk is full"):
            for day in range(1, 50):
                save(store, day)
        latest = store.latest()
        assert latest is not None
        reached = (latest.started_at - START).days
    monkeypatch.undo()
    assert check_whole_latest(path) == reached


def check_whole_latest(path: Path) -> int:
    with open_store(path) as store:
        latest = store.latest()
        assert latest is not None and store.set_aside is None
        return (latest.started_at - START).days


def test_a_store_held_by_another_program_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.db"
    open_store(path).close()
    monkeypatch.setattr("camagent.store.open_file.BUSY_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with open_store(path) as store, refused("another program"):
        save(store, 0)
    other.close()


@pytest.mark.parametrize("damage", ["garbage", "header", "middle"])
def test_a_damaged_file_is_set_aside_named_and_never_deleted(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "site.db"
    with open_store(path) as store:
        for day in range(20):
            save(store, day)
    body = bytearray(path.read_bytes())
    if damage == "garbage":
        body = bytearray(b"this was never a database " * 400)
    elif damage == "header":
        body[:100] = b"\xff" * 100
    else:
        for offset in range(4096, len(body), 4096):
            body[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(body)
    with open_store(path) as store:
        assert store.set_aside is not None
        assert store.set_aside.read_bytes() == bytes(body)
        assert store.set_aside.name.startswith("site.db.damaged-")
        assert store.latest() is None
        save(store, 0)
    with open_store(path) as store:
        assert store.set_aside is None and store.latest() is not None


def test_two_damaged_files_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    for content in (b"first wreck " * 100, b"second wreck " * 100):
        path.write_bytes(content)
        open_store(path).close()
    assert len(list(tmp_path.glob("site.db.damaged-*"))) == 2


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "site.db").touch()
    with open_store(tmp_path / "site.db") as store:
        assert store.set_aside is None and store.latest() is None
