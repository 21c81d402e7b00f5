"""`camagent discover` and `camagent doctor` as a person types them, each in a network of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.discover.network import Network
from tests.discover.peers import match, matches

CAMERA = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 3702))
print("ready", flush=True)
while True:
    probe, sender = sock.recvfrom(65535)
    sock.sendto(bytes.fromhex(sys.argv[2]), sender)
"""


def camagent(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "CAMAGENT_DATA": str(tmp_path),
        "CAMAGENT_CONFIG_DIR": str(tmp_path),
        "COLUMNS": "160",
    }
    return subprocess.run(
        [sys.executable, "-m", "camagent", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def camera(network: Network) -> object:
    """One camera at 127.77.0.5 that calls itself [red]Cổng[/red]."""
    scopes = (
        "onvif://www.onvif.org/name/%5Bred%5DC%E1%BB%95ng%5B/red%5D onvif://www.onvif.org/hardware/DS-2CD"
    )
    answer = matches(match("http://127.77.0.5:8080/onvif/device_service", scopes=scopes))
    process = subprocess.Popen(
        [sys.executable, "-c", CAMERA, "127.77.0.5", answer.hex()], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait(60)
    process.stdout.close()


def test_discover_prints_one_json_document_and_the_rest_elsewhere(camera: object, tmp_path: Path) -> None:
    done = camagent(tmp_path, "discover", "--subnet", "127.77.0.4/30", "--wait", "0.5", "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert document["schema"] == "camagent.discovery/1"
    (device,) = document["devices"]
    assert (device["address"], device["port"], device["found_by"]) == ("127.77.0.5", 8080, ["directed"])
    assert (device["name"], device["model"]) == ("[red]Cổng[/red]", "DS-2CD")
    assert document["coverage"]["subnets"] == ["127.77.0.4/30"]
    assert (document["coverage"]["addresses_probed"], document["coverage"]["addresses_answered"]) == (2, 2)


@pytest.mark.slow
def test_discover_shows_ranges_before_and_coverage_after(camera: object, tmp_path: Path) -> None:
    done = camagent(tmp_path, "discover", "--subnet", "127.77.0.4/30", "--wait", "0.5", "--lang", "vi")
    assert "[red]Cổng[/red]" in done.stdout  # what a device calls itself is no markup
    assert "Các dải địa chỉ sẽ tìm: 127.77.0.4/30 (2 địa chỉ)" in done.stderr.splitlines()[0]
    assert "Đã tìm 1/1 dải; 2/2 địa chỉ có trả lời; multicast qua lo." in done.stderr


def test_an_empty_network_is_never_success(network: Network, tmp_path: Path) -> None:
    done = camagent(tmp_path, "discover", "--subnet", "127.77.0.4/30", "--wait", "0.5", "--lang", "en")
    assert done.returncode == 3
    assert "camagent doctor" in done.stderr
    assert done.stdout.strip() == ""


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--subnet", "8.8.8.0/24"], "8.8.8.0/24"),
        (["--subnet", "cam"], "cam"),
        (["--interface", "eth9"], "eth9"),
        ([], "--subnet"),
    ],
)
def test_a_search_that_may_not_be_done_is_refused_in_one_line(
    network: Network, tmp_path: Path, arguments: list[str], word: str
) -> None:
    done = camagent(tmp_path, "discover", *arguments, "--lang", "en")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert word in done.stderr


def test_the_doctor_fails_on_a_machine_without_a_network(network: Network, tmp_path: Path) -> None:
    done = camagent(tmp_path, "doctor", "--lang", "vi")
    assert done.returncode == 1
    assert "Không có card mạng nào dùng được." in done.stdout
    assert "→ Hãy cắm dây mạng" in done.stdout


def test_the_doctor_checks_the_way_to_every_address_of_the_inventory(
    network: Network, far_network: Network, tmp_path: Path
) -> None:
    network.cable_to(far_network, "eth1", "far1")
    network.run("addr add 192.168.1.2/24 dev eth1")
    (tmp_path / "list.csv").write_text("ip\n192.168.1.20\n10.9.9.20\n")
    done = camagent(tmp_path, "doctor", "--lang", "en", "--inventory", str(tmp_path / "list.csv"))
    assert done.returncode == 1
    assert "There is no way to 10.9.9.0/24." in done.stdout
    assert "192.168.1.0/24 is behind" not in done.stdout


def test_the_doctor_refuses_a_bad_list_with_every_mistake(network: Network, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("ip,mac\n192.168.1.300,\n192.168.1.4,zz\n")
    done = camagent(tmp_path, "doctor", "--lang", "en", "--inventory", str(tmp_path / "list.csv"))
    assert done.returncode == 2
    assert [line.split(":")[2].split(",")[0] for line in done.stderr.strip().splitlines()] == ["2", "3"]


@pytest.mark.parametrize("command", ["discover", "doctor"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_has_an_example(tmp_path: Path, command: str, lang: str) -> None:
    done = camagent(tmp_path, command, "--help", "--lang", lang)
    assert done.returncode == 0
    assert f"camagent {command} --subnet 192.168.1.0/24" in done.stdout
