"""What changed since last time: at the end of a scan, and camera by camera."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from camagent.app import RunOptions
from camagent.cli import scanning
from camagent.cli.history import changes_of, history_command
from camagent.document.compare import compare
from camagent.document.rule_names import rule_names
from camagent.document.school_year import EarlierScan, parse_earlier
from camagent.document.states import CameraState
from camagent.model.earlier_runs import Memory, MemoryChange
from camagent.model.finding import Outcome, Verdict
from camagent.model.operator_error import OperatorError
from camagent.model.scan_result import CameraResult, ScanResult
from camagent.report.changes import MAX_LISTED, print_changes
from camagent.run.context import Run
from camagent.store import open_store
from camagent.text.moments import VIETNAM
from tests import builders
from tests.publish.samples import school, view

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=VIETNAM)


def judged(number: int, outcome: Outcome) -> CameraResult:
    facts = builders.camera_facts(id=f"cam-{number}", name=f"Sân {number}", address=f"192.0.2.{number}")
    verdict = Verdict.READY if outcome is Outcome.PASS else Verdict.NOT_READY
    return builders.camera_result(facts=facts, findings=(builders.finding(outcome=outcome),), verdict=verdict)


def scanned(minutes: int, *cameras: CameraResult) -> ScanResult:
    at = NOW + timedelta(minutes=minutes)
    return replace(school(0, started_at=at, finished_at=at), cameras=cameras)


def told(before: ScanResult, after: ScanResult, lang: str = "vi") -> list[str]:
    out = io.StringIO()
    names = rule_names([view(before), view(after)], lang)
    print_changes(compare(view(before), view(after)), Console(file=out, width=200), names, lang)
    return out.getvalue().splitlines()


def test_a_mended_and_a_broken_camera_are_counted_and_named() -> None:
    before = scanned(0, judged(1, Outcome.FAIL), judged(2, Outcome.PASS), judged(3, Outcome.PASS))
    after = scanned(10, judged(1, Outcome.PASS), judged(2, Outcome.FAIL), judged(3, Outcome.PASS))
    first, *rest = told(before, after)
    assert first == "So với lần trước (28/11/2026 09:30): 1 mới hỏng, 1 đã khắc phục."
    assert rest == [
        "  Mới hỏng: Sân 2 (192.0.2.2) – không còn đạt: Tốc độ khung hình (đo thực) [IMG-FPS]",
        "  Đã khắc phục: Sân 1 (192.0.2.1) – đã đạt: Tốc độ khung hình (đo thực) [IMG-FPS]",
    ]
    assert "1 broken" in told(before, after, "en")[0].lower()


def test_nothing_changed_is_said_in_one_line() -> None:
    same = (judged(1, Outcome.PASS),)
    assert told(scanned(0, *same), scanned(9, *same)) == [
        "So với lần trước (28/11/2026 09:30): không có gì thay đổi."
    ]


def test_a_whole_school_that_changed_does_not_flood_the_screen() -> None:
    before = scanned(0, *(judged(number, Outcome.PASS) for number in range(60)))
    lines = told(before, scanned(9, *(judged(number, Outcome.FAIL) for number in range(60))))
    assert "60 mới hỏng" in lines[0] and len(lines) == MAX_LISTED + 2 and "40" in lines[-1]


def test_other_requirements_are_said() -> None:
    before = replace(scanned(0, judged(1, Outcome.PASS)), profile=builders.profile_stamp(digest="other"))
    assert any(
        "Hồ sơ yêu cầu lần trước khác" in line for line in told(before, scanned(9, judged(1, Outcome.FAIL)))
    )


def test_every_scan_ends_with_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def published(scan: ScanResult, output_format: str = "table") -> str:
        with open_store(tmp_path / "record.sqlite") as store:
            scanning.publish(
                Run(scan, MemoryChange(), Memory()), RunOptions(output_format=output_format), store
            )
        return capsys.readouterr().out

    assert "28/11/2026" not in published(scanned(0, judged(1, Outcome.FAIL)))
    assert "đã khắc phục: sân 1 (192.0.2.1)" in published(scanned(10, judged(1, Outcome.PASS))).lower()
    assert "không có gì thay đổi" in published(scanned(20, judged(1, Outcome.PASS)))
    assert published(scanned(30, judged(1, Outcome.PASS)), "json").startswith("{")
    assert "lần trước" not in published(scanned(40, judged(7, Outcome.PASS)))  # another range, another school


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("last", EarlierScan(ago=1)),
        (" LAST ", EarlierScan(ago=1)),
        ("3", EarlierScan(ago=3)),
        ("08:36", EarlierScan(until=NOW.replace(hour=8, minute=37))),
        ("9:30", EarlierScan(until=NOW.replace(minute=31))),
        ("23:00", EarlierScan(until=NOW.replace(day=27, hour=23, minute=1))),
        ("2026-11-20 08:36", EarlierScan(until=NOW.replace(day=20, hour=8, minute=37))),
        ("20/11/2026 08:36", EarlierScan(until=NOW.replace(day=20, hour=8, minute=37))),
        ("2026-11-20T08:36", EarlierScan(until=NOW.replace(day=20, hour=8, minute=37))),
        ("2026-11-20", EarlierScan(until=NOW.replace(day=21, hour=0, minute=0))),
        ("hk1", EarlierScan(until=datetime(2026, 1, 11, tzinfo=VIETNAM))),
        *(
            (text, None)
            for text in ("", "0", "-1", "1000", "20261128", "25:00", "08:36 tomorrow", "hk3", "２")
        ),
    ],
)
def test_earlier_scans_are_named_in_many_ways(text: str, meant: EarlierScan | None) -> None:
    assert parse_earlier(text, NOW) == meant


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path))
    with open_store(tmp_path / "camagent.sqlite") as store:
        for number, outcome in enumerate((Outcome.PASS, Outcome.FAIL, Outcome.FAIL, Outcome.PASS)):
            store.save(view(scanned(number * 10, judged(1, outcome), judged(2, Outcome.PASS))))
    return tmp_path


def history(*arguments: str) -> Result:
    return CliRunner().invoke(history_command, list(arguments), standalone_mode=False)


def test_the_scans_are_listed_with_the_numbers_that_compare_takes(record: Path) -> None:
    lines = history().stdout.splitlines()
    assert len(lines) == 4
    assert "10:00" in lines[0] and "2 camera: 2 sẵn sàng" in lines[0]
    assert lines[1].lstrip().startswith("1 ") and "1 chưa sẵn sàng" in lines[1]
    assert lines[3].lstrip().startswith("3 ") and "09:30" in lines[3]


@pytest.mark.parametrize("called", ["cam-1", "Sân 1", "192.0.2.1"])
def test_a_camera_is_found_by_id_name_and_address(record: Path, called: str) -> None:
    head, *states = history(called).stdout.splitlines()
    assert "Sân 1" in head and "cam-1" in head
    assert ["09:30" in states[0], "09:40" in states[1], "10:00" in states[2]] == [True] * 3 and len(
        states
    ) == 3
    assert "không còn đạt: Tốc độ khung hình (đo thực) [IMG-FPS]" in states[1]
    assert "đã đạt: Tốc độ khung hình (đo thực) [IMG-FPS]" in states[2]


def test_a_camera_that_nobody_knows_is_a_mistake(record: Path) -> None:
    assert isinstance(history("Sân 9").exception, OperatorError)


def test_a_new_address_and_firmware_are_changes() -> None:
    first = CameraState(NOW, Verdict.READY, "none", "A", "192.0.2.1", "M", "1.0", ())
    moved = replace(first, at=NOW + timedelta(days=1), address="192.0.2.9", firmware="1.1")
    assert "địa chỉ: 192.0.2.1 → 192.0.2.9; phần mềm: 1.0 → 1.1" in list(changes_of([first, moved], {}))[1]
