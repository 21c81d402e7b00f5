"""The record keeps what it was given, and only for as long as it says."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from camagent import store as store_module
from camagent.document.model import ScanDocument
from camagent.document.read import MAX_DOCUMENT_BYTES
from camagent.document.write import camera_view, scan_document
from camagent.model.earlier_runs import KnownDevice, MemoryChange
from camagent.model.finding import Verdict
from camagent.model.scan_result import CameraFacts, ManualAnswer, ScanResult
from camagent.model.text import Message
from camagent.store import Store, camera_answered, open_store
from camagent.store.migrations import MIGRATIONS
from camagent.text import LANGUAGES, render
from camagent.text.moments import VIETNAM
from tests import builders
from tests.publish.samples import camera, hostile_school, school, view
from tests.refusal import refused

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


def at(store: Store, day: date) -> ScanDocument | None:
    """The scan that stood at the end of that day."""
    return store.before(datetime.combine(day + timedelta(days=1), time(), VIETNAM))


def save(store: Store, scan: ScanResult) -> None:
    store.save(scan_document(scan))


def scan_at(moment: datetime, cameras: int = 2) -> ScanResult:
    return school(cameras, started_at=moment, finished_at=moment + timedelta(seconds=30))


def test_a_new_store_knows_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "deep" / "site.db") as store:
        assert store.latest() is None and list(store.texts()) == []
        assert at(store, date(2026, 1, 1)) is None
        assert store.histories(START) == {} and store.answers() == {} and store.decisions() == {}
        assert store.set_aside is None and store.states("cam-1") == ()


@pytest.mark.parametrize("scan", [school(), hostile_school(), school(0)])
def test_what_was_saved_comes_back_after_closing(tmp_path: Path, scan: ScanResult) -> None:
    with open_store(tmp_path / "site.db") as store:
        save(store, scan)
    with open_store(tmp_path / "site.db") as store:
        assert store.latest() == scan_document(scan)
        assert store.latest() == view(scan)


def test_a_day_ends_at_midnight_in_vietnam(tmp_path: Path) -> None:
    with open_store(tmp_path / "site.db") as store:
        for hour in (0, 16, 17):  # 07:00, 23:00 and, in Vietnam, the next day's 00:00
            save(store, scan_at(datetime(2026, 1, 10, hour, tzinfo=UTC)))
        day = at(store, date(2026, 1, 10))
        assert day is not None and day.started_at.hour == 16
        later = at(store, date(2026, 5, 1))
        assert later is not None and later.started_at.hour == 17
        assert at(store, date(2026, 1, 9)) is None


def test_thirty_days_stay_raw_and_then_one_a_week(tmp_path: Path) -> None:
    with open_store(tmp_path / "site.db") as store:
        for day in range(100):
            save(store, scan_at(START + timedelta(days=day), 1))
        days = [at(store, (START + timedelta(days=day)).date()) for day in range(100)]
    kept = {day_report.started_at for day_report in days if day_report}
    newest = START + timedelta(days=99)
    assert {newest - timedelta(days=day) for day in range(31)} <= kept
    older = sorted(moment for moment in kept if moment < newest - timedelta(days=31))
    assert 9 <= len(older) <= 11
    assert all(b - a <= timedelta(days=7) for a, b in zip(older, older[1:], strict=False))


def test_only_changes_of_state_are_kept(tmp_path: Path) -> None:
    verdicts = [Verdict.READY, Verdict.READY, Verdict.NOT_READY, Verdict.NOT_READY, Verdict.READY]
    with open_store(tmp_path / "site.db") as store:
        for day, verdict in enumerate(verdicts):
            cameras = (replace(camera(0), verdict=verdict),)
            save(store, replace(scan_at(START + timedelta(days=day)), cameras=cameras))
        states = store.states("cam-000000000000")
    assert [(state.verdict, (state.at - START).days) for state in states] == [
        (Verdict.READY, 0),
        (Verdict.NOT_READY, 2),
        (Verdict.READY, 4),
    ]
    assert states[0].model == "AC-2143"


def test_availability_counts_scans_and_cheap_checks_of_thirty_days(tmp_path: Path) -> None:
    with open_store(tmp_path / "site.db") as store:
        save(store, scan_at(START - timedelta(days=60), 3))
        for day in range(3):
            save(store, scan_at(START + timedelta(days=day), 3))
        store.note_probes(START + timedelta(days=2), {"cam-000000000000": False, "cam-other": True})
        histories = store.histories(START + timedelta(days=3))
    assert (histories["cam-000000000000"].probes, histories["cam-000000000000"].answered) == (4, 3)
    assert (histories["cam-000000000002"].probes, histories["cam-000000000002"].answered) == (
        3,
        3,
    )  # its sub-stream plays
    assert histories["cam-other"].probes == 1
    assert histories["cam-000000000000"].since.date() == START.date()


def spoke(facts: CameraFacts) -> bool:
    return camera_answered(camera_view(builders.camera_result(facts=facts)))


def test_a_camera_answered_only_where_something_of_it_spoke() -> None:
    dead = builders.stream_facts(measured=builders.fault())
    silent = builders.camera_facts(device=builders.fault(), streams=(dead,))
    assert not spoke(silent)
    assert not spoke(replace(silent, device=None, streams=()))
    mute = builders.device_facts(clock=builders.fault())
    assert not spoke(replace(silent, device=mute))
    assert spoke(replace(silent, device=builders.device_facts()))
    assert spoke(replace(silent, streams=(dead, builders.sub_stream())))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda text: lzma.compress(text)[:-200],
    "not packed": lambda text: text,
    "deep": lambda text: lzma.compress(b'{"schema":"camagent.scan/1","cameras":' + b"[" * 100_000),
    "a bomb": lambda text: lzma.compress(b" " * (MAX_DOCUMENT_BYTES + 1), preset=1),
    "of another kind": lambda text: lzma.compress(text.replace(b"camagent.scan/1", b"camagent.scan/9", 1)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document_costs_that_document_only(tmp_path: Path, damage: str) -> None:
    messages: list[Message] = []
    with open_store(tmp_path / "site.db", messages.append) as store:
        for day in (0, 1):
            save(store, scan_at(START + timedelta(days=day), 1))
        (text, _) = store.texts()
        store._connection.execute("UPDATE scan SET document = ? WHERE id = 2", (DAMAGES[damage](text),))
        latest = store.latest()
        assert latest is not None and latest.started_at == START
        assert [line.key for line in messages] == ["report.store.unreadable_scan"]
        assert all("\n" not in render(messages[0], lang) for lang in LANGUAGES)


def test_what_two_processes_learn_is_kept_of_both(tmp_path: Path) -> None:
    first = KnownDevice("cam-1", "192.0.2.1", None, (("serial", "A'1"), ("mac", "4c:bd:8f:00:00:01")))
    second = KnownDevice("cam-2", "192.0.2.2", "VS2", ())
    moved = replace(first, address="192.0.2.50")
    with open_store(tmp_path / "site.db") as agent, open_store(tmp_path / "site.db") as scan:
        agent.remember(MemoryChange((first,), (("192.0.2.1", "ab" * 32),)), START)
        scan.remember(
            MemoryChange((second,), (("192.0.2.2:8443", "cd" * 32), ("192.0.2.1", "00" * 32))), START
        )
        agent.remember(MemoryChange((moved,)), START)
        assert agent.known_devices() == (moved, second)
        assert scan.pins() == (("192.0.2.1", "ab" * 32), ("192.0.2.2:8443", "cd" * 32)), (
            "the first one seen stays"
        )
        scan.forget_pins("192.0.2.1", ["192.0.2.1"])
        assert agent.pins() == (("192.0.2.2:8443", "cd" * 32),)


def test_a_device_with_a_new_name_every_day_does_not_grow_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MAX_KNOWN", 3)
    monkeypatch.setattr(store_module, "MAX_PINS", 3)
    with open_store(tmp_path / "site.db") as store:
        for day in range(10):
            device = KnownDevice(f"cam-{day}", "192.0.2.1", None, ())
            store.remember(
                MemoryChange((device,), ((f"192.0.2.1:{day}", "ab" * 32),)), START + timedelta(days=day)
            )
        assert [device.id for device in store.known_devices()] == ["cam-7", "cam-8", "cam-9"]
        assert len(store.pins()) == 3


def test_answers_are_kept_for_a_camera_or_the_whole_site(tmp_path: Path) -> None:
    answer = ManualAnswer("REC-MAX", True, "Cô Lan", date(2026, 1, 5), date(2027, 1, 5), "đã ký")
    later = replace(answer, met=False, expires=None, note=None)
    with open_store(tmp_path / "site.db") as store:
        store.answer("", answer)
        store.answer("cam-1", answer)
        store.answer("cam-1", later)
        store.answer("cam-1", replace(answer, rule="SEC-WAN"))
        assert store.answers() == {"": (answer,), "cam-1": (later, replace(answer, rule="SEC-WAN"))}


def test_decisions_of_an_earlier_camagent_are_still_read(tmp_path: Path) -> None:
    """Version 0.1.0 kept them here; the area's own record takes them over."""
    with open_store(tmp_path / "site.db"), sqlite3.connect(tmp_path / "site.db") as raw:
        for word, note in (("approve", None), ("recheck", "chờ báo giá")):
            row = ("9001/cam-1", word, note, "a.xlsx", "2026-11-24T02:00:00Z")
            raw.execute(
                "INSERT INTO decision (row_id, decision, note, source, at) VALUES (?, ?, ?, ?, ?)", row
            )
    with open_store(tmp_path / "site.db") as store:
        (decision,) = store.decisions().values()
    assert (decision.decision, decision.note, decision.by) == ("recheck", "chờ báo giá", "")


