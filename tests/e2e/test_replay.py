"""A recorded visit is judged again without a network, and to the same verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from camagent.cli.demo import simulated_school

HOME = tempfile.mkdtemp(prefix="camagent-home-")  # refused log-ins are remembered there


def camagent(*arguments: str, password: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "camagent", *arguments, "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=90,
        env={"PATH": os.environ["PATH"], "HOME": HOME, "CAMAGENT_PASSWORD": password},
        check=False,
    )


def essence(document: dict[str, Any]) -> list[Any]:
    return [
        (
            camera["verdict"],
            camera["upgrade"]["action"],
            [(f["rule"], f["outcome"]) for f in camera["findings"]],
        )
        for camera in document["cameras"]
    ]


def test_a_recorded_device_is_judged_again_to_the_same_verdict(tmp_path: Path) -> None:
    with simulated_school(4) as ready:
        live = camagent(
            *("check", "127.10.1.4:8080", "--user", "camagent", "--window", "3", "--format", "json"),
            *("--record", str(tmp_path)),
            password=str(ready["password"]),
        )
    files = list(tmp_path.glob("*.transcript.json"))
    assert len(files) == 1, live.stderr
    again = camagent("check", "--replay", str(files[0]), "--format", "json")
    assert again.returncode == live.returncode == 1, again.stderr
    first, second = json.loads(live.stdout), json.loads(again.stdout)
    assert essence(second) == essence(first)
    assert second["cameras"][0]["streams"] == first["cameras"][0]["streams"]


@pytest.mark.parametrize(
    "content", ["", "{}", "[1, 2]", '{"schema": "camagent.transcript/1", "exchanges": 3}', "\x00"]
)
def test_what_is_no_transcript_is_one_clear_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    done = camagent("check", "--replay", str(path))
    assert done.returncode == 2
    assert str(path) in done.stderr and "Traceback" not in done.stderr


def test_targets_and_transcripts_do_not_mix(tmp_path: Path) -> None:
    assert camagent("check", "192.0.2.1", "--replay", str(tmp_path / "x.json")).returncode == 2
