"""`camagent camera` and `camagent inventory export`: expected, taken off by a person, read back as an
inventory."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from camagent.cli.main import build
from camagent.document.write import scan_document
from camagent.model.earlier_runs import KnownDevice, MemoryChange
from camagent.model.expected import DeviceWords, ExpectedCamera, Retirement
from camagent.model.operator_error import OperatorError
from camagent.operator_files.inventory_file import parse_inventory
from camagent.report.inventory_csv import render_inventory
from camagent.store import open_store
from tests import builders
from tests.publish.samples import school

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
CAMERA = ExpectedCamera(
    "cam-1",
    "9001",
    "Cổng chính",
    "192.0.2.11",
    "VS1",
    DeviceWords("Acme", "AC-1", "V1", "S1234", None, ("T",)),
    AT,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path))
    with open_store(tmp_path / "camagent.sqlite") as store:
        store.remember(MemoryChange(expected=(CAMERA, replace(CAMERA, id="cam-2", address="192.0.2.12"))), AT)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), [*words, "--lang", "en"], standalone_mode=False)


def kept(folder: Path) -> dict[str, ExpectedCamera]:
    with open_store(folder / "camagent.sqlite") as store:
        return {camera.id: camera for camera in store.expected_cameras()}


def test_what_is_expected_is_kept_as_it_was(folder: Path) -> None:
    assert kept(folder)["cam-1"] == CAMERA


def test_a_retired_camera_stays_listed_with_who_said_so_and_why(folder: Path) -> None:
    assert (
        run(
            "camera", "retire", "cam-1", "--by", "Nguyễn Văn An", "--reason", "tháo khi sửa cổng"
        ).return_value
        == 0
    )
    word = kept(folder)["cam-1"].retired
    assert word is not None and (word.by, word.reason) == ("Nguyễn Văn An", "tháo khi sửa cổng")
    listed = json.loads(run("camera", "list", "--format", "json").output)
    assert [(row["id"], row["retired"] and row["retired"]["by"]) for row in listed] == [
        ("cam-1", "Nguyễn Văn An"),
        ("cam-2", None),
    ]
    shown = run("camera", "list").output
    assert "cam-1" in shown and "said by Nguyễn Văn An: tháo khi sửa cổng" in shown


def test_a_run_that_began_before_does_not_undo_what_a_person_said(folder: Path) -> None:
    run("camera", "retire", "cam-1", "--by", "An", "--reason", "hỏng")
    run("camera", "forget", "cam-2")
    later = replace(CAMERA, present_at=AT + timedelta(days=1))
    with open_store(folder / "camagent.sqlite") as store:
        store.remember(MemoryChange(expected=(later, replace(CAMERA, id="cam-2"))), AT)
    assert set(kept(folder)) == {"cam-1"}
    assert kept(folder)["cam-1"].retired is not None and kept(folder)["cam-1"].present_at == later.present_at
    answered = datetime.now(UTC) + timedelta(minutes=1)
    with open_store(folder / "camagent.sqlite") as store:
        store.remember(MemoryChange(expected=(replace(CAMERA, id="cam-2", present_at=answered),)), answered)
    assert set(kept(folder)) == {"cam-1", "cam-2"}, "it answered after it was forgotten"


@pytest.mark.parametrize(
    "words",
    [
        ("camera", "forget", "cam-9"),
        ("camera", "retire", "cam-9", "--by", "An", "--reason", "hỏng"),
        ("camera", "retire", "cam-1", "--by", " ", "--reason", "hỏng"),
        ("inventory", "export"),
    ],
)
def test_what_cannot_be_done_is_told(words: tuple[str, ...]) -> None:
    assert isinstance(run(*words).exception, OperatorError)


def test_an_older_record_expects_the_cameras_of_its_last_scan_that_ever_answered(tmp_path: Path) -> None:
    path = tmp_path / "older.sqlite"
    scan = school(4)
    with open_store(path) as store:
        store.save(scan_document(scan))
        answered = {camera.id for camera in store.expected_cameras()}
        counted = {camera.facts.id for camera in scan.cameras if camera.facts.device is not None}
        assert answered and answered <= counted


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_an_exported_inventory_is_read_back(lang: str) -> None:
    facts = builders.camera_facts
    cameras = (
        builders.camera_result(facts=facts(id="cam-1", name="=HYPERLINK(1); Cổng", address="192.0.2.1")),
        builders.camera_result(
            facts=facts(id="cam-2", name="Sân", address="192.0.2.2", video_source="V1", device=None)
        ),
        builders.camera_result(
            facts=facts(id="cam-3", name="Sân 2", address="192.0.2.2", video_source="V2", device=None)
        ),
        builders.camera_result(
            facts=facts(id="cam-4", name="Kho", address="rtsp://192.0.2.9:554/live", device=None)
        ),
        builders.camera_result(facts=facts(id="cam-5", name="Nhà xe", address="192.0.2.5")),
    )
    document = scan_document(replace(school(0), cameras=cameras))
    urls = {
        "cam-1": "http://192.0.2.1:8080/onvif/device_service",
        "cam-5": "http://192.0.2.5/onvif/device_service",
    }
    declared = {
        row.name: row
        for row in parse_inventory(render_inventory(document, urls, lang).encode(), "camera.csv")
    }
    assert len(declared) == 5
    gate = next(row for name, row in declared.items() if name and "Cổng" in name)
    assert (gate.address, gate.port) == ("192.0.2.1", 8080)
    assert declared["Nhà xe"].port is None
    assert {declared["Sân"].channel, declared["Sân 2"].channel} == {"V1", "V2"}
    assert declared["Kho"].stream_uri == "rtsp://192.0.2.9/live"
    assert gate.serial is None and declared["Nhà xe"].serial is None, "one number at two cameras says nothing"


def test_retired_words_cannot_disturb_a_terminal(folder: Path) -> None:
    with open_store(folder / "camagent.sqlite") as store:
        store.retire("cam-1", Retirement("An\x1b[31m", "a\nb", date(2026, 11, 20)))
    assert "\x1b" not in run("camera", "list").output


def test_the_known_port_goes_into_the_exported_address(folder: Path) -> None:
    with open_store(folder / "camagent.sqlite") as store:
        store.save(scan_document(school(1)))
        camera = scan_document(school(1)).cameras[0]
        url = f"http://{camera.address}:8899/onvif/device_service"
        store.remember(MemoryChange(devices=(KnownDevice(camera.id, camera.address, None, (), url),)), AT)
    exported = folder / "camera.csv"
    assert run("inventory", "export", "-o", str(exported)).return_value == 0
    (declared,) = parse_inventory(exported.read_bytes(), "camera.csv")
    assert (declared.address, declared.port, declared.name) == (camera.address, 8899, camera.name)
