"""A flood of announcements: bounded in devices and memory, told of the school, and no camera of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from camagent.discover.multicast import Datagram
from camagent.discover.sightings import MAX_ANNOUNCEMENTS, MAX_DEVICES_PER_SOURCE, read_datagrams
from tests.discover.crowd import reply
from tests.discover.network import Network, crowd_on

MAX_RSS_KB = 150 * 1024


def test_one_source_speaks_for_64_devices_at_most() -> None:
    flood = [Datagram(reply(f"10.9.{n // 250}.{n % 250 + 1}", "urn:uuid:1"), "10.1.0.9", "eth1") for n in range(1000)]
    seen = read_datagrams(flood, {}, ())
    assert len(seen.sightings) <= MAX_DEVICES_PER_SOURCE == 64
    assert seen.left_out == 1000 - 64


def test_many_sources_are_bounded_together() -> None:
    hosts = [f"10.{n // 62500}.{n // 250 % 250}.{n % 250 + 1}" for n in range(5000)]
    seen = read_datagrams([Datagram(reply(host, "urn:uuid:1"), host, "eth1") for host in hosts], {}, ())
    assert len(seen.sightings) == MAX_ANNOUNCEMENTS and seen.left_out == 5000 - MAX_ANNOUNCEMENTS


@pytest.mark.slow
def test_a_scan_in_a_flood_takes_little_and_finds_no_camera(
    network: Network, far_network: Network, tmp_path: Path
) -> None:
    """750 addresses on each of two wires announce themselves; none has a port open."""
    environment = os.environ | {"CAMAGENT_DATA": str(tmp_path), "CAMAGENT_CONFIG_DIR": str(tmp_path)}
    with crowd_on(network, far_network, ("10.1", "10.2"), 750, 500):
        out = (tmp_path / "out.json").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "camagent", "scan", "--subnet", "10.1.3.248/30", "--window", "2"]
            + ["--no-port-check", "--format", "json"],
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    document = json.loads((tmp_path / "out.json").read_bytes())
    assert document["cameras"] == [] and process.returncode == 3
    assert {row["why"] for row in document["coverage"]["not_checked"]} == {"announced"}
    assert [row["rule"] for row in document["site_findings"] if row["rule"] == "SITE-FLOOD"] == ["SITE-FLOOD"]
    assert usage.ru_maxrss < MAX_RSS_KB, f"{usage.ru_maxrss} kB"
