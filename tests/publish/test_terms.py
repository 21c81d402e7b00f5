"""The two reports of the school year: which term is meant, and what `report --term` says of one school."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from camagent.cli.report import report_command
from camagent.document.progress import CameraProgress, steps_between
from camagent.document.school_sightings import sightings_of
from camagent.document.terms import TERMS, term_of
from camagent.document.write import scan_document
from camagent.model.finding import Action, Verdict
from camagent.model.scan_result import CameraResult
from camagent.store import open_store
from camagent.text.moments import VIETNAM
from tests.publish.samples import camera, school, view
from tests.refusal import refused

NOW = datetime.now(VIETNAM)


@pytest.mark.parametrize(
    ("name", "today", "last", "end"),
    [
        ("hk1", date(2026, 11, 28), date(2026, 5, 15), date(2027, 1, 10)),
        ("hk1", date(2027, 1, 10), date(2026, 5, 15), date(2027, 1, 10)),
        ("hk1", date(2027, 1, 12), date(2026, 5, 15), date(2027, 1, 10)),
        ("hk1", date(2027, 5, 15), date(2026, 5, 15), date(2027, 1, 10)),
        ("hk1", date(2027, 5, 16), date(2027, 5, 15), date(2028, 1, 10)),
        ("cn", date(2027, 1, 10), date(2026, 1, 10), date(2026, 5, 15)),
        ("cn", date(2027, 1, 11), date(2027, 1, 10), date(2027, 5, 15)),
        ("cn", date(2027, 5, 20), date(2027, 1, 10), date(2027, 5, 15)),
        ("cn", date(2026, 11, 28), date(2026, 1, 10), date(2026, 5, 15)),
    ],
)
def test_the_running_term_is_meant_else_the_last_one(name: str, today: date, last: date, end: date) -> None:
    term = term_of(name, today)
    assert (term.last_day, term.day) == (last, end)
    assert term.before == datetime(last.year, last.month, last.day, tzinfo=VIETNAM) + timedelta(days=1)


def running() -> str:
    """The term whose date is still to come."""
    return next(name for name in TERMS if term_of(name, NOW.date()).day >= NOW.date())


def test_a_school_is_told_what_became_of_its_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    cameras = [camera(number) for number in (1, 3, 4)]
    fixed = replace(
        cameras[0], verdict=Verdict.READY, upgrade=replace(cameras[0].upgrade, action=Action.NONE, steps=())
    )
    before = datetime.combine(term_of(running(), NOW.date()).last_day, datetime.min.time(), VIETNAM)
    with open_store(tmp_path / "camagent.sqlite") as store:
        base = school(0, started_at=before)
        store.save(scan_document(replace(base, cameras=tuple(cameras))))
        store.save(scan_document(replace(base, started_at=NOW, cameras=(fixed, cameras[1], camera(8)))))
    for form in ("html", "xlsx"):
        arguments = ["--term", running(), "--format", form, "-o", f"bao-cao.{form}"]
        done = CliRunner().invoke(report_command, arguments, standalone_mode=False, catch_exceptions=False)
        assert (
            "Lần trước đề nghị 3 camera; đã làm: 1; vẫn còn: 1; chưa biết: 1; mới phát sinh: 1" in done.stdout
        )
    assert 'id="progress"' in Path("bao-cao.html").read_text("utf-8")
    sheet = load_workbook("bao-cao.xlsx")["Tiến độ"]
    assert [str(row[0].value) for row in sheet.iter_rows() if ": 1" in str(row[0].value)][-4:] == [
        *("đã làm: 1", "vẫn còn: 1", "chưa biết: 1", "mới phát sinh: 1")
    ]


def test_a_term_without_a_scan_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    with open_store(tmp_path / "camagent.sqlite") as store:
        store.save(scan_document(school(2, started_at=NOW - timedelta(days=900))))
    with refused("No scan of this term"):
        CliRunner().invoke(report_command, ["--term", "hk1"], standalone_mode=False, catch_exceptions=False)


def became(before: CameraResult, after: CameraResult) -> CameraProgress:
    was, now = (view(replace(school(0), cameras=(one,))) for one in (before, after))
    steps = steps_between(sightings_of(was, "vi"), sightings_of(now, "vi"), {"9001"}, {})
    return steps[0].became


def test_unknown_is_never_done() -> None:
    bad = camera(3)
    unsure = replace(
        bad, verdict=Verdict.UNDETERMINED, upgrade=replace(bad.upgrade, action=Action.INVESTIGATE)
    )
    assert became(bad, unsure) is CameraProgress.UNKNOWN
    assert became(unsure, bad) is CameraProgress.OTHER
    assert became(bad, bad) is CameraProgress.STAYS
