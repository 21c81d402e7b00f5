"""A flood of announcements: bounded in devices and memory, told of the school, and no camera of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from camagent.discover import sightings
from camagent.discover.multicast import Datagram
from camagent.discover.sightings import MAX_ANNOUNCEMENTS, MAX_DEVICES_PER_SOURCE, read_datagrams
from camagent.discover.wsdiscovery import WsdMessage, parse_message
from tests.discover.crowd import reply
from tests.discover.network import Network, crowd_on

ROOT = Path(__file__).resolve().parents[2]
MAX_PEAK_MB = 150
MEASURED = """
import pathlib, sys
from camagent.cli.main import main
from tests.peak import peak_mb
peak_file = pathlib.Path(sys.argv.pop(1))
try:
    main()
finally:
    peak_file.write_text(str(peak_mb()))
"""
"""`camagent`, which leaves its own peak of memory: what `wait4` tells begins with the memory of this test's
process."""


def test_one_source_speaks_for_64_devices_at_most() -> None:
    flood = [
        Datagram(reply(f"10.9.{n // 250}.{n % 250 + 1}", "urn:uuid:1"), "10.1.0.9", "eth1")
        for n in range(1000)
    ]
    reading = read_datagrams(flood, {}, ())
    assert len(reading.sightings) <= MAX_DEVICES_PER_SOURCE == 64
    assert reading.left_out == 1000 - 64


def test_many_sources_are_bounded_together() -> None:
    hosts = [f"10.{n // 62500}.{n // 250 % 250}.{n % 250 + 1}" for n in range(5000)]
    reading = read_datagrams([Datagram(reply(host, "urn:uuid:1"), host, "eth1") for host in hosts], {}, ())
    assert len(reading.sightings) == MAX_ANNOUNCEMENTS and reading.left_out == 5000 - MAX_ANNOUNCEMENTS


def test_what_comes_when_the_list_is_full_is_counted_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def counting(payload: bytes) -> WsdMessage | None:
        read.append(payload)
        return parse_message(payload)

    monkeypatch.setattr(sightings, "parse_message", counting)
    hosts = [f"10.{n // 62500}.{n // 250 % 250}.{n % 250 + 1}" for n in range(MAX_ANNOUNCEMENTS + 500)]
    reading = read_datagrams([Datagram(reply(host, "urn:uuid:1"), host, "eth1") for host in hosts], {}, ())
    assert (len(read), reading.left_out) == (MAX_ANNOUNCEMENTS, 500)


@pytest.mark.slow
def test_a_scan_in_a_flood_takes_little_and_finds_no_camera(
    network: Network, far_network: Network, tmp_path: Path
) -> None:
    """750 addresses on each of two wires announce themselves; none has a port open."""
    folders = {"CAMAGENT_DATA": str(tmp_path), "CAMAGENT_CONFIG_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "peak"), "scan", "--subnet", "10.1.3.248/30"]
    with (
        crowd_on(network, far_network, ("10.1", "10.2"), 750, 500),
        (tmp_path / "out.json").open("wb") as out,
    ):
        process = subprocess.run(
            [*command, "--window", "2", "--no-port-check", "--format", "json"],
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=os.environ | folders,
            check=False,
        )
    document = json.loads((tmp_path / "out.json").read_bytes())
    assert document["cameras"] == [] and process.returncode == 3
    assert {row["why"] for row in document["coverage"]["not_checked"]} == {"announced"}
    assert [row["rule"] for row in document["site_findings"] if row["rule"] == "SITE-FLOOD"] == ["SITE-FLOOD"]
    assert int((tmp_path / "peak").read_text()) <= MAX_PEAK_MB
