"""The area's own record: what was asked and decided is told years later and goes with a camera that moves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from camagent.document.decisions import Decision
from camagent.document.school_sightings import ASKED, EXCLUDED, FINE, SightingView
from camagent.store.office import OfficeRecord, open_office
from camagent.store.office_schema import MIGRATIONS
from tests.refusal import refused

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def seen(number: int, state: str = ASKED, at: datetime = START, **changes: str) -> SightingView:
    made = SightingView(
        row_id=f"9001/cam-{number}",
        site_id="9001",
        site="THCS Nguyễn Du",
        area="Bến Nghé",
        name=f"Cổng {number}",
        address=f"192.0.2.{number}",
        place="",
        serial=f"SN{number}",
        model="A B",
        at=at,
        state=state,
        verdict="not_ready" if state == ASKED else "ready",
        action="replace" if state == ASKED else "none",
        reason="Hình đen" if state == ASKED else "",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def decided(row_id: str, word: str = "approve", at: datetime = START) -> Decision:
    return Decision(row_id, word, None, "a.xlsx", at, "An", date(2026, 1, 6))


@pytest.fixture
def record(tmp_path: Path) -> Iterator[OfficeRecord]:
    with open_office(tmp_path / "area.sqlite") as opened:
        yield opened


def ids(sightings: tuple[SightingView, ...]) -> set[str]:
    return {item.row_id for item in sightings}


def test_what_was_asked_on_a_day_is_told_later(record: OfficeRecord) -> None:
    record.note([seen(1), seen(2), seen(3, FINE)], START)
    record.note([seen(1, FINE, START + 9 * DAY), seen(2, at=START + 9 * DAY), seen(3, FINE)], START)
    assert ids(record.asked_before(START + DAY)) == {"9001/cam-1", "9001/cam-2"}
    assert ids(record.asked_before(START + 10 * DAY)) == {"9001/cam-2"}
    assert record.asked_before(START) == ()
    assert record.first_at() == START


def test_the_same_files_leave_the_same_record(record: OfficeRecord) -> None:
    for _ in range(3):
        record.note([seen(1), seen(2)], START)
    assert [item.state for item in record.states("9001/cam-1")] == [ASKED]
    record.note([seen(1, at=START + DAY)], START)  # nothing changed: no row of its own
    assert [item.at for item in record.states("9001/cam-1")] == [START]


def test_older_files_that_come_later_do_not_overwrite(record: OfficeRecord) -> None:
    record.note([seen(1, FINE, START + 9 * DAY)], START)
    record.note([seen(1, at=START + 5 * DAY, name="tên cũ")], START)
    record.note([seen(1, FINE, START + 9 * DAY, name="tên mới")], START)
    assert [item.state for item in record.states("9001/cam-1")] == [ASKED, FINE]
    assert record.cameras()["9001/cam-1"].name == "tên mới"


def test_a_camera_that_was_always_fine_is_not_kept(record: OfficeRecord) -> None:
    record.note([seen(1, FINE)], START)
    assert record.cameras() == {}


def test_a_school_that_was_not_heard_changes_nothing(record: OfficeRecord) -> None:
    record.note([seen(1)], START)
    record.decide([decided("9001/cam-1")])
    other = replace(seen(7), row_id="9002/cam-7", site_id="9002", serial="SN1", name="Cổng 1")
    assert record.note([other], START) == ()
    assert set(record.decisions()) == {"9001/cam-1"}


MOVES = {
    "another id, the same serial number and name": seen(9, name="Cổng 1", serial="SN1"),
    "another name and address": seen(9, serial="SN1"),
    "no serial number any more": seen(9, name="Cổng 1", serial=""),
}


@pytest.mark.parametrize("now", MOVES.values(), ids=MOVES)
def test_decisions_go_with_a_camera_that_has_another_id(record: OfficeRecord, now: SightingView) -> None:
    record.note([seen(1), seen(2)], START)
    record.decide([decided("9001/cam-1")])
    (move,) = record.note([replace(now, at=START + DAY), seen(2, at=START + DAY)], START + DAY)
    assert (move.from_id, move.to_id) == ("9001/cam-1", "9001/cam-9")
    assert record.decisions()["9001/cam-9"].decision == "approve" and "9001/cam-1" not in record.decisions()
    assert ids(record.asked_before(START + DAY)) == {"9001/cam-9", "9001/cam-2"}
    assert [item.row_id for item in record.states("9001/cam-9")] == ["9001/cam-1", "9001/cam-9"]
    assert record.journal()[0].row_id == "9001/cam-1"  # the journal says what was written then


NO_MOVES = {
    "another serial number": (seen(9, name="Cổng 1"),),
    "two that may be it": (seen(8, name="Cổng 1", serial=""), seen(9, name="Cổng 1", serial="")),
    "another channel of the same recorder": (seen(9, serial="SN1"), seen(3, serial="SN1")),
}


@pytest.mark.parametrize("now", NO_MOVES.values(), ids=NO_MOVES)
def test_a_decision_goes_nowhere_where_another_camera_may_be_meant(
    record: OfficeRecord, now: tuple[SightingView, ...]
) -> None:
    record.note([seen(1)], START)
    record.decide([decided("9001/cam-1")])
    assert record.note([replace(item, at=START + DAY) for item in now], START) == ()
    assert set(record.decisions()) == {"9001/cam-1"}


def test_a_channel_of_a_recorder_moves_by_its_name(record: OfficeRecord) -> None:
    channels = [seen(number, serial="REC") for number in (1, 2, 3)]
    record.note(channels, START)
    record.decide([decided("9001/cam-2", "reject")])
    moved = [seen(9, serial="REC", name="Cổng 2"), *(channels[0], channels[2])]
    record.note([replace(item, at=START + DAY) for item in moved], START)
    assert record.decisions()["9001/cam-9"].decision == "reject"


def test_a_camera_that_comes_back_to_its_first_id_takes_its_decision_along(record: OfficeRecord) -> None:
    record.note([seen(1)], START)
    record.decide([decided("9001/cam-1")])
    for day, number in enumerate((9, 1, 9), start=1):
        record.note([seen(number, at=START + day * DAY, serial="SN1", name="Cổng 1")], START)
        assert set(record.decisions()) == {f"9001/cam-{number}"}


def test_a_camera_out_of_service_stays_in_the_history(record: OfficeRecord) -> None:
    record.note([seen(1)], START)
    record.note([seen(1, EXCLUDED, START + DAY, reason="sửa cổng đến 30/01")], START)
    assert [item.state for item in record.states("9001/cam-1")] == [ASKED, EXCLUDED]
    assert record.asked_before(START + 2 * DAY) == ()


def test_every_decision_stays_in_the_journal(record: OfficeRecord) -> None:
    for word in ("approve", "reject", "approve"):
        record.decide([decided("9001/cam-1", word)])
    assert [item.decision for item in record.journal()] == ["approve", "reject", "approve"]
    (newest,) = record.decisions().values()
    assert (newest.by, newest.day) == ("An", date(2026, 1, 6))


def test_a_damaged_record_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "area.sqlite"
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    before = path.read_bytes()
    with refused("damaged") as caught:
        open_office(path)
    assert len(caught.value.problems) == 1
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_record_of_a_newer_camagent_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "area.sqlite"
    with open_office(path) as record:
        record.decide([decided("9001/cam-1")])
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with refused("newer"):
        open_office(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM decision").fetchone() == (1,)


def test_a_record_that_another_program_holds_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camagent.store.open_file.BUSY_S", 0.1)
    path = tmp_path / "area.sqlite"
    with open_office(path) as record, sqlite3.connect(path) as raw:
        raw.execute("BEGIN EXCLUSIVE")
        with refused("another program"):
            record.decide([decided("9001/cam-1")])
        raw.rollback()
        assert record.journal() == ()


def test_the_record_is_one_file(tmp_path: Path) -> None:
    """An office copies it, keeps it on a share, sends it by mail."""
    with open_office(tmp_path / "area.sqlite") as record:
        record.note([seen(1)], START)
        assert [path.name for path in tmp_path.iterdir()] == ["area.sqlite"]