def test_tables_are_strict_and_versioned(tmp_path: Path) -> None:
    open_store(tmp_path / "site.db").close()
    with sqlite3.connect(tmp_path / "site.db") as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        loose = raw.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0"
        ).fetchall()
        assert {name for (name,) in loose} <= {"sqlite_schema"}
    raw.close()


def test_a_store_of_an_older_version_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    raw = sqlite3.connect(path)
    for statement in MIGRATIONS[0]:
        raw.execute(statement)
    raw.execute("INSERT INTO known_device VALUES ('cam-1', '192.0.2.1', 'null', '[[\"serial\", \"S1\"]]')")
    raw.execute("PRAGMA user_version = 1")
    raw.commit()
    raw.close()
    with open_store(path) as store:
        (device,) = store.known_devices()
        assert (device.id, device.signs, device.service_url) == ("cam-1", (("serial", "S1"),), None)
        store.remember(MemoryChange((replace(device, service_url="http://192.0.2.1:8000/onvif"),)), START)
        assert store.known_devices()[0].service_url == "http://192.0.2.1:8000/onvif"


def test_a_store_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    open_store(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with refused("99"):
        open_store(path)
    assert path.exists() and not list(tmp_path.glob("*.damaged-*"))


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with refused("cannot be opened"):
        open_store(tmp_path / "file" / "site.db")
