"""The record behind the reports: scans, a comparison, an answer, the list of the area and the decisions on
it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from camagent.cli.demo import simulated_school


class Machine:
    """camagent as a technician runs it, with folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "camagent.toml"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "camagent", *arguments, "--lang", "vi"],
            capture_output=True,
            timeout=100,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "CAMAGENT_DATA": str(self.folder / "data"),
                "CAMAGENT_CONFIG_DIR": str(self.folder),
            },
            check=False,
        )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("record"))
    (machine.folder / "camera.csv").write_text(
        "name;address\nCổng chính;127.10.1.1\nPhòng máy tính;127.10.1.5\nKho;127.10.1.6\n",
        encoding="utf-8-sig",
    )
    with simulated_school(6) as ready:
        (machine.folder / "password").write_text(str(ready["password"]), encoding="utf-8")
        machine.config.write_text(
            '[site]\nid = "9001"\nname = "THCS Nguyễn Du"\narea = "Phường Gia Định"\n'
            '[discovery]\nsubnets = ["127.10.1.0/29"]\ninterfaces = ["lo"]\ninventory = "camera.csv"\n'
            "[check]\nwindow_s = 3\n"
            '[[credential]]\naddress = "127.10.0.0/16"\nuser = "camagent"\npassword_file = "password"\n',
            encoding="utf-8",
        )
        first = machine.run("scan", "--trust-new", "--output", "ket-qua")
        assert first.returncode == 1, first.stderr.decode()
    yield machine


def test_a_report_comes_from_the_record_alone(machine: Machine) -> None:
    done = machine.run("report", "--format", "json")
    document = json.loads(done.stdout)
    assert document["site"]["name"] == "THCS Nguyễn Du"
    assert {camera["name"] for camera in document["cameras"]} >= {"Cổng chính", "Phòng máy tính", "Kho"}


@pytest.mark.parametrize("report_format", ["html", "xlsx", "csv"])
def test_every_kind_of_report_is_written(machine: Machine, report_format: str) -> None:
    done = machine.run("report", "--format", report_format, "-o", f"bao-cao.{report_format}")
    assert done.returncode == 0, done.stderr.decode()
    assert (machine.folder / f"bao-cao.{report_format}").stat().st_size > 1000


def test_a_comparison_with_a_day_without_a_scan_is_one_clear_line(machine: Machine) -> None:
    done = machine.run("report", "--compare", "2020-01-10")
    assert done.returncode == 2
    assert "2020-01-10" in done.stderr.decode()
    assert machine.run("report", "--compare", "someday").returncode == 2


def test_an_answer_is_kept_and_a_row_that_the_network_answers_takes_none(machine: Machine) -> None:
    assert machine.run("answer", "PRV-NOTICE", "yes", "--by", "Nguyễn Văn An").returncode == 0
    refused = machine.run("answer", "IMG-FPS", "yes")
    assert refused.returncode == 2
    assert "PRV-NOTICE" in refused.stderr.decode()


def test_the_area_merges_result_files_and_names_what_it_cannot_read(machine: Machine) -> None:
    (machine.folder / "ket-qua" / "broken.json").write_text("{", encoding="utf-8")
    done = machine.run("area", "ket-qua", "--format", "json")
    assert done.returncode == 0  # a list was written
    assert "broken.json" in done.stderr.decode()
    assert "THCS Nguyễn Du" in done.stdout.decode()
    nothing = machine.run("area", "nowhere")
    assert nothing.returncode == 2


def test_the_names_of_the_levels_are_configuration(machine: Machine) -> None:
    config = machine.config.read_text(encoding="utf-8")
    machine.config.write_text(
        config.replace("[site]", '[site]\nlevels = ["Cơ sở", "Phường Thử"]'), encoding="utf-8"
    )
    done = machine.run("area", "ket-qua/camagent.json", "--format", "html", "-o", "-")
    machine.config.write_text(config, encoding="utf-8")
    assert "Phường Thử" in done.stdout.decode()


def with_header(sheet: Any) -> tuple[Any, Any]:
    """The sheet and the row of its column heads above a numbered line; None where it lists nobody."""
    for row in sheet.iter_rows():
        heads = any(cell.value == "STT" for cell in row)
        if heads and isinstance(sheet.cell(row[0].row + 1, 1).value, int):
            return sheet, row
    return sheet, None


def test_a_reviewed_list_is_read_back_and_shown_again(machine: Machine) -> None:
    made = machine.run("area", "ket-qua/camagent.json", "--format", "xlsx", "-o", "danh-muc.xlsx")
    assert made.returncode == 0, made.stderr.decode()
    path = machine.folder / "danh-muc.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    annexes = (sheet for sheet in book if sheet.title.startswith("Phụ lục"))
    sheet, header = next((sheet, header) for sheet, header in map(with_header, annexes) if header is not None)
    column = next(cell.column for cell in header if str(cell.value).startswith("Ý kiến"))
    sheet.cell(header[0].row + 1, column).value = "Đồng ý"
    book.save(path)
    applied = machine.run("area", "apply", "danh-muc.xlsx", "--by", "Bà Trần Thị B")
    assert applied.returncode == 0, applied.stderr.decode()
    again = machine.run("area", "ket-qua/camagent.json", "--format", "csv", "-o", "-")
    assert "Đồng ý" in again.stdout.decode("utf-8-sig")


def test_a_changed_certificate_can_be_accepted_once(machine: Machine) -> None:
    assert machine.run("credentials", "accept-certificate", "192.0.2.1").returncode == 2
    accepted = machine.run("credentials", "accept-certificate", "127.10.1.1")
    assert accepted.returncode == 0, accepted.stderr.decode()
    assert machine.run("credentials", "accept-certificate", "127.10.1.1").returncode == 2


def test_a_second_scan_knows_the_cameras_again(machine: Machine) -> None:
    before = json.loads(machine.run("report", "--format", "json").stdout)
    with simulated_school(6) as ready:
        (machine.folder / "password").write_text(str(ready["password"]), encoding="utf-8")
        machine.run("scan")
    after = json.loads(machine.run("report", "--format", "json").stdout)
    assert after["started_at"] > before["started_at"]
    assert {c["id"] for c in after["cameras"]} == {c["id"] for c in before["cameras"]}
