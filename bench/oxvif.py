"""oxvif (crates.io), a Rust client, as a contender of `bench/onvif.py`; its program is bench/oxvif_client.

It follows the addresses that devices name: it is run in a network namespace that has nothing but loopback.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / ".setup" / "oxvif"
PROGRAM = TARGET / "release" / "oxvif-bench"
WAYS = {"oxvif, one transport for all devices": "shared", "oxvif as it comes": "own"}
"""Contender and how the program is told so."""


def build() -> None:
    """Build the program where cargo is there; says why it is left out otherwise."""
    if shutil.which("cargo") is None:
        print("oxvif is left out: cargo is not there")
        return
    manifest = HERE / "oxvif_client" / "Cargo.toml"
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", str(manifest)]
    if subprocess.run([*command, "--target-dir", str(TARGET)], check=False).returncode:
        print("oxvif is left out: it could not be built")


def ask(way: str, devices: int, port: int, login: tuple[str, str], at_once: int) -> list[Any]:
    """All questions to all devices, in a process of its own; a row a device."""
    command = [str(PROGRAM), way, str(devices), str(port), *login, str(at_once)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]
