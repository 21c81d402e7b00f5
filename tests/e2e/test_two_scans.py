"""Two scans of one school at the same time, with one record: both whole, both kept."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from camagent.simulator.default_school import USER
from tests.agent.watched_school import PASSWORD, simulated_school

AT_ONCE = 3


def serials(document: dict[str, Any], ours: Sequence[str]) -> dict[str, str | None]:
    """What our cameras told of themselves behind their login; others may stand on this machine."""
    return {
        camera["address"]: (camera["device"] or {}).get("serial")
        for camera in document["cameras"]
        if camera["address"] in ours
    }


@pytest.mark.slow
def test_scans_at_once_are_whole_and_all_kept(tmp_path: Path) -> None:
    with simulated_school((0, 3)) as school:
        rows = [f"{camera.name},{camera.address}:{camera.http_port}" for camera in school.school.cameras]
        (tmp_path / "list.csv").write_text("name,address\n" + "\n".join(rows) + "\n", encoding="utf-8")
        (tmp_path / "password").write_text(PASSWORD)
        command = [sys.executable, "-m", "camagent", "scan", "--inventory", str(tmp_path / "list.csv")]
        command += [
            "--subnet",
            f"{school.addresses[0].rpartition('.')[0]}.0/30",
            "--user",
            USER,
            "--trust-new",
        ]
        command += ["--password-file", str(tmp_path / "password"), "--window", "2", "--no-port-check"]
        folders = {"CAMAGENT_DATA": str(tmp_path / "data"), "CAMAGENT_CONFIG_DIR": str(tmp_path / "config")}
        running = [
            subprocess.Popen(
                [*command, "--format", "json", "--lang", "en"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | folders,
            )
            for _ in range(AT_ONCE)
        ]
        ended = [process.communicate(timeout=200) for process in running]
    complaints = [err.decode() for _, err in ended]
    assert not any("Traceback" in err or "not stored" in err for err in complaints), complaints
    serial_lists = [serials(json.loads(out), school.addresses) for out, _ in ended]
    assert serial_lists == [serial_lists[0]] * AT_ONCE and set(serial_lists[0]) == set(school.addresses)
    assert None not in serial_lists[0].values(), "each logged in, one after the other"
    assert {process.returncode for process in running} <= {0, 1, 3}  # 3: a busy machine is sure of less
    with sqlite3.connect(tmp_path / "data" / "camagent.sqlite") as record:
        assert record.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert record.execute("SELECT count(*) FROM scan").fetchone() == (AT_ONCE,)
