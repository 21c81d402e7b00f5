"""`camagent report --compare`: against the scan that stood on a date, or on a reporting date of the school
year."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from camagent.cli.report import report_command
from camagent.document.write import scan_document
from camagent.model.operator_error import OperatorError
from camagent.store import open_store
from camagent.text.moments import VIETNAM
from tests.publish.samples import school
from tests.refusal import refused

NOW = datetime.now(VIETNAM)
DAYS_AGO = (400, 200, -1)  # the newest is tomorrow's, so that this holds on a reporting date as well


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A school that was scanned three times, with one camera more each time."""
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "camagent.sqlite") as store:
        for number, days in enumerate(DAYS_AGO):
            scan = school(3 + number, started_at=NOW - timedelta(days=days))
            store.save(scan_document(scan))
    return tmp_path


def compared(record: Path, text: str) -> str:
    target = record / "page.html"
    CliRunner().invoke(
        report_command, ["--compare", text, "-o", str(target)], standalone_mode=False, catch_exceptions=False
    )
    return target.read_text(encoding="utf-8")


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"])
def test_a_date_in_any_usual_form_is_the_scan_that_stood_on_it(record: Path, pattern: str) -> None:
    day = NOW - timedelta(days=300)
    page = compared(record, day.strftime(pattern))
    assert "<dt>Mới xuất hiện</dt><dd>2</dd>" in page  # 5 cameras now, 3 four hundred days ago


@pytest.mark.parametrize("name", ["hk1", "HK2"])
def test_a_reporting_date_has_a_name(record: Path, name: str) -> None:
    assert 'id="changes"' in compared(record, name)


@pytest.mark.parametrize("text", ["31/02/2026", "tomorrow", "", "2001-01-10"])
def test_what_is_no_date_or_was_before_the_first_scan_is_a_mistake(record: Path, text: str) -> None:
    with pytest.raises(OperatorError):
        compared(record, text)


def test_a_scan_is_not_compared_with_itself(record: Path) -> None:
    day = (NOW + timedelta(days=1)).strftime("%Y-%m-%d")
    with refused(day):
        compared(record, day)


def test_a_stored_scan_that_is_damaged_is_said_and_the_one_before_it_is_reported(record: Path) -> None:
    with sqlite3.connect(record / "camagent.sqlite") as raw:
        raw.execute("UPDATE scan SET document = ? WHERE id = (SELECT max(id) FROM scan)", (b"damaged",))
    raw.close()
    done = CliRunner().invoke(report_command, ["--format", "json"], standalone_mode=False)
    assert json.loads(done.stdout)["schema"] == "camagent.scan/1" and done.stderr.count("\n") == 1


def test_without_a_choice_it_is_the_scan_before(record: Path) -> None:
    target = record / "page.html"
    CliRunner().invoke(report_command, ["-o", str(target)], standalone_mode=False, catch_exceptions=False)
    assert "<dt>Mới xuất hiện</dt><dd>1</dd>" in target.read_text(encoding="utf-8")
    assert target.read_text(encoding="utf-8") == compared(record, "last") == compared(record, "1")


def test_a_number_is_that_many_scans_back(record: Path) -> None:
    assert "<dt>Mới xuất hiện</dt><dd>2</dd>" in compared(record, "2")
    with refused("3"):
        compared(record, "3")


def test_a_time_is_the_scan_that_stood_then(record: Path) -> None:
    for moment in (NOW - timedelta(days=300), NOW - timedelta(days=200)):
        page = compared(record, f"{moment:%Y-%m-%d %H:%M}")
        assert f"<dd>{1 if moment > NOW - timedelta(days=250) else 2}</dd>" in page


def test_two_scans_of_one_day_are_told_apart_by_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "camagent.sqlite") as store:
        for number, minutes in enumerate((90, 60, 30)):
            store.save(scan_document(school(3 + number, started_at=NOW - timedelta(minutes=minutes))))
    assert "<dt>Mới xuất hiện</dt><dd>2</dd>" in compared(tmp_path, f"{NOW - timedelta(minutes=75):%H:%M}")
    assert "<dt>Mới xuất hiện</dt><dd>1</dd>" in compared(tmp_path, f"{NOW - timedelta(minutes=60):%H:%M}")
