"""`camagent serve` where 1,500 cameras are announced that are not there: ours is watched all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agent.watched_school import Served, simulated_school, write_config
from tests.discover.network import Network
from tests.monitoring.programs import eventually

ROOT = Path(__file__).resolve().parents[2]
SOURCES, ANNOUNCED = 32, 750
PATIENCE_S = 70  # with a visit to each address the first round took longer, on an idle machine; now 25 s


@contextmanager
def boasters_on(near: Network, far: Network, number: int) -> Iterator[None]:
    """A cable to hosts that announce 750 addresses of its /22, of which nobody has one."""
    near.cable_to(far, f"eth{number}", f"far{number}")
    near.run(f"addr add 10.{number}.3.250/22 dev eth{number}")
    own = [f"addr add 10.{number}.3.{place}/22 dev far{number}" for place in range(1, SOURCES + 1)]
    with far.inside():
        subprocess.run(["ip", "-batch", "-"], input="\n".join(own), text=True, check=True, timeout=30)
        words = [f"10.{number}.3", str(SOURCES), f"10.{number}", str(ANNOUNCED)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.discover.boasters", *words], stdout=subprocess.PIPE, cwd=ROOT
        )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()


@pytest.mark.slow
def test_announced_addresses_that_nobody_has_hold_no_camera_up(
    network: Network, far_network: Network, tmp_path: Path
) -> None:
    with (
        boasters_on(network, far_network, 1),
        boasters_on(network, far_network, 2),
        simulated_school([0]) as school,
    ):
        write_config(tmp_path, school)
        config = tmp_path / "camagent.toml"
        own = '[discovery]\ninterfaces = ["eth1", "eth2"]\nsubnets = ["10.1.3.248/30"]\n'
        config.write_text(config.read_text().replace("[discovery]\n", own))
        served = Served(tmp_path)
        served.start()
        try:
            eventually(lambda: served.get("-/ready")[0] == 200, "the first round ends", PATIENCE_S)
            eventually(lambda: served.get("api/v1/scan")[0] == 200, "the round is on record")
            _, body = served.get("api/v1/scan")
        finally:
            served.stop()
    document = json.loads(body)
    assert [camera["address"] for camera in document["cameras"]] == list(school.addresses)
    assert document["cameras"][0]["streams"][0]["measured"]["frame_rate_hz"] is not None
    announced = [row for row in document["coverage"]["not_checked"] if row["why"] == "announced"]
    assert len(announced) > 100
    assert "SITE-FLOOD" in {row["rule"] for row in document["site_findings"]}
