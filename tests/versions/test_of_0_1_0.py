"""A school that has run camagent 0.1.0: its record, results, lists and log-ins are read as they lie there."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camagent.agent.record import EarlierRound, StoreRecord
from camagent.model.finding import Verdict
from camagent.model.text import Message
from camagent.operator_files.credential_file import CredentialStore
from camagent.store import open_store

FILES = Path(__file__).with_name("0.1.0")
SOON = datetime(2026, 11, 28, 8, tzinfo=UTC)  # an hour after the files were made
VERDICTS = {
    "127.10.1.1": "ready",
    "127.10.1.2": "ready",
    "127.10.1.3": "ready",
    "127.10.1.4": "not_ready",
    "127.10.1.5": "not_ready",
    "127.10.1.6": "not_ready",
}


class Machine:
    """The old school's folders, and the present camagent on them."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(FILES, folder, dirs_exist_ok=True)
        self.folder = folder

    def run(self, *arguments: str, code: int = 0) -> str:
        home = {"CAMAGENT_DATA": str(self.folder), "CAMAGENT_CONFIG_DIR": str(self.folder)}
        done = subprocess.run(
            [sys.executable, "-m", "camagent", *arguments, "--lang", "en"],
            capture_output=True,
            timeout=100,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"]} | home,
            check=False,
        )
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode("utf-8-sig")

    def rows(self, *arguments: str, code: int = 0) -> list[dict[str, str]]:
        return list(
            csv.DictReader(io.StringIO(self.run(*arguments, "--format", "csv", "-o", "-", code=code)))
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def document(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(gzip.decompress((FILES / name).read_bytes()))
    return result


@pytest.mark.slow
def test_the_stored_scans_are_reported_in_every_format(machine: Machine) -> None:
    stored = json.loads(machine.run("report", "--format", "json", "-o", "-"))
    assert {camera["address"]: camera["verdict"] for camera in stored["cameras"]} == VERDICTS
    assert {row["Address"] for row in machine.rows("report")} == set(VERDICTS)
    for kind in ("html", "xlsx"):
        machine.run("report", "--format", kind, "-o", f"report.{kind}", "--compare", "2")
        assert (machine.folder / f"report.{kind}").stat().st_size > 10_000


@pytest.mark.slow
def test_history_tells_the_scans_and_the_changes_of_one_camera(machine: Machine) -> None:
    assert machine.run("history").count("cameras:") == 3
    changes = machine.run("history", "Cổng chính").splitlines()[1:]
    assert [line.split()[-1] for line in changes] == ["Undetermined", "Ready"]


@pytest.mark.slow
def test_the_area_takes_both_results_the_decision_and_the_reviewed_list(machine: Machine) -> None:
    before = {
        row["Camera"]: row["Decision"] for row in machine.rows("area", "scan-1.json.gz", "scan-2.json.gz")
    }
    assert before == {"Hành lang tầng 2": "", "Phòng máy tính": "Agreed", "Nhà để xe": ""}
    machine.run("area", "apply", "reviewed.xlsx", "--by", "An")
    after = {row["Camera"]: row["Decision"] for row in machine.rows("area", "scan-2.json.gz")}
    assert after == {"Hành lang tầng 2": "Not agreed", "Phòng máy tính": "Agreed", "Nhà để xe": "Agreed"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scan-1.json.gz", "scan-2.json.gz"])
def test_a_result_keeps_its_verdicts_in_the_merged_document(machine: Machine, name: str) -> None:
    merged = json.loads(machine.run("area", name, "--format", "json", "-o", "-"))
    counts = document(name)["summary"]
    assert {key: merged["summary"][key] for key in counts} == counts


@pytest.mark.slow
def test_expected_cameras_log_ins_and_the_inventory_are_there(machine: Machine) -> None:
    assert machine.run("camera", "list").count("last present 2026-11-28") == 5
    assert "127.10.1.0/29\tgiamsat" in machine.run("credentials", "list")
    assert "SIM000004K3811" in machine.run("inventory", "export")
    (entry,) = CredentialStore(machine.folder, machine.folder).entries()
    assert entry.credential.secret.reveal() == "Mật-khẩu-mẫu-1"


@pytest.mark.slow
def test_its_recording_is_judged_by_the_present_rules(machine: Machine) -> None:
    packed = machine.folder / "check.transcript.json.gz"
    (machine.folder / "check.transcript.json").write_bytes(gzip.decompress(packed.read_bytes()))
    output = machine.run("check", "--replay", "check.transcript.json", "--format", "json", code=1)
    (camera,) = json.loads(output)["cameras"]
    assert camera["device"]["serial"] == "SIM000004K3811"
    assert {stream["measured"]["codec"] for stream in camera["streams"]} == {"mjpeg", "h264"}
    outcomes = {row["rule"]: row["outcome"] for row in camera["findings"]}
    assert (outcomes["IMG-RES"], outcomes["CON-ONVIF"]) == ("fail", "pass")


def test_the_service_begins_with_what_was_known(machine: Machine) -> None:
    messages: list[Message] = []

    async def restore() -> EarlierRound:
        with open_store(machine.folder / "camagent.sqlite", messages.append) as store:
            record = StoreRecord(store, messages.append)
            try:
                return await record.restore(SOON)
            finally:
                await record.close()

    restored = asyncio.run(restore())
    assert messages == []
    assert {camera.address: camera.verdict for camera in restored.cameras} == {
        address: Verdict(word) for address, word in VERDICTS.items()
    }
    memory = restored.memory
    assert {device.address for device in memory.devices} == set(VERDICTS)
    assert all(":8080/" in (device.service_url or ":8080/") for device in memory.devices)
    assert len(memory.pins) == 5 and memory.answers[""][0].rule == "PRV-NOTICE"
    asked = [memory.histories[device.id] for device in memory.devices]
    assert sorted((row.probes, row.answered) for row in asked) == [(4, 0)] + [(5, 5)] * 5
    assert {camera.address for camera in memory.expected} == set(VERDICTS) - {"127.10.1.6"}


def test_its_configuration_is_not_refused(machine: Machine) -> None:
    output = machine.run("doctor", "--config", "camagent.toml", code=0)
    assert output
