"""What happens in a school between two scans, told by the command: nothing vanishes, nothing is invented."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from camagent.discover.wsdiscovery import MAX_DATAGRAM_BYTES, ProbeTypes, render_probe
from camagent.model.onvif import DISCOVERY_PORT, GROUP_V4
from camagent.simulator.default_school import USER
from tests.discover.network import Network
from tests.network.far_school import PASSWORD

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root"),
]
ROOT = Path(__file__).resolve().parents[2]
RECORDER, GATE, YARD, NEW_GATE = "10.77.0.5", "10.77.0.11", "10.77.0.12", "10.77.0.20"
BEHIND = [f"192.168.254.{number}" for number in range(2, 6)]
FACTORY = "192.168.1.64"


class School:
    """Devices on a wire, and `camagent` on the machine at its other end."""

    def __init__(self, near: Network, process: subprocess.Popen[str], folder: Path) -> None:
        self.near, self.process, self.folder = near, process, folder
        (folder / "password").write_text(PASSWORD)

    def becomes(self, *devices: dict[str, Any]) -> None:
        """From now on these devices are there and no others."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(devices) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"
        self.near.run("neigh flush dev eth1")
        self.wait_for_answers({device["address"] for device in devices})

    def wait_for_answers(self, addresses: set[str]) -> None:
        """Until a Probe is answered from all these addresses.

        On a busy machine the kernel brings a new cable's carrier and its group's membership to its ends in
        its own time, and a scan that came before heard no announcement at all.
        """
        answering: set[str] = set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("10.77.0.1", 0))
            sock.settimeout(0.5)
            for _ in range(40):
                sock.sendto(
                    render_probe(f"urn:uuid:{uuid.uuid4()}", ProbeTypes.ANY), (GROUP_V4, DISCOVERY_PORT)
                )
                while answering < addresses and (source := source_of_next(sock)) is not None:
                    answering.add(source)
                if answering >= addresses:
                    return
        raise AssertionError(f"a Probe was answered by {sorted(answering)}, of {sorted(addresses)}")

    def camagent(self, *command: str) -> subprocess.CompletedProcess[str]:
        folders = {
            "CAMAGENT_DATA": str(self.folder / "data"),
            "CAMAGENT_CONFIG_DIR": str(self.folder / "config"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "camagent", *command, "--lang", "en"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=os.environ | folders,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def scan(self) -> tuple[int, dict[str, Any]]:
        """(exit code, document) of a scan of the wire."""
        words = ["--subnet", "10.77.0.0/27", "--user", USER, "--trust-new", "--no-port-check"]
        words += ["--password-file", str(self.folder / "password"), "--window", "2", "--pictures", "0"]
        done = self.camagent("scan", *words, "--format", "json")
        return done.returncode, json.loads(done.stdout)


def source_of_next(sock: socket.socket) -> str | None:
    """Whence the next datagram came; None where none came in time."""
    try:
        return str(sock.recvfrom(MAX_DATAGRAM_BYTES)[1][0])
    except TimeoutError:
        return None


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with wire() as (near, process), near.inside():
        yield School(near, process, tmp_path)


@contextmanager
def wire() -> Iterator[tuple[Network, subprocess.Popen[str]]]:
    near, far = Network(), Network()
    near.cable_to(far, "eth1", "far1")
    near.run("addr add 10.77.0.1/24 dev eth1")
    with far.inside():
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.network.moving_school", "far1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield near, process
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
        near.close()
        far.close()


def places(document: dict[str, Any]) -> dict[str, str]:
    """Address by id."""
    return {camera["id"]: camera["address"] for camera in document["cameras"]}


def camera_at(document: dict[str, Any], address: str) -> dict[str, Any]:
    (camera,) = (camera for camera in document["cameras"] if camera["address"] == address)
    return dict(camera)


def test_cameras_die_move_and_are_replaced_and_recorders_announce_their_own(school: School) -> None:
    recorder = {"address": RECORDER, "serial": "REC0001", "channels": [1, 2, 3, 4], "announces": BEHIND}
    gate, yard = {"address": GATE, "serial": "GATE0001"}, {"address": YARD, "serial": "YARD0001"}
    school.becomes(recorder, gate, yard, {"address": FACTORY, "serial": "FACT0001", "is_open": False})
    _, first = school.scan()
    assert sorted(places(first).values()) == [GATE, YARD, *[RECORDER] * 4]
    outside = [(address, "outside_network") for address in (*BEHIND, FACTORY)]
    coverage = first["coverage"]
    assert sorted((row["address"], row["why"]) for row in coverage["not_checked"]) == sorted(outside), (
        coverage
    )

    # DHCP moves the gate, the yard goes dark, the recorder loses its third channel
    school.becomes({**recorder, "channels": [1, 2, 4]}, {**gate, "address": NEW_GATE})
    code, second = school.scan()
    moved, dead = camera_at(second, NEW_GATE), camera_at(second, YARD)
    assert code == 1 and set(places(second)) == set(places(first))
    assert (moved["id"], moved["changes"]) == (camera_at(first, GATE)["id"], ["moved"])
    assert dead["verdict"] == "not_ready" and dead["present_at"] == camera_at(first, YARD)["present_at"]
    assert dead["device"] == camera_at(first, YARD)["device"] and dead["device"]["serial"] == "YARD0001"
    lost = [camera for camera in second["cameras"] if camera["present_at"] < second["started_at"]]
    assert {camera["address"] for camera in lost} == {RECORDER, YARD} and len(lost) == 2

    # the yard is forgotten and another device stands there; the gate is retired and taken down
    assert school.camagent("camera", "forget", dead["id"]).returncode == 0
    words = ("--by", "Cô Hạnh", "--reason", "sửa cổng")
    assert school.camagent("camera", "retire", moved["id"], *words).returncode == 0
    school.becomes(recorder, {"address": YARD, "serial": "OTHER001"})
    _, third = school.scan()
    assert sorted(places(third).values()) == [YARD, *[RECORDER] * 4]
    assert camera_at(third, YARD)["id"] not in places(first)
    assert set(places(third)) - set(places(first)) == {camera_at(third, YARD)["id"]}
    assert [camera["id"] for camera in third["retired"]] == [moved["id"]]
    assert sum(third["summary"].values()) == 5

    listed = school.camagent("camera", "list").stdout
    assert len(listed.splitlines()) == 6 and dead["id"] not in listed and "Cô Hạnh" in listed
    exported = school.camagent("inventory", "export").stdout.lstrip("\ufeff")
    assert len(list(csv.reader(exported.splitlines(), delimiter=";"))) == 1 + 5
