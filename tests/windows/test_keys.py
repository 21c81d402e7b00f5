"""Ctrl-C and Ctrl-Break end camagent on Windows as Ctrl-C does on Linux."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.windows import wine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.windows,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("folder"),
]
PRESS = Path(__file__).with_name("press.py")


def pressed(key: str, words: str, home: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Exit code and what was said, of a run in which the key is pressed once these words were said."""
    command = wine.python_command(wine.windows_path(PRESS), key, words, *arguments, "--lang", "en")
    environment = wine.environment(**home)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=600, check=False
    )
    return done.returncode, done.stderr.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize("key", ["ctrl-c", "ctrl-break"])
def test_a_scan_is_ended_politely(home: dict[str, str], key: str) -> None:
    code, said = pressed(
        key, "Probing the ports of each address", home, "scan", "--subnet", "127.10.9.0/24", "--no-store"
    )
    assert code == 130, said
    assert "Traceback" not in said


@pytest.mark.parametrize("key", ["ctrl-c", "ctrl-break"])
def test_the_service_ends_and_closes_its_sessions(home: dict[str, str], tmp_path: Path, key: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "camagent.toml"
    config.write_text(
        f'[agent]\nlanguage = "en"\nlisten = "{listen}"\n[discovery]\nsubnets = ["127.10.9.0/30"]\n'
    )
    code, said = pressed(key, f"http://{listen}/", home, "serve", "--config", wine.windows_path(config))
    assert code == 0, said
    assert said.rstrip().endswith("Stopped")
