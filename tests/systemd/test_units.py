"""The units as systemd itself sees them: no mistake, little exposure, nothing that would make metrics lie."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.monitoring.programs import UNPACKED

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
MAX_EXPOSURE = 1.3

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not on this machine"
)


def analyze(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, cwd=folder, check=False
    )


def exposure(unit: Path) -> float:
    output = analyze("security", "--offline=yes", "--json=short", str(unit), folder=unit.parent)
    rows = json.loads(output.stdout)
    assert rows, output.stderr
    table = analyze("security", "--offline=yes", "--no-pager", str(unit), folder=unit.parent).stdout
    match = re.search(r"Overall exposure level for \S+: ([\d.]+)", table)
    assert match, table
    return float(match[1])


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with programs that exist on this machine: what is checked are the units alone."""
    for path in (*UNITS.glob("*.service"), *UNITS.glob("*.timer")):
        text = re.sub(r"(?<==)/(opt/camagent/bin/camagent|usr/bin/vmagent)", "/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_systemd_finds_no_mistake(installed: Path) -> None:
    names = sorted(path.name for path in installed.iterdir())
    assert "camagent.service" in names and "camagent-scan.timer" in names
    checked = analyze("verify", "--man=no", *(f"./{name}" for name in names), folder=installed)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_systemd_would_find_a_misspelt_key(installed: Path) -> None:
    unit = installed / "camagent.service"
    unit.write_text(unit.read_text().replace("PrivateTmp=", "PrivateTemp="))
    assert "PrivateTemp" in analyze("verify", "--man=no", "./camagent.service", folder=installed).stderr


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_hardly_exposed(installed: Path, name: str) -> None:
    assert exposure(installed / name) <= MAX_EXPOSURE


def test_the_drop_in_makes_debians_receiver_hardly_exposed(tmp_path: Path) -> None:
    debian = UNPACKED / "lib" / "systemd" / "system" / "victoria-metrics.service"
    if not debian.exists():
        pytest.fail("victoria-metrics is missing: run tests/monitoring/setup.sh")
    before, after = tmp_path / "before.service", tmp_path / "after.service"
    before.write_text(debian.read_text())
    drop_in = (UNITS / "victoria-metrics.service.d" / "camagent.conf").read_text()
    after.write_text(debian.read_text() + "\n" + drop_in)
    assert exposure(before) > 8
    assert exposure(after) <= MAX_EXPOSURE


@pytest.mark.parametrize("name", SERVICES)
def test_process_metrics_stay_readable(name: str) -> None:
    assert "ProcSubset=pid" not in [line.strip() for line in (UNITS / name).read_text().splitlines()]


def test_the_watchdog_is_fed_more_often_than_it_waits() -> None:
    from camagent.agent.loop import TICK_LATE_S, TICK_S

    text = (UNITS / "camagent.service").read_text()
    waits_s = float(re.search(r"^WatchdogSec=(\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]
    assert waits_s > max(TICK_S * 10, TICK_LATE_S)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_a_unit(name: str) -> None:
    text = (UNITS / name).read_text()
    assert "LoadCredential=" in text
    assert not re.search(r"(?i)^(Environment|ExecStart)=.*(password|secret)=[^$]", text, re.MULTILINE)


def test_the_two_services_of_camagent_are_protected_alike() -> None:
    """Twins by hand: what protects the one protects the other."""

    def protection(name: str) -> set[str]:
        text = (UNITS / name).read_text().partition("\n[Service]\n")[2]
        starting = (
            "Type",
            "NotifyAccess",
            "Exec",
            "Restart=",
            "RestartSec",
            "Watchdog",
            "Timeout",
            "Success",
        )
        return {
            line
            for line in text.splitlines()
            if "=" in line and not line.startswith(("#", *starting, "WantedBy"))
        }

    assert protection("camagent.service") == protection("camagent-scan.service")


@pytest.mark.parametrize("name", ["camagent.service", "camagent-scan.service"])
def test_a_decoder_that_takes_too_much_ends_alone_and_nothing_is_dumped(name: str) -> None:
    lines = (UNITS / name).read_text().splitlines()
    assert {"OOMPolicy=continue", "LimitCORE=0"} <= set(lines)
