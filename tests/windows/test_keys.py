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


SCAN = ("scan", "--subnet", "127.10.9.0/24", "--no-store")
UI = ("ui", "--no-browser", "--no-store", "--subnet", "127.10.9.0/30")
MOMENTS = {
    "a scan that is read from disk": ("begun", 130, SCAN),
    "a scan that asks the network": ("Asking the network", 130, SCAN),
    "a scan that tries ports": ("Probing the ports of each address", 130, SCAN),
    "a search": ("Asking the network", 130, ("discover", "--subnet", "127.10.9.0/24")),
    "a check that is read from disk": ("begun", 130, ("check", "127.10.9.1")),
    "the page": ("http://127.0.0.1:", 0, UI),
}
BAD = ("Traceback", "Exception ignored", "never awaited", "was destroyed")


@pytest.mark.parametrize(
    ("key", "moment"),
    [
        *(("ctrl-c", moment) for moment in MOMENTS),
        *(("ctrl-break", moment) for moment in list(MOMENTS)[1:3]),
    ],
)
def test_a_press_ends_politely_at_every_moment(home: dict[str, str], key: str, moment: str) -> None:
    words, expected, arguments = MOMENTS[moment]
    code, output = pressed(key, words, home, *arguments)
    assert code == expected, output
    assert not any(sign in output for sign in BAD), output


@pytest.mark.parametrize("key", ["ctrl-c", "ctrl-break"])
def test_the_service_ends_and_closes_its_sessions(home: dict[str, str], tmp_path: Path, key: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "camagent.toml"
    config.write_text(
        f'[agent]\nlanguage = "en"\nlisten = "{listen}"\n[discovery]\nsubnets = ["127.10.9.0/30"]\n'
    )
    code, output = pressed(key, f"http://{listen}/", home, "serve", "--config", wine.windows_path(config))
    assert code == 0, output
    assert output.rstrip().endswith("Stopped")
