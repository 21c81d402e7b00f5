"""`camagent simulate` as a process: one line when ready, a private file, and an end whoever asks for it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.programs import free_port

WITHIN_S = 100


@contextmanager
def simulate(*options: str) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "camagent", "simulate", "--no-discovery", "--lang", "en", *options]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ports(count: int = 3) -> list[str]:
    """Free ports as options, on every loopback address."""
    numbers = [str(free_port()) for _ in range(count)]
    names = ("--rtsp-port", "--http-port", "--https-port")
    return list(chain.from_iterable((name, number) for name, number in zip(names, numbers, strict=False)))


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    document: dict[str, Any] = json.loads(line)
    return document


def test_one_json_line_tells_addresses_log_in_and_expectations(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    with simulate("--cameras", "3", "--ready-file", str(file), *ports()) as process:
        document = ready(process)
        assert document == json.loads(file.read_text(encoding="utf-8"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [camera["name"] for camera in document["cameras"]] == [
            "Cổng chính",
            "Sân trường",
            "Hành lang tầng 1",
        ]
        assert document["cameras"][0]["expected"]["verdict"] == "ready"
        assert document["password"] not in Path(f"/proc/{process.pid}/cmdline").read_text()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert out == ""
    assert document["password"] not in err
    assert "Traceback" not in err


def test_a_recorder_in_place_of_the_school_says_what_its_channels_keep() -> None:
    with simulate("--recorder", "8", *ports()) as process:
        (device,) = ready(process)["cameras"]
    assert len(device["streams"]) == 16
    assert device["retention"]["1"] == "pass" and device["retention"]["4"] == "fail"
    assert sorted(map(int, device["retention"])) == list(range(1, 9))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success(number: signal.Signals) -> None:
    with simulate("--cameras", "1", *ports()) as process:
        ready(process)
        process.send_signal(number)
        assert process.wait(WITHIN_S) == 0


def test_the_end_of_its_input_ends_it() -> None:
    with simulate("--cameras", "1", *ports()) as process:
        ready(process)
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(WITHIN_S) == 0


def test_a_taken_port_is_one_clear_line() -> None:
    chosen = ports()
    with simulate("--cameras", "1", *chosen) as first:
        ready(first)
        with simulate("--cameras", "1", *chosen) as second:
            out, err = second.communicate(timeout=WITHIN_S)
    assert second.returncode == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert f"RTSP 127.10.1.1:{chosen[1]}" in err


def test_a_load_serves_every_path_and_says_what_it_cost() -> None:
    with simulate("--load", "3", "--clip", "sub_360p_h264", *ports(1)) as process:
        load = ready(process)["load"]
        host, port = load["url"].removeprefix("rtsp://").split(":")
        for path, status in (("0", "200"), ("2", "200"), ("3", "404")):
            with socket.create_connection((host, int(port)), timeout=60) as connection:
                connection.sendall(f"DESCRIBE {load['url']}/{path} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
                assert connection.recv(4096).decode().split()[1] == status
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=WITHIN_S)
    assert json.loads(out)["stopped"]["cpu_s"] >= 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--load", "2", "--address", "192.168.1.1"], "not a loopback address"),
        (["--load", "2", "--address", "example"], "not a loopback address"),
        (["--load", "2", "--clip", "nothing"], "main_4mp_h265"),
        (["--cameras", "0"], "--cameras"),
        (["--cameras", "1", "--ready-file", "/proc/none/ready.json"], "cannot be written"),
    ],
)
def test_a_mistake_is_told_and_ends_with_two(options: list[str], sentence: str) -> None:
    chosen = [] if "--load" in options else ports()
    with simulate(*options, *chosen) as process:
        out, err = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


def test_it_runs_without_a_home(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    command = [sys.executable, "-m", "camagent", "simulate", "--help", "--lang", "en"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=True
    )
    assert "--ready-file" in done.stdout
